/**
 * The state of a function as a mark and a word, and its replicas as dots.
 *
 * Contract: the word carries the meaning; mark and colour repeat it. Zero replicas are healthy, and grey.
 *
 * @typedef {"attention" | "starting" | "ready" | "idle"} State
 * @typedef {{
 *   name: string, endpoint: string, method: ?string, kind: "source" | "image" | "command", state: State,
 *   reason: string, message: string, ready: number, starting: number, desired: number, maxReplicas: number,
 *   rate: number, rates: number[], p95Seconds: ?number, coldStartSeconds: ?number,
 * }} Row A function, as `GET /overview` and `GET /changes` describe it.
 */

import {h} from "./dom.js";
import {text} from "./text.js";

/** Problems of the declaration: the function works as soon as it is changed. */
const declarationProblems = new Set(["RouteConflict", "NoCommand", "Refused"]);
const dotsMax = 10;

/**
 * Creates the mark and word of a state.
 * @param {{state: State, reason?: string, message?: string}} row
 */
export function stateMark({state, reason = "", message = ""}) {
  const isDeclaration = declarationProblems.has(reason);
  const mark = {ready: "●", starting: "◐", idle: "○", attention: isDeclaration ? "▲" : "✕"}[state];
  const kind = state === "attention" && isDeclaration ? "warn" : state;
  const word = (state === "attention" && reason) || text.state[state];
  return h("span", {class: `state ${kind}`, title: message || null},
    h("span", {class: "mark", "aria-hidden": "true"}, mark), " ", word);
}

/**
 * Creates the dots of the replicas: ready, starting, and wanted but absent. A number stands for those beyond ten.
 * @param {{ready: number, starting: number, desired: number, maxReplicas: number}} row
 */
export function replicaDots({ready, starting, desired, maxReplicas}) {
  const label = text.state.replicas(ready, desired, maxReplicas);
  const missing = Math.max(0, desired - ready - starting);
  const dots = "●".repeat(Math.min(ready, dotsMax)) + "◐".repeat(Math.min(starting, dotsMax))
    + "○".repeat(Math.min(missing, dotsMax));
  const shown = [...dots].slice(0, dotsMax).join("");
  const rest = ready + starting + missing - shown.length;
  return h("span", {class: shown ? "dots" : "dots none", title: label, role: "img", "aria-label": label},
    shown || "–", rest > 0 && ` ${text.state.more(rest)}`);
}
