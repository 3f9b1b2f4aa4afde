internal import CLinux
internal import Glibc
internal import HTTPTrace

extension Descriptor {
    /// What the kernel knows of this connection; nil once it is closed.
    func tcpFacts(at moment: TCPFacts.Moment) -> TCPFacts? {
        guard !isClosed else { return nil }
        // Older kernels fill in less: what they leave is 0, which is also what they would say of it.
        var info = kernel_tcp_info()
        var length = socklen_t(MemoryLayout<kernel_tcp_info>.size)
        guard getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else { return nil }
        return TCPFacts(
            moment: moment, roundTrip: .microseconds(Int64(info.rtt)),
            roundTripVariation: .microseconds(Int64(info.rttvar)),
            // The kernel's word for "none yet" is the largest number.
            leastRoundTrip: info.min_rtt == .max || info.min_rtt == 0 ? nil : .microseconds(Int64(info.min_rtt)),
            congestionWindow: Int(info.snd_cwnd), segmentBytes: Int(info.snd_mss),
            retransmits: Int(info.total_retrans), bytesSent: Int(clamping: info.bytes_sent),
            bytesResent: Int(clamping: info.bytes_retrans),
            // The SYN counts as one.
            bytesAcked: max(0, Int(clamping: info.bytes_acked) - 1),
            bytesReceived: Int(clamping: info.bytes_received),
            deliveryRate: info.delivery_rate == 0 ? nil : Int(clamping: info.delivery_rate))
    }
}
