import ArgumentParser
import F2SClient
import F2SModel
import F2SSystem

/// `f2s events`: shows events.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show events: starts, scaling, failures.",
        discussion: "With --follow, json is one object per line and yaml one document per event.")

    @Flag(name: [.short, .long], help: "Continue with new events until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("The maximum number of past events; the newest are shown.", valueName: "events"))
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
            // The stream starts after the newest event of the list, so no event is shown twice or lost.
            let remembered = try await client.recentEvents()
            let shown = Array(tail.map { remembered.suffix($0) } ?? remembered[...])
            switch output.form {
            case .table: try Terminal.show(EventTable(shown, now: SystemClock.secondsSince1970()).text(Terminal.layout))
            case .json, .yaml:
                guard follow else { return try output.write(document: OutputOptions.encode(ItemList(items: shown))) }
                for event in shown { try output.write(item: event) }
            }
            guard follow else { return }
            let newest = remembered.last?.sequence ?? 0
            try await client.events(after: newest) { event in
                switch output.form {
                case .table:
                    try Terminal.show(EventTable([event], now: SystemClock.secondsSince1970()).lines(Terminal.layout))
                case .json, .yaml: try output.write(item: event)
                }
            }
        }
    }
}
