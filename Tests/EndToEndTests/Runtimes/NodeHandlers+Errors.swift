extension HandlerCase {
    private static let internalServerError = "Internal Server Error: see the logs of the function."

    /// Handlers in modules of every kind.
    static let nodeModules: [HandlerCase] = [
        HandlerCase(
            "a CommonJS module exports its handler",
            files: ["handler.js": "exports.handle = () => typeof require;"], status: 200, answer: "function"),
        HandlerCase(
            "a CommonJS module may replace its exports",
            files: ["handler.cjs": "module.exports = { handle: async () => __filename.endsWith('handler.cjs') };"],
            status: 200, answer: "true"),
        HandlerCase(
            "the file .mjs is preferred to .js and .cjs",
            files: [
                "handler.mjs": "export const handle = () => 'mjs';", "handler.js": "exports.handle = () => 'js';",
                "handler.cjs": "exports.handle = () => 'cjs';",
            ],
            status: 200, answer: "mjs"),
        HandlerCase(
            "a handler may be the default export",
            files: ["main.mjs": "export default async () => 'default';"], handler: "main.default",
            status: 200, answer: "default"),
        HandlerCase(
            "a handler may be in a folder",
            files: [
                "api/v1/users.mjs": """
                import { greeting } from "../../lib/texts.mjs";

                export const list = () => greeting("users");
                """,
                "lib/texts.mjs": "export const greeting = (name) => `hello ${name}`;",
            ],
            handler: "api.v1.users.list", status: 200, answer: "hello users"),
        HandlerCase(
            "modules may import each other",
            files: [
                "handler.mjs": """
                import { odd } from "./odd.mjs";

                export const even = (n) => n === 0 || odd(n - 1);
                export const handle = ({ query }) => even(Number(query.get("n")));
                """,
                "odd.mjs": """
                import { even } from "./handler.mjs";

                export const odd = (n) => n !== 0 && even(n - 1);
                """,
            ],
            target: "/?n=7", status: 200, answer: "false"),
        HandlerCase(
            "an ES module may import CommonJS and JSON",
            files: [
                "handler.mjs": """
                import { createRequire } from "node:module";
                import { double } from "./double.cjs";

                const { factor } = createRequire(import.meta.url)("./config.json");
                export const handle = () => double(factor);
                """,
                "double.cjs": "exports.double = (n) => 2 * n;",
                "config.json": #"{"factor": 21}"#,
            ],
            status: 200, answer: "42"),
        HandlerCase(
            "CommonJS modules may require each other",
            files: [
                "handler.js": "const { name } = require('./lib/name'); exports.handle = () => name;",
                "lib/name.js": "exports.name = require('../config.json').name;",
                "config.json": #"{"name": "from JSON"}"#,
            ],
            status: 200, answer: "from JSON"),
        HandlerCase(
            "a module may await at its top level",
            files: [
                "handler.mjs": """
                const ready = await new Promise((resolve) => setTimeout(resolve, 5, "ready"));
                export const handle = () => ready;
                """
            ],
            status: 200, answer: "ready"),
        HandlerCase(
            "a module keeps its state",
            files: [
                "handler.mjs": """
                const seen = new Map();

                export function handle({ path }) {
                    seen.set(path, (seen.get(path) ?? 0) + 1);
                    return Object.fromEntries(seen);
                }
                """
            ],
            target: "/a", status: 200, answer: #"{"/a":1}"#),
        HandlerCase(
            "the folder of the files is the working folder",
            files: [
                "handler.mjs": """
                import { readFile } from "node:fs/promises";

                export const handle = () => readFile("page.html", "utf8");
                """,
                "page.html": "<!doctype html><title>Página</title>",
            ],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<!doctype html><title>Página</title>"),
    ]

    /// Handlers that fail.
    static let nodeErrors: [HandlerCase] = [
        HandlerCase(
            "an error is not shown to the client",
            files: ["handler.mjs": "export function handle() { throw new Error('secret'); }"],
            status: 500, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: internalServerError),
        HandlerCase(
            "an error is shown with its place if debugging is on",
            files: [
                "handler.mjs": """
                export function handle(request) {
                    const user = null;
                    return user.name;
                }
                """
            ],
            debug: true, status: 500, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")],
            answer: """
                TypeError: Cannot read properties of null (reading 'name')
                    at handle (handler.mjs:3:17)
                """),
        HandlerCase(
            "an error in another module is shown with both places",
            files: [
                "handler.mjs": """
                import { check } from "./lib/check.mjs";

                export const handle = async () => check();
                """,
                "lib/check.mjs": "export function check() { throw new RangeError('too far'); }",
            ],
            debug: true, status: 500,
            answer: """
                RangeError: too far
                    at check (lib/check.mjs:1:33)
                    at handle (handler.mjs:3:35)
                """),
        HandlerCase(
            "a rejected promise is an error",
            files: ["handler.mjs": "export const handle = () => Promise.reject(new Error('no'));"],
            debug: true, status: 500, answerContains: "Error: no\n    at handle (handler.mjs:1:44)"),
        HandlerCase(
            "an error may be a text",
            files: ["handler.mjs": "export function handle() { throw 'just text'; }"],
            debug: true, status: 500, answer: "just text"),
        HandlerCase(
            "an error may be undefined",
            files: ["handler.mjs": "export function handle() { throw undefined; }"], status: 500,
            answer: internalServerError),
        HandlerCase(
            "an error shows its cause",
            files: [
                "handler.mjs": """
                export function handle() {
                    throw new Error("outer", { cause: new Error("inner") });
                }
                """
            ],
            debug: true, status: 500, answerContains: "[cause]: Error: inner\n"),
        HandlerCase(
            "invalid JSON is an error of the client",
            files: ["handler.mjs": "export const handle = (request) => request.json();"],
            method: "POST", body: "{", status: 400, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")],
            answerContains: "The body is not JSON: SyntaxError: "),
        HandlerCase(
            "an empty body is not JSON",
            files: ["handler.mjs": "export const handle = async (request) => await request.json();"],
            status: 400, answerContains: "The body is not JSON: SyntaxError: "),
        HandlerCase(
            "invalid JSON within a generator is an error of the client",
            files: ["handler.mjs": "export function* handle(request) { yield request.json().name; }"],
            method: "POST", body: "nope", status: 400, answerContains: "The body is not JSON: SyntaxError: "),
        HandlerCase(
            "a Set is no result",
            files: ["handler.mjs": "export const handle = () => new Set([1]);"],
            debug: true, status: 500, answerContains: "TypeError: A handler cannot return a Set"),
        HandlerCase(
            "the error of a wrong result names the right ones",
            files: ["handler.mjs": "export const handle = () => new Date(0);"],
            debug: true, status: 500, answerContains: "a plain object"),
        HandlerCase(
            "a function is no result", files: ["handler.mjs": "export const handle = () => () => 'text';"],
            debug: true, status: 500, answerContains: "TypeError: A handler cannot return a Function"),
        HandlerCase(
            "a symbol is no result", files: ["handler.mjs": "export const handle = () => Symbol('s');"],
            debug: true, status: 500, answerContains: "TypeError: A handler cannot return a Symbol"),
        HandlerCase(
            "a BigInt is no result", files: ["handler.mjs": "export const handle = () => 10n;"],
            debug: true, status: 500, answerContains: "TypeError: A handler cannot return a BigInt"),
        HandlerCase(
            "an object of a class is no result",
            files: ["handler.mjs": "class User {} export const handle = () => ({ status: 200, body: new User() });"],
            debug: true, status: 500, answerContains: "TypeError: A handler cannot return a User"),
        HandlerCase(
            "an object that contains itself is no result",
            files: ["handler.mjs": "export function handle() { const a = {}; a.a = a; return a; }"],
            debug: true, status: 500, answerContains: "TypeError: Converting circular structure to JSON"),
        HandlerCase(
            "a value with a line break is no header field",
            files: [
                "handler.mjs": #"""
                export const handle = () => ({ status: 200, headers: { "X-A": "a\r\nSet-Cookie: b" }, body: "" });
                """#
            ],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a name with a space is no header field",
            files: ["handler.mjs": "export const handle = () => ({ status: 200, headers: { 'X A': 'a' }, body: '' });"],
            debug: true, status: 500, answerContains: #"Header name must be a valid HTTP token ["X A"]"#),
        HandlerCase(
            "a value beyond Latin-1 is no header field",
            files: ["handler.mjs": "export const handle = () => ({ headers: { 'X-A': '世' }, body: '' });"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a field without a value is no header field",
            files: ["handler.mjs": "export const handle = () => ({ headers: { 'X-A': undefined }, body: '' });"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "the fields of a failed response are not sent",
            files: [
                "handler.mjs": """
                export const handle = () => ({ headers: { "Content-Type": "image/png" }, body: new Set() });
                """
            ],
            status: 500, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: internalServerError),
        HandlerCase(
            "an interim status is no status of a response",
            files: ["handler.mjs": "export const handle = () => ({ status: 101 });"],
            debug: true, status: 500, answerContains: "RangeError: The status 101 is not between 200 and 599."),
        HandlerCase(
            "a status must have three digits",
            files: ["handler.mjs": "export const handle = () => ({ status: 1000, body: '' });"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a status must be a whole number",
            files: ["handler.mjs": "export const handle = () => ({ status: NaN, body: '' });"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a network error is no response",
            files: ["handler.mjs": "export const handle = () => Response.error();"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a Response can be sent once",
            files: [
                "handler.mjs": """
                export async function handle() {
                    const response = new Response("text");
                    await response.text();
                    return response;
                }
                """
            ],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a generator that fails before its first item is an error",
            files: ["handler.mjs": "export async function* handle() { throw new Error('early'); }"],
            debug: true, status: 500, answerContains: "Error: early\n    at handle (handler.mjs:1:41)"),
        HandlerCase(
            "an item of a stream is text or bytes",
            files: ["handler.mjs": "export function* handle() { yield 42; }"],
            debug: true, status: 500, answerContains: "TypeError"),
        HandlerCase(
            "a class is no handler", files: ["handler.mjs": "export class handle {}"],
            debug: true, status: 500, answerContains: "Class constructor handle cannot be invoked without 'new'"),
        HandlerCase(
            "an error of a handler with two parameters is an error",
            files: [
                "handler.mjs": "export async function handle(req, res) { res.set('X-A', '1'); throw new Error('no'); }"
            ],
            debug: true, status: 500, answerContains: "Error: no\n    at handle (handler.mjs:1:69)"),
        HandlerCase(
            "a handler with two parameters cannot send a Set",
            files: ["handler.mjs": "export const handle = (req, res) => { res.send(new Set()); };"],
            status: 500, answer: internalServerError),
        HandlerCase(
            "a handler with two parameters cannot set an invalid field",
            files: [
                "handler.mjs": #"""
                export const handle = (req, res) => { res.set("X-A", "a\nb").send("text"); };
                """#
            ],
            debug: true, status: 500, answerContains: "handler.mjs:1:43"),
        HandlerCase(
            "an error after the answer does not change it",
            files: [
                "handler.mjs": "export async function handle(req, res) { res.send('sent'); throw new Error('late'); }"
            ],
            status: 200, answer: "sent"),
        HandlerCase(
            "an error in a timer does not change the answer",
            files: [
                "handler.mjs": """
                export function handle() {
                    setTimeout(() => { throw new Error("late"); }, 0);
                    Promise.reject(new Error("unhandled"));
                    return new Promise((resolve) => setTimeout(resolve, 20, "alive"));
                }
                """
            ],
            status: 200, answer: "alive"),
    ]
}
