import Glibc
import TestSupport

// A network with a distance: two namespaces, a TUN device in each, and a program between them that holds every packet back
// for as long as light would take, loses some, and swallows others. The kernels on both sides are real, so what they
// retransmit and measure is too.
//
//     near namespace ── tun 10.77.0.1 ──▶ the relay ──▶ tun 10.77.0.2 ── far namespace: HTTP, DNS
//                       fd77::1       (delay, loss)     fd77::2

/// Two network namespaces with a relay between them, and servers in the far one. Needs root.
final class SlowNetwork: Sendable {
    /// What the relay does to packets beside holding them back.
    enum Fault: String {
        case none
        /// The first SYN toward the far side is lost.
        case losesFirstSYN = "first-syn"
        /// Every ninth packet that carries much data is lost on its way to us.
        case losesData = "data"
        /// IPv6 goes nowhere.
        case swallowsIPv6 = "ip6"
    }

    static let address = "10.77.0.2"
    static let httpPort = 8080
    /// Nobody is there, and nothing says so.
    static let deadServer = "10.77.0.9"

    private let near: String
    private let relay: PeerProcess

    /// - Parameter oneWay: In milliseconds, each way.
    init(oneWay: Int, fault: Fault = .none) async throws {
        let number = "\(getpid())-\(UInt32.random(in: 0..<10_000))"
        near = "rt-near-\(number)"
        relay = PeerProcess(
            "python3", "-c", Self.program, near, "rt-far-\(number)", "\(oneWay)", fault.rawValue)
        let said = await relay.output(until: "ready")
        guard said.contains("ready") else { throw HarnessError("The network could not be made: \(said)") }
    }

    /// Runs `roundtrip probe` at the near end.
    func probe(_ arguments: String...) async throws -> Probe {
        let run = try ProgramRun(
            ["ip", "netns", "exec", near, BuiltProgram.path, "probe", "--json"] + arguments,
            environment: ChildProcess.environment())
        let ending = try await run.finish()
        return Probe(ending: ending, output: run.output, error: run.error)
    }

    /// Takes the network away. To be called in a `defer`, which also keeps it until then.
    func close() async {
        relay.type("end\n")
        await relay.output(until: "ended")
    }

    /// Why there can be no such network here; nil when there can.
    static let obstacle: String? = {
        if geteuid() != 0 { return "network namespaces need root" }
        if access("/dev/net/tun", R_OK | W_OK) != 0 { return "/dev/net/tun is missing" }
        let name = "rt-trial-\(getpid())"
        guard let trial = try? ChildProcess(["ip", "netns", "add", name]) else { return "iproute2 is missing" }
        while trial.ending == nil { usleep(1_000) }
        guard trial.ending == .exited(0) else { return "network namespaces can't be made here" }
        if let end = try? ChildProcess(["ip", "netns", "delete", name]) { while end.ending == nil { usleep(1_000) } }
        return nil
    }()

    private static let program = """
        import fcntl, heapq, os, select, struct, subprocess, sys, time
        near, far, delay, fault = sys.argv[1], sys.argv[2], int(sys.argv[3]) / 1000, sys.argv[4]

        def run(*command):
            subprocess.run(command, check=True)

        def tun(space, number):
            name = 'rt%s%d' % (near.rsplit('-', 1)[1], number)
            device = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, 0x400454ca, struct.pack('16sH', name.encode(), 0x1001))  # TUNSETIFF, no packet information
            run('ip', 'link', 'set', name, 'netns', space)
            inside = ('ip', '-n', space)
            run(*inside, 'link', 'set', 'lo', 'up')
            run(*inside, 'addr', 'add', '10.77.0.%d/24' % number, 'dev', name)
            run(*inside, 'addr', 'add', 'fd77::%d/64' % number, 'dev', name, 'nodad')
            run(*inside, 'link', 'set', name, 'up')
            return device

        servers = '''
        import http.server, socket, threading
        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                body = b'x' * (200000 if self.path == '/big' else 5)
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words): pass
        class Both(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6
        web = Both(('::', 8080), Page)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind(('10.77.0.2', 53))
        print('serving', flush=True)
        while True:
            question, peer = names.recvfrom(512)
            end = question.index(0, 12) + 5
            kind = question[end - 3]
            data = socket.inet_aton('10.77.0.2') if kind == 1 else socket.inet_pton(socket.AF_INET6, 'fd77::2')
            head = question[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
            record = bytes([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, len(data)]) + data
            names.sendto(head + question[12:end] + record, peer)
        '''
        serving = None
        try:
            for space in (near, far):
                run('ip', 'netns', 'add', space)
            ends = [tun(near, 1), tun(far, 2)]
            serving = subprocess.Popen(['ip', 'netns', 'exec', far, 'python3', '-c', servers], stdout=subprocess.PIPE)
            serving.stdout.readline()
            print('ready', flush=True)
            underway, count, syns, data = [], 0, 0, 0
            while True:
                wait = max(0, underway[0][0] - time.monotonic()) if underway else None
                readable = select.select(ends + [sys.stdin], [], [], wait)[0]
                if sys.stdin in readable:
                    break
                for side, device in enumerate(ends):
                    while device in readable:
                        try:
                            packet = os.read(device, 65536)
                        except BlockingIOError:
                            break
                        ip4 = packet[0] >> 4 == 4
                        if fault == 'ip6' and not ip4:
                            continue
                        if ip4 and packet[9] == 6:
                            flags = packet[(packet[0] & 15) * 4 + 13]
                            if fault == 'first-syn' and side == 0 and flags & 2:
                                syns += 1
                                if syns == 1:
                                    continue
                            if fault == 'data' and side == 1 and len(packet) > 1000:
                                data += 1
                                if data % 9 == 0:
                                    continue
                        count += 1
                        heapq.heappush(underway, (time.monotonic() + delay, count, 1 - side, packet))
                while underway and underway[0][0] <= time.monotonic():
                    _, _, side, packet = heapq.heappop(underway)
                    try:
                        os.write(ends[side], packet)
                    except OSError:
                        pass
        finally:
            if serving:
                serving.kill()
                serving.wait()
            for space in (near, far):
                subprocess.run(['ip', 'netns', 'delete', space])
            print('ended', flush=True)
        """
}
