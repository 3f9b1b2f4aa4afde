import ArgumentParser
import HTTPClient
import HTTPTrace
import HTTPTypes
import Inspector
import Transport

/// Which proxy stands between, in curl's words. Without them the environment decides, as it does for Go and curl.
struct ProxyOptions: ParsableArguments {
    @Option(
        name: [.customShort("x"), .customLong("proxy")],
        help: ArgumentHelp(
            """
            Proxy for all requests: [scheme://][user:password@]host[:port]. http, https, socks5 (names are looked up \
            here) or socks5h (by the proxy). Empty for none, whatever the environment says.
            """,
            valueName: "proxy"))
    var proxy: String?

    @Option(
        name: .customLong("noproxy"),
        help: ArgumentHelp(
            "Hosts, domains and networks to reach directly, instead of NO_PROXY; * for all.", valueName: "list"))
    var noProxy: String?

    @Option(
        name: [.customShort("U"), .long],
        help: ArgumentHelp("Who we are to the proxy.", valueName: "user:password"))
    var proxyUser: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Field for the proxy alone; may be repeated.", valueName: "name: value"))
    var proxyHeader: [String] = []

    @Flag(
        name: [.customShort("p"), .customLong("proxytunnel")], help: "Have the proxy open a tunnel for http:// as well."
    )
    var proxyTunnel = false

    @Flag(help: "Accept any certificate of an https proxy.")
    var proxyInsecure = false

    @Option(
        help: ArgumentHelp("Trust the certificates in this PEM file for https proxies.", valueName: "file"))
    var proxyCacert: String?

    func validate() throws { _ = try rules(for: [:]) }

    /// - Parameter environment: Where the options say nothing.
    func rules(for environment: [String: String]) throws -> ProxyRules {
        var rules = ProxyRules(environment: environment)
        if let proxy {
            let exceptions = rules.exceptions
            do throws(Proxy.Problem) {
                rules = ProxyRules()
                // curl's port, since the option is curl's.
                if !proxy.isEmpty { rules = ProxyRules(try Proxy.parse(proxy, defaultPort: 1080)) }
            } catch {
                throw ValidationError("--proxy: \(error)")
            }
            rules.exceptions = exceptions
        }
        if let noProxy { rules.exceptions = ProxyExceptions(noProxy) }
        if let proxyUser {
            rules.http?.credentials = Proxy.Credentials(proxyUser)
            rules.https?.credentials = Proxy.Credentials(proxyUser)
        }
        rules.fields = try headerFields(proxyHeader, option: "--proxy-header").settled
        rules.tunnelsAlways = proxyTunnel
        return rules
    }

    /// Trust in https proxies. Of its own: what is trusted as an origin, or told to one, is no business of a proxy.
    var trust: TLSContext.ClientConfiguration {
        var trust = TLSContext.ClientConfiguration()
        trust.verify = !proxyInsecure
        trust.caFile = proxyCacert
        return trust
    }
}
