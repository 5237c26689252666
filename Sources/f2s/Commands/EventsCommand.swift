import ArgumentParser
import F2SClient
import F2SModel

/// `f2s events`: what has happened.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what has happened: starts, scaling, failures.",
        discussion: "With --follow, json is one object per line and yaml one document per event.")

    @Flag(name: [.short, .long], help: "Go on with what happens from now on, until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("At most so many of the newest events that are remembered.", valueName: "events"))
    var tail: Int?

    @OptionGroup var output: OutputOptions

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard tail.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--tail is \(tail ?? 0): it must be 0 or more.")
        }
    }

    func run() async throws {
        try await server.withClient { client in
            // Those that happen while the list is on its way come once more, and are passed over.
            let remembered = try await client.recentEvents()
            let shown = Array(tail.map { remembered.suffix($0) } ?? remembered[...])
            switch output.form {
            case .table: try Terminal.show(EventTable(shown, now: secondsSince1970()).text(Terminal.layout))
            case .json, .yaml:
                guard follow else { return try output.write(document: OutputOptions.encode(ItemList(items: shown))) }
                for event in shown { try output.write(item: event) }
            }
            guard follow else { return }
            let newest = remembered.last?.sequence ?? 0
            try await client.events(after: newest) { event in
                switch output.form {
                case .table:
                    try Terminal.show(EventTable([event], now: secondsSince1970()).lines(Terminal.layout))
                case .json, .yaml: try output.write(item: event)
                }
            }
        }
    }
}
