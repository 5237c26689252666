import CLibZ
import CWebAssets
import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore

/// A file of the console's page, as it is sent.
///
/// The files are those of `Sources/CWebAssets/page`, without comments and indentation, and compressed once, and the
/// guides. The modules are a part of `main.js` (``PageScript``).
struct PageFile: Sendable {
    let type: MediaType
    let text: ByteBuffer
    /// The text in the format of gzip (RFC 1952).
    let compressed: ByteBuffer
    /// The ETag, which is the same in both forms but for a suffix.
    let tag: String

    /// The scripts that pages load.
    private static let scripts: Set = ["main.js", "callback.js", "login.js"]

    /// All files, by their names in URLs.
    static let all: [String: PageFile] = {
        let sources = PageFile.sources
        var files: [String: PageFile] = [:]
        for (path, text) in sources {
            if path.hasSuffix(".html") { files[path] = PageFile(.html, text) }
            if path.hasSuffix(".md") { files[path] = PageFile(.text, text) }
            if path.hasSuffix(".css") { files[path] = PageFile(.css, compact(text)) }
        }
        let modules = sources.filter { $0.key.hasSuffix(".js") }.mapValues(compact)
        for path in scripts { files[path] = PageFile(.script, PageScript.link(path, of: modules)) }
        return files
    }()

    /// The texts of the folder's files, by their paths, and those of the guides, by their names.
    static var sources: [String: String] {
        var count = 0
        guard let assets = f2s_web_assets(&count) else { return [:] }
        return UnsafeBufferPointer(start: assets, count: count).reduce(into: [:]) { files, asset in
            let text = UnsafeRawBufferPointer(start: asset.text, count: asset.count)
            files[String(cString: asset.path)] = String(decoding: text, as: UTF8.self)
        }
    }

    private init(_ type: MediaType, _ text: String) {
        self.type = type
        var hash = StableHash()
        hash.add(text)
        tag = hash.hexadecimal
        self.text = ByteBuffer(string: text)
        compressed = ByteBuffer(bytes: Self.gzip(Array(text.utf8)))
    }

    /// Returns a script or style sheet without its indentation, blank lines, and comments that have lines of their own.
    ///
    /// It works line by line: no text of several lines, such as a template literal, may contain a line that looks like
    /// a comment. ``ConsolePageTests`` checks that no template literal has several lines.
    static func compact(_ source: String) -> String {
        var isInComment = false
        var lines: [Substring] = []
        for line in source.split(separator: "\n") {
            let text = line.drop { $0 == " " || $0 == "\t" }
            if isInComment {
                isInComment = !text.contains("*/")
            } else if text.hasPrefix("/*"), text.hasSuffix("*/") || !text.contains("*/") {
                isInComment = !text.contains("*/")
            } else if !text.isEmpty, !text.hasPrefix("//") {
                lines.append(text)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Returns the bytes in the format of gzip; empty if memory is short.
    private static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        // 15 is the largest window; 16 more select the format of gzip.
        guard
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return [] }
        defer { deflateEnd(&stream) }
        var (input, output) = (bytes, [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count)))))
        let isComplete = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return deflate(&stream, Z_FINISH) == Z_STREAM_END
            }
        }
        return isComplete ? Array(output.prefix(Int(stream.total_out))) : []
    }

    /// Returns the response to a request.
    func response(to request: APIRequest) -> Response {
        let isCompressed = !compressed.readableBytesView.isEmpty && Self.acceptsGzip(request.header(.acceptEncoding))
        // Another coding is another representation (RFC 9110 section 8.8.3.3).
        let validator = Validator(tag: tag + (isCompressed ? "-gzip" : ""))
        var headers: HTTPFields = [.eTag: validator.tag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
        headers[.contentSecurityPolicy] = ConsolePage.contentPolicy
        guard !validator.isKnown(by: request.header(.ifNoneMatch)) else {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type.contentType
        if isCompressed { headers[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: isCompressed ? compressed : text))
    }

    /// Returns true if an Accept-Encoding field accepts gzip (RFC 9110 section 12.5.3).
    static func acceptsGzip(_ field: String?) -> Bool {
        (field ?? "").split(separator: ",").contains { element in
            let parts = element.split(separator: ";").map { $0.trimmingSpaces.lowercased() }
            guard let coding = parts.first, coding == "gzip" || coding == "*" else { return false }
            return !parts.dropFirst().contains { part in
                part.hasPrefix("q=0") && !part.contains { "123456789".contains($0) }
            }
        }
    }
}
