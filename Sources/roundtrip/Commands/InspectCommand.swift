import ArgumentParser

/// The interface.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Open the interface (the default).")

    @Argument(
        help: ArgumentHelp(
            "URLs to probe at once; http is taken where no scheme is given. - reads them from standard input, one a line, "
                + "and so does no URL at all where that is a pipe or a file.", valueName: "url"))
    var urls: [String] = []

    @Flag(help: "Start a demo server on loopback and a gentle stream of requests to it. Needs no network.")
    var demo = false

    @OptionGroup var client: ClientOptions

    @OptionGroup var interface: InterfaceOptions

    @Option(help: ArgumentHelp("Record everything into this SQLite file while it happens.", valueName: "file"))
    var record: String?

    func validate() throws { try checkRecord(record) }

    func run() async throws {
        let named = !urls.isEmpty || demo || client.readsStandardInput
        let listed = named ? urls : Inspection.standardList
        let inspection = Inspection(
            drafts: try client.drafts(for: listed), isDemo: demo, look: interface.look, client: try client.settings(),
            record: record)
        try await inspection.run()
    }
}
