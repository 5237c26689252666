/**
 * Requests to F2S: one function per kind of request, with the session's proof, entity tags and problems.
 *
 * Contract
 * - A response that is not a success throws `ProblemError`; so does a failed connection (`status` 0). An aborted
 *   request throws the `AbortError` of fetch; `isAbort` tells it apart.
 * - A failed connection sets `connection` to offline. The page then asks `/health` with growing pauses, and sets it
 *   to live after the first answer. `whenLive` waits for that.
 * - A response with status 401 calls the listeners of `onUnauthorized` before it throws.
 * - Names go into paths by the tag `path`, which encodes them.
 *
 * @typedef {{
 *   body?: unknown, headers?: Record<string, string>, accept?: string, contentType?: string,
 *   ifMatch?: string, ifNoneMatch?: string, signal?: AbortSignal,
 * }} RequestOptions `body` is sent as JSON, a string as it is (`contentType`, else YAML).
 * @typedef {{
 *   title: string, detail: string, status: number, stage?: string, reason?: string, function?: string,
 *   exitStatus?: number, logTail?: string[], errors?: string[],
 * }} Problem RFC 9457, as F2S sends it.
 * @typedef {{state: "live" | "connecting" | "offline", since: ?Date, retrySeconds: number}} Connection
 */

import {signal} from "./signal.js";
import {text} from "./text.js";

export const JSONType = "application/json";
export const YAMLType = "application/yaml";
/** The key of the session's proof in localStorage. The pages /callback.js and /login.js use it too. */
export const proofKey = "f2s-proof";

const retrySecondsMax = 15;

/** A response that is not a success. */
export class ProblemError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
    this.status = problem.status;
    this.reason = problem.reason;
  }

  /**
   * The problem of any error, for the problem box.
   * @param {unknown} error
   * @returns {Problem}
   */
  static problem(error) {
    if (error instanceof ProblemError) return error.problem;
    const message = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
    return {status: 0, title: text.problem.unexpected, detail: text.problem.unexpectedDetail(message)};
  }
}

/**
 * True for the error of an aborted request.
 * @param {unknown} error
 */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/** Joins a path and encodes its parts: path`/functions/${name}/why`. */
export const path = (/** @type {TemplateStringsArray} */ texts, /** @type {(string | number)[]} */ ...parts) =>
  String.raw({raw: texts}, ...parts.map(encodeURIComponent));

/**
 * Returns a query with its question mark; empty without members. Empty members are left out, lists are repeated.
 * @param {Record<string, string | number | boolean | string[] | null | undefined>} members
 */
export function query(members) {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (Array.isArray(value)) for (const part of value) fields.append(name, part);
    else if (value != null && value !== "") fields.set(name, String(value));
  }
  const joined = fields.toString();
  return joined && `?${joined}`;
}

/**
 * Sends a request, and returns the response whatever its status.
 * @param {string} method
 * @param {string} target The path and query.
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 */
export async function send(method, target, options = {}) {
  const {body, accept = JSONType, signal: abort} = options;
  /** @type {Record<string, string>} */
  const headers = {Accept: accept, ...options.headers};
  const proof = localStorage.getItem(proofKey);
  if (proof) headers["X-F2S-Session"] = proof;
  if (options.ifMatch) headers["If-Match"] = options.ifMatch;
  if (options.ifNoneMatch) headers["If-None-Match"] = options.ifNoneMatch;
  const isText = typeof body === "string";
  if (body !== undefined) headers["Content-Type"] = options.contentType ?? (isText ? YAMLType : JSONType);
  const content = body === undefined || isText ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(target, {
      method, headers, body: /** @type {string | undefined} */ (content), cache: "no-store", signal: abort,
    });
  } catch (error) {
    if (isAbort(error) || abort?.aborted) throw error;
    lost();
    throw new ProblemError({status: 0, title: text.problem.network, detail: text.problem.networkDetail});
  }
  found();
  return response;
}

/**
 * Sends a request.
 * @param {string} method
 * @param {string} target The path and query.
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>} Always a success.
 */
export async function request(method, target, options) {
  const response = await send(method, target, options);
  if (response.ok) return response;
  const error = new ProblemError(await problemOf(response));
  if (response.status === 401 && target !== "/session") for (const listener of unauthorized) listener(error);
  throw error;
}

/** @param {Response} response @returns {Promise<Problem>} */
async function problemOf(response) {
  const {status} = response;
  const answer = await response.json().catch(() => ({}));
  const {title = response.statusText, detail = text.problem.status(status)} = answer;
  return {...answer, status, title, detail};
}

/**
 * Reads JSON.
 * @param {string} target
 * @param {RequestOptions} [options]
 * @returns {Promise<any>}
 */
export const get = async (target, options) => (await fetchJSON("GET", target, options)).value;

/**
 * Sends a request whose response is JSON.
 * @param {string} method
 * @param {string} target
 * @param {RequestOptions} [options]
 * @returns {Promise<{value: any, etag: ?string, status: number}>} `value` is `null` if the response has no body.
 */
export async function fetchJSON(method, target, options) {
  const {value: content, etag, status} = await fetchText(method, target, options);
  try {
    return {value: content ? JSON.parse(content) : null, etag, status};
  } catch {
    throw new ProblemError({status, title: text.problem.unexpected, detail: text.problem.notJSON});
  }
}

/**
 * Sends a request whose response is text, such as YAML (`accept: YAMLType`).
 * @param {string} method
 * @param {string} target
 * @param {RequestOptions} [options]
 * @returns {Promise<{value: string, etag: ?string, status: number}>}
 */
export async function fetchText(method, target, options) {
  const response = await request(method, target, options);
  return {value: await response.text(), etag: response.headers.get("ETag"), status: response.status};
}

/** @type {Set<(error: ProblemError) => void>} */
const unauthorized = new Set();

/**
 * Calls the listener after each response with status 401.
 * @param {(error: ProblemError) => void} listener
 */
export const onUnauthorized = (listener) => void unauthorized.add(listener);

// The connection

/**
 * The state of the connection to F2S.
 * @type {import("./signal.js").Signal<Connection>}
 */
export const connection = signal(/** @type {Connection} */ ({state: "connecting", since: null, retrySeconds: 0}));

let failures = 0;
/** @type {number | undefined} */
let countdown;
/** @type {(() => void)[]} */
let waiting = [];

/** Records that F2S has answered. */
function found() {
  failures = 0;
  clearTimeout(countdown);
  if (connection.peek().state !== "live") connection.set({state: "live", since: null, retrySeconds: 0});
  const resumed = waiting;
  waiting = [];
  for (const resume of resumed) resume();
}

/** Records that F2S has not answered, and plans the next try. */
export function lost() {
  if (connection.peek().state === "offline") return;
  connection.set({state: "offline", since: new Date(), retrySeconds: 0});
  plan();
}

/** Counts the seconds to the next try down. */
function plan() {
  let seconds = Math.min(retrySecondsMax, 2 ** failures++);
  clearTimeout(countdown);
  const tick = () => {
    if (connection.peek().state !== "offline") return;
    connection.update((now) => ({...now, retrySeconds: seconds}));
    if (seconds === 0) return void tryNow();
    seconds -= 1;
    countdown = setTimeout(tick, 1000);
  };
  tick();
}

/** Asks F2S now if it answers again. */
export async function tryNow() {
  clearTimeout(countdown);
  connection.update((now) => ({...now, retrySeconds: 0}));
  try {
    await fetch("/health", {cache: "no-store"});
    found();
  } catch {
    plan();
  }
}

/**
 * Waits until F2S answers. It resolves at once unless the connection is lost.
 * @returns {Promise<void>}
 */
export function whenLive() {
  if (connection.peek().state !== "offline") return Promise.resolve();
  return new Promise((resolve) => waiting.push(() => resolve()));
}
