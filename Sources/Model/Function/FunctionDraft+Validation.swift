extension FunctionDraft {
    /// The allowed durations of `target.timeout`.
    public static let timeoutAllowed = Duration.milliseconds(1)...Duration.seconds(86_400)
    /// The allowed durations of `target.startTimeout`.
    public static let startTimeoutAllowed = Duration.seconds(1)...Duration.seconds(3600)
    /// The allowed durations of `target.readinessProbe.timeout`.
    public static let probeTimeoutAllowed = Duration.milliseconds(100)...Duration.seconds(300)
    /// The allowed durations of `target.drainTimeout`.
    public static let drainTimeoutAllowed = Duration.zero...Duration.seconds(86_400)
    /// The allowed durations of `target.scaling.idle`.
    public static let idleAllowed = Duration.seconds(1)...Duration.seconds(86_400)
    /// The allowed durations of `target.scaling.window`.
    public static let windowAllowed = Duration.seconds(6)...Duration.seconds(3600)
    /// The maximum size of `spec.description`, in bytes.
    public static let summaryBytesMax = 4096

    /// Returns an error for each invalid value and each invalid combination of values. A draft without errors may be
    /// stored.
    public func fieldErrors() -> [FieldError] {
        texts() + whatRuns() + replicaBounds() + numbers() + limits() + environmentErrors() + durations() + paths()
    }

    private func texts() -> [FieldError] {
        guard summary.utf8.count > Self.summaryBytesMax else { return [] }
        return [
            FieldError(
                field: "spec.description", value: "\(summary.utf8.count) bytes",
                requirement: "have at most \(Self.summaryBytesMax) bytes")
        ]
    }

    private func whatRuns() -> [FieldError] {
        var found: [FieldError] = []
        if target.image == nil, target.command == nil {
            found.append(
                FieldError(
                    field: "target.containerImage", value: nil,
                    requirement: "name an image, or target.command must name a program"))
        }
        if let image = target.image, image.isEmpty || image.utf8.count > 1024 || image.contains(where: \.isWhitespace) {
            found.append(
                FieldError(
                    field: "target.containerImage", value: image, requirement: "be an image reference without spaces"))
        }
        if let command = target.command,
            command.first?.isEmpty != false || command.contains(where: { $0.contains("\0") })
        {
            found.append(
                FieldError(
                    field: "target.command", value: command.joined(separator: " "),
                    requirement: "be a list that begins with a program"))
        }
        return found
    }

    private func replicaBounds() -> [FieldError] {
        var found: [FieldError] = []
        let min = target.minReplicas
        let max = target.maxReplicas
        if !(0...Target.replicasMax).contains(min) {
            found.append(.outside(0...Target.replicasMax, "target.minReplicas", min))
        }
        if !(1...Target.replicasMax).contains(max) {
            found.append(.outside(1...Target.replicasMax, "target.maxReplicas", max))
        } else if min > max {
            found.append(
                FieldError(
                    field: "target.minReplicas", value: "\(min)", requirement: "be at most target.maxReplicas (\(max))")
            )
        }
        return found
    }

    private func numbers() -> [FieldError] {
        var found: [FieldError] = []
        if !(1...65_535).contains(target.port) { found.append(.outside(1...65_535, "target.port", target.port)) }
        if let concurrency = target.concurrency, !(1...Target.concurrencyMax).contains(concurrency) {
            found.append(.outside(1...Target.concurrencyMax, "target.concurrency", concurrency))
        }
        if let wanted = target.scaling.targetConcurrency, !(wanted > 0 && wanted <= Double(Target.concurrencyMax)) {
            found.append(
                FieldError(
                    field: "target.scaling.targetConcurrency", value: "\(wanted)",
                    requirement: "be above 0 and at most \(Target.concurrencyMax)"))
        }
        return found
    }

    private func limits() -> [FieldError] {
        var found: [FieldError] = []
        let limits = target.limits
        let counts: [(String, Int?, ClosedRange<Int>)] = [
            ("target.limits.inFlight", limits.inFlight, 1...FunctionLimits.inFlightMax),
            ("target.limits.queued", limits.queued, 0...FunctionLimits.queuedMax),
            ("target.limits.burst", limits.burst, 1...FunctionLimits.burstMax),
        ]
        for (field, count, allowed) in counts {
            if let count, !allowed.contains(count) { found.append(.outside(allowed, field, count)) }
        }
        if limits.queued == 0, target.minReplicas == 0 {
            found.append(
                FieldError(
                    field: "target.limits.queued", value: "0",
                    requirement: "be at least 1 while target.minReplicas is 0: an invocation that starts the "
                        + "function waits for its first replica"))
        }
        if let rate = limits.rate, !FunctionLimits.rateAllowed.contains(rate) {
            let allowed = FunctionLimits.rateAllowed
            found.append(
                FieldError(
                    field: "target.limits.rate", value: "\(rate)",
                    requirement: "be between \(allowed.lowerBound) and \(Int(allowed.upperBound)) per second"))
        }
        if let burst = limits.burst, limits.rate == nil {
            found.append(
                FieldError(
                    field: "target.limits.burst", value: "\(burst)",
                    requirement: "be used with target.limits.rate, which sets how fast the burst refills"))
        }
        return found
    }

    private func environmentErrors() -> [FieldError] {
        var found: [FieldError] = []
        if target.environment.count > Target.environmentMax {
            found.append(.outside(0...Target.environmentMax, "target.env", target.environment.count))
        }
        for (name, value) in target.environment.sorted(by: { $0.key < $1.key }) {
            let startsWell = name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            if !startsWell || !name.utf8.allSatisfy(Self.isVariableByte) || value.utf8.contains(0) {
                found.append(
                    FieldError(
                        field: "target.env.\(name)", value: name,
                        requirement: "be named with letters, digits, '_', '-' or '.', not begin with a digit, "
                            + "and hold no zero byte"))
            }
        }
        for secret in target.secrets where !Self.isSecretName(secret) {
            found.append(
                FieldError(
                    field: "target.secrets", value: secret,
                    requirement: "name Secrets by DNS-1123 subdomains: small letters, digits, '-' and '.'"))
        }
        return found
    }

    /// Returns true if Kubernetes accepts the text as the name of a Secret: labels that are separated by dots (RFC
    /// 1123), at most 253 bytes in total. A single label may use all of them.
    private static func isSecretName(_ name: String) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            label.utf8.first != UInt8(ascii: "-") && label.utf8.last != UInt8(ascii: "-") && !label.isEmpty
                && label.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                }
        }
    }

    private func durations() -> [FieldError] {
        let checks: [(String, Duration?, ClosedRange<Duration>)] = [
            ("target.timeout", target.timeout, Self.timeoutAllowed),
            ("target.startTimeout", target.startTimeout, Self.startTimeoutAllowed),
            ("target.drainTimeout", target.drainTimeout, Self.drainTimeoutAllowed),
            ("target.readinessProbe.timeout", target.readinessProbe?.timeout, Self.probeTimeoutAllowed),
            ("target.scaling.idle", target.scaling.idle, Self.idleAllowed),
            ("target.scaling.window", target.scaling.window, Self.windowAllowed),
        ]
        return checks.compactMap { field, duration, allowed in
            guard let duration, !allowed.contains(duration) else { return nil }
            return FieldError(
                field: field, value: duration.shortText,
                requirement: "be between \(allowed.lowerBound.shortText) and \(allowed.upperBound.shortText)")
        }
    }

    private func paths() -> [FieldError] {
        var checks = [("target.endpoint", target.path)]
        if let probe = target.readinessProbe { checks.append(("target.readinessProbe.path", probe.path)) }
        return checks.compactMap { field, path in
            let isPath = path.utf8.first == UInt8(ascii: "/") && path.utf8.count <= Route.bytesMax
            let isClean = path.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
            }
            guard !(isPath && isClean) else { return nil }
            return FieldError(
                field: field, value: path,
                requirement:
                    "be a path that begins with '/', without spaces, '?' or '#', of at most \(Route.bytesMax) bytes")
        }
    }

    private static func isVariableByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension FieldError {
    fileprivate static func outside(_ allowed: ClosedRange<Int>, _ field: String, _ value: Int) -> FieldError {
        FieldError(
            field: field, value: "\(value)", requirement: "be between \(allowed.lowerBound) and \(allowed.upperBound)")
    }
}
