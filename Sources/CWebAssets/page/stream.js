/**
 * Streams from F2S: server-sent events, and JSON lines of logs. They use fetch, because EventSource cannot send the
 * proof of the session, which GET requests need too.
 *
 * Contract
 * - A stream is open only while the tab is visible: HTTP/1.1 allows six connections per host. It opens again when the
 *   tab is shown, after a lost connection, and after the server has ended it. Events continue after the last one
 *   (`Last-Event-ID`); a `/changes` stream begins with everything.
 * - What arrives within one frame is delivered by one call.
 * - The returned function closes the stream. The owner of the call closes it too, when it ends.
 * - A problem that a retry cannot heal (4xx) ends the stream, and is passed to `onProblem`.
 */

import {ProblemError, isAbort, lost, path, query, request, whenLive} from "./api.js";
import {onCleanup} from "./signal.js";

const pauseMilliseconds = 1000;

/** @typedef {{onProblem?: (error: ProblemError) => void, onOpen?: () => void}} StreamOptions */

/**
 * Opens a stream of server-sent events with JSON data.
 * @param {string} target The path and query.
 * @param {(items: any[]) => void} onEvents Receives the data of the events of a frame, oldest first.
 * @param {StreamOptions} [options]
 * @returns {() => void} Closes the stream.
 */
export function events(target, onEvents, options = {}) {
  let last = "";
  const deliver = perFrame(onEvents);
  return keepOpen(async (signal) => {
    /** @type {Record<string, string>} */
    const headers = last ? {"Last-Event-ID": last} : {};
    const response = await request("GET", target, {accept: "text/event-stream", headers, signal});
    options.onOpen?.();
    let data = "";
    for await (const line of lines(response)) {
      if (line === "") {
        if (data) deliver(JSON.parse(data));
        data = "";
      } else if (line.startsWith("data:")) {
        data += (data && "\n") + line.slice(5).trimStart();
      } else if (line.startsWith("id:")) {
        last = line.slice(3).trim();
      }
    }
  }, options);
}

/**
 * @typedef {{replica: string, source: "stdout" | "stderr" | "f2s", time: string, text: string}} LogLine
 */

/**
 * Opens the log of a function: the newest lines, then each new one. After an interruption the lines that were
 * delivered before are left out.
 * @param {string} name The function.
 * @param {(lines: LogLine[]) => void} onLines Receives the lines of a frame, oldest first.
 * @param {StreamOptions & {tail?: number, parameters?: Record<string, string>}} [options] `tail`: at most 10,000.
 * @returns {() => void} Closes the stream.
 */
export function logLines(name, onLines, options = {}) {
  const {tail = 1000, parameters = {}} = options;
  const deliver = perFrame(onLines);
  let newest = "";
  /**
   * The lines of the time `newest`, because several lines may have one time.
   * @type {Set<string>}
   */
  let seen = new Set();
  return keepOpen(async (signal) => {
    const target = path`/functions/${name}/logs` + query({...parameters, tail, follow: true});
    const response = await request("GET", target, {accept: "application/x-ndjson", signal});
    options.onOpen?.();
    const [before, known] = [newest, seen];
    for await (const content of lines(response)) {
      if (!content || known.has(content)) continue;
      const line = /** @type {LogLine} */ (JSON.parse(content));
      if (line.time < before) continue;
      if (line.time !== newest) [newest, seen] = [line.time, new Set()];
      seen.add(content);
      deliver(line);
    }
  }, options);
}

/**
 * Repeats a connection while the tab is visible.
 * @param {(signal: AbortSignal) => Promise<void>} connect Returns when the server has ended the response.
 * @param {StreamOptions} options
 * @returns {() => void}
 */
function keepOpen(connect, options) {
  let isClosed = false;
  /**
   * The connection that is open or begins; null while the tab is hidden.
   * @type {?AbortController}
   */
  let current = null;

  const run = async () => {
    const own = new AbortController();
    current = own;
    while (!own.signal.aborted) {
      try {
        await connect(own.signal);
      } catch (error) {
        if (own.signal.aborted || isAbort(error)) return;
        if (error instanceof ProblemError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          options.onProblem?.(error);
          return close();
        }
        // The connection was lost in the middle of the response.
        if (!(error instanceof ProblemError)) lost();
      }
      await pause();
      await whenLive();
    }
  };
  const follow = () => {
    if (document.hidden) {
      current?.abort();
      current = null;
    } else if (!current && !isClosed) {
      run();
    }
  };
  const close = () => {
    isClosed = true;
    current?.abort();
    document.removeEventListener("visibilitychange", follow);
  };
  document.addEventListener("visibilitychange", follow);
  onCleanup(close);
  follow();
  return close;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));

/**
 * Collects values, and delivers them once per frame.
 * @template T
 * @param {(values: T[]) => void} deliver
 * @returns {(value: T) => void}
 */
export function perFrame(deliver) {
  /** @type {T[]} */
  let values = [];
  return (value) => {
    if (values.push(value) > 1) return;
    requestAnimationFrame(() => {
      const all = values;
      values = [];
      deliver(all);
    });
  };
}

/**
 * Reads the lines of a response as they arrive.
 * @param {Response} response
 * @returns {AsyncGenerator<string, void>}
 */
async function* lines(response) {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (true) {
      const {done, value} = await reader.read();
      rest += decoder.decode(value, {stream: !done});
      const parts = rest.split(/\r?\n/);
      rest = parts.pop() ?? "";
      yield* parts;
      if (done) break;
    }
    if (rest) yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}
