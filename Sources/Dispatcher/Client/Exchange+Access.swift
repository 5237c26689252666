import F2SModel

// The authentication and authorization of callers.
extension Exchange {
    /// Identifies the caller of a function that not everybody may invoke. ``check(_:_:)`` must follow.
    /// - Returns: The caller; `nil` if everybody may invoke the function, or if the credentials must be verified by
    ///   ``verify(_:)`` before the caller is known (``unverified``).
    func identify(
        _ principal: Admission.Principal, _ head: RequestHead, _ bytes: Span<UInt8>
    ) throws(InvocationError) -> Principal? {
        guard principal != .peer, worker.tuning.authenticatesCallers, let authenticator = worker.authenticator,
            let entry, !entry.declaration.access.isPublic
        else { return nil }
        guard principal == .anonymous else { return callerOfModule(bytes) }
        guard let field = head.known.authorization, !field.isEmpty else {
            unverified = try login(head, bytes)
            return nil
        }
        // The credentials are for F2S. A function could use them as the caller.
        if !entry.declaration.forwardsAuthorization { worker.scanner.drop("authorization", bytes) }
        switch authenticator.recognize(bytes.extracting(field.lower..<field.upper)) {
        case .known(let caller): return caller
        case .refused(let error): throw .unauthenticated(error)
        case .unknown:
            unverified = UnverifiedCaller(.field(bytes.text(field)), client: clientText(bytes))
            return nil
        }
    }

    /// Returns the caller on whose behalf a module of this process invokes the function; `nil` if the module does so by
    /// itself.
    private func callerOfModule(_ bytes: Span<UInt8>) -> Principal? {
        guard let caller = client.principal else { return nil }
        // F2S has verified the caller, and not this field. A function that asks for credentials relies on them.
        worker.scanner.drop("authorization", bytes)
        return caller
    }

    /// Returns the caller of a request without credentials, by the cookie of a sign-in at the function.
    /// - Throws: ``InvocationError/loginRequired(location:)`` to lead a browser to the sign-in, and
    ///   ``InvocationError/unauthenticated(_:)``.
    private func login(_ head: RequestHead, _ bytes: Span<UInt8>) throws(InvocationError) -> UnverifiedCaller {
        guard let entry, entry.declaration.offersLogin, worker.logins != nil else { throw .unauthenticated(.missing) }
        let page = PageOrigin(bytes, worker.scanner.fields)
        let location = page.opensPage(head, bytes) ? LoginLocation.text(bytes, head) : nil
        let isSecure =
            client.address.isSecure
            || page.isForwardedSecurely(bytes) && client.address.number.map { worker.trusts($0) } ?? false
        let cookies =
            head.known.hasCookies && page.mayUseLogin(head, bytes, isSecure: isSecure)
            ? CookieReader.logins(bytes, worker.scanner.fields, isSecure: isSecure, countMax: Self.loginCookiesMax) : []
        guard cookies.isEmpty else {
            return UnverifiedCaller(.login(cookies, location: location), client: clientText(bytes))
        }
        throw location.map { .loginRequired(location: $0) } ?? .unauthenticated(page.isKnown ? .loginEnded : .missing)
    }

    /// The number of cookies that are tried. A browser sends several if the path of one function begins with that of
    /// another.
    private static let loginCookiesMax = 4
    /// A cache that serves several users must not store what a function says to one of them. It would know that by an
    /// Authorization field (RFC 9111 section 3.5), but not by a cookie.
    private static let loginLines = Array("Cache-Control: private\r\nVary: Cookie\r\n".utf8)

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
    func verify(_ credentials: UnverifiedCaller.Credentials, at entry: RouteTable.Entry) {
        client.setDeadline(at: state.verifying())
        client.updateReading()
        worker.verify(
            credentials, of: entry.handle.id, from: state.traits.rateKey,
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
                if case .login? = unverified?.credentials { pageFields = (pageFields ?? []) + Self.loginLines }
                request = request.take().map { request in
                    let named = ComposedRequest(request, naming: caller, into: worker.loop.buffers.acquire())
                    worker.loop.buffers.release(request.bytes)
                    return named
                }
                enqueue(entry)
            case .failure(let error):
                guard error.status == 401, case .login(_, let location)? = unverified?.credentials else {
                    throw .unauthenticated(error)
                }
                throw location.map { .loginRequired(location: $0) } ?? .unauthenticated(.loginEnded)
            }
        } catch {
            if error != .forbidden(.invoke) { audit(error, of: nil, unverified) }
            fail(error)
        }
    }
}

/// A caller whose credentials must be verified.
struct UnverifiedCaller {
    /// The credentials of a caller.
    enum Credentials: Sendable {
        /// The value of the Authorization field.
        case field(String)
        /// The values of the cookies of a sign-in at the function, and the location of the sign-in if the request opens
        /// a page.
        case login([String], location: String?)

        /// The value of the Authorization field; `nil` if there is none.
        var field: String? { if case .field(let text) = self { text } else { nil } }
    }

    let credentials: Credentials
    /// The address of the client, for the audit log; `nil` if it is unknown.
    let client: String?

    init(_ credentials: Credentials, client: String?) {
        self.credentials = credentials
        self.client = client
    }
}

extension Worker {
    /// Verifies credentials outside of the loop, and posts the result to it.
    func verify(
        _ credentials: UnverifiedCaller.Credentials, of function: Function.ID, from client: UInt64?,
        for waiter: InvocationQueue.Waiter
    ) {
        guard let authenticator else { return }
        let logins = logins
        let mailbox = directory.mailboxes[index]
        // Safe: it only posts to a mailbox, and the loop ignores the result if the invocation has ended.
        Task {
            let result: Result<Principal, CredentialError>
            do throws(CredentialError) {
                switch credentials {
                case .field(let text): result = .success(try await authenticator.verify(text, from: client))
                case .login(let cookies, _):
                    guard let logins else { throw .missing }
                    result = .success(try await logins.caller(loginCookies: cookies, at: function))
                }
            } catch {
                result = .failure(error)
            }
            mailbox.post(.verified(waiter, result))
        }
    }
}
