internal import HTTPTrace
internal import HTTPTypes
internal import Sessions

extension JSONWriter {
    /// Members that say what a proxy answered.
    mutating func write(_ tunnel: TunnelFacts, redacting redaction: inout Redaction) {
        field("proxy", tunnel.proxy.description)
        field("target", tunnel.target)
        field("status", ifPresent: tunnel.head?.status)
        field("reply", ifPresent: tunnel.reply.map { Int($0) })
        guard let head = tunnel.head else { return }
        field("reason", head.reason)
        openArray("headers")
        for header in head.fields {
            openObject()
            field("name", header.name.rawName)
            field("value", redaction.value(of: header.name.rawName, header.value))
            closeObject()
        }
        closeArray()
        if !tunnel.body.isEmpty { field("body", String(decoding: tunnel.body, as: UTF8.self)) }
    }
}
