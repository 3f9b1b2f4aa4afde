import TestSupport

/// A server that does by target what real servers do on bad days, byte for byte. In Python, so that none of our own code
/// judges our own code. It prints each target when its request has arrived.
enum OddServer {
    static func start() async throws -> PeerServer {
        try await PeerServer { [Python.plain, "-u", "-c", source, "\($0)"] }
    }

    private static let source = #"""
        import socket, struct, sys, threading, time

        def respond(peer, target, fields, body):
            def ok(body=b"hello", head=b""):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), head, body))
            name = target.split("?")[0]
            if name == "/ok": ok()
            elif name == "/slow": time.sleep(0.2); ok()
            elif name == "/hang": peer.recv(1); return False
            elif name == "/hang-in-body":
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome"); peer.recv(1); return False
            elif name == "/echo": ok(body, b"Content-Type: text/plain\r\n")
            elif name == "/fields": ok(fields)
            elif name == "/secrets": ok(b"{}", b"Set-Cookie: sid=COOKIESECRET; Path=/; HttpOnly\r\n")
            elif name == "/missing":
                peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
            elif name == "/truncated":
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500); return False
            elif name == "/last-chunk-missing":
                peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"); return False
            elif name == "/reset":
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000); time.sleep(0.05)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); return False
            elif name == "/garbage": peer.sendall(b"220 mail.example.com ESMTP ready\r\n"); return False
            elif name == "/silence": return False
            elif name == "/until-close":
                peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nas long as it lasts"); return False
            elif name == "/two-framings":
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n0\r\n\r\n")
            elif name == "/framing-trailers":
                peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                    b"Content-Length: 7\r\nHost: other.test\r\nX-Sum: 1\r\n\r\n")
            elif name == "/hostile-early":
                peer.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Hostile: " + hostile + b"\r\n\r\n"); ok()
            elif name == "/early-without-end":
                while True: peer.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Hint: " + b"x" * 1000 + b"\r\n\r\n")
            elif name == "/hostile-reason":
                peer.sendall(b"HTTP/1.1 200 " + hostile + b"\r\nContent-Length: 2\r\n\r\nok")
            elif name == "/hostile-field": ok(head=b"X-Hostile: " + hostile + b"\r\n")
            elif name == "/hostile-type": ok(head=b"Content-Type: text/" + hostile + b"\r\nServer-Timing: " + hostile + b"\r\n")
            elif name == "/hostile-body": ok(hostile + b"\r\n" + hostile, b"Content-Type: text/plain; charset=utf-8\r\n")
            elif name == "/hostile-location":
                peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /" + hostile + b"\r\nContent-Length: 0\r\n\r\n")
            else: ok()
            return True

        # Clears the screen, sets a title, colours by a C1 character, right-to-left override, zero width, a tag, a bell.
        hostile = "a\x1b[2J\x1b]0;owned\x07b\u009b31mc\u202ed\u200be\ufefff\U000e0041g\x7fh".encode()

        def serve(peer):
            with peer:
                stream = peer.makefile("rb")
                while line := stream.readline():
                    length, fields = 0, b""
                    while (field := stream.readline()) not in (b"\r\n", b""):
                        fields += field
                        if field.lower().startswith(b"content-length:"): length = int(field.split(b":")[1])
                    if line.startswith(b"POST /unread"):
                        peer.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
                        threading.Event().wait()
                    if line.startswith(b"POST /switch-early"):
                        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
                        threading.Event().wait()
                    body = stream.read(length)
                    target = line.split()[1].decode("latin-1")
                    # Whole: print writes piece by piece, and other threads write between them.
                    sys.stdout.write("got %s\n" % target)
                    try:
                        if not respond(peer, target, fields, body): return
                    except OSError: return

        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=(peer,), daemon=True).start()
        """#
}
