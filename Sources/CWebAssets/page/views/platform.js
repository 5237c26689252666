/**
 * The platform: health with remedies, the F2S processes and the dispatcher, the settings in force, users and tokens.
 *
 * Contract
 * - `#/platform` shows health and the processes, `#/platform/settings` the settings, `#/platform/access` who may do
 *   what. A section loads its data when it is opened; health follows the server every ten seconds while it is visible.
 * - Details and messages are the server's. Instead of what the caller may not see, a sentence says what is missing.
 *
 * @typedef {import("../state.js").Row} Row
 * @typedef {import("../dom.js").Child} Child
 * @typedef {{type: string, status: string, reason: string, message: string}} Condition
 * @typedef {{version: string, conditions: Condition[], outage?: import("../api.js").Problem}} Health
 * @typedef {{location: string, line?: number, message: string}} Rejection
 * @typedef {{
 *   platform: string, version: string, isLeader: boolean, peers: string[], functions: number,
 *   replicas: Record<string, number>, inFlight: number, queued: number,
 * }} Cluster
 * @typedef {{address: string, loops: number, connections: number, upstreamConnections: number, isDraining: boolean}}
 *   Dispatcher
 */

import {ProblemError, connection, get, query} from "../api.js";
import {ifAllowed} from "../button.js";
import {each, h, when} from "../dom.js";
import {number} from "../format.js";
import {panel, resource} from "../panel.js";
import {problemBox} from "../problem.js";
import {href, route} from "../router.js";
import {may} from "../session.js";
import {computed, onCleanup, untrack} from "../signal.js";
import {stateMark} from "../state.js";
import {tabs} from "../tabs.js";
import {text} from "../text.js";
import {access} from "./platform-access.js";
import {settings} from "./platform-settings.js";

const pauseMilliseconds = 10_000;
const shownMax = 20;

/** @type {[id: string, render: () => Child][]} The names are the last parts of the hashes. */
const sections = [["health", health], ["settings", settings], ["access", access]];

/** @returns {import("../router.js").View} */
export function view() {
  const selected = computed(() => {
    const {tab} = route();
    return sections.some(([id]) => id === tab) ? tab : "health";
  });
  const all = sections.map(([id, render]) => {
    const label = text.platform[/** @type {"health"} */ (id)];
    return {id, render, label, href: href.platform + (id === "health" ? "" : `/${id}`)};
  });
  return {
    title: text.platform.title,
    element: h("div", null,
      h("h1", null, text.platform.title), tabs({label: text.platform.title, tabs: all, selected})),
  };
}

function health() {
  const state = follow(loadHealth);
  return [
    panel(state, (value) => healthState(value)),
    h("h2", null, text.platform.functions),
    ifAllowed("list", undefined, () => untrack(attention)),
    h("h2", null, text.platform.processes),
    may("list") ? processes() : h("p", {class: "hint"}, text.platform.needsList),
  ];
}

/**
 * Loads a value now, and again every ten seconds. An error ends that until the user tries again, so that it is not
 * announced over and over; a lost connection does not.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 */
function follow(load) {
  const source = resource(load);
  const timer = setInterval(() => {
    const error = source.error.peek();
    const isRefused = error && ProblemError.problem(error).status !== 0;
    if (!document.hidden && connection.peek().state === "live" && !isRefused) source.reload();
  }, pauseMilliseconds);
  onCleanup(() => clearInterval(timer));
  return source;
}

/**
 * The same value until its content changes, so that elements and focus stay.
 * @template T
 * @param {() => T} read
 */
const stable = (read) => computed(read, (a, b) => JSON.stringify(a) === JSON.stringify(b));

/** @param {AbortSignal} signal @returns {Promise<Health>} */
async function loadHealth(signal) {
  try {
    return await get("/health", {signal});
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 503) throw error;
    return {version: "", conditions: [], outage: error.problem};
  }
}

/** @param {() => Health} read */
function healthState(read) {
  const value = stable(read);
  const failed = () => value().conditions.filter(({status}) => status !== "True");
  const isWell = () => failed().length === 0 && !value().outage;
  return [
    h("p", {role: "status", class: () => `state ${isWell() ? "ready" : "attention"}`},
      h("span", {class: "mark", "aria-hidden": "true"}, () => (isWell() ? "●" : "✕")), " ",
      () => (isWell() ? text.platform.well : text.platform.unwell)),
    () => {
      const {outage} = value();
      return outage && [problemBox(outage, {isQuiet: true}), h("p", {class: "hint"}, text.platform.outageRemedy)];
    },
    () => failed().map(conditionBox),
    h("ul", {class: "plain hint"}, () => value().conditions.filter(({status}) => status === "True").map(
      ({type, message}) => h("li", null, h("code", null, type), " ", message))),
  ];
}

/** @param {Condition} condition */
function conditionBox({type, reason, message}) {
  const {title = type, remedy = ""} = text.platform.conditions[type] ?? {};
  const remedies = type === "SettingsAccepted" && may("settings:view")
    ? [{label: text.platform.showSettings, href: `${href.platform}/settings`}] : [];
  const detail = remedy ? `${message} ${remedy}` : message;
  return problemBox({status: 0, title, detail, reason}, {isQuiet: true, remedies});
}

/** The functions that need attention, and the rejected declarations. */
function attention() {
  /** @type {import("../panel.js").Resource<{items: Row[], matching: number, rejections?: Rejection[]}>} */
  const source = follow((signal) => get("/overview" + query({state: "attention", limit: shownMax}), {signal}));
  return panel(source, (value) => [
    rejections(stable(() => value().rejections ?? [])),
    when(() => value().matching > 0,
      () => h("ul", {class: "findings"}, each(() => value().items, (row) => row.name, finding)),
      () => h("p", null, text.platform.noFinding)),
    () => {
      const {matching, items} = value();
      return matching > items.length
        && h("p", null, h("a", {href: `${href.functions}?state=attention`}, text.platform.all(matching)));
    },
  ]);
}

/** @param {() => Row} read */
function finding(read) {
  const row = stable(read);
  const {name} = row.peek();
  return h("li", null,
    h("p", null, h("a", {href: href.function(name)}, name), " ", () => stateMark(row())),
    h("p", null, () => row().message),
    h("p", {class: "actions"},
      h("a", {class: "button", href: href.function(name, "why")}, text.platform.why),
      may("update", name) && h("a", {class: "button", href: `${href.function(name)}/edit`}, text.app.edit)));
}

function processes() {
  /** @type {import("../panel.js").Resource<Cluster>} */
  const cluster = follow((signal) => get("/cluster", {signal}));
  /** @type {import("../panel.js").Resource<Dispatcher>} */
  const dispatcher = follow((signal) => get("/dispatcher", {signal}));
  const words = text.platform.facts;
  return [
    panel(cluster, (value) => [
      h("div", {class: "panels"},
        card(text.platform.installation, [
          [words.version, () => value().version],
          [words.platform, () => value().platform],
          [words.leader, () => (value().isLeader ? text.platform.leads : text.platform.follows)],
          [words.peers, () => value().peers.join(", ") || text.platform.noPeers],
        ]),
        card(text.platform.load, [
          [words.functions, () => number(value().functions)],
          [words.replicas, () => Object.entries(value().replicas)
            .map(([state, count]) => `${number(count)} ${state}`).join(", ") || text.platform.none],
          [words.inFlight, () => number(value().inFlight)],
          [words.queued, () => number(value().queued)],
        ]),
        h("div", {class: "filled"}, panel(dispatcher, (report) => card(text.platform.dispatcher, [
          [words.address, () => report().address],
          [words.connections, () => number(report().connections)],
          [words.upstreams, () => number(report().upstreamConnections)],
          [words.loops, () => number(report().loops)],
          [words.accepts, () => (report().isDraining ? text.platform.draining : text.platform.accepting)],
        ])))),
    ]),
  ];
}

/** @param {() => Rejection[]} read */
const rejections = (read) => () => {
  const found = read();
  return found.length > 0 && h("div", {class: "problem"},
    h("p", {class: "problem-title"}, h("strong", null, text.list.rejections(found.length))),
    h("ul", null, found.map(({location, line, message}) =>
      h("li", null, h("code", null, line ? `${location}:${line}` : location), " ", message))),
    h("p", {class: "hint"}, text.platform.rejectionRemedy));
};

/**
 * @param {string} title
 * @param {[name: string, value: () => string][]} facts
 */
const card = (title, facts) => h("section", {class: "panel"}, h("h3", null, title),
  h("dl", {class: "facts"}, facts.map(([name, value]) =>
    h("div", null, h("dt", null, name), h("dd", null, value)))));
