import F2SModel

// The cookies of F2S (``ConsoleCookie``), which pass between a browser and the API server only. They are removed
// in place: other cookies stay as they are, in their order, and nothing is allocated.
extension HeadScanner {
    /// Removes the console's cookies from the forwarded head of a request. A Cookie field without them stays as it is.
    /// A field with them is replaced by its other cookies, or dropped if there are none.
    mutating func dropConsoleCookies(ofRequest bytes: Span<UInt8>) {
        for index in fields.indices where !fields[index].isDropped {
            let field = fields[index]
            guard bytes.isCaseInsensitively("cookie", in: field.name),
                CookieReader.hasConsoleCookie(bytes, field.value)
            else { continue }
            fields[index].isDropped = true
            fields[index].keepsOtherCookies = true
        }
    }

    /// Drops the Set-Cookie fields of a response that name one of F2S' cookies.
    /// - Parameter keepsLogins: True to keep those of a sign-in at a function, which the API server sets at the public
    ///   listener.
    mutating func dropConsoleCookies(ofResponse bytes: Span<UInt8>, keepsLogins: Bool = false) {
        for index in fields.indices {
            let field = fields[index]
            guard bytes.isCaseInsensitively("set-cookie", in: field.name) else { continue }
            // Attributes follow the first semicolon.
            let end = bytes.first(Octet.semicolon, from: field.value.lower, to: field.value.upper)
            let cookie = ByteRange(field.value.lower, end ?? field.value.upper)
            if CookieReader.isOfConsole(bytes, cookie), !(keepsLogins && CookieReader.isOfLogin(bytes, cookie)) {
                fields[index].isDropped = true
            }
        }
    }
}

/// Reads the cookies of a Cookie field. Only semicolons separate cookies, even between quotes: browsers separate them
/// so, and a function can set a cookie that contains a quote. If a quote could hide a semicolon, the cookie behind it
/// would reach the function.
enum CookieReader {
    /// Returns true if one of the cookies is the console's.
    static func hasConsoleCookie(_ bytes: Span<UInt8>, _ value: ByteRange) -> Bool {
        var isFound = false
        eachCookie(bytes, value) { cookie in
            if !isFound { isFound = isOfConsole(bytes, cookie) }
        }
        return isFound
    }

    /// Writes the line of a Cookie field without the console's cookies. Writes nothing if there is no other cookie.
    static func writeOthers(_ bytes: Span<UInt8>, of field: Field, into out: Buffer) {
        var isBegun = false
        eachCookie(bytes, field.value) { cookie in
            guard !isOfConsole(bytes, cookie) else { return }
            if isBegun {
                out.append(Octet.semicolon)
                out.append(bytes, cookie)
            } else {
                // The space before the first cookie belongs to the separator, which is not written.
                let first = bytes.trimmed(cookie)
                guard !first.isEmpty else { return }
                isBegun = true
                out.append(bytes, ByteRange(field.name.lower, field.value.lower))
                out.append(bytes, ByteRange(first.lower, cookie.upper))
            }
        }
        if isBegun { out.append(bytes, ByteRange(field.value.upper, Int(field.lineEnd))) }
    }

    /// Returns true if a cookie, given as `name=value` or `value`, is the console's.
    ///
    /// Browsers ignore spaces around a name. They send a cookie without a name as its value alone, so a cookie with the
    /// text `=f2s-session=1` or `f2s-session` would come back as one of that name (RFC 6265bis section 5.8.3).
    static func isOfConsole(_ bytes: Span<UInt8>, _ cookie: ByteRange) -> Bool {
        let name = name(of: cookie, bytes)
        return bytes.isExactly(ConsoleCookie.session, in: name) || bytes.isExactly(ConsoleCookie.signIn, in: name)
            || bytes.isExactly(ConsoleCookie.hostSession, in: name)
            || bytes.isExactly(ConsoleCookie.hostSignIn, in: name) || isOfLogin(bytes, cookie)
    }

    /// Returns true if a cookie belongs to a sign-in at a function.
    static func isOfLogin(_ bytes: Span<UInt8>, _ cookie: ByteRange) -> Bool {
        let name = name(of: cookie, bytes)
        return isLogin(bytes, name) || bytes.isExactly(ConsoleCookie.loginState, in: name)
            || bytes.isExactly(ConsoleCookie.secureLoginState, in: name)
    }

    private static func name(of cookie: ByteRange, _ bytes: Span<UInt8>) -> ByteRange {
        var start = cookie.lower
        while start < cookie.upper, isBeforeName(bytes[start]) { start &+= 1 }
        let end = bytes.first(Octet.equals, from: start, to: cookie.upper) ?? cookie.upper
        return bytes.trimmed(ByteRange(start, end))
    }

    private static func isLogin(_ bytes: Span<UInt8>, _ name: ByteRange) -> Bool {
        bytes.isExactly(ConsoleCookie.login, in: name) || bytes.isExactly(ConsoleCookie.secureLogin, in: name)
    }

    /// Returns the values of a request's cookies of a sign-in at a function, at most `countMax`.
    /// - Parameter isSecure: True if the browser uses https. A page without https can set the cookie without a prefix.
    static func logins(
        _ bytes: Span<UInt8>, _ fields: borrowing FieldTable, isSecure: Bool, countMax: Int
    ) -> [String] {
        let wanted = isSecure ? ConsoleCookie.secureLogin : ConsoleCookie.login
        var values: [String] = []
        for index in fields.indices where bytes.isCaseInsensitively("cookie", in: fields[index].name) {
            eachCookie(bytes, fields[index].value) { cookie in
                guard values.count < countMax,
                    let equals = bytes.first(Octet.equals, from: cookie.lower, to: cookie.upper),
                    bytes.isExactly(wanted, in: bytes.trimmed(ByteRange(cookie.lower, equals)))
                else { return }
                values.append(bytes.text(bytes.trimmed(ByteRange(equals &+ 1, cookie.upper))))
            }
        }
        return values
    }

    private static func isBeforeName(_ byte: UInt8) -> Bool {
        byte == Octet.space || byte == Octet.tab || byte == Octet.equals
    }

    /// Calls `body` with each part of the value between semicolons, spaces included. A part may be empty.
    private static func eachCookie(_ bytes: Span<UInt8>, _ value: ByteRange, _ body: (ByteRange) -> Void) {
        var start = value.lower
        while let end = bytes.first(Octet.semicolon, from: start, to: value.upper) {
            body(ByteRange(start, end))
            start = end &+ 1
        }
        body(ByteRange(start, value.upper))
    }
}
