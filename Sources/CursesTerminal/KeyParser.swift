internal import TextScreen

/// Reads one key from the start of some bytes.
struct KeyParser {
    let sequences: [[UInt8]: Key]
    /// The length of the longest of them.
    let longest: Int

    enum Step: Equatable {
        case key(Key, length: Int)
        /// Understood, and of no interest.
        case ignored(length: Int)
        case pasteStart(length: Int)
        case incomplete
    }

    private static let escape: UInt8 = 0x1B

    /// - Parameters:
    ///   - bytes: Not empty.
    ///   - isFinal: Nothing follows; the answer is never `.incomplete`.
    func step(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        if let known = knownSequence(bytes) { return known }
        guard let first = bytes.first else { return .incomplete }
        guard first == KeyParser.escape else { return character(bytes, isFinal: isFinal) }

        let rest = bytes.dropFirst()
        guard let second = rest.first else { return isFinal ? .key(.escape, length: 1) : .incomplete }
        switch second {
        case UInt8(ascii: "["): return controlSequence(bytes, isFinal: isFinal)
        case UInt8(ascii: "O"): return singleShift(bytes, isFinal: isFinal)
        case KeyParser.escape: return .key(.escape, length: 1)
        default: return alt(character(rest, isFinal: isFinal))
        }
    }

    private func knownSequence(_ bytes: ArraySlice<UInt8>) -> Step? {
        guard let first = bytes.first, first < 0x20 || first >= 0x7F else { return nil }
        for length in stride(from: min(longest, bytes.count), through: 1, by: -1) {
            if let key = sequences[Array(bytes.prefix(length))] { return .key(key, length: length) }
        }
        return nil
    }

    // MARK: Characters

    private func character(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        guard let first = bytes.first else { return .incomplete }
        switch first {
        case 0x0D: return .key(.enter, length: 1)
        case 0x09: return .key(.tab, length: 1)
        case 0x7F: return .key(.backspace, length: 1)
        case 0x00: return .key(.control(" "), length: 1)
        case 0x01...0x1A: return .key(.control(Character(Unicode.Scalar(first + 0x60))), length: 1)
        case 0x1C...0x1F: return .key(.control(Character(Unicode.Scalar(first + 0x40))), length: 1)
        case 0x20...0x7E: return .key(.character(Character(Unicode.Scalar(first))), length: 1)
        default: return wideCharacter(bytes, isFinal: isFinal)
        }
    }

    private func wideCharacter(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        let first = bytes[bytes.startIndex]
        let length =
            switch first {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        let sequence = bytes.prefix(length)
        let isSound = length > 0 && sequence.dropFirst().allSatisfy { $0 & 0xC0 == 0x80 }
        guard isSound else { return .key(.unknown([first]), length: 1) }
        guard sequence.count == length else { return isFinal ? .key(.unknown([first]), length: 1) : .incomplete }
        guard let text = String(validating: sequence, as: UTF8.self), let scalar = text.unicodeScalars.first,
            scalar.properties.generalCategory != .control
        else { return .key(.unknown(Array(sequence)), length: length) }
        return .key(.character(Character(scalar)), length: length)
    }

    /// A key after Esc.
    private func alt(_ step: Step) -> Step {
        switch step {
        case .key(.character(let character), let length): .key(.alt(character), length: length + 1)
        case .key(.backspace, let length): .key(.alt("\u{7F}"), length: length + 1)
        case .key(.enter, let length): .key(.alt("\r"), length: length + 1)
        case .incomplete: .incomplete
        // Esc, then something that does not go with Alt.
        default: .key(.escape, length: 1)
        }
    }

    // MARK: Sequences

    /// `ESC O A`: cursor and function keys in application mode.
    private func singleShift(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        guard bytes.count > 2 else { return isFinal ? .key(.alt("O"), length: 2) : .incomplete }
        let final = bytes[bytes.startIndex + 2]
        // rxvt's way of saying Ctrl.
        if let direction = KeyParser.direction(lowercase: final) { return .key(.arrow(direction, .control), length: 3) }
        if final == UInt8(ascii: "M") { return .key(.enter, length: 3) }
        guard let key = KeyParser.letterKey(final, []) else { return .key(.alt("O"), length: 2) }
        return .key(key, length: 3)
    }

    /// `ESC [ parameters final` (ECMA-48 §5.4).
    private func controlSequence(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        let body = bytes.dropFirst(2).prefix(KeyParser.sequenceLimit)
        guard let first = body.first else { return isFinal ? .key(.alt("["), length: 2) : .incomplete }
        // The Linux console's F1 to F5: ESC [ [ A.
        if first == UInt8(ascii: "[") {
            guard let letter = body.dropFirst().first else { return unfinished(bytes, isFinal) }
            let number = Int(letter) - Int(UInt8(ascii: "A")) + 1
            return .key((1...5).contains(number) ? .function(number) : .unknown(Array(bytes.prefix(4))), length: 4)
        }
        guard let end = body.firstIndex(where: { !(0x20...0x3F).contains($0) }) else {
            return body.count < KeyParser.sequenceLimit
                ? unfinished(bytes, isFinal)
                : .key(.unknown(Array(bytes.prefix(body.count + 2))), length: body.count + 2)
        }
        let length = end + 1 - bytes.startIndex
        let final = bytes[end]
        guard (0x40...0x7E).contains(final) else {
            // Broken off; what broke it may be a key of its own.
            return .key(.unknown(Array(bytes[..<end])), length: length - 1)
        }
        let parameters = bytes[(bytes.startIndex + 2)..<end]
        if final == UInt8(ascii: "M"), parameters.isEmpty { return oldMouse(bytes, isFinal: isFinal) }
        if parameters.first == UInt8(ascii: "<") {
            guard let event = SGRMouse.event(parameters: parameters.dropFirst(), final: final) else {
                return .ignored(length: length)
            }
            return .key(.mouse(event), length: length)
        }
        let numbers = KeyParser.numbers(parameters)
        if final == UInt8(ascii: "~"), numbers.first == 200 { return .pasteStart(length: length) }
        // The end of a paste whose start we did not see.
        if final == UInt8(ascii: "~"), numbers.first == 201 { return .ignored(length: length) }
        return .key(KeyParser.key(numbers, final) ?? .unknown(Array(bytes[...end])), length: length)
    }

    private static let sequenceLimit = KeyDecoder.sequenceLimit

    private func unfinished(_ bytes: ArraySlice<UInt8>, _ isFinal: Bool) -> Step {
        isFinal ? .key(.unknown(Array(bytes)), length: bytes.count) : .incomplete
    }

    /// `ESC [ M` and three bytes, from terminals that don't know mode 1006.
    private func oldMouse(_ bytes: ArraySlice<UInt8>, isFinal: Bool) -> Step {
        let body = bytes.dropFirst(3).prefix(3)
        guard body.count == 3 else { return unfinished(bytes, isFinal) }
        let (code, column, row) = (Int(body[body.startIndex]), body[body.startIndex + 1], body[body.startIndex + 2])
        guard
            let event = SGRMouse.event(
                code: code - 32, column: Int(column) - 33, row: Int(row) - 33, isRelease: (code - 32) & 0b11 == 3)
        else { return .ignored(length: 6) }
        return .key(.mouse(event), length: 6)
    }

    /// The numbers between semicolons; a missing one is 0, of `1:2` only the first counts. None exceeds 65,535: more is
    /// no column and no key, and must not overflow whoever adds to it.
    static func numbers(_ parameters: ArraySlice<UInt8>) -> [Int] {
        parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { part in
            part.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                .reduce(0) { min(65_535, $0 * 10 + Int($1 - UInt8(ascii: "0"))) }
        }
    }
}

extension KeyParser {
    fileprivate static func key(_ numbers: [Int], _ final: UInt8) -> Key? {
        let modifiers = numbers.count > 1 ? Key.Modifiers(parameter: numbers[1]) : []
        switch final {
        case UInt8(ascii: "~") where numbers.first == 27 && numbers.count > 2: return typed(numbers[2], modifiers)
        case UInt8(ascii: "~"): return numberedKey(numbers.first ?? 0)
        case UInt8(ascii: "u"): return typed(numbers.first ?? 0, modifiers)
        case UInt8(ascii: "Z"): return .backTab
        case UInt8(ascii: "I"): return .focus(true)
        case UInt8(ascii: "O"): return .focus(false)
        default:
            if let direction = direction(lowercase: final) { return .arrow(direction, .shift) }
            return letterKey(final, modifiers)
        }
    }

    fileprivate static func letterKey(_ final: UInt8, _ modifiers: Key.Modifiers) -> Key? {
        switch final {
        case UInt8(ascii: "A"): .arrow(.up, modifiers)
        case UInt8(ascii: "B"): .arrow(.down, modifiers)
        case UInt8(ascii: "C"): .arrow(.right, modifiers)
        case UInt8(ascii: "D"): .arrow(.left, modifiers)
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "P")...UInt8(ascii: "S"): .function(Int(final - UInt8(ascii: "P")) + 1)
        default: nil
        }
    }

    fileprivate static func direction(lowercase final: UInt8) -> Key.Direction? {
        switch final {
        case UInt8(ascii: "a"): .up
        case UInt8(ascii: "b"): .down
        case UInt8(ascii: "c"): .right
        case UInt8(ascii: "d"): .left
        default: nil
        }
    }

    // DEC's numbers have holes where its keyboards had gaps between the function keys.
    private static func numberedKey(_ number: Int) -> Key? {
        switch number {
        case 1, 7: .home
        case 2: .insert
        case 3: .delete
        case 4, 8: .end
        case 5: .pageUp
        case 6: .pageDown
        case 11...15: .function(number - 10)
        case 17...21: .function(number - 11)
        case 23...26: .function(number - 12)
        case 28, 29: .function(number - 13)
        case 31...34: .function(number - 14)
        default: nil
        }
    }

    /// A character with modifiers, as xterm (modifyOtherKeys) and kitty write it.
    private static func typed(_ value: Int, _ modifiers: Key.Modifiers) -> Key? {
        guard let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) else { return nil }
        switch scalar.value {
        case 0x0D: return modifiers.contains(.alt) ? .alt("\r") : .enter
        case 0x1B: return .escape
        case 0x09: return modifiers.contains(.shift) ? .backTab : .tab
        case 0x7F: return modifiers.contains(.alt) ? .alt("\u{7F}") : .backspace
        case 0..<0x20, 0x80..<0xA0: return nil
        default: break
        }
        let character = Character(scalar)
        if modifiers.contains(.control) { return .control(Character(character.lowercased())) }
        return modifiers.contains(.alt) ? .alt(character) : .character(character)
    }
}

extension Key.Modifiers {
    /// As in `ESC [ 1 ; 5 A`: one more than a sum of 1 Shift, 2 Alt, 4 Ctrl. Higher ones (Super, locks) don't count.
    fileprivate init(parameter: Int) { self.init(rawValue: UInt8(truncatingIfNeeded: max(0, parameter - 1)) & 0b111) }
}
