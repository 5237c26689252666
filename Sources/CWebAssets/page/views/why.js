/**
 * The tab Why: the state of the function in words, with the failure of its last start and what to do about it.
 *
 * Contract: sentences are the server's. The tab loads again when the state or the replicas change.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {{
 *   summary: string,
 *   conditions: {type: string, status: string, reason?: string, message?: string, lastTransitionTime?: string}[],
 *   scale?: {desired: number, ready: number, reason: string, message: string, time: string, stableConcurrency: number},
 *   decisions?: {time: string, from: number, to: number, reason: string, message: string}[],
 *   startFailure?: import("../api.js").Problem & {
 *     message: string, revision: string, attempts: number, nextAttempt: string,
 *     sourceError?: {file: string, line?: ?number, message: string},
 *   },
 *   load?: {inFlight: number, queued: number},
 *   replicas: {
 *     id: string, state: string, revision: string, isCurrent: boolean, inFlight: number, since: string,
 *     remark?: string,
 *   }[],
 * }} Diagnosis
 */

import {get, path, request} from "../api.js";
import {button, copyButton} from "../button.js";
import {h, when} from "../dom.js";
import {clockSeconds, dateTime, relativeTime} from "../format.js";
import {panel, resource} from "../panel.js";
import {problemBox, problemOf} from "../problem.js";
import {href} from "../router.js";
import {may} from "../session.js";
import {computed, signal} from "../signal.js";
import {text} from "../text.js";
import {editLink, placeIn} from "./source-line.js";

const t = text.why;

/** @param {Context} context */
export function tab(context) {
  const {name, shape} = context;
  /** @type {import("../panel.js").Resource<Diagnosis>} */
  const source = resource((abort) => get(path`/functions/${name}/why`, {signal: abort}), shape);
  const command = `f2s why ${name}`;
  return [
    panel(source, (why) => [
      h("p", {class: "lead", role: "status"}, () => {
        const {summary, startFailure} = why();
        return summary === startFailure?.message ? "" : summary;
      }),
      when(() => why().startFailure, () => failure(() => why().startFailure, context, source)),
      h("h2", null, t.decision), () => decision(why()),
      () => changes(why()),
      h("h2", null, t.conditions), () => conditions(why()),
      h("h2", null, t.replicas), () => replicas(why()),
    ], {lines: 8}),
    h("p", {class: "actions"}, t.shell, h("code", null, command), copyButton(command),
      button(t.again, () => source.reload(), {kind: "quiet"})),
  ];
}

/**
 * The failure and its remedies. Another attempt that fails in the same way keeps the elements, and with them the focus.
 * @param {() => Diagnosis["startFailure"]} read
 * @param {Context} context
 * @param {import("../panel.js").Resource<Diagnosis>} source
 */
function failure(read, {name, files}, source) {
  const error = signal(/** @type {unknown} */ (null));
  const retry = async () => {
    error.set(null);
    try {
      await request("POST", path`/functions/${name}/restart`);
      await source.reload();
    } catch (failed) {
      error.set(failed);
    }
  };
  const shown = computed(() => {
    const failed = read();
    const {message = "", stage, reason, exitStatus, sourceError} = failed ?? {};
    const logTail = failed?.logTail ?? [];
    const place = sourceError ?? placeIn([message, ...logTail].join("\n"), files());
    return {detail: message, stage, reason, exitStatus, logTail, place};
  }, (a, b) => JSON.stringify(a) === JSON.stringify(b));
  return [
    () => {
      const {place, ...problem} = shown();
      const isRepairable = may("update", name);
      return problemBox({...problem, title: t.startFailed(name), status: 0}, {isQuiet: true, remedies: [
        ...(isRepairable ? [editLink(name, place), ...(place ? [editLink(name)] : [])] : []),
        ...(isRepairable ? [{label: t.retry, run: retry}] : []),
        {label: text.function.tabs.logs, href: href.function(name, "logs")},
      ]});
    },
    h("p", {class: "hint"}, () => {
      const {attempts = 0, nextAttempt} = read() ?? {};
      return t.attempts(attempts, clockSeconds(nextAttempt));
    }),
    problemOf(error),
  ];
}

/** @param {Diagnosis} diagnosis */
function decision({scale, load}) {
  if (!scale) return h("p", {class: "hint"}, t.noDecision);
  return [
    h("p", null, h("strong", null, t.scale(scale.ready, scale.desired)), " ", scale.message, " ",
      h("span", {class: "hint", title: dateTime(scale.time)}, `${scale.reason}, ${relativeTime(scale.time)}`)),
    load && h("p", {class: "hint"}, t.load(load.inFlight, load.queued)),
  ];
}

/**
 * The decisions that changed the number of replicas, newest first; nothing while they are not known.
 * @param {Diagnosis} diagnosis
 */
function changes({decisions}) {
  if (!decisions) return null;
  return [
    h("h2", null, t.changes),
    decisions.length === 0 ? h("p", {class: "hint"}, t.noChange)
      : h("ol", {class: "rows"}, [...decisions].reverse().map(({time, from, to, reason, message}) => h("li", null,
        h("strong", null, t.change(from, to)), " ", message, " ",
        h("span", {class: "hint", title: dateTime(time)}, `${reason}, ${relativeTime(time)}`)))),
  ];
}

/** @param {Diagnosis} diagnosis */
const conditions = ({conditions: all}) => h("ul", {class: "rows"}, all.map((condition) => {
  const {type, status, reason = "", message = "", lastTransitionTime} = condition;
  // Other conditions than these two name a failure.
  const isBad = type === "Ready" ? status === "False" && reason !== "ScaledToZero"
    : type !== "Progressing" && status === "True";
  return h("li", null,
    h("span", {class: `state ${isBad ? "attention" : status === "True" ? "ready" : "idle"}`},
      h("span", {class: "mark", "aria-hidden": "true"}, isBad ? "✕" : status === "True" ? "●" : "○"), " ",
      h("strong", null, t.condition(type, status))), " ",
    [reason, message].filter(Boolean).join(": "), " ",
    h("span", {class: "hint", title: dateTime(lastTransitionTime)}, relativeTime(lastTransitionTime)));
}));

/** @param {Diagnosis} diagnosis */
function replicas({replicas: all}) {
  if (all.length === 0) return h("p", {class: "hint"}, t.noReplica);
  const {id, state, revision, inFlight, since} = t.columns;
  return h("div", {class: "wide", tabindex: 0, role: "region", "aria-label": t.replicas}, h("table", null,
    h("thead", null, h("tr", null,
      [id, state, revision, inFlight, since].map((label) => h("th", {scope: "col"}, label)))),
    h("tbody", null, all.map((replica) => h("tr", null,
      h("th", {scope: "row"}, replica.id, replica.remark && h("p", {class: "hint"}, replica.remark)),
      h("td", null, replica.state),
      h("td", null, h("code", null, replica.revision.slice(0, 4)), replica.isCurrent ? "" : ` ${t.former}`),
      h("td", null, replica.inFlight),
      h("td", {title: dateTime(replica.since)}, relativeTime(replica.since)))))));
}
