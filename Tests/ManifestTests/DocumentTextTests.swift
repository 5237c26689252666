import F2SManifest
import Testing

@Suite struct DocumentTextTests {
    private static let json = #"""
        {"a":"x: y","n":1.5,"t":true,"z":null,"text":"12","empty":[],"none":{},"list":[1,"two"],
        "items":[{"name":"b","more":{"c":"d\ne"}},{"name":"yes"}]}
        """#

    @Test func `JSON is written as YAML with the same values`() throws {
        let document = try #require(DocumentText(json: Array(Self.json.utf8)))
        #expect(
            document.yaml == #"""
                a: "x: y"
                "n": 1.5
                t: true
                z: null
                text: "12"
                empty: []
                none: {}
                list: [1, two]
                items:
                  - name: b
                    more:
                      c: |-
                        d
                        e
                  - name: "yes"

                """#)
        let again = try #require(DocumentText(json: Array(document.json.utf8)))
        #expect(again.yaml == document.yaml)
    }

    @Test func `JSON is written with one member per line`() throws {
        let document = try #require(DocumentText(json: Array(#"{"a":{"b":[1,"2"]},"c":[],"d":null}"#.utf8)))
        #expect(
            document.json == """
                {
                  "a": {
                    "b": [
                      1,
                      "2"
                    ]
                  },
                  "c": [],
                  "d": null
                }

                """)
    }

    @Test(arguments: ["", "[1]", "{", "text"])
    func `a text that is not a JSON object is rejected`(text: String) {
        #expect((DocumentText(json: Array(text.utf8)) == nil) == true)
    }
}
