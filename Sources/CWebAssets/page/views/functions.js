/**
 * The list of functions: counts per state, filter, sort, pages, and the examples where there is no function.
 *
 * Contract
 * - The server filters, sorts, counts and pages; the query of the hash is the only state. The newest request wins.
 * - Rows are live (`/changes` for the visible names) and still: a row changes in place, and no row moves under the
 *   pointer. If the order on the server is another one by now, a button offers to sort again.
 * - An installation with 1,000 functions and more opens with those that need attention, if there are any.
 *
 * @typedef {import("../state.js").Row} Row
 * @typedef {{attention: number, starting: number, ready: number, idle: number}} Counts
 * @typedef {{
 *   total: number, matching: number, offset: number, counts: Counts, items: Row[],
 *   rejections?: {location: string, line: number, message: string}[],
 * }} Overview
 * @typedef {{items: Row[], removed: string[], total: number, counts: Counts}} Changes
 */

import {get, query} from "../api.js";
import {button, ifAllowed} from "../button.js";
import {h, uid, when} from "../dom.js";
import {number} from "../format.js";
import {panel, resource} from "../panel.js";
import {href, route, setQuery, withQuery} from "../router.js";
import {whyNot} from "../session.js";
import {computed, effect, onCleanup, signal, untrack} from "../signal.js";
import {events} from "../stream.js";
import {text} from "../text.js";
import {emptyList} from "./functions-empty.js";
import {functionTable, isSorted} from "./functions-table.js";

const pageSize = 100;
/** Up to this number of functions, the list is one page. */
const onePageMax = 200;
const manyFunctions = 1000;
/** The names of a stream must fit in a URL; f2s.limits.target_bytes is 8192. */
const streamQueryMax = 7500;
const announceMilliseconds = 500;
const streamDelayMilliseconds = 300;
/** The rows that a screen shows at once. Those below follow after a pause, so that an answer appears sooner. */
const firstRows = 30;
const restDelayMilliseconds = 150;

/** @typedef {"attention" | "starting" | "ready" | "idle"} State */
/** @type {State[]} */
const states = ["attention", "starting", "ready", "idle"];

/** What the query of the hash asks for. */
function readCriteria() {
  const fields = route().query;
  return {
    filter: fields.get("filter") ?? "", state: fields.get("state")?.replace("all", "") ?? "",
    sort: fields.get("sort") ?? "name",
    order: fields.get("order") === "descending" ? "descending" : "ascending",
    page: Math.max(1, Number.parseInt(fields.get("page") ?? "1", 10) || 1),
  };
}

/** @typedef {ReturnType<typeof readCriteria>} Criteria */

/** @returns {import("../router.js").View} */
export function view() {
  const forbidden = whyNot("list");
  if (forbidden) {
    return {title: text.list.title, element: h("div", null, h("h1", null, text.list.title), h("p", null, forbidden))};
  }
  const criteria = computed(readCriteria, (a, b) => JSON.stringify(a) === JSON.stringify(b));
  const source = resource((abort) => load(untrack(criteria), abort));
  let isFirst = true;
  effect(() => {
    criteria();
    // The resource has begun the first load itself.
    if (!isFirst) untrack(() => source.reload());
    isFirst = false;
  });
  const live = followChanges(source);
  startAtAttention(source);
  const element = h("div", {class: "list"},
    h("div", {class: "title-row"},
      h("h1", null, text.list.title),
      ifAllowed("create", undefined, () => h("a", {class: "button primary", href: href.create()}, text.list.create))),
    panel(source, (overview) => [
      rejections(overview),
      when(() => overview().total === 0, () => emptyList(), () => [
        toolbar(criteria, overview, live.counts),
        h("p", {class: "notice", role: "status"}, () => live.isStale() && [
          `${text.list.changed} `,
          button(text.list.sortAgain, async () => {
            await source.reload();
            /** @type {?HTMLElement} */ (element.querySelector("[aria-sort] button"))?.focus();
          }, {kind: "quiet"}),
        ]),
        when(() => live.rows().length > 0,
          () => [functionTable(live.shown, live.removed, criteria), pages(criteria, overview)],
          () => noMatch(criteria)),
      ]),
    ], {lines: 8}));
  return {title: text.list.title, element};
}

/**
 * Loads the page of the criteria.
 * @param {Criteria} criteria
 * @param {AbortSignal} signal
 * @returns {Promise<Overview>}
 */
async function load({page, ...members}, signal) {
  const ask = (/** @type {number} */ limit) =>
    get("/overview" + query({...members, limit, offset: (page - 1) * pageSize}), {signal});
  const overview = await ask(pageSize);
  const fitsOnePage = page === 1 && overview.matching > pageSize && overview.matching <= onePageMax;
  return fitsOnePage ? ask(onePageMax) : overview;
}

/** @param {import("../panel.js").Resource<Overview>} source */
function startAtAttention(source) {
  let isDone = false;
  effect(() => {
    const overview = source.value();
    if (!overview || isDone) return;
    isDone = true;
    const isBare = untrack(route).query.toString() === "";
    if (isBare && overview.total >= manyFunctions && overview.counts.attention > 0) setQuery({state: "attention"});
  });
}

/**
 * Keeps the rows of the page up to date, without moving one.
 * @param {import("../panel.js").Resource<Overview>} source
 */
function followChanges(source) {
  const rows = signal(/** @type {Row[]} */ ([]));
  const shownMax = signal(Infinity);
  const shown = computed(() => rows().slice(0, shownMax()));
  const removed = signal(/** @type {Set<string>} */ (new Set()));
  const counts = signal(/** @type {Counts} */ ({attention: 0, starting: 0, ready: 0, idle: 0}));
  const isStale = signal(false);
  /** The criteria of the loaded page; the hash may be ahead of it. */
  let loaded = readCriteria();
  let wasSorted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest;
  onCleanup(() => clearTimeout(rest));

  effect(() => {
    const overview = source.value();
    if (!overview) return;
    loaded = untrack(readCriteria);
    wasSorted = isSorted(overview.items, loaded.sort, loaded.order);
    const known = new Set(rows.peek().map((row) => row.name));
    // Only where it cannot be seen: rows that are absent for a moment would lose focus, selection and scroll position.
    const isAtTop = scrollY === 0 && !document.activeElement?.closest("tbody");
    if (isAtTop && !overview.items.every((row) => known.has(row.name))) {
      shownMax.set(firstRows);
      clearTimeout(rest);
      rest = setTimeout(() => shownMax.set(Infinity), restDelayMilliseconds);
    }
    rows.set(overview.items);
    removed.set(new Set());
    counts.set(overview.counts);
    isStale.set(false);
  });

  const apply = (/** @type {Changes} */ {items, removed: gone, total, counts: all}) => {
    const overview = source.value.peek();
    if (!overview) return;
    if (overview.total === 0 && total > 0) return void source.reload();
    const changed = new Map(items.map((row) => [row.name, row]));
    if (changed.size > 0) rows.update((old) => old.map((row) => changed.get(row.name) ?? row));
    if (gone.length > 0) removed.update((old) => new Set([...old, ...gone]));
    const current = rows.peek();
    const hasMoved = wasSorted && !isSorted(current, loaded.sort, loaded.order);
    const hasLeft = loaded.state !== "" && current.some((row) => row.state !== loaded.state);
    if (gone.length > 0 || total !== overview.total || hasMoved || hasLeft) isStale.set(true);
    // The counts of a page are those of its filter, the stream's are those of all functions.
    if (!loaded.filter) counts.set(all);
  };

  const names = computed(() => source.value()?.items.map((row) => row.name) ?? null, (a, b) => a?.join() === b?.join());
  effect(() => {
    const shown = names();
    if (!shown) return;
    /** @type {(() => void)[]} */
    let stops = [];
    // Not for each keystroke in the filter.
    const timer = setTimeout(() => {
      stops = chunks(shown).map((chunk) =>
        events("/changes" + query({function: chunk}), (all) => all.forEach(apply)));
    }, streamDelayMilliseconds);
    onCleanup(() => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    });
  });
  return {rows, shown, removed, counts, isStale};
}

/**
 * Divides names so that the queries of their streams are short enough. Without names there is one stream, too.
 * @param {string[]} names
 */
function chunks(names) {
  const all = [/** @type {string[]} */ ([])];
  let length = 0;
  for (const name of names) {
    length += "&function=".length + name.length;
    if (length > streamQueryMax) {
      all.push([]);
      length = 0;
    }
    all[all.length - 1].push(name);
  }
  return all;
}

/**
 * The filter, and the states with their counts.
 * @param {() => Criteria} criteria
 * @param {() => Overview} overview
 * @param {() => Counts} counts
 */
function toolbar(criteria, overview, counts) {
  const filterID = uid("filter");
  const announced = signal("");
  effect(() => {
    const found = text.list.found(overview().matching);
    const timer = setTimeout(() => announced.set(found), announceMilliseconds);
    onCleanup(() => clearTimeout(timer));
  });
  const oninput = (/** @type {Event} */ event) =>
    setQuery({filter: /** @type {HTMLInputElement} */ (event.target).value, page: null});
  const all = () => states.reduce((sum, state) => sum + counts()[state], 0);
  const stateLink = (/** @type {State | ""} */ state, /** @type {() => number} */ count) => h("a", {
    href: () => {
      // Among many functions a bare hash begins with those that need attention.
      const all = overview().total >= manyFunctions ? "all" : null;
      return withQuery({state: state || all, page: null});
    },
    "aria-current": () => (criteria().state === state ? "true" : null),
  }, text.list[state || "all"], " ", h("span", {class: "count"}, () => number(count())));
  return h("div", {class: "toolbar"},
    h("label", {for: filterID, class: "spoken"}, text.list.filter),
    h("input", {
      id: filterID, type: "search", class: "filter", placeholder: text.list.filter, "data-filter": true,
      autocomplete: "off", spellcheck: "false", value: () => criteria().filter, oninput,
    }),
    h("nav", {class: "chips", "aria-label": text.list.states},
      stateLink("", all), states.map((state) => stateLink(state, () => counts()[state]))),
    h("p", {class: "spoken", role: "status"}, announced));
}

/**
 * What to do if no function matches.
 * @param {() => Criteria} criteria
 */
const noMatch = (criteria) => h("div", {class: "empty"}, () => {
  const {filter, state} = criteria();
  const word = text.list[/** @type {State} */ (state)] ?? state;
  const [sentence, label, change] = filter
    ? [text.list.noMatch(filter), text.list.clear, {filter: null, page: null}]
    : [text.list.noneInState(word), text.list.showAll, {state: "all", page: null}];
  return [h("p", null, sentence), button(label, () => setQuery(change))];
});

/**
 * The range that is shown, and links to the other pages.
 * @param {() => Criteria} criteria
 * @param {() => Overview} overview
 */
const pages = (criteria, overview) => h("nav", {class: "pages", "aria-label": text.list.pages}, () => {
  const {items, offset, matching} = overview();
  if (matching <= items.length) return h("p", {class: "hint"}, text.list.found(matching));
  const {page} = criteria();
  const last = Math.ceil(matching / pageSize);
  const link = (/** @type {number} */ to, /** @type {string} */ label, /** @type {string} */ spoken) =>
    to >= 1 && to <= last && h("a", {
      href: withQuery({page: to === 1 ? null : String(to)}), "aria-label": spoken,
      "aria-current": to === page ? "page" : null,
    }, label);
  const near = [...new Set([1, page - 1, page, page + 1, last])].filter((to) => to >= 1 && to <= last);
  return [
    h("p", {class: "hint"}, text.list.range(offset + 1, offset + items.length, matching)),
    link(page - 1, "‹", text.list.previous),
    near.map((to, index) => [
      index > 0 && to > near[index - 1] + 1 && h("span", {"aria-hidden": "true"}, "…"),
      link(to, number(to), text.list.page(to)),
    ]),
    link(page + 1, "›", text.list.next),
  ];
});

/**
 * The manifests that F2S has rejected.
 * @param {() => Overview} overview
 */
const rejections = (overview) => () => {
  const found = overview().rejections ?? [];
  return found.length > 0 && h("div", {class: "problem warn"},
    h("p", {class: "problem-title"}, h("strong", null, text.list.rejections(found.length))),
    h("ul", null, found.map(({location, line, message}) =>
      h("li", null, h("code", null, line ? `${location}:${line}` : location), " ", message))));
};
