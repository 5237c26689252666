import Testing

@testable import F2SAPIServer

@Suite struct FormFieldsTests {
    @Test(arguments: [
        ("", [:]), ("code=a&state=b", ["code": "a", "state": "b"]), ("code=a+b%2Bc%2fd", ["code": "a b+c/d"]),
        ("a", ["a": ""]), ("a=", ["a": ""]), ("a=b=c", ["a": "b=c"]), ("%61=%C3%BC", ["a": "ü"]),
        ("&&a=1&", ["a": "1"]),
        // A field that occurs several times, or is malformed, is left out.
        ("a=1&a=1&b=2", ["b": "2"]), ("a=1&%61=2", [:]), ("a=1&a=2&a=3", [:]), ("a=%", [:]), ("a=%4", [:]),
        ("a=%zz&b=%FF", [:]), ("a=%zz&a=1", [:]),
    ])
    func `a query has these fields`(query: String, fields: [String: String]) {
        #expect(FormFields.fields(of: query) == fields)
    }
}
