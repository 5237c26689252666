import F2SSystem
import Testing

@testable import F2SMetrics

@Suite struct ProcessMetricsTests {
    @Test func `a program's name may contain spaces and parentheses`() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 700 30 13 14 15 16 17 18 990 20 21"
        let statistics = ProcessStatistics(stat: stat, statm: "1000 250 3 4 5 6 7\n")
        #expect(statistics?.cpuTicks == 730)
        #expect(statistics?.startTicks == 990)
        #expect(statistics?.residentPages == 250)
    }

    @Test(arguments: [("", "1 2"), ("42 (a) S 1 2", "1 2"), ("no parenthesis 1 2 3", "1 2"), ("1 (a) S", "")])
    func `a text in another format than that of Linux is rejected`(stat: String, statm: String) {
        #expect(ProcessStatistics(stat: stat, statm: statm) == nil)
    }

    @Test func `the start time of the machine is found among other lines`() {
        #expect(
            ProcessStatistics.bootTime(machineStat: "cpu 1 2\nintr 3\nbtime 1700000000\nprocesses 9\n") == 1_700_000_000
        )
        #expect(ProcessStatistics.bootTime(machineStat: "cpu 1 2\n") == nil)
    }

    @Test func `the metrics of the process are in base units`() throws {
        let registry = MetricRegistry()
        ProcessMetrics(version: "1.2.3", platform: "local") { path in
            try? ReadableFile.read(path, bytesMax: 1 << 20)
        }.register(in: registry)
        let text = registry.exposition()
        #expect(text.contains("f2s_build_info{platform=\"local\",version=\"1.2.3\"} 1\n"))
        func value(_ name: String) -> Double? {
            text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
                Double($0.dropFirst(name.count + 1))
            }
        }
        #expect(try #require(value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(value("process_open_fds")) >= 3)
        #expect(try #require(value("process_max_fds")) >= 3)
        #expect(try #require(value("process_start_time_seconds")) > 1_600_000_000)
        #expect(try #require(value("process_cpu_seconds_total")) >= 0)
    }

    @Test func `a metric whose file cannot be read is left out`() {
        let registry = MetricRegistry()
        ProcessMetrics(version: "1.2.3", platform: "local") { _ in nil }.register(in: registry)
        let text = registry.exposition()
        #expect(text.contains("f2s_build_info") && text.contains("process_open_fds"))
        #expect(!text.contains("\nprocess_cpu_seconds_total ") && !text.contains("\nprocess_start_time_seconds "))
    }
}
