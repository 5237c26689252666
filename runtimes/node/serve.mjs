// F2S's runtime for Node.js: `node serve.mjs SOURCE HANDLER` serves the function HANDLER (`module.function`) from the
// source files in the folder SOURCE over HTTP/1.1 on $PORT. With F2S_DEBUG=1, an answer with status 500 has the stack.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import http from "node:http";
import querystring from "node:querystring";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

process.chdir(process.argv[2]);
const [, moduleName, functionName] = /^(.*)\.(.*)$/.exec(process.argv[3]) ?? ["", "", ""];
const candidates = [".mjs", ".js", ".cjs"].map((suffix) => moduleName.replaceAll(".", "/") + suffix);
const file = candidates.find((path) => existsSync(path)) ?? candidates[0];
// Stacks contain real paths. On Kubernetes, the files in SOURCE are symbolic links.
const root = existsSync(file) ? realpathSync(file).slice(0, -file.length) : "";
const misnamed = "a file with import or export must be named .mjs"; // Only new versions of Node load others.
const bodyBytesMax = 64 << 20, emptyBody = Buffer.alloc(0);
const types = { text: "text/plain; charset=utf-8", html: "text/html; charset=utf-8", json: "application/json" };
const isJSON = (type = "") => /^application\/([^;]+\+)?json\b/i.test(type);
// The runtime decides about these fields, and ignores them in the headers of a result.
const ownFields = /^(connection|content-length|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;
const sourceFiles = () => readdirSync(".", Object({ recursive: true })).filter((path) => /^[^.].*\./.test(path));
/** Returns an error that is answered with its status and message, unless the handler catches it. */
const clientError = (message = "", clientErrorStatus = 400) => Object.assign(new Error(message), { clientErrorStatus });
// F2S closes slow and idle connections, and limits the size of heads.
const server = http.createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, maxHeaderSize: 2 << 20 });
const unfinished = new Set(/** @type {http.ServerResponse[]} */ ([])); // The responses that are not sent completely.

/** Imports the user's module and returns the handler. */
async function loadHandler() {
    if (!existsSync(file)) throw `no such file; the files are: ${sourceFiles().join(", ")}`;
    const module = await import(pathToFileURL(file).href);
    if (file.endsWith(".js") && !("default" in module) && !existsSync("package.json")) throw misnamed;
    const functions = Object.entries({ ...module.default, ...module }).filter(([, value]) => value instanceof Function);
    const names = functions.map(([name]) => name).slice(0, 8).join(", ") || "none";
    return new Map(functions).get(functionName) ?? Promise.reject(`has no function ${functionName}; it has: ${names}`);
}

/** Reads a request, calls the handler, and sends the result. */
async function respond(/** @type {Function} */ handler, /** @type {http.ServerResponse} */ response) {
    const request = new HandlerRequest(response.req, await readBody(response.req));
    if (handler.length < 2) await sendResult(response, await handler(request));
    else await handler(createExpressRequest(response.req, request), Object.assign(response, expressMethods));
}

/** Reads a body. It reads a body that is too long to its end, so that the client sees the answer. */
async function readBody(/** @type {http.IncomingMessage} */ message) {
    await undefined; // Now Node has parsed a short request completely, and the body needs no events.
    if (message.complete) return message.read() ?? emptyBody;
    const chunks = [];
    let size = 0;
    for await (const chunk of message) if ((size += chunk.length) <= bodyBytesMax) chunks.push(chunk);
    if (size > bodyBytesMax) throw clientError(`The body has more than ${bodyBytesMax} bytes.`, 413);
    return Buffer.concat(chunks);
}

/** The request that a handler with one parameter receives. */
class HandlerRequest {
    #message;
    constructor(/** @type {http.IncomingMessage} */ message, /** @type {Buffer} */ body) {
        const url = String(message.url), mark = `${url}?`.indexOf("?");
        this.#message = message;
        this.method = message.method;
        this.path = url.slice(0, mark);
        this.query = new URLSearchParams(url.slice(mark + 1));
        this.body = body;
    }
    get headers() { return new Headers(/** @type {any} */ (this.#message.headers)); }
    get cloudEvent() { return decodeCloudEvent(this.#message.headers, this); }
    text() { return this.body.toString(); }
    json() {
        try { return JSON.parse(this.text()); } catch (error) { throw clientError(`The body is not JSON: ${error}`); }
    }
}

/** Returns the attributes and the `data` of the CloudEvent 1.0 in a request; null if there is none. */
function decodeCloudEvent(/** @type {http.IncomingHttpHeaders} */ fields, /** @type {HandlerRequest} */ request) {
    const datacontenttype = fields["content-type"];
    if (/^application\/cloudevents\+json\b/i.test(datacontenttype ?? "")) {
        const { data_base64: encoded, ...event } = Object(request.json());
        return encoded === undefined ? event : { ...event, data: Buffer.from(String(encoded), "base64") };
    }
    if (!fields["ce-id"] || !fields["ce-source"] || !fields["ce-type"]) return null;
    const names = Object.keys(fields).filter((name) => name.startsWith("ce-"));
    const attributes = names.map((name) => [name.slice(3), querystring.unescape(String(fields[name]))]);
    const data = isJSON(datacontenttype) ? request.json() : request.body;
    return { specversion: "1.0", ...Object.fromEntries(attributes), datacontenttype, data };
}

/** Adds the members of Express's request to Node's. */
function createExpressRequest(/** @type {http.IncomingMessage} */ message, /** @type {HandlerRequest} */ request) {
    const type = message.headers["content-type"];
    const decoded = isJSON(type) ? request.json() : type?.startsWith("text/") ? request.text() : request.body;
    const query = Object.fromEntries([...request.query].reverse());
    const get = (name = "") => message.headers[name.toLowerCase()];
    return Object.assign(message, { path: request.path, query, body: request.body.length > 0 ? decoded : {}, get });
}

/** @type {Record<string, (this: any, ...values: any[]) => any>} The methods of Express's response. */
const expressMethods = {
    status(code) { this.statusCode = code; return this; },
    set(name, value) { return ownFields.test(name) ? this : this.setHeader(name, value); },
    type(name) { return this.set("Content-Type", Object(types)[name] ?? name); },
    json(value) { return (this.hasHeader("Content-Type") ? this : this.type("json")).send(JSON.stringify(value)); },
    send(body) { send(this, body).catch((error) => fail(this, error)); return this; },
};

/** Sends what a handler has returned. An object with a status or headers is a response unless it has other members. */
async function sendResult(/** @type {http.ServerResponse} */ response, /** @type {any} */ result) {
    const { headers, status = headers && 200 } = Object(result);
    const isResponse = typeof status === "number" && /^(\b(status|headers|body)\b,?)*$/.test(`${Object.keys(result)}`);
    response.statusCode = isResponse ? status : result === undefined || result === null ? 204 : 200;
    const fields = (isResponse && headers) || [];
    for (const [name, value] of fields[Symbol.iterator] ? fields : Object.entries(fields)) {
        if (!ownFields.test(name)) response.appendHeader(name, value);
    }
    await send(response, isResponse ? result.body : result);
}

/** Sends a body with the status and the fields of the response. Each item of a stream is sent as a chunk at once. */
async function send(/** @type {http.ServerResponse} */ response, /** @type {any} */ body) {
    const status = response.statusCode;
    if (!(status >= 200 && status <= 599)) throw new RangeError(`The status ${status} is not between 200 and 599.`);
    if (status === 204 || status === 304) return response.end();
    if (!body?.[Symbol.asyncIterator] && !(body?.[Symbol.iterator] && body.next)) {
        const [type, bytes] = encode(body ?? "");
        const fields = response.hasHeader("Content-Type") ? [] : ["Content-Type", type];
        return response.writeHead(status, [...fields, "Content-Length", Buffer.byteLength(bytes)]).end(bytes);
    }
    response.once("close", () => response.emit("drain")); // The wait for a client ends when the client leaves.
    for await (const item of body) {
        if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", encode(item)[0]);
        if (response.destroyed || response.req.method === "HEAD") break;
        if (!response.write(item)) await new Promise((resolve) => response.once("drain", resolve));
        await nextTurn(); // A generator that never waits must not block other requests.
    }
    response.end();
}

/** @returns {[string, any]} The Content-Type that suits a body, and its text or bytes. */
function encode(/** @type {any} */ body) {
    if (typeof body === "string") return [/^<(!doctype html|html)/i.test(body) ? types.html : types.text, body];
    if (body instanceof Uint8Array) return ["application/octet-stream", body];
    const { constructor } = Object.getPrototypeOf(Object(body)) ?? Object.prototype;
    if ([Object, Array, Number, Boolean].includes(constructor)) return [types.json, JSON.stringify(body)];
    throw new TypeError(`A handler cannot return a ${constructor.name}. It may return a string, Buffer or Uint8Array, `
        + "a plain object, array, number or boolean, nothing, an iterator or stream of strings or bytes, a Response.");
}

/** Answers a request that has failed, or closes the connection if the answer has begun. */
function fail(/** @type {http.ServerResponse} */ response, /** @type {any} */ error) {
    if (!response.req.complete) return; // The client has left.
    const reason = error?.clientErrorStatus ? error.message : report(error);
    if (response.headersSent) return response.writableEnded || response.destroy();
    response.getHeaderNames().forEach((name) => response.removeHeader(name));
    response.statusCode = error?.clientErrorStatus ?? 500;
    const isShown = response.statusCode < 500 || process.env.F2S_DEBUG === "1";
    send(response, isShown ? reason : "Internal Server Error: see the logs of the function.");
}

/** Logs an error, and then its place for F2S. It returns the stack without the frames of Node and of this file. */
function report(/** @type {any} */ error) {
    const place = /^(?: +at (?:.*[ (])?)?([\w.-][\w./-]*\.[cm]?js):(\d+)/m;
    const shorten = (text = "") => text.replaceAll(pathToFileURL(root).href, "").replaceAll(root, "")
        .replace(/\n +at [^\n]*(?:node:|file:)[^\n]*?(?= \{\n|\n|$)/g, "");
    let stack = typeof error === "string" ? error : shorten(inspect(error));
    if (error instanceof SyntaxError && !server.listening && !place.test(stack)) {
        // The error of an ES module does not contain its place, but the report of Node's own check does.
        const checks = sourceFiles().map((path) => `${spawnSync(process.execPath, ["--check", root + path]).stderr}`);
        stack = shorten(checks.find((check) => check.includes(error.message)) ?? stack);
    }
    const [, path = file, line] = place.exec(stack) ?? /imported from (\S+)$/m.exec(stack) ?? [];
    const message = error instanceof Error ? shorten(`${error.name}: ${error.message}`) : stack;
    const hint = path.endsWith(".js") && /outside a module|'export'|ES module/.test(message) ? `; ${misnamed}` : "";
    console.error(`${stack}\nf2s: ${path}${line ? `:${line}` : ""}: ${message.replace(/\s*\n\s*/g, " ")}${hint}`);
    return stack;
}

/** Stops listening, and exits after the requests in flight. The exit closes the idle connections. */
async function stop() {
    for (let turn = 0; turn < 512; turn++) await nextTurn(); // A turn accepts one of at most 511 waiting connections.
    // Node would also close the connections whose last answer is not sent completely.
    Object.assign(server, { closeIdleConnections() {} }).close();
    const newest = new Map([...unfinished].map((response) => [response.req.socket, response]));
    for (const response of newest.values()) response.shouldKeepAlive = false;
    exitIfDone();
}

const exitIfDone = (status = 0) => { if (!server.listening && unfinished.size === 0) process.exit(status); };
const onUncaught = (/** @type {unknown} */ error) => { report(error); exitIfDone(1); };
process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught).on("SIGTERM", stop);
const handler = await loadHandler();
server.on("request", (message, response) => {
    unfinished.add(response.on("close", () => { unfinished.delete(response); exitIfDone(); }));
    response.shouldKeepAlive &&= server.listening;
    respond(handler, response).catch((error) => fail(response, error));
});
server.listen(Number(process.env.PORT), process.env.HOST || undefined);
