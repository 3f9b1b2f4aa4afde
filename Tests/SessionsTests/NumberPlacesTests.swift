import Testing

@testable import Sessions

@Suite("Places by number")
struct NumberPlacesTests {
    @Test func `what is put in at a number is found there until it is taken out`() {
        var places = NumberPlaces()
        #expect(places[5] == nil)
        places[5] = 0
        places[7] = 1
        places[6] = 2
        #expect([4, 5, 6, 7, 8].map { places[$0] } == [nil, 0, 2, 1, nil])
        places[5] = nil
        places[6] = nil
        places.trim()
        #expect([4, 5, 6, 7, 8].map { places[$0] } == [nil, nil, nil, 1, nil])
        places[4] = 3
        #expect([4, 5, 6, 7, 8].map { places[$0] } == [3, nil, nil, 1, nil])
    }

    @Test func `an emptied one begins wherever the next number is`() {
        var places = NumberPlaces()
        places[1] = 0
        places[1] = nil
        places.trim()
        places[1_000_000] = 7
        #expect(places[1_000_000] == 7)
        #expect(places[1] == nil)
        #expect(places[Int.min] == nil)
        #expect(places[Int.max] == nil)
    }
}
