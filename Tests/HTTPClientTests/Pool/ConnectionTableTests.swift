import HTTPTrace
import Testing

@testable import HTTPClient

@Suite("Tables of the pool")
struct ConnectionTableTests {
    @Test func `entries are found by number, changed in place and forgotten`() {
        var table = ConnectionTable<String>()
        #expect(table.isEmpty && table[ConnectionID(1)] == nil)
        for number in [5, 3, 9] { table[ConnectionID(number)] = "c\(number)" }
        #expect(table.count == 3)
        #expect(table[ConnectionID(5)] == "c5" && table[ConnectionID(4)] == nil && table[ConnectionID(10)] == nil)
        table[ConnectionID(5)]! += "!"
        #expect(table.map(\.value) == ["c3", "c5!", "c9"])
        #expect(table.removeValue(forKey: ConnectionID(3)) == "c3")
        #expect(table.removeValue(forKey: ConnectionID(3)) == nil)
        table[ConnectionID(9)] = nil
        #expect(table.map(\.key) == [ConnectionID(5)] && table.values == ["c5!"])
    }

    @Test func `a place stays its entry's own while others come and go`() throws {
        var table = ConnectionTable<Int>()
        for number in 1...4 { table[ConnectionID(number)] = number }
        let place = try #require(table.place(of: ConnectionID(3)))
        table[ConnectionID(1)] = nil
        table[ConnectionID(2)] = nil
        for number in 5...9 { table[ConnectionID(number)] = number }
        #expect(table.place(of: ConnectionID(3)) == place)
        table[place: place] = 33
        #expect(table[ConnectionID(3)] == 33)
        #expect(table.values == [33, 4, 5, 6, 7, 8, 9])
    }

    @Test func `it does what a dictionary does, whatever happens`() {
        var random = SystemRandomNumberGenerator()
        var (table, dictionary) = (ConnectionTable<Int>(), [ConnectionID: Int]())
        var last = 0
        for step in 0..<4_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                last += Int.random(in: 1...3, using: &random)
                table[ConnectionID(last)] = step
                dictionary[ConnectionID(last)] = step
            case 2:
                let id = ConnectionID(Int.random(in: 1...last + 1, using: &random))
                #expect(table.removeValue(forKey: id) == dictionary.removeValue(forKey: id))
            default:
                let id = ConnectionID(Int.random(in: 1...last + 1, using: &random))
                #expect(table[id] == dictionary[id])
                if dictionary[id] != nil {
                    table[id]! += 1
                    dictionary[id]! += 1
                }
            }
        }
        #expect(table.count == dictionary.count)
        #expect(table.map(\.key) == dictionary.keys.sorted())
    }

    @Test func `hosts are found by key, few or many, and forgotten ones make room`() {
        let keys = (1...40).map { ConnectionKey(origin: Origin(scheme: .http, host: "h\($0).example")) }
        var hosts = HostTable()
        for (number, key) in keys.enumerated() {
            #expect(hosts[key] == nil)
            hosts[key, default: PoolState.Host()].open = number + 1
            #expect(hosts[key]?.open == number + 1)
        }
        #expect(Set(hosts.keys) == Set(keys))
        let place = hosts.place(of: keys[39])!
        for key in keys.prefix(39) { hosts[key] = nil }
        #expect(hosts.keys == [keys[39]] && hosts.place(of: keys[39]) == place)
        hosts[keys[0], default: PoolState.Host()].dials = 7
        #expect(hosts[keys[0]]?.dials == 7 && hosts[place: place].open == 40)
        #expect(hosts.key(at: place) == keys[39])
    }
}
