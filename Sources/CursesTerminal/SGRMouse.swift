internal import TextScreen

/// Mouse reports (xterm ctlseqs, modes 1002 and 1006).
enum SGRMouse {
    /// The event of `ESC [ < code ; column ; row M` (`m` for a release); `nil` for what we did not ask for.
    static func event(parameters: ArraySlice<UInt8>, final: UInt8) -> MouseEvent? {
        let numbers = KeyParser.numbers(parameters)
        guard numbers.count == 3, final == UInt8(ascii: "M") || final == UInt8(ascii: "m") else { return nil }
        return event(
            code: numbers[0], column: numbers[1] - 1, row: numbers[2] - 1, isRelease: final == UInt8(ascii: "m"))
    }

    /// - Parameter code: Buttons in the lowest two bits, then 4 Shift, 8 Alt, 16 Ctrl, 32 moving, 64 wheel.
    static func event(code: Int, column: Int, row: Int, isRelease: Bool) -> MouseEvent? {
        guard code >= 0, code < 128, column >= 0, row >= 0,
            let action = action(button: code & 0b11, isMoving: code & 32 != 0, isWheel: code & 64 != 0, isRelease)
        else { return nil }
        var modifiers: Key.Modifiers = []
        if code & 4 != 0 { modifiers.insert(.shift) }
        if code & 8 != 0 { modifiers.insert(.alt) }
        if code & 16 != 0 { modifiers.insert(.control) }
        return MouseEvent(action, column: column, row: row, modifiers: modifiers)
    }

    private static func action(
        button: Int, isMoving: Bool, isWheel: Bool, _ isRelease: Bool
    ) -> MouseEvent.Action? {
        if isWheel {
            guard !isRelease else { return nil }
            return [.wheelUp, .wheelDown, .wheelLeft, .wheelRight][button]
        }
        // Old reports don't say which button was released; it is the left one nearly always.
        guard button < 3 else { return isRelease && !isMoving ? .release(.left) : nil }
        let button: MouseEvent.Button = [.left, .middle, .right][button]
        if isMoving { return .drag(button) }
        return isRelease ? .release(button) : .press(button)
    }
}
