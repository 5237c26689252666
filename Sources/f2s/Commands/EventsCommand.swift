import ArgumentParser
import F2SClient
import F2SModel

/// `f2s events`: what has happened.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what has happened: starts, scaling, failures.")

    @Flag(name: [.short, .long], help: "Go on with what happens from now on, until interrupted.")
    var follow = false

    @OptionGroup var server: ServerOptions

    func run() async throws {
        try await server.withClient { client in
            if follow {
                try await client.events { try Terminal.write(EventTable([$0], now: secondsSince1970()).lines) }
            } else {
                try Terminal.write(EventTable(try await client.recentEvents(), now: secondsSince1970()).text)
            }
        }
    }
}
