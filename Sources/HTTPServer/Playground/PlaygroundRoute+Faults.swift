internal import HTTPTypes
internal import Transport

// What clients must not take for success.

extension PlaygroundRoute {
    static let faults: [PlaygroundRoute] = [
        PlaygroundRoute("/http10", "/http10", "a response as HTTP/1.0 knew it: no length, ended by the close") {
            request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(Array("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nas in 1996\n".utf8))
        },
        PlaygroundRoute("/truncated", "/truncated", "announces 1000 bytes, closes after 500", .broken) { _, responder in
            try await responder.start(.binary(), .length(1000))
            try await writePattern(500, responder)
            responder.abort()
        },
        PlaygroundRoute("/reset", "/reset", "announces 1 MiB, resets the connection after 1000 bytes", .broken) {
            _, responder in
            try await responder.start(.binary(), .length(1 << 20))
            try await writePattern(1000, responder)
            // A reset destroys what the client has not read yet: the break is meant to be seen in the middle of the
            // body.
            try await Pause.wait(for: .milliseconds(50))
            responder.reset()
        },
        PlaygroundRoute("/garbage", "/garbage", "answers in another protocol", .broken) { request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(Array("220 mail.example.com ESMTP ready\r\n".utf8))
        },
    ]
}
