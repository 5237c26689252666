/**
 * The entry of the console: it fills the skeleton of index.html, loads the session and starts the router.
 *
 * Module map (each module's contract is the comment at its top)
 *   signal.js     signal, computed, effect, root, onCleanup, untrack, flush: values that know who reads them
 *   dom.js        h, svg, each, when, fill, append, uid: elements as calls; text only; lists that keep their elements
 *   format.js     number, rate, percent, duration, bytes, clock, clockSeconds, dateTime, relativeTime, plural, list
 *   text.js       text: every string of the page, a group per view
 *   api.js        get, fetchJSON, fetchText, request, send, path, query, ProblemError, isAbort, connection,
 *                 whenLive
 *   stream.js     events (server-sent events), logLines, perFrame: streams that close while the tab is hidden
 *   session.js    session, caller, signIn, signOut, may, maySometimes, whyNot, invocationURL
 *   drafts.js     keepDraft, readDraft, dropDraft, renameDraft, draftKeys, draftTime, draftProblem
 *   router.js     route, href, go, setQuery, withQuery, focusHeading: hash routes; says what a view is
 *   panel.js      resource, panel, placeholder: data that loads, fails and loads again
 *   problem.js    problemBox, problemOf: what happened, stage, remedies
 *   button.js     button, copyButton, ifAllowed
 *   field.js      field, choice, errorSummary: form fields with help and errors
 *   dialog.js     openDialog, confirmByName
 *   tabs.js       tabs within a view
 *   state.js      stateMark, replicaDots: dot and word; the type Row
 *   sparkline.js  sparkline
 *   chart.js      chart: lines over time, with legend, reading by keys, table
 *   editor.js     editor, insert: code with line numbers, indentation, error line
 *   log.js        logView: live lines, filter, pause, download
 *   keyboard.js   shortcut, showShortcuts
 *   examples.js   examples, templates, startExample, startRun, invoke, takeRun
 *   views/…       the views and their parts; router.js describes them. login.js and functions.js are examples to follow.
 *
 * A view in short: create signals, return `h(…)` that reads them, load by `resource`, follow by `events`, keep what
 * the user types by `keepDraft`, show errors by `problemOf` where they happen, offer by `ifAllowed` what is allowed.
 */

import {ProblemError, connection, tryNow, whenLive} from "./api.js";
import {button} from "./button.js";
import {append, fill, h} from "./dom.js";
import {lang} from "./format.js";
import {showShortcuts} from "./keyboard.js";
import {problemBox} from "./problem.js";
import {focusHeading, route, startRouter} from "./router.js";
import {caller, loadSession, session, signOut} from "./session.js";
import {effect} from "./signal.js";
import {text} from "./text.js";
import {view as docs} from "./views/docs.js";
import {view as edit} from "./views/edit.js";
import {view as functionView} from "./views/function.js";
import {view as functions} from "./views/functions.js";
import {view as login} from "./views/login.js";
import {view as platform} from "./views/platform.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const main = element("main");

fillSkeleton();
showViews();
showConnection();
showCaller();
startRouter(main, {docs, edit, function: functionView, functions, login, platform});
begin();

function fillSkeleton() {
  document.documentElement.lang = lang;
  for (const target of document.querySelectorAll("[data-t]")) {
    const key = /** @type {"skip"} */ (target.getAttribute("data-t"));
    target.textContent = text.app[key];
  }
  element("keys").addEventListener("click", showShortcuts);
  // The hash belongs to the router.
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    focusHeading(main);
  });
}

/** Marks the view in the navigation. */
function showViews() {
  const views = element("views");
  effect(() => {
    views.hidden = !caller();
    const {module} = route();
    const current = ["edit", "function"].includes(module) ? "functions" : module;
    for (const link of views.querySelectorAll("a")) {
      if (link.getAttribute("href") === `#/${current}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  });
}

/** Shows the state of the connection, and when the page tries again. Only the state is announced, not each second. */
function showConnection() {
  append(element("connection"), () => {
    const {state} = connection();
    return h("span", {class: `state ${state}`},
      h("span", {class: "mark", "aria-hidden": "true"}, state === "live" ? "●" : "○"), " ", text.app[state]);
  });
  append(element("banner"), () => {
    if (connection().state !== "offline") return null;
    const sentence = () => {
      const {since, retrySeconds} = connection();
      if (!since) return "";
      return retrySeconds > 0 ? text.app.offlineNow(since, retrySeconds) : text.app.offlineTrying(since);
    };
    return h("div", {class: "banner"}, h("p", null, sentence), button(text.app.tryNow, tryNow));
  });
}

/** Shows who is logged in, and the way out. */
function showCaller() {
  const menu = element("caller");
  effect(() => {
    const current = caller();
    menu.hidden = !current;
    if (!current) return;
    const isProtected = session()?.isProtected;
    fill(menu,
      h("summary", null, h("span", {class: "spoken"}, `${text.app.caller}: `), current.name),
      h("div", {class: "menu-content"},
        current.groups.length > 0 && h("p", null, text.app.groups(current.groups)),
        isProtected ? button(text.app.signOut, leave) : h("p", null, text.app.unprotected)));
  });
  const leave = async () => {
    menu.removeAttribute("open");
    await signOut();
  };
  const close = (/** @type {Event} */ event) => {
    if (event.type === "click" && menu.contains(/** @type {Node} */ (event.target))) return;
    if (event instanceof KeyboardEvent && event.key !== "Escape") return;
    if (event.type === "keydown" && menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
    menu.removeAttribute("open");
  };
  document.addEventListener("click", close);
  document.addEventListener("keydown", close);
}

/** Loads the session, as often as it takes. */
async function begin() {
  try {
    await loadSession();
  } catch (error) {
    const problem = ProblemError.problem(error);
    const retry = {label: text.app.retry, run: begin};
    fill(main, h("h1", null, text.app.name), problemBox(problem, {remedies: problem.status ? [retry] : []}));
    if (problem.status) return;
    await whenLive();
    await begin();
  }
}
