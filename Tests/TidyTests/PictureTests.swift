import Testing

/// Tests the picture of a terminal in the README. It is an SVG of text, and browsers differ in how they treat spaces.
@Suite struct PictureTests {
    @Test func `the terminal picture keeps its columns in every browser`() throws {
        let picture = try #require(try Repository.current.get().file("docs/terminal.svg"))
        let rows = picture.lines.filter { $0.contains("<text ") }
        #expect(rows.count > 10)
        for row in rows {
            // Only the markup contains ordinary spaces. Browsers may merge ordinary spaces in the text, but never
            // no-break spaces.
            let text = row.split(separator: ">").dropFirst().map { $0.prefix { $0 != "<" } }.joined()
            #expect(!text.contains(" "), "create the picture with scripts/picture: \(text)")
        }
    }
}
