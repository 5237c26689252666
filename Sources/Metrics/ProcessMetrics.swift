import Glibc

/// Metrics of the process itself, under the names that every Prometheus client uses, and its build information.
public struct ProcessMetrics: Sendable {
    private let version: String
    private let platform: String
    private let read: @Sendable (_ path: String) -> [UInt8]?

    /// Creates the metrics of this process.
    /// - Parameters:
    ///   - version: the version of F2S.
    ///   - platform: `local` or `kubernetes`.
    ///   - read: returns the bytes of a file under /proc, or `nil` if it cannot be read. The files are usually shorter
    ///     than 64 KiB.
    public init(version: String, platform: String, read: @escaping @Sendable (_ path: String) -> [UInt8]?) {
        self.version = version
        self.platform = platform
        self.read = read
    }

    /// Adds the metrics to a registry. They are read at scrape time, and a metric that Linux does not report is left
    /// out.
    public func register(in registry: MetricRegistry) {
        let build = registry.gauge(
            "f2s_build_info", help: "Always 1; the labels are the version and the platform.",
            labels: [("version", version), ("platform", platform)])
        build.set(1)
        let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        let pageBytes = Double(max(sysconf(Int32(_SC_PAGESIZE)), 1))
        registry.observe(
            "process_cpu_seconds_total", help: "Processor time used, user and system, in seconds.", kind: .counter
        ) {
            Self.samples(currentStatistics().map { Double($0.cpuTicks) / ticksPerSecond })
        }
        // Read first: with thousands of functions the exposition itself needs megabytes.
        registry.observe(
            "process_resident_memory_bytes", help: "Memory held, in bytes.", kind: .gauge, isReadFirst: true
        ) {
            Self.samples(currentStatistics().map { Double($0.residentPages) * pageBytes })
        }
        registry.observe("process_open_fds", help: "File descriptors that are open.", kind: .gauge) {
            Self.samples(Self.openDescriptors().map(Double.init))
        }
        registry.observe("process_max_fds", help: "File descriptors that may be open.", kind: .gauge) {
            Self.samples(Self.descriptorsMax())
        }
        registry.observe(
            "process_start_time_seconds", help: "When the process began, in seconds since 1970.", kind: .gauge
        ) {
            guard let boot = text(of: "/proc/stat").flatMap(ProcessStatistics.bootTime(machineStat:)),
                let statistics = currentStatistics()
            else { return [] }
            return [Sample(Double(boot) + Double(statistics.startTicks) / ticksPerSecond)]
        }
    }

    private static func samples(_ value: Double?) -> [Sample] { value.map { [Sample($0)] } ?? [] }

    private func currentStatistics() -> ProcessStatistics? {
        guard let stat = text(of: "/proc/self/stat"), let statm = text(of: "/proc/self/statm") else { return nil }
        return ProcessStatistics(stat: stat, statm: statm)
    }

    private static func descriptorsMax() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? Double.infinity : Double(limit.rlim_cur)
    }

    private static func openDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var entries = 0
        while readdir(folder) != nil { entries += 1 }
        // The entries ".", ".." and the descriptor that reads the folder do not count.
        return max(entries - 3, 0)
    }

    private func text(of path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }
}
