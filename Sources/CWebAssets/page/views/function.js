/**
 * One function: its name, state, endpoint and actions, and a tab for each way to look at it.
 *
 * Contract
 * - The declaration and a stream of changes are all that the view itself loads. It loads the declaration again when
 *   the state changes. Each tab is a module of this folder with `tab(context)`.
 * - A tab ends when another one opens; what must survive belongs to its module.
 *
 * @typedef {import("../state.js").Row} Row
 * @typedef {{doc: any, etag: ?string}} Declaration
 * @typedef {{
 *   name: string, row: import("../signal.js").Signal<?Row>, shape: () => string,
 *   source: import("../panel.js").Resource<Declaration>, files: () => string[],
 * }} Context `shape` changes with the state and the replicas; `files`: the names of the source files.
 */

import {ProblemError, fetchJSON, path, query} from "../api.js";
import {copyButton, ifAllowed} from "../button.js";
import {h, when} from "../dom.js";
import {resource} from "../panel.js";
import {problemBox} from "../problem.js";
import {href, route} from "../router.js";
import {invocationURL, may, whyNot} from "../session.js";
import {computed, effect, signal, untrack} from "../signal.js";
import {stateMark} from "../state.js";
import {events} from "../stream.js";
import {tabs} from "../tabs.js";
import {text} from "../text.js";
import {tab as charts} from "./charts.js";
import {tab as eventsTab} from "./events.js";
import {tab as invoke} from "./invoke.js";
import {tab as logs} from "./logs.js";
import {tab as overview} from "./overview.js";
import {editLink} from "./source-line.js";
import {tab as why} from "./why.js";

/** @type {Record<string, (context: Context) => import("../dom.js").Child>} */
const modules = {
  overview, invoke, logs, why, charts, events: eventsTab,
  triggers: () => h("div", {class: "empty"}, text.triggers.empty),
};

/**
 * @param {{name: ?string}} parameters
 * @returns {import("../router.js").View}
 */
export function view({name: given}) {
  const name = given ?? "";
  const forbidden = whyNot("list", name);
  if (forbidden) return {title: name, element: h("div", null, h("h1", null, name), h("p", null, forbidden))};

  const source = resource(async (abort) => {
    const {value: doc, etag} = await fetchJSON("GET", path`/functions/${name}`, {signal: abort});
    return /** @type {Declaration} */ ({doc, etag});
  });
  const row = signal(/** @type {?Row} */ (null));
  const isDeleted = signal(false);
  events("/changes" + query({function: [name]}), (all) => {
    for (const {items, removed} of all) {
      const item = items.find((/** @type {Row} */ changed) => changed.name === name);
      if (item) row.set(item);
      if (item || removed.includes(name)) isDeleted.set(!item);
    }
  });
  const shape = computed(() => {
    const now = row();
    return now ? [now.state, now.reason, now.ready, now.starting, now.desired, now.endpoint, now.method].join() : "";
  });
  let known = "";
  effect(() => {
    const now = shape();
    if (known || (now && source.error.peek())) untrack(() => source.reload());
    known = now;
  });
  const files = () => Object.keys(source.value()?.doc.target?.source?.files ?? {});
  const context = {name, row, shape, source, files};

  let last = "overview";
  const selected = computed(() => {
    const {module, name: shown, tab} = route();
    if (module === "function" && shown === name) last = tab;
    return last;
  });
  const missing = () => {
    const error = source.error();
    return error instanceof ProblemError && error.status === 404 ? error.problem : null;
  };
  const element = h("div", {class: "function"},
    heading(context, selected),
    when(missing,
      () => problemBox(/** @type {import("../api.js").Problem} */ (missing()),
        {remedies: [{label: text.app.toFunctions, href: href.functions}]}),
      () => [
        when(isDeleted, () => h("p", {class: "note", role: "status"}, text.function.deleted(name), " ",
          h("a", {href: href.functions}, text.app.toFunctions))),
        attention(context, selected),
        functionTabs(context, selected),
      ]));
  return {title: () => (selected() === "overview" ? name : `${name}: ${tabLabel(selected())}`), element};
}

/** @param {string} id */
const tabLabel = (id) => text.function.tabs[/** @type {keyof typeof text.function.tabs} */ (id)];

/**
 * @param {Context} context
 * @param {() => string} selected
 */
const heading = ({name, row}, selected) => h("div", {class: "title-row"},
  h("h1", null, name),
  h("div", {class: "endpoint"}, when(row, () => {
    const url = () => invocationURL(row()?.endpoint ?? "");
    return [
      () => stateMark(/** @type {Row} */ (row())),
      h("code", null, () => `${row()?.method ?? text.list.anyMethod} ${new URL(url(), location.href).pathname}`),
      copyButton(url),
    ];
  })),
  h("div", {class: "actions", hidden: () => selected() === "invoke"}, ifAllowed("invoke", name, () =>
    h("a", {class: "button primary", href: href.function(name, "invoke")}, text.function.tabs.invoke))));

/**
 * What is wrong, above every tab but the one that explains it.
 * @param {Context} context
 * @param {() => string} selected
 */
function attention({name, row}, selected) {
  const wrong = computed(() => {
    const now = row();
    return now?.state === "attention" && selected() !== "why" ? {title: now.reason, detail: now.message} : null;
  }, (a, b) => a?.title === b?.title && a?.detail === b?.detail);
  return () => {
    const problem = wrong();
    if (!problem) return null;
    const edit = {...editLink(name), ...(problem.title === "RouteConflict" ? {label: text.function.changeRoute} : {})};
    return problemBox({...problem, status: 0}, {
      level: "warn", isQuiet: true,
      remedies: [
        {label: text.function.tabs.why, href: href.function(name, "why")}, ...(may("update", name) ? [edit] : []),
      ],
    });
  };
}

/**
 * @param {Context} context
 * @param {() => string} selected
 */
function functionTabs(context, selected) {
  const {name} = context;
  const [list, content] = tabs({
    label: name, selected, tabs: Object.entries(modules).map(([id, tab]) => ({
      id, label: tabLabel(id), href: href.function(name, id), render: () => tab(context),
    })),
  });
  // A link beside the tabs, because it leads to another view.
  const edit = ifAllowed("update", name, () => h("a", {class: "button", href: editLink(name).href}, text.app.edit));
  return [h("div", {class: "tab-row"}, list, edit), content];
}
