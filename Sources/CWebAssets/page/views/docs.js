/**
 * The documentation: the REST API by its OpenAPI document, and the guides.
 *
 * Contract
 * - `#/docs/guide/FILE` shows a guide, `#/docs/guide/FILE/ANCHOR` from a heading on.
 * - `#/docs/OPERATION` opens an operation; `search` in the query of the hash filters by words. Filtering hides
 *   operations and keeps what was opened and typed.
 * - The content of an operation is created when it is opened first.
 *
 * @typedef {import("./docs-schema.js").Schema} Schema
 * @typedef {{name: string, in: string, description?: string, required?: boolean, schema?: Schema}} Parameter
 * @typedef {{description?: string, content?: Record<string, {schema?: Schema}>, $ref?: string}} Answer
 * @typedef {{
 *   operationId: string, summary: string, description?: string, parameters?: Parameter[],
 *   requestBody?: {content: Record<string, {schema?: Schema}>}, responses: Record<string, Answer>,
 * }} Operation
 * @typedef {{
 *   info: {version: string, description?: string}, paths: Record<string, Record<string, Operation>>,
 *   components?: {schemas?: Record<string, Schema>},
 * }} Document
 * @typedef {{
 *   id: string, method: string, path: string, group: string, operation: Operation, words: string,
 *   isOpen: import("../signal.js").Signal<boolean>,
 * }} Entry
 */

import {fetchText, get, path, query} from "../api.js";
import {button} from "../button.js";
import {h, uid, when} from "../dom.js";
import {anchor, markdown} from "../markdown.js";
import {panel, resource} from "../panel.js";
import {focusHeading, go, href, route, setQuery} from "../router.js";
import {computed, effect, onCleanup, signal, untrack} from "../signal.js";
import {text} from "../text.js";
import {describe} from "./docs-schema.js";
import {tryIt} from "./docs-try.js";

const announceMilliseconds = 500;

/**
 * The groups of operations, by the first part of their paths. The last one takes the rest.
 * @type {[name: string, parts: string[]][]}
 */
const groups = Object.entries({
  functions: ["functions", "overview", "changes", "manifests", "services"],
  replicas: ["deployments", "endpoints", "events"],
  platform: ["health", "cluster", "dispatcher", "operator", "config", "docs", "openapi.json"],
  access: ["users", "tokens", "auth"],
  console: [],
});

/** The guide that the hash names, and its heading. */
const guide = computed(() => {
  const [first, file = "", heading = ""] = route().tab.split("/");
  return first === "guide" && guideTitle(file) ? {file, heading} : null;
});

/** @returns {import("../router.js").View} */
export function view() {
  const shown = signal(/** @type {?string} */ (null));
  // Another view's route changes nothing here.
  effect(() => {
    if (route().module === "docs") shown.set(guide()?.file ?? null);
  });
  let isFirst = true;
  effect(() => {
    shown();
    if (!isFirst) requestAnimationFrame(() => untrack(() => focusHeading()));
    isFirst = false;
  });
  return {
    title: () => guideTitle(shown() ?? "") ?? text.docs.title,
    element: h("div", null, h("h1", null, text.docs.title), () => {
      const name = shown();
      return untrack(() => (name === null ? overview() : guidePage(name)));
    }),
  };
}

/** @param {string} file */
function guideTitle(file) {
  return text.docs.files.find(([name]) => name === file)?.[1];
}

/** The guides, and the reference of the API. */
function overview() {
  const source = resource((signal) => get("/docs", {signal}));
  const isWide = matchMedia("(min-width: 48rem)").matches;
  return [
    h("details", {open: isWide},
      h("summary", null, text.docs.guides),
      h("dl", {class: "guides"}, text.docs.files.map(([file, title, sentence]) =>
        h("div", null, h("dt", null, h("a", {href: `${href.docs}/guide/${file}`}, title)), h("dd", null, sentence))))),
    panel(source, (value) => reference(value()), {lines: 12}),
  ];
}

/** @param {string} file */
function guidePage(file) {
  const source = resource(async (signal) => (await fetchText("GET", path`/page/${file}`, {signal})).value);
  const resolve = (/** @type {string} */ target) => {
    const [name, heading] = target.split("#", 2);
    if (name && !guideTitle(name)) return null;
    return `${href.docs}/guide/${name || file}${heading ? `/${anchor(heading)}` : ""}`;
  };
  const content = () => panel(source, (value) => {
    const element = markdown(value(), {level: 2, resolve});
    effect(() => {
      const target = guide()?.heading;
      const found = target && element.querySelector(`[data-anchor="${anchor(target)}"]`);
      if (!(found instanceof HTMLElement)) return;
      requestAnimationFrame(() => {
        found.tabIndex = -1;
        found.scrollIntoView({block: "start"});
        found.focus({preventScroll: true});
      });
    });
    return element;
  }, {lines: 12});
  return [h("p", null, h("a", {href: href.docs}, text.docs.all)), content()];
}

/** @param {Document} document */
function reference(document) {
  const entries = entriesOf(document);
  const search = computed(() => route().query.get("search") ?? "");
  const matches = (/** @type {Entry} */ {words}) =>
    search().toLowerCase().split(/\s+/).every((word) => words.includes(word));
  const count = computed(() => entries.filter(matches).length);
  openByHash(entries);
  return [
    h("h2", null, text.docs.api(document.info.version)),
    h("p", {class: "hint"}, document.info.description ?? ""),
    toolbar(search, count),
    when(() => count() === 0, () => h("div", {class: "empty"},
      h("p", null, () => text.docs.noMatch(search())),
      button(text.docs.clear, () => setQuery({search: null})))),
    groups.map(([name]) => {
      const own = entries.filter(({group}) => group === name);
      return h("section", {hidden: () => !own.some(matches)},
        h("h3", null, text.docs.groups[name]),
        h("ul", {class: "operations"}, own.map((entry) =>
          h("li", {hidden: () => !matches(entry)}, operationDetails(entry, document)))));
    }),
  ];
}

/** @param {Document} document @returns {Entry[]} */
function entriesOf({paths}) {
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([name, operation]) => {
    const first = path.split("/")[1];
    const method = name.toUpperCase();
    const {operationId: id, summary, description = "", parameters = []} = operation;
    const words = [id, method, path, summary, description, ...parameters.map((part) => part.name)];
    const [group] = groups.find(([, parts]) => parts.includes(first)) ?? groups[groups.length - 1];
    return {id, method, path, group, operation, words: words.join(" ").toLowerCase(), isOpen: signal(false)};
  }));
}

/** @param {() => string} search @param {() => number} count */
function toolbar(search, count) {
  const id = uid("search");
  const announced = signal("");
  effect(() => {
    const found = text.docs.found(count());
    const timer = setTimeout(() => announced.set(found), announceMilliseconds);
    onCleanup(() => clearTimeout(timer));
  });
  return h("div", {class: "toolbar"},
    h("label", {for: id, class: "spoken"}, text.docs.search),
    h("input", {
      id, type: "search", class: "filter", placeholder: text.docs.search, "data-filter": true, autocomplete: "off",
      spellcheck: "false", value: search,
      oninput: (/** @type {Event} */ event) =>
        setQuery({search: /** @type {HTMLInputElement} */ (event.target).value}),
    }),
    h("p", {class: "hint", role: "status"}, announced));
}

/**
 * Opens the operation that the hash names.
 * @param {Entry[]} entries
 */
const openByHash = (entries) => effect(() => {
  const entry = entries.find(({id}) => id === route().tab);
  if (!entry || entry.isOpen.peek()) return;
  entry.isOpen.set(true);
  requestAnimationFrame(() => {
    const summary = document.getElementById(`operation-${entry.id}`);
    summary?.scrollIntoView({block: "start"});
    summary?.focus({preventScroll: true});
  });
});

/** @param {Entry} entry @param {Document} document */
function operationDetails(entry, document) {
  const {id, method, path, operation, isOpen} = entry;
  const wasOpen = signal(false);
  effect(() => isOpen() && wasOpen.set(true));
  const ontoggle = (/** @type {Event} */ event) => {
    const {open} = /** @type {HTMLDetailsElement} */ (event.target);
    if (open === isOpen.peek()) return;
    isOpen.set(open);
    const search = route.peek().query.get("search");
    if (open) go(`${href.docs}/${encodeURIComponent(id)}${query({search})}`, {replace: true});
  };
  return h("details", {open: isOpen, ontoggle},
    h("summary", {id: `operation-${id}`},
      h("code", {class: "method"}, method), " ", h("code", null, path), " ",
      h("span", {class: "hint"}, operation.summary)),
    when(wasOpen, () => h("div", {class: "panel"}, operationContent(entry, document))));
}

/** @param {Entry} entry @param {Document} document */
function operationContent(entry, document) {
  const {parameters = [], requestBody, responses, description} = entry.operation;
  const schemaOf = (/** @type {Answer | undefined} */ {content = {}} = {}) => Object.values(content)[0]?.schema;
  const shape = (/** @type {Schema | undefined} */ schema) => schema && Object.keys(schema).length > 0
    && h("details", null, h("summary", null, text.docs.schema),
      h("pre", {tabindex: 0}, describe(schema, document)));
  const all = Object.entries(responses);
  /** @type {Set<string>} */
  const known = new Set();
  const isNew = (/** @type {Answer} */ answer) => known.size < known.add(JSON.stringify(schemaOf(answer))).size;
  const problems = all.filter(([status, answer]) => answer.$ref && status !== "default").map(([status]) => status);
  return [
    description && h("p", null, description),
    parameters.length > 0 && [h("h4", null, text.docs.parameters), h("dl", {class: "facts"}, parameters.map((part) =>
      h("div", null, h("dt", null, h("code", null, part.name), ` ${part.in}`),
        h("dd", null, part.description ?? "", " ",
          part.schema && h("code", null, describe(part.schema, document))))))],
    requestBody && [h("h4", null, text.docs.body), h("p", null, Object.keys(requestBody.content).join(", ")),
      shape(schemaOf(requestBody))],
    h("h4", null, text.docs.answers),
    all.filter(([, answer]) => !answer.$ref).map(([status, answer]) => [
      h("p", null, h("strong", null, status), " ", answer.description ?? "", " ",
        h("span", {class: "hint"}, Object.keys(answer.content ?? {}).join(", "))),
      isNew(answer) && shape(schemaOf(answer)),
    ]),
    h("p", {class: "hint"}, text.docs.problems(problems)),
    h("h4", null, text.docs.tryIt),
    tryIt(entry, document),
  ];
}
