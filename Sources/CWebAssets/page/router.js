/**
 * Views by hash: REST owns the paths of this listener.
 *
 * Routes
 *   #/functions?filter=&state=&sort=&order=&page=   views/functions.js   the list
 *   #/new?how=code|image|command|yaml               views/edit.js        {name: null}
 *   #/functions/N/edit                              views/edit.js        {name: "N"}
 *   #/functions/N                                   views/function.js    {name: "N", tab: "overview"}
 *   #/functions/N/TAB                               views/function.js    invoke logs why charts events triggers
 *   #/platform[/SECTION]   #/docs[/SECTION]         views/platform.js, views/docs.js   {tab: "SECTION"}
 *   #/login                                         views/login.js
 *
 * Contract
 * - A view is a function `view({name, tab, query}) → {title, element, dispose?}`. `title` is a text or reads signals,
 *   `element` holds the only `h1`. Effects that `view` creates end with the view. `main.js` lists the views.
 * - A view lives as long as its module and its function stay the same. It follows a change of the tab or of the query
 *   by reading the signal `route`, so that its elements, focus and scroll position stay.
 * - Another view gets the focus on its `h1`. Going back restores the scroll position.
 * - Without a caller every route shows the login; the hash stays and is shown after the login.
 *
 * @typedef {{module: string, name: ?string, tab: string, query: URLSearchParams}} Route
 * @typedef {{title: string | (() => string), element: Element, dispose?(): void}} View
 * @typedef {(parameters: {name: ?string, tab: string, query: URLSearchParams}) => View} CreateView
 */

import {ProblemError} from "./api.js";
import {fill, h} from "./dom.js";
import {problemBox} from "./problem.js";
import {caller, session} from "./session.js";
import {computed, effect, root, signal, untrack} from "./signal.js";
import {text} from "./text.js";

const tabs = ["overview", "invoke", "logs", "why", "charts", "events", "triggers"];

const hash = signal(location.hash);

/** The route of the current hash. */
export const route = computed(() => parse(hash()));

/** @param {string} value @returns {Route} */
function parse(value) {
  const [pathText, queryText = ""] = value.replace(/^#\/?/, "").split(/\?(.*)/s, 2);
  const [first = "", name, tab, ...rest] = pathText.split("/").map(decoded);
  const found = (/** @type {string} */ module, /** @type {?string} */ of = null, within = "") =>
    ({module, name: of, tab: within, query: new URLSearchParams(queryText)});
  if (rest.length > 0 && first !== "docs") return found("");
  switch (first) {
    case "":
    case "functions":
      if (!name) return found("functions");
      if (tab === "edit") return found("edit", name);
      return !tab || tabs.includes(tab) ? found("function", name, tab || "overview") : found("");
    case "new": return found("edit");
    case "platform":
    case "docs": return found(first, null, [name, tab, ...rest].filter(Boolean).join("/"));
    case "login": return found("login");
    default: return found("");
  }
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The hashes of the views, for `href`. */
export const href = {
  functions: "#/functions",
  platform: "#/platform",
  docs: "#/docs",
  login: "#/login",
  /** @param {"code" | "image" | "command" | "yaml"} [how] */
  create: (how = "code") => `#/new?how=${how}`,
  /** @param {string} name @param {string} [tab] */
  function: (name, tab = "overview") =>
    `#/functions/${encodeURIComponent(name)}${tab === "overview" ? "" : `/${tab}`}`,
};

/**
 * Opens a hash.
 * @param {string} target
 * @param {{replace?: boolean}} [options] `replace` leaves no entry in the history.
 */
export function go(target, options = {}) {
  if (options.replace) {
    history.replaceState(history.state, "", target);
    hash.set(target);
  } else {
    location.hash = target;
  }
}

/**
 * The hash of the current route with other members in its query; empty ones are left out.
 * @param {Record<string, ?string | undefined>} members
 */
export function withQuery(members) {
  const fields = new URLSearchParams(route().query);
  for (const [name, value] of Object.entries(members)) {
    if (value) fields.set(name, value);
    else fields.delete(name);
  }
  const [pathText] = hash.peek().split("?");
  const joined = fields.toString();
  return (pathText || href.functions) + (joined && `?${joined}`);
}

/**
 * Changes the query of the current route, without an entry in the history.
 * @param {Record<string, ?string>} members
 */
export const setQuery = (members) => go(untrack(() => withQuery(members)), {replace: true});

/**
 * Shows the view of each route in an element, for as long as the page lives.
 * @param {HTMLElement} main
 * @param {Record<string, CreateView>} views By the module of a route.
 */
export function startRouter(main, views) {
  history.scrollRestoration = "manual";
  let scrollTimer = 0;
  window.addEventListener("scroll", () => {
    clearTimeout(scrollTimer);
    scrollTimer = setTimeout(() => history.replaceState({scroll: scrollY}, ""), 150);
  }, {passive: true});
  window.addEventListener("popstate", (event) => {
    clearTimeout(scrollTimer);
    scrollTarget = event.state?.scroll ?? 0;
    hash.set(location.hash);
  });

  const shown = computed(() => {
    if (!session()) return null;
    const {module, name} = route();
    return caller() ? {module, name} : {module: "login", name: null};
  }, (a, b) => a?.module === b?.module && a?.name === b?.name);

  let isFirst = true;
  effect(() => {
    const next = shown();
    if (!next) return;
    const wasFirst = isFirst;
    isFirst = false;
    untrack(() => open(main, next, views[next.module] ?? missing, wasFirst));
  });
}

/** The scroll position of the next view. */
let scrollTarget = 0;
/** Ends the current view. */
let end = () => {};

/**
 * Shows a view instead of the current one.
 * @param {HTMLElement} main
 * @param {{name: ?string}} shown
 * @param {CreateView} create
 * @param {boolean} isFirst The first view takes no focus: a page that has just been loaded begins at its top.
 */
function open(main, {name}, create, isFirst) {
  const old = end;
  end = () => {};
  old();
  const {tab, query} = route.peek();
  const [view, dispose] = root(() => {
    try {
      return create({name, tab, query});
    } catch (error) {
      return broken(error);
    }
  });
  const {title} = view;
  const stopTitle = effect(() => {
    document.title = text.app.title(typeof title === "function" ? title() : title);
  });
  end = () => {
    view.dispose?.();
    dispose();
    stopTitle();
  };
  fill(main, view.element);
  if (!isFirst) focusHeading(main);
  scrollTo(0, scrollTarget);
  scrollTarget = 0;
}

/**
 * Puts the focus on the heading of the view.
 * @param {HTMLElement} main
 */
export function focusHeading(main = /** @type {HTMLElement} */ (document.querySelector("main"))) {
  const heading = main.querySelector("h1") ?? main;
  heading.tabIndex = -1;
  heading.focus({preventScroll: true});
}

/** @returns {View} */
const missing = () => ({
  title: text.app.noPage,
  element: h("div", null, h("h1", null, text.app.noPage), h("p", null, text.app.noPageDetail(location.hash)),
    h("p", null, h("a", {href: href.functions}, text.app.toFunctions))),
});

/** @param {unknown} error @returns {View} */
function broken(error) {
  console.error(error);
  const problem = ProblemError.problem(error);
  const reload = {label: text.app.reload, run: () => location.reload()};
  return {
    title: problem.title,
    element: h("div", null, h("h1", null, text.app.name), problemBox(problem, {remedies: [reload]})),
  };
}
