extension HandlerCase {
    /// Handlers of the Node.js runtime with the answers to their requests.
    static let node = nodeResults + nodeStreams + nodeRequests + nodeExpress + nodeModules + nodeErrors

    private static let nodeResults: [HandlerCase] = [
        HandlerCase(
            "text is plain text in UTF-8",
            files: [
                "handler.mjs": """
                export function handle(request) {
                    return "hello";
                }
                """
            ],
            status: 200,
            answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")],
            answer: "hello"),
        HandlerCase(
            "text beyond ASCII keeps its characters",
            files: ["handler.mjs": "export const handle = () => 'Grüße, 世界 🌍';"],
            status: 200, answerHeaders: [("Content-Length", "20")], answer: "Grüße, 世界 🌍"),
        HandlerCase(
            "text that begins with a doctype is HTML",
            files: ["handler.mjs": "export const handle = () => '<!DOCTYPE HTML><title>Hi</title>';"],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<!DOCTYPE HTML><title>Hi</title>"),
        HandlerCase(
            "text that begins with an html element is HTML",
            files: ["handler.mjs": "export const handle = () => '<html lang=en></html>';"],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<html lang=en></html>"),
        HandlerCase(
            "text that contains an html element later is plain text",
            files: ["handler.mjs": "export const handle = () => 'see <html>';"],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: "see <html>"),
        HandlerCase(
            "an empty text is an empty body with status 200",
            files: ["handler.mjs": "export const handle = () => '';"],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")],
            answer: ""),
        HandlerCase(
            "a Buffer is binary data",
            files: ["handler.mjs": "export const handle = () => Buffer.from('6162', 'hex');"],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream"), ("Content-Length", "2")],
            answer: "ab"),
        HandlerCase(
            "a part of a Uint8Array is binary data",
            files: ["handler.mjs": "export const handle = () => new Uint8Array([65, 66, 67, 68]).subarray(1, 3);"],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "BC"),
        HandlerCase(
            "an object is JSON",
            files: ["handler.mjs": "export const handle = () => ({ name: 'Zoë', tags: [1, null, { deep: true }] });"],
            status: 200, answerHeaders: [("Content-Type", "application/json")],
            answer: #"{"name":"Zoë","tags":[1,null,{"deep":true}]}"#),
        HandlerCase(
            "an object without a prototype is JSON",
            files: ["handler.mjs": "export const handle = () => Object.assign(Object.create(null), { a: 1 });"],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: #"{"a":1}"#),
        HandlerCase(
            "an array is JSON",
            files: ["handler.mjs": "export const handle = () => ['a', 2, false];"],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: #"["a",2,false]"#),
        HandlerCase(
            "zero is JSON", files: ["handler.mjs": "export const handle = () => 0;"],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: "0"),
        HandlerCase(
            "false is JSON", files: ["handler.mjs": "export const handle = () => false;"],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: "false"),
        HandlerCase(
            "no result is an answer without a body", files: ["handler.mjs": "export function handle() {}"],
            status: 204, answer: ""),
        HandlerCase(
            "null is an answer without a body", files: ["handler.mjs": "export const handle = () => null;"],
            status: 204, answer: ""),
        HandlerCase(
            "the result of an asynchronous function is awaited",
            files: [
                "handler.mjs": """
                import { setTimeout } from "node:timers/promises";

                export async function handle() {
                    await setTimeout(5);
                    return { waited: true };
                }
                """
            ],
            status: 200, answer: #"{"waited":true}"#),
        HandlerCase(
            "a promise of a result is awaited",
            files: [
                "handler.mjs": "export const handle = () => new Promise((resolve) => setImmediate(resolve, 'later'));"
            ],
            status: 200, answer: "later"),
        HandlerCase(
            "a status and a body are a response",
            files: ["handler.mjs": "export const handle = () => ({ status: 201, body: 'made' });"],
            status: 201, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: "made"),
        HandlerCase(
            "a status alone is a response without a body",
            files: ["handler.mjs": "export const handle = () => ({ status: 404 });"],
            status: 404, answerHeaders: [("Content-Length", "0")], answer: ""),
        HandlerCase(
            "headers and a body are a response with status 200",
            files: ["handler.mjs": "export const handle = () => ({ headers: { 'X-Color': 'red' }, body: [1] });"],
            status: 200, answerHeaders: [("X-Color", "red"), ("Content-Type", "application/json")], answer: "[1]"),
        HandlerCase(
            "a Content-Type replaces the default",
            files: [
                "handler.mjs": """
                export const handle = () => ({ status: 200, headers: { "content-type": "text/csv" }, body: "a,b" });
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/csv")], answer: "a,b"),
        HandlerCase(
            "an object with a status and other members is JSON",
            files: ["handler.mjs": "export const handle = () => ({ status: 500, name: 'machine' });"],
            status: 200, answer: #"{"status":500,"name":"machine"}"#),
        HandlerCase(
            "an object whose status is a text is JSON",
            files: ["handler.mjs": "export const handle = () => ({ status: 'ok', body: 'arm' });"],
            status: 200, answer: #"{"status":"ok","body":"arm"}"#),
        HandlerCase(
            "an object with a body alone is JSON",
            files: ["handler.mjs": "export const handle = () => ({ body: 'arm' });"],
            status: 200, answer: #"{"body":"arm"}"#),
        HandlerCase(
            "headers that are pairs may be repeated",
            files: [
                "handler.mjs": """
                export const handle = () => ({
                    status: 200,
                    headers: [["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2"], ["X-Number", 7]],
                    body: "cookies",
                });
                """
            ],
            status: 200, answerHeaders: [("Set-Cookie", "a=1; Path=/, b=2"), ("X-Number", "7")],
            answer: "cookies"),
        HandlerCase(
            "a header with a list of values is repeated",
            files: [
                "handler.mjs": """
                export const handle = () => ({ status: 200, headers: { "Set-Cookie": ["a=1", "b=2"] }, body: "" });
                """
            ],
            status: 200, answerHeaders: [("Set-Cookie", "a=1, b=2")], answer: ""),
        HandlerCase(
            "headers may be Headers",
            files: [
                "handler.mjs": """
                export const handle = () => ({ status: 202, headers: new Headers({ "X-Kind": "web" }), body: "" });
                """
            ],
            status: 202, answerHeaders: [("X-Kind", "web")], answer: ""),
        HandlerCase(
            "headers may be a Map",
            files: [
                "handler.mjs": "export const handle = () => ({ headers: new Map([['X-Kind', 'map']]), body: '' });"
            ],
            status: 200, answerHeaders: [("X-Kind", "map")], answer: ""),
        HandlerCase(
            "the runtime decides about the length and the connection",
            files: [
                "handler.mjs": """
                export const handle = () => ({
                    status: 200,
                    headers: { "Content-Length": "9", "Transfer-Encoding": "gzip", Connection: "close", TE: "x" },
                    body: "four",
                });
                """
            ],
            status: 200, answerHeaders: [("Content-Length", "4"), ("Connection", "keep-alive")], answer: "four"),
        HandlerCase(
            "a redirection has its location",
            files: ["handler.mjs": "export const handle = () => ({ status: 302, headers: { Location: '/new' } });"],
            status: 302, answerHeaders: [("Location", "/new"), ("Content-Length", "0")], answer: ""),
        HandlerCase(
            "a body is left out with status 204",
            files: ["handler.mjs": "export const handle = () => ({ status: 204, body: 'ignored' });"],
            status: 204, answer: ""),
        HandlerCase(
            "a body is left out with status 304",
            files: [
                "handler.mjs":
                    "export const handle = () => ({ status: 304, headers: { ETag: 'v1' }, body: 'ignored' });"
            ],
            status: 304, answerHeaders: [("ETag", "v1")], answer: ""),
        HandlerCase(
            "the answer to HEAD has the length and no body",
            files: ["handler.mjs": "export const handle = ({ method }) => method;"],
            method: "HEAD", status: 200,
            answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "4")], answer: ""),
        HandlerCase(
            "a large text is whole",
            files: ["handler.mjs": "export const handle = () => 'é'.repeat(1_000_000);"],
            status: 200, answerHeaders: [("Content-Length", "2000000")],
            answer: String(repeating: "é", count: 1_000_000)),
        HandlerCase(
            "a Response has its status, headers and body",
            files: [
                "handler.mjs": """
                export const handle = () => {
                    const headers = { "Content-Type": "application/problem+json", "X-A": "1" };
                    return new Response('{"a":1}', { status: 418, headers });
                };
                """
            ],
            status: 418, answerHeaders: [("Content-Type", "application/problem+json"), ("X-A", "1")],
            answer: #"{"a":1}"#),
        HandlerCase(
            "a Response repeats its cookies",
            files: [
                "handler.mjs": """
                export async function handle() {
                    const response = new Response("yum");
                    response.headers.append("Set-Cookie", "a=1");
                    response.headers.append("Set-Cookie", "b=2");
                    return response;
                }
                """
            ],
            status: 200, answerHeaders: [("Set-Cookie", "a=1, b=2")], answer: "yum"),
        HandlerCase(
            "a Response without a body is empty",
            files: ["handler.mjs": "export const handle = () => Response.redirect('http://example.com/x', 307);"],
            status: 307, answerHeaders: [("Location", "http://example.com/x"), ("Content-Length", "0")], answer: ""),
        HandlerCase(
            "a Response may have status 204",
            files: ["handler.mjs": "export const handle = () => new Response(null, { status: 204 });"],
            status: 204, answer: ""),
    ]

    private static let nodeStreams: [HandlerCase] = [
        HandlerCase(
            "a generator is streamed in chunks",
            files: [
                "handler.mjs": """
                export function* handle() {
                    yield "one ";
                    yield "two ";
                    yield "three";
                }
                """
            ],
            status: 200,
            answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Transfer-Encoding", "chunked")],
            answer: "one two three"),
        HandlerCase(
            "an asynchronous generator is streamed",
            files: [
                "handler.mjs": """
                export async function* handle() {
                    for (let count = 0; count < 3; count++) {
                        await new Promise((resolve) => setTimeout(resolve, 2));
                        yield `data: ${count}\\n\\n`;
                    }
                }
                """
            ],
            status: 200, answerHeaders: [("Transfer-Encoding", "chunked")],
            answer: "data: 0\n\ndata: 1\n\ndata: 2\n\n"),
        HandlerCase(
            "a generator may be the body of a response",
            files: [
                "handler.mjs": """
                async function* ticks() {
                    yield "event: tick\\n\\n";
                }

                export const handle = () => ({
                    status: 203, headers: { "Content-Type": "text/event-stream" }, body: ticks(),
                });
                """
            ],
            status: 203, answerHeaders: [("Content-Type", "text/event-stream")], answer: "event: tick\n\n"),
        HandlerCase(
            "a generator of bytes is binary data",
            files: ["handler.mjs": "export function* handle() { yield Buffer.from('a'); yield new Uint8Array([98]); }"],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "ab"),
        HandlerCase(
            "a generator of HTML is HTML",
            files: ["handler.mjs": "export function* handle() { yield '<!doctype html>'; yield '<p>é'; }"],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")], answer: "<!doctype html><p>é"),
        HandlerCase(
            "an empty item does not end a stream",
            files: [
                "handler.mjs": "export function* handle() { yield 'a'; yield ''; yield Buffer.alloc(0); yield 'b'; }"
            ],
            status: 200, answer: "ab"),
        HandlerCase(
            "a generator without items is an empty answer",
            files: ["handler.mjs": "export async function* handle() {}"], status: 200, answer: ""),
        HandlerCase(
            "a generator of many large items is whole",
            files: [
                "handler.mjs": "export function* handle() { for (let i = 0; i < 50; i++) yield 'x'.repeat(50_000); }"
            ],
            status: 200, answer: String(repeating: "x", count: 2_500_000)),
        HandlerCase(
            "an iterator is streamed",
            files: ["handler.mjs": "export const handle = () => new Map([[1, 'a'], [2, 'b']]).values();"],
            status: 200, answerHeaders: [("Transfer-Encoding", "chunked")], answer: "ab"),
        HandlerCase(
            "an asynchronous iterable is streamed",
            files: [
                "handler.mjs": """
                export const handle = () => ({
                    count: 0,
                    [Symbol.asyncIterator]() { return this; },
                    async next() { return { done: this.count === 3, value: String(this.count++) }; },
                });
                """
            ],
            status: 200, answer: "012"),
        HandlerCase(
            "a ReadableStream is streamed",
            files: [
                "handler.mjs": """
                export const handle = () => new ReadableStream({
                    start(controller) {
                        controller.enqueue("text ");
                        controller.enqueue(new TextEncoder().encode("bytes"));
                        controller.close();
                    },
                });
                """
            ],
            status: 200, answerHeaders: [("Transfer-Encoding", "chunked")], answer: "text bytes"),
        HandlerCase(
            "a Response may contain a ReadableStream",
            files: [
                "handler.mjs": """
                export function handle() {
                    const { readable, writable } = new TextEncoderStream();
                    const writer = writable.getWriter();
                    writer.write("late").then(() => writer.close());
                    return new Response(readable, { headers: { "X-Stream": "yes" } });
                }
                """
            ],
            status: 200, answerHeaders: [("X-Stream", "yes")], answer: "late"),
        HandlerCase(
            "Node's own streams are streamed",
            files: [
                "handler.mjs": """
                import { createReadStream } from "node:fs";

                export const handle = () => createReadStream("data.txt");
                """,
                "data.txt": "from a file",
            ],
            status: 200, answer: "from a file"),
        HandlerCase(
            "the answer to HEAD does not wait for an endless stream",
            files: ["handler.mjs": "export function* handle() { for (;;) yield 'more'; }"],
            method: "HEAD", status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: ""),
    ]
}
