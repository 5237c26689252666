/**
 * The three examples: functions that one click declares and invokes.
 *
 * Contract: `startExample` declares the function under the first free name, sends its event, and returns the name. The
 * view `#/functions/NAME/invoke` takes the running invocation by `takeRun`, and shows it as if it had sent it.
 *
 * @typedef {{
 *   method?: string, path?: string, headers?: [string, string][], body?: string, bodyEncoding?: "text" | "base64",
 * }} InvocationEvent The body of `POST /functions/{name}/invocations`.
 * @typedef {{
 *   status: number, headers: [string, string][], body: string, bodyEncoding: "text" | "base64", bodyBytes: number,
 *   isTruncated: boolean, seconds: number, timing: {queue?: number, start?: number, function?: number},
 *   wasColdStart: boolean, replica?: string, problem: ?import("./api.js").Problem,
 * }} Invocation
 * @typedef {{event: InvocationEvent, begun: number, result: Promise<Invocation>}} Run `begun`: performance.now().
 * @typedef {{id: string, title: string, help: string, method: string, source: string, event: InvocationEvent}} Example
 */

import {ProblemError, fetchJSON, path} from "./api.js";
import {text} from "./text.js";

const namesMax = 20;

/** @param {string[]} texts @returns {string} The text of these lines. */
const lines = (...texts) => `${texts.join("\n")}\n`;

/** The code with which a new function begins, by runtime. */
export const templates = {
  python: {file: "handler.py", source: lines(
      "def handle(request):",
      "    \"\"\"Try /hello?name=Ada\"\"\"",
      "    name = request.query.get(\"name\", \"you\")",
      "    print(\"greeting\", name)  # see Logs",
      "    return f\"Hello, {name}!\"")},
  node: {file: "handler.mjs", source: lines(
      "export function handle(request) {",
      "  const name = request.query.get(\"name\") ?? \"you\";",
      "  console.log(\"greeting\", name); // see Logs",
      "  return `Hello, ${name}!`;",
      "}")},
  shell: {file: "handler.sh", source: lines(
      "# The body of the request is the standard input.",
      "echo \"greeting\" >&2  # see Logs",
      "echo \"Hello, you!\"")},
};

/** @type {Example[]} */
export const examples = [
  {
    id: "greeting", title: text.examples.greeting, help: text.examples.greetingHelp, method: "GET",
    source: templates.python.source.replace("/hello", "/greeting"), event: {method: "GET", path: "?name=Ada"},
  },
  {
    id: "webhook", title: text.examples.webhook, help: text.examples.webhookHelp, method: "POST",
    source: lines(
      "def handle(request):",
      "    \"\"\"Answers with what it has received.\"\"\"",
      "    try:",
      "        body = request.json()",
      "    except ValueError as error:",
      "        return 400, {\"Content-Type\": \"text/plain\"}, f\"The body is not JSON: {error}.\"",
      "    return {\"method\": request.method, \"headers\": dict(request.headers), \"body\": body}"),
    event: {method: "POST", headers: [["Content-Type", "application/json"]], body: '{"order": 17, "paid": true}'},
  },
  {
    id: "clock", title: text.examples.clock, help: text.examples.clockHelp, method: "GET",
    source: lines(
      "import time",
      "",
      "",
      "def handle(request):",
      "    \"\"\"Sends the time once a second, ten times. The slot is taken until the end.\"\"\"",
      "    for _ in range(10):",
      "        yield time.strftime(\"%H:%M:%S\\n\")",
      "        time.sleep(1)"),
    event: {method: "GET"},
  },
];

/**
 * Invocations that wait for their view.
 * @type {Map<string, Run>}
 */
const runs = new Map();

/**
 * Declares an example, and sends its event.
 * @param {Example} example
 * @returns {Promise<string>} The name of the new function.
 */
export async function startExample(example) {
  const name = await declare(example);
  startRun(name, example.event);
  return name;
}

/**
 * Begins an invocation for the view of a function that is opened next.
 * @param {string} name
 * @param {InvocationEvent} event
 */
export const startRun = (name, event) => void runs.set(name, invoke(name, event));

/** @param {Example} example @returns {Promise<string>} */
async function declare({id, method, source}) {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? id : `${id}-${count}`;
    const manifest = {
      apiVersion: "f2s.opensight.ch/v1alpha1", kind: "Function", metadata: {name},
      spec: {endpoint: `/${name}`, method},
      target: {source: {runtime: "python", files: {[templates.python.file]: source}}},
    };
    try {
      await fetchJSON("PUT", path`/functions/${name}`, {body: manifest, ifNoneMatch: "*"});
      return name;
    } catch (error) {
      const isTaken = error instanceof ProblemError && error.status === 412;
      if (!isTaken || count === namesMax) throw error;
    }
  }
}

/**
 * Sends an event to a function, as the logged-in user.
 * @param {string} name
 * @param {InvocationEvent} event
 * @param {AbortSignal} [signal]
 * @returns {Run}
 */
export function invoke(name, event, signal) {
  const sent = fetchJSON("POST", path`/functions/${name}/invocations`, {body: event, signal});
  const result = sent.then(({value}) => /** @type {Invocation} */ (value));
  // An error belongs to the view, which may take the run later.
  result.catch(() => {});
  return {event, begun: performance.now(), result};
}

/**
 * Takes the invocation that was begun for a function elsewhere.
 * @param {string} name
 * @returns {Run | undefined}
 */
export function takeRun(name) {
  const run = runs.get(name);
  runs.delete(name);
  return run;
}
