import Testing

/// The README's picture is a drawing of text, and browsers differ in which spaces of it they keep.
@Suite struct PictureTests {
    @Test func `the columns of the picture of a terminal stand in every browser`() throws {
        let picture = try #require(try Repository.current.get().file("docs/terminal.svg"))
        let rows = picture.lines.filter { $0.contains("<text ") }
        #expect(rows.count > 10)
        for row in rows {
            // Only the markup has ordinary spaces. A browser may merge those of the text, a no-break space never.
            let text = row.split(separator: ">").dropFirst().map { $0.prefix { $0 != "<" } }.joined()
            #expect(!text.contains(" "), "make it by scripts/picture: \(text)")
        }
    }
}
