/**
 * The tab Logs: the lines of all replicas or of one, also of replicas that have ended.
 *
 * Contract: one stream for as long as the tab is open; choosing a replica selects among the lines that have arrived.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {import("../stream.js").LogLine} LogLine
 */

import {get, path} from "../api.js";
import {each, h} from "../dom.js";
import {logView} from "../log.js";
import {problemOf} from "../problem.js";
import {href} from "../router.js";
import {may, whyNot} from "../session.js";
import {effect, onCleanup, signal} from "../signal.js";
import {logLines} from "../stream.js";
import {text} from "../text.js";
import {editLink, placeIn} from "./source-line.js";

const t = text.logs;
const linesMax = 5000;

/** @param {Context} context */
export function tab({name, row, shape, files}) {
  const forbidden = whyNot("logs", name);
  if (forbidden) return h("p", null, forbidden);
  /** @type {LogLine[]} */
  let lines = [];
  const replicas = signal(/** @type {string[]} */ ([]));
  const chosen = signal("");
  const error = signal(/** @type {unknown} */ (null));
  const log = logView({
    label: t.label(name), fileName: `${name}.log`,
    linkOf: ({text: line}) => {
      const place = may("update", name) ? placeIn(line, files()) : null;
      return place && editLink(name, place);
    },
    empty: () => h("p", {class: "empty"}, () => (row()?.ready ? t.silent(name) : [
      t.empty(name), " ",
      may("invoke", name) && h("a", {class: "button", href: href.function(name, "invoke")}, text.function.tabs.invoke),
    ])),
  });
  const isChosen = (/** @type {LogLine} */ {replica}) => !chosen.peek() || replica === chosen.peek();
  logLines(name, (added) => {
    lines = [...lines, ...added].slice(-linesMax);
    const found = new Set([...replicas.peek(), ...added.map(({replica}) => replica)]);
    if (found.size > replicas.peek().length) replicas.set([...found]);
    log.append(added.filter(isChosen));
  }, {onProblem: error.set, onOpen: () => error.set(null)});

  const running = runningReplicas(name, shape);
  const hasEnded = (/** @type {string} */ id) => running()?.has(id) === false;
  const choose = (/** @type {Event} */ event) => {
    chosen.set(/** @type {HTMLSelectElement} */ (event.target).value);
    log.clear();
    log.append(lines.filter(isChosen));
  };
  return [
    h("h2", {class: "spoken"}, text.function.tabs.logs),
    problemOf(error),
    h("p", null, h("label", null, t.replica, " ", h("select", {onchange: choose},
      h("option", {value: ""}, () => t.all(replicas().length, replicas().filter(hasEnded).length)),
      each(replicas, (id) => id, (item) =>
        h("option", {value: item()}, () => (hasEnded(item()) ? t.ended(item()) : item())))))),
    log.element,
  ];
}

/**
 * The replicas that have not ended; `null` until they are known.
 * @param {string} name
 * @param {() => string} shape
 */
function runningReplicas(name, shape) {
  const running = signal(/** @type {?Set<string>} */ (null));
  effect(() => {
    shape();
    const abort = new AbortController();
    onCleanup(() => abort.abort());
    get(path`/functions/${name}/why`, {signal: abort.signal})
      .then(({replicas}) => running.set(new Set(replicas.map((/** @type {{id: string}} */ {id}) => id))))
      // Without the answer the list does not tell which replicas have ended.
      .catch(() => {});
  });
  return running;
}
