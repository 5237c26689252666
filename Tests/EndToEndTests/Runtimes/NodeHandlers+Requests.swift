extension HandlerCase {
    /// Handlers that read their request.
    static let nodeRequests: [HandlerCase] = [
        HandlerCase(
            "a request has a method, a path as received, and a query",
            files: [
                "handler.mjs": """
                export const handle = ({ method, path, query }) => ({ method, path, name: query.get("name") });
                """
            ],
            method: "DELETE", target: "/a%20b/c?name=Zo%C3%AB+Q&x=?",
            status: 200, answer: #"{"method":"DELETE","path":"/a%20b/c","name":"Zoë Q"}"#),
        HandlerCase(
            "a parameter may be repeated or missing",
            files: [
                "handler.mjs": """
                export const handle = ({ query: q }) => [q.get("a"), q.getAll("a"), q.get("b"), q.get("c")];
                """
            ],
            target: "/?a=1&a=2&b", status: 200, answer: #"["1",["1","2"],"",null]"#),
        HandlerCase(
            "a query may contain question marks",
            files: ["handler.mjs": "export const handle = ({ path, query }) => [path, query.get('q')];"],
            target: "/p?q=why?&r=1", status: 200, answer: #"["/p","why?"]"#),
        HandlerCase(
            "the names of header fields are case-insensitive",
            files: [
                "handler.mjs": """
                export const handle = ({ headers: h }) => [h.get("X-COLOR"), h.has("x-color"), h.get("X-None")];
                """
            ],
            headers: [("x-Color", "blue")], status: 200, answer: #"["blue",true,null]"#),
        HandlerCase(
            "repeated header fields are joined",
            files: ["handler.mjs": "export const handle = ({ headers }) => headers.get('x-many');"],
            headers: [("X-Many", "a"), ("X-Many", "b")], status: 200, answer: "a, b"),
        HandlerCase(
            "the body is a Buffer",
            files: ["handler.mjs": "export const handle = ({ body }) => [Buffer.isBuffer(body), body.length];"],
            method: "POST", body: "é!", status: 200, answer: "[true,3]"),
        HandlerCase(
            "a request without a body has an empty one",
            files: ["handler.mjs": "export const handle = (request) => [request.body.length, request.text()];"],
            status: 200, answer: #"[0,""]"#),
        HandlerCase(
            "the body is text",
            files: ["handler.mjs": "export const handle = (request) => request.text().toUpperCase();"],
            method: "PUT", body: "größe", status: 200, answer: "GRÖSSE"),
        HandlerCase(
            "the body is JSON",
            files: [
                "handler.mjs": """
                export async function handle(request) {
                    const { numbers } = await request.json();
                    return { sum: numbers.reduce((sum, number) => sum + number, 0) };
                }
                """
            ],
            method: "POST", headers: [("Content-Type", "application/json")], body: #"{"numbers":[1,2,39]}"#,
            status: 200, answer: #"{"sum":42}"#),
        HandlerCase(
            "a chunked body is read",
            files: ["handler.mjs": "export const handle = (request) => request.json().reverse();"],
            method: "POST", body: "[1, 2, 3]", isChunked: true, status: 200, answer: "[3,2,1]"),
        HandlerCase(
            "a large body is read whole",
            files: ["handler.mjs": "export const handle = (request) => request.body;"],
            method: "POST", body: String(repeating: "0123456789", count: 300_000),
            status: 200, answerHeaders: [("Content-Length", "3000000")],
            answer: String(repeating: "0123456789", count: 300_000)),
        HandlerCase(
            "a large chunked body is read whole",
            files: ["handler.mjs": "export const handle = (request) => request.body.length;"],
            method: "PATCH", body: String(repeating: "x", count: 1_000_000), isChunked: true,
            status: 200, answer: "1000000"),
        HandlerCase(
            "a handler may catch the error of invalid JSON",
            files: [
                "handler.mjs": """
                export function handle(request) {
                    try {
                        return request.json();
                    } catch {
                        return { status: 422, body: "JSON, please" };
                    }
                }
                """
            ],
            method: "POST", body: "{", status: 422, answer: "JSON, please"),
        HandlerCase(
            "a request without a CloudEvent has none",
            files: ["handler.mjs": "export const handle = (request) => [request.cloudEvent];"],
            method: "POST", headers: [("ce-id", "1"), ("Content-Type", "application/json")], body: "{}",
            status: 200, answer: "[null]"),
        HandlerCase(
            "a CloudEvent in binary mode has its attributes and decoded JSON",
            files: ["handler.mjs": "export const handle = ({ cloudEvent }) => [cloudEvent.type, cloudEvent];"],
            method: "POST",
            headers: [
                ("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/shop"), ("ce-type", "order.made"),
                ("Ce-Subject", "caf%C3%A9 %22x%22"), ("Content-Type", "application/json; charset=utf-8"),
            ],
            body: #"{"total":3}"#, status: 200,
            answer: #"["order.made",{"specversion":"1.0","id":"7","source":"/shop","type":"order.made","#
                + #""subject":"café \"x\"","datacontenttype":"application/json; charset=utf-8","data":{"total":3}}]"#),
        HandlerCase(
            "a CloudEvent in binary mode may have data that is not JSON",
            files: [
                "handler.mjs": """
                export const handle = ({ cloudEvent: e }) => [e.data.toString(), e.datacontenttype ?? "none"];
                """
            ],
            method: "POST", headers: [("ce-id", "7"), ("ce-source", "/shop"), ("ce-type", "made")],
            body: "raw", status: 200, answer: #"["raw","none"]"#),
        HandlerCase(
            "a percent sign in an attribute may stand for itself",
            files: ["handler.mjs": "export const handle = ({ cloudEvent }) => cloudEvent.id;"],
            method: "POST", headers: [("ce-id", "50%"), ("ce-source", "/shop"), ("ce-type", "made")],
            status: 200, answer: "50%"),
        HandlerCase(
            "a CloudEvent in structured mode has its attributes and data",
            files: [
                "handler.mjs": """
                export const handle = ({ cloudEvent: e }) => `${e.source} ${e["myext"]} ${e.data.n}`;
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json; charset=utf-8")],
            body: #"{"specversion":"1.0","id":"1","source":"/s","type":"t","myext":"e","data":{"n":5}}"#,
            status: 200, answer: "/s e 5"),
        HandlerCase(
            "a CloudEvent in structured mode may have data in Base64",
            files: [
                "handler.mjs": """
                export const handle = ({ cloudEvent: { data, ...rest } }) => [Buffer.isBuffer(data), `${data}`, rest];
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")],
            body: #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"aGk="}"#,
            status: 200, answer: #"[true,"hi",{"specversion":"1.0","id":"1","source":"/s","type":"t"}]"#),
        HandlerCase(
            "a CloudEvent in structured mode that is not JSON is an error of the client",
            files: ["handler.mjs": "export const handle = ({ cloudEvent }) => cloudEvent.id;"],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")], body: "{'id': 1}",
            status: 400, answerContains: "The body is not JSON: SyntaxError: "),
    ]

    /// Handlers with the two parameters of Express.
    static let nodeExpress: [HandlerCase] = [
        HandlerCase(
            "a handler with two parameters sends text",
            files: ["handler.mjs": "export const handle = (req, res) => res.send('hello');"],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")],
            answer: "hello"),
        HandlerCase(
            "the classic greeting works without a body",
            files: [
                "handler.js": """
                exports.handle = (req, res) => {
                    res.send(`Hello ${req.query.name || req.body.name || "World"}!`);
                };
                """
            ],
            target: "/?name=", status: 200, answer: "Hello World!"),
        HandlerCase(
            "a handler with two parameters sets the status and fields",
            files: [
                "handler.mjs": """
                export function handle(req, res) {
                    res.status(201).set("X-Color", "red").set("Set-Cookie", ["a=1", "b=2"]);
                    res.type("html").send("<p>made");
                }
                """
            ],
            status: 201,
            answerHeaders: [
                ("X-Color", "red"), ("Set-Cookie", "a=1, b=2"),
                ("Content-Type", "text/html; charset=utf-8"),
            ],
            answer: "<p>made"),
        HandlerCase(
            "a handler with two parameters sends JSON",
            files: ["handler.mjs": "export const handle = (req, res) => { res.json('text'); };"],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: #""text""#),
        HandlerCase(
            "an object that is sent is JSON even if it has a status",
            files: ["handler.mjs": "export const handle = (req, res) => { res.send({ status: 404, headers: {} }); };"],
            status: 200, answer: #"{"status":404,"headers":{}}"#),
        HandlerCase(
            "JSON keeps the type that was set",
            files: [
                "handler.mjs": "export const handle = (req, res) => { res.type('application/hal+json').json([]); };"
            ],
            status: 200, answerHeaders: [("Content-Type", "application/hal+json")], answer: "[]"),
        HandlerCase(
            "a handler with two parameters writes piece by piece",
            files: [
                "handler.mjs": """
                export async function handle(req, res) {
                    res.set("Content-Type", "text/event-stream");
                    res.write("data: 1\\n\\n");
                    await new Promise((resolve) => setTimeout(resolve, 5));
                    res.write(Buffer.from("data: 2\\n\\n"));
                    res.end("data: 3\\n\\n");
                }
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")],
            answer: "data: 1\n\ndata: 2\n\ndata: 3\n\n"),
        HandlerCase(
            "a handler with two parameters ends without a body",
            files: ["handler.mjs": "export const handle = (req, res) => { res.status(204).end(); };"],
            status: 204, answer: ""),
        HandlerCase(
            "nothing is sent as an empty body",
            files: ["handler.mjs": "export const handle = (req, res) => { res.status(202).send(); };"],
            status: 202, answerHeaders: [("Content-Length", "0")], answer: ""),
        HandlerCase(
            "a handler with two parameters may answer from a callback",
            files: ["handler.mjs": "export const handle = (req, res) => { setTimeout(() => res.send('later'), 5); };"],
            status: 200, answer: "later"),
        HandlerCase(
            "a stream may be piped into the response",
            files: [
                "handler.mjs": """
                import { Readable } from "node:stream";

                export const handle = (req, res) => { Readable.from(["a", "b"]).pipe(res); };
                """
            ],
            status: 200, answer: "ab"),
        HandlerCase(
            "a generator may be sent",
            files: ["handler.mjs": "export const handle = (req, res) => { res.send(['x', 'y'].values()); };"],
            status: 200, answer: "xy"),
        HandlerCase(
            "a request of Express has plain members",
            files: [
                "handler.mjs": """
                export const handle = (req, res) => res.json([
                    req.method, req.path, req.query, req.get("X-Color"), req.headers["x-color"], req.get("X") ?? 0,
                ]);
                """
            ],
            target: "/a/b?name=Zo%C3%AB&name=2&q=", headers: [("X-Color", "blue")], status: 200,
            answer: #"["GET","/a/b",{"q":"","name":"Zoë"},"blue","blue",0]"#),
        HandlerCase(
            "a JSON body is decoded for Express",
            files: ["handler.mjs": "export const handle = ({ body }, res) => res.send(`Hi ${body.name}`);"],
            method: "POST", headers: [("Content-Type", "application/json")], body: #"{"name":"Zoë"}"#,
            status: 200, answer: "Hi Zoë"),
        HandlerCase(
            "a text body is a text for Express",
            files: ["handler.mjs": "export const handle = ({ body }, res) => res.json([typeof body, body]);"],
            method: "POST", headers: [("Content-Type", "text/plain")], body: "plain", isChunked: true,
            status: 200, answer: #"["string","plain"]"#),
        HandlerCase(
            "another body is a Buffer for Express",
            files: [
                "handler.mjs":
                    "export const handle = ({ body }, res) => res.json([Buffer.isBuffer(body), body.length]);"
            ],
            method: "POST", headers: [("Content-Type", "image/png")], body: "bytes", status: 200, answer: "[true,5]"),
        HandlerCase(
            "invalid JSON is an error of the client for Express",
            files: ["handler.mjs": "export const handle = (req, res) => res.send('unreachable');"],
            method: "POST", headers: [("Content-Type", "application/json")], body: "{'a': 1}",
            status: 400, answerContains: "The body is not JSON: SyntaxError: "),
        HandlerCase(
            "the answer of Express to HEAD has no body",
            files: ["handler.mjs": "export const handle = (req, res) => res.send('hello');"],
            method: "HEAD", status: 200, answerHeaders: [("Content-Length", "5")], answer: ""),
    ]
}
