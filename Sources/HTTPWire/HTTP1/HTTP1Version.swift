/// The versions these readers accept. `HTTP/1.2` never existed, and treating it as 1.1 (RFC 9110 §2.5) would only
/// help an attacker.
public enum HTTP1Version: String, Sendable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
}
