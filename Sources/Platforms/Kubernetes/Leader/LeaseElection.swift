import F2SModel
import F2SSystem
import Logging
import Synchronization

/// The leader election by a Lease. Only one process at a time reconciles and scales.
final class LeaseElection: LeaderElection {
    private let client: KubernetesClient
    private let options: KubernetesOptions
    private let timing: LeaseDecision.Timing
    private let logger: Logger
    private let reflector: Reflector<NamedLease>
    private let decision: Mutex<LeaseDecision>
    private let isLeading = Latest(false)
    /// A counter that grows with every new input of the decision.
    private let inputs = Latest<UInt64>(0)
    /// The signal that is raised whenever ``isLeader`` changes.
    let changes = Signal()

    init(client: KubernetesClient, options: KubernetesOptions, logger: Logger) {
        self.client = client
        self.options = options
        let timing = LeaseDecision.Timing(failover: options.failover)
        self.timing = timing
        self.logger = logger
        reflector = Reflector(
            client, .leases, namespace: options.namespace, fieldSelector: "metadata.name=\(options.leaseName)",
            logger: logger
        ) { $0.name }
        decision = Mutex(
            LeaseDecision(identity: options.podName, timing: timing, now: Moment.now.steady))
    }

    /// True if this process leads now. The leadership ends by itself if the lease cannot be renewed in time.
    var isLeader: Bool { decision.withLock { $0.isLeader(at: Moment.now.steady) } }

    /// The time until another process may lead; zero if this process does not lead.
    var remaining: Duration { decision.withLock { $0.remaining(at: Moment.now.steady) } }

    /// Takes part in the election until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            group.addTask { await self.follow() }
            await self.contend()
            group.cancelAll()
        }
    }

    /// Stops leading at once and for good, and lets another process take over without waiting.
    func resign() async {
        for _ in 0..<3 {
            let record = decision.withLock { $0.resign() }
            note()
            inputs.update { $0 += 1 }
            guard let record else { return }
            let isReleased = Mutex(false)
            await withTimeout(.seconds(1)) {
                guard (try? await self.write(record)) != nil else { return }
                isReleased.withLock { $0 = true }
            }
            if isReleased.withLock({ $0 }) { return }
            // A renewal was in flight; its response shows the current version.
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Follows the renewals of other processes with a watch. Polling would cost a call per second.
    private func follow() async {
        for await reflection in reflector.latest.values() where reflection.isSynced {
            decision.withLock { $0.see(reflection.items[options.leaseName]?.record, at: Moment.now.steady) }
            inputs.update { $0 += 1 }
        }
    }

    private func contend() async {
        while !Task.isCancelled {
            let moment = Moment.now
            let known = inputs.current
            note()
            switch decision.withLock({ $0.action(at: moment.steady, wall: moment.wall) }) {
            case .rest(let due):
                await pause(until: due, orChangeAfter: known)
            case .write(let record):
                // Before the first list has arrived, an existing lease looks like a missing one.
                guard reflector.latest.current.isSynced else {
                    await pause(until: moment.steady + .seconds(1), orChangeAfter: known)
                    continue
                }
                await contend(with: record, since: moment.steady)
            }
        }
    }

    private func contend(with record: LeaseRecord, since begin: Duration) async {
        let outcome = Mutex<Result<LeaseRecord, KubernetesError>?>(nil)
        decision.withLock { $0.began(record, at: begin) }
        // A response after the deadline is of no use.
        await withTimeout(timing.writeTimeout) {
            do throws(KubernetesError) {
                let written = try await self.write(record)
                outcome.withLock { $0 = .success(written) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        let now = Moment.now.steady
        switch outcome.withLock({ $0 }) {
        case .success(let written): decision.withLock { $0.wrote(written, begunAt: begin, at: now) }
        case .failure(let error):
            logger.debug("The lease could not be written: \(error)")
            decision.withLock { $0.failed(at: now) }
            if error.isConflict || error.isAlreadyExists { await read() }
        case nil: decision.withLock { $0.failed(at: now) }
        }
    }

    /// Reads the lease after another process has written it. If the watch hangs, it does not show that write, and the
    /// API server would reject the same write for ever.
    private func read() async {
        let selector = "metadata.name=\(options.leaseName)"
        let found: ResourceList<NamedLease>
        do throws(KubernetesError) {
            found = try await client.list(
                .leases, options.namespace, fieldSelector: selector, priority: .activation,
                timeout: timing.writeTimeout)
        } catch {
            logger.debug("The lease could not be read: \(error)")
            return
        }
        decision.withLock { $0.see(found.items.first?.record, at: Moment.now.steady) }
    }

    private func write(_ record: LeaseRecord) async throws(KubernetesError) -> LeaseRecord {
        var record = record
        record.duration = timing.duration
        let manifest = record.manifest(name: options.leaseName, namespace: options.namespace)
        let written =
            record.resourceVersion.isEmpty
            ? try await client.create(
                .leases, options.namespace, manifest, priority: .activation, timeout: timing.writeTimeout)
            : try await client.replace(
                .leases, options.namespace, options.leaseName, manifest, priority: .activation,
                timeout: timing.writeTimeout)
        do {
            return try written.decoded(as: LeaseRecord.self)
        } catch {
            throw .malformed("The API server's Lease cannot be read: \(error)")
        }
    }

    /// Waits until that time or until a new input, whichever is first. A leader also wakes in between, so that the end
    /// of its leadership is reported soon.
    private func pause(until due: Duration, orChangeAfter known: UInt64) async {
        let limit = isLeading.current ? timing.renewInterval / 2 : Duration.seconds(60)
        let pause = min(max(due - Moment.now.steady, .milliseconds(1)), limit)
        await withTimeout(pause) { [inputs] in
            for await version in inputs.values() where version != known { return }
        }
    }

    private func note() {
        let isLeader = isLeader
        guard isLeader != isLeading.current else { return }
        isLeading.publish(isLeader)
        changes.raise()
        logger.info(isLeader ? "This process leads: it reconciles and scales" : "This process does not lead")
    }
}

/// A lease and its name.
struct NamedLease: Decodable, Sendable {
    let name: String
    let record: LeaseRecord

    private enum Key: String, CodingKey { case metadata }

    private struct Metadata: Decodable { let name: String }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(Metadata.self, forKey: .metadata).name
        record = try LeaseRecord(from: decoder)
    }
}
