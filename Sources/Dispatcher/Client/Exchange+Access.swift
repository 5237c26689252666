import F2SModel

// The authentication and authorization of callers.
extension Exchange {
    /// Identifies the caller of a function that not everybody may invoke. ``check(_:_:)`` must follow.
    /// - Returns: The caller; `nil` if everybody may invoke the function, or if the credentials must be verified by
    ///   ``verify(_:)`` before the caller is known (``unverified``).
    func identify(
        _ principal: Admission.Principal, _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> Principal? {
        guard principal == .anonymous, worker.tuning.authenticatesCallers, let authenticator = worker.authenticator,
            let entry, !entry.declaration.access.isPublic
        else { return nil }
        guard let field = head.known.authorization, !field.isEmpty else { throw .unauthenticated(.missing) }
        // The credentials are for F2S. A function could use them as the caller.
        if !entry.declaration.forwardsAuthorization { worker.scanner.drop("authorization", bytes) }
        switch authenticator.recognize(bytes.extracting(field.lower..<field.upper)) {
        case .known(let caller): return caller
        case .refused(let error): throw .unauthenticated(error)
        case .unknown:
            unverified = UnverifiedCaller(credentials: bytes.text(field), client: clientText(bytes))
            return nil
        }
    }

    /// Checks that a caller may invoke the function.
    /// - Parameter record: Records the error in the audit log.
    func check(_ caller: Principal, _ record: (InvocationError) -> Void) throws(InvocationError) {
        access?.record.user = caller.name
        guard let entry, entry.declaration.access.admits(caller, to: entry.declaration.name) else {
            record(.forbidden(.invoke))
            throw .forbidden(.invoke)
        }
    }

    /// Verifies credentials that the authenticator does not know yet. The invocation waits meanwhile.
    func verify(_ credentials: String) {
        client.setDeadline(at: state.verifying())
        client.updateReading()
        worker.verify(
            credentials, from: state.traits.rateKey,
            for: InvocationQueue.Waiter(loop: worker.index, entry: client.entry, generation: generation))
    }

    func isVerifying(generation: UInt64) -> Bool { state.phase == .verifying && self.generation == generation }

    /// Continues with the result of ``verify(_:)``.
    func verified(_ result: Result<Principal, CredentialError>) {
        guard let entry else { return }
        state.verified()
        let unverified = unverified.take()
        do throws(InvocationError) {
            switch result {
            case .success(let caller):
                try check(caller) { audit($0, of: caller, unverified) }
                request = request.take().map { request in
                    let named = ComposedRequest(request, naming: caller, into: worker.loop.buffers.acquire())
                    worker.loop.buffers.release(request.bytes)
                    return named
                }
                enqueue(entry)
            case .failure(let error): throw .unauthenticated(error)
            }
        } catch {
            if error != .forbidden(.invoke) { audit(error, of: nil, unverified) }
            fail(error)
        }
    }
}

/// A caller whose credentials must be verified.
struct UnverifiedCaller {
    /// The value of the Authorization field.
    let credentials: String
    /// The address of the client, for the audit log; `nil` if it is unknown.
    let client: String?
}

extension Worker {
    /// Verifies credentials outside of the loop, and posts the result to it.
    func verify(_ credentials: String, from client: UInt64?, for waiter: InvocationQueue.Waiter) {
        guard let authenticator else { return }
        let mailbox = directory.mailboxes[index]
        // Safe: it only posts to a mailbox, and the loop ignores the result if the invocation has ended.
        Task {
            let result: Result<Principal, CredentialError>
            do throws(CredentialError) {
                result = .success(try await authenticator.verify(credentials, from: client))
            } catch {
                result = .failure(error)
            }
            mailbox.post(.verified(waiter, result))
        }
    }
}
