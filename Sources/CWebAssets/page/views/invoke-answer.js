/**
 * The answer of a call: status, time line, problem, body, headers, and the same call for curl.
 *
 * Contract: the body is text, whatever its type: a function's HTML never becomes part of the page.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {import("../examples.js").Invocation} Invocation
 * @typedef {{
 *   number: number, event: import("../examples.js").InvocationEvent, time: Date, elapsed: () => number,
 *   outcome: import("../signal.js").Signal<?{invocation?: Invocation, error?: unknown, seconds: number}>,
 *   stop?: () => void,
 * }} Call An outcome without an invocation and without an error was stopped.
 */

import {ProblemError} from "../api.js";
import {button, copyButton} from "../button.js";
import {h} from "../dom.js";
import {bytes, duration} from "../format.js";
import {download} from "../log.js";
import {problemBox} from "../problem.js";
import {href} from "../router.js";
import {invocationURL, may, session} from "../session.js";
import {onCleanup, signal, untrack} from "../signal.js";
import {text} from "../text.js";
import {editLink, placeIn} from "./source-line.js";

const t = text.invoke;
const tickMilliseconds = 100;

/**
 * @param {string} name
 * @param {?import("../state.js").Row} row
 * @param {number} seconds
 */
export function runningText(name, row, seconds) {
  const rounded = Math.round(seconds * 10) / 10;
  return row?.ready === 0 ? text.invocation.coldStart(name, rounded) : t.waiting(name, rounded);
}

/** @param {Call} call */
export function summary({outcome}) {
  const end = outcome();
  if (!end) return t.running;
  const {invocation, error, seconds} = end;
  if (invocation) {
    const {status, problem, wasColdStart} = invocation;
    const stage = problem?.stage ? text.problem.stage(problem.stage) : "";
    return t.summary(String(status), duration(seconds), stage, wasColdStart);
  }
  return error ? t.summary(ProblemError.problem(error).title, duration(seconds), "", false) : t.stopped;
}

/**
 * @param {Call} call
 * @param {Context} context
 * @param {{use: (call: Call) => void, retry: () => void}} actions
 */
export const answer = (call, context, {use, retry}) => h("div", {class: "answer"}, () => {
  const end = call.outcome();
  return untrack(() => {
    if (!end) return running(call, context);
    const {invocation, error} = end;
    const problem = invocation?.problem ?? (error ? ProblemError.problem(error) : null);
    const status = invocation?.status ?? 0;
    const kind = status >= 500 || error ? "bad" : status >= 400 ? "warn" : status ? "ok" : null;
    return [
      h("p", {class: "answer-head"},
        h("strong", {class: kind}, summary(call)),
        " ", h("code", {class: "hint"}, `${call.event.method ?? ""} ${call.event.path ?? ""}`)),
      problem && problemBox(problem, {isQuiet: true, remedies: remedies(problem, context, retry)}),
      invocation && [timeLine(invocation), ...content(invocation, context.name)],
      h("details", null, h("summary", null, t.curl), h("pre", {tabindex: 0}, curl(call, context)),
        copyButton(() => curl(call, context))),
      h("p", {class: "actions"}, button(t.use, () => use(call), {kind: "quiet"})),
    ];
  });
});

/**
 * @param {Call} call
 * @param {Context} context
 */
function running({elapsed, stop}, {name, row}) {
  const seconds = signal(elapsed());
  const timer = setInterval(() => seconds.set(elapsed()), tickMilliseconds);
  onCleanup(() => clearInterval(timer));
  return h("div", {class: "note"},
    h("p", {"aria-hidden": "true"}, () => runningText(name, row(), seconds())), stop && button(t.stop, stop));
}

/**
 * @param {import("../api.js").Problem} problem
 * @param {Context} context
 * @param {() => void} retry
 * @returns {import("../problem.js").Remedy[]}
 */
function remedies({status, stage, detail, logTail = []}, {name, files}, retry) {
  const place = placeIn([detail, ...logTail].join("\n"), files());
  return [
    ...(may("update", name) && (place || stage) ? [editLink(name, place)] : []),
    ...(status === 403 ? [] : [{label: text.app.retry, run: retry}]),
    ...(stage ? [{label: text.function.tabs.why, href: href.function(name, "why")}] : []),
  ];
}

/**
 * The stages of an invocation, one behind the other.
 * @param {Invocation} invocation
 */
function timeLine({timing, seconds}) {
  const {queue, start, function: answered} = timing;
  if (queue === undefined && answered === undefined) return null;
  const known = (queue ?? 0) + (start ?? 0) + (answered ?? 0);
  const rest = seconds - known > Math.max(0.005, seconds / 20) ? seconds - known : undefined;
  const total = Math.max(known + (rest ?? 0), 1e-6);
  let before = 0;
  /** @type {[string, number | undefined][]} */
  const stages = [[t.queue, queue], [t.start, start], [t.function, answered], [t.rest, rest]];
  return h("ol", {class: "time-line", "aria-label": t.timeLine}, stages.map(([label, value]) => {
    if (value === undefined || (value === 0 && label === t.start)) return null;
    const style = {"margin-inline-start": `${(before / total) * 100}%`, width: `${(value / total) * 100}%`};
    before += value;
    return h("li", null, h("span", null, label), h("span", {class: "track", "aria-hidden": "true"},
      h("span", {class: "bar", style})), h("span", null, duration(value)));
  }));
}

/**
 * @param {Invocation} invocation
 * @param {string} name
 */
function content({body, bodyEncoding, bodyBytes, isTruncated, headers}, name) {
  const isText = bodyEncoding === "text";
  /** @returns {BlobPart} */
  const raw = () => (isText ? body : Uint8Array.from(atob(body), (character) => character.charCodeAt(0)));
  const shown = isText ? new TextEncoder().encode(body).length : Math.floor((body.length * 3) / 4);
  return [
    isText && body && h("pre", {tabindex: 0, role: "region", "aria-label": t.body, class: "body"}, body),
    h("p", {class: "hint"}, bodyBytes === 0 ? t.noBody : [
      !isText && t.binary, isTruncated ? t.truncated(bytes(shown), bytes(bodyBytes)) : bytes(bodyBytes), " ",
      button(text.log.download, () => download(`${name}-answer${isText ? ".txt" : ""}`, [raw()]), {kind: "quiet"}),
    ]),
    h("details", null, h("summary", null, t.headerCount(headers.length)),
      h("pre", {tabindex: 0}, headers.map(([field, value]) => `${field}: ${value}`).join("\n"))),
  ];
}

/** @param {string} word */
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * The call as a command line. The token is a variable, so that nobody copies a secret.
 * @param {Call} call
 * @param {Context} context
 */
function curl({event}, {row, source}) {
  const {method = "GET", path = "", headers = [], body} = event;
  const url = new URL(invocationURL(row.peek()?.endpoint ?? ""), location.href).href;
  const needsToken = session.peek()?.isProtected && source.value.peek()?.doc.spec?.access !== "public";
  const rest = /^([/?]|$)/.test(path) ? path : `/${path}`;
  return [
    "curl -i", method === "HEAD" ? "--head" : `-X ${method}`, quoted(url + rest),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(needsToken ? ['-H "Authorization: Bearer $F2S_TOKEN"'] : []),
    ...(body ? [`--data-binary ${quoted(body)}`] : []),
  ].join(" ");
}
