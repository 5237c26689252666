/**
 * The tab Invoke: a form for the request, saved test events, the answer, and the last calls.
 *
 * Contract
 * - What is typed survives a reload; calls survive a change of the view, also those that still run. A call that was
 *   begun elsewhere (`takeRun`) appears as if it had been sent here.
 * - Screen readers hear a call's beginning, its state after 10 s, and its end.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {import("./test-events.js").Form} Form
 * @typedef {import("./invoke-answer.js").Call} Call
 */

import {isAbort} from "../api.js";
import {button, ifAllowed} from "../button.js";
import {openDialog} from "../dialog.js";
import {each, h, when} from "../dom.js";
import {invoke, takeRun} from "../examples.js";
import {field} from "../field.js";
import {clockSeconds, shortened} from "../format.js";
import {shortcut} from "../keyboard.js";
import {caller, invocationURL, may} from "../session.js";
import {computed, effect, onCleanup, signal} from "../signal.js";
import {text} from "../text.js";
import {answer, runningText, summary} from "./invoke-answer.js";
import {eventOf, formOf, readHeaders, testEvents} from "./test-events.js";

const t = text.invoke;
const callsMax = 20;
const functionsMax = 20;
const saveMilliseconds = 300;
const spokenMilliseconds = 10_000;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/**
 * The last calls, newest first, by user and function.
 * @type {Map<string, import("../signal.js").Signal<Call[]>>}
 */
const histories = new Map();
let count = 0;

/** @param {string} name */
function historyOf(name) {
  const key = `${caller.peek()?.name}:${name}`;
  const calls = histories.get(key) ?? signal(/** @type {Call[]} */ ([]));
  histories.delete(key);
  histories.set(key, calls);
  for (const oldest of histories.keys()) if (histories.size > functionsMax) histories.delete(oldest);
  return calls;
}

/**
 * Follows a call to its end, whatever view is shown then.
 * @param {import("../examples.js").Run} run
 * @param {() => void} [stop]
 * @returns {Call}
 */
function follow({event, begun, result}, stop) {
  /** @type {Call["outcome"]} */
  const outcome = signal(/** @type {any} */ (null));
  const elapsed = () => (performance.now() - begun) / 1000;
  result.then(
    (invocation) => outcome.set({invocation, seconds: invocation.seconds}),
    (error) => outcome.set({error: isAbort(error) ? null : error, seconds: elapsed()}));
  return {number: ++count, event, time: new Date(Date.now() - elapsed() * 1000), elapsed, outcome, stop};
}

/** @param {Context} context */
export function tab(context) {
  const {name, row, source} = context;
  const store = testEvents(name);
  const calls = historyOf(name);
  const chosen = signal(0);
  const add = (/** @type {Call} */ call) => {
    calls.update((all) => [call, ...all].slice(0, callsMax));
    chosen.set(call.number);
  };
  const begun = takeRun(name);
  if (begun) add(follow(begun));
  const current = computed(() => calls().find(({number}) => number === chosen()) ?? calls()[0]);

  const own = () => row()?.method ?? source.value()?.doc.spec?.method ?? "GET";
  const stored = store.read();
  const form = signal(begun ? formOf(begun.event, "") : stored.current ?? formOf({}, ""));
  const method = () => form().method || own();
  const saved = signal(stored.saved);
  const problem = signal("");
  const put = (/** @type {(stored: import("./test-events.js").Stored) => void} */ change) => {
    problem.set(store.save(change) ? "" : t.notStored);
    saved.set(store.read().saved);
  };
  const keep = () => put((all) => (all.current = form.peek()));
  effect(() => {
    form();
    const timer = setTimeout(keep, saveMilliseconds);
    onCleanup(() => clearTimeout(timer));
  });
  onCleanup(keep);
  window.addEventListener("pagehide", keep);
  onCleanup(() => window.removeEventListener("pagehide", keep));

  const wrongHeader = signal("");
  const send = () => {
    if (!may("invoke", name)) return;
    const {wrong} = readHeaders(form.peek().headers);
    wrongHeader.set(wrong === null ? "" : t.wrongHeader(shortened(wrong, 40)));
    if (wrong !== null) {
      more.open = true;
      return /** @type {?HTMLElement} */ (more.querySelector("[aria-invalid], textarea"))?.focus();
    }
    const abort = new AbortController();
    add(follow(invoke(name, {...eventOf(form.peek()), method: method()}, abort.signal), () => abort.abort()));
  };
  shortcut({key: "mod+enter", label: text.keys.send, run: send});

  const change = (/** @type {keyof Form} */ key) => (/** @type {Event} */ event) =>
    form.update((old) => ({...old, [key]: /** @type {HTMLInputElement} */ (event.target).value}));
  const bodyField = (/** @type {"headers" | "body"} */ key, /** @type {number} */ rows) =>
    (/** @type {import("../dom.js").Props} */ wiring) => h("textarea", {
      ...wiring, rows, value: () => form()[key], oninput: change(key), spellcheck: "false", autocapitalize: "off",
    });
  const {headers, body} = form.peek();
  const more = h("details", {open: Boolean(headers || body) || ["POST", "PUT", "PATCH"].includes(method())},
    h("summary", null, t.more),
    field({
      label: t.headers, help: t.headersHelp, error: wrongHeader, isOptional: true, control: bodyField("headers", 3),
    }),
    field({label: t.body, isOptional: true, control: bodyField("body", 6)}));
  const use = (/** @type {Call} */ call) => {
    form.set(formOf(call.event, own()));
    if (call.event.headers?.length || call.event.body) more.open = true;
  };

  const request = h("form", {
    class: "request", onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      send();
    },
  },
  eventChooser(name, form, saved, put),
  h("div", {class: "request-line"},
    field({label: t.method, control: (wiring) => h("select", {...wiring, value: method, onchange: change("method")},
      methods.map((value) => h("option", {value}, value)))}),
    field({
      label: () => t.path(new URL(invocationURL(row()?.endpoint ?? ""), location.href).pathname), help: t.pathHelp,
      control: (wiring) => h("input", {
        ...wiring, value: () => form().path, oninput: change("path"), spellcheck: "false", autocapitalize: "none",
        autocomplete: "off",
      }),
    })),
  more,
  h("p", {class: "error"}, problem),
  h("p", {class: "actions"}, ifAllowed("invoke", name, () =>
    [h("button", {class: "primary"}, t.send), h("span", {class: "hint"}, t.sendHint)])));

  return h("div", {class: "split"},
    h("section", null, h("h2", null, t.request), request),
    h("section", null, h("h2", null, t.answer), spoken(context, current),
      when(current,
        () => () => answer(/** @type {Call} */ (current()), context, {use, retry: send}),
        () => h("p", {class: "empty"}, t.empty(name))),
      when(() => calls().length > 1, () => [h("h3", null, t.history), historyList(calls, current, chosen)])));
}

/**
 * The saved test events: choose, save, delete.
 * @param {string} name
 * @param {import("../signal.js").Signal<Form>} form
 * @param {() => Record<string, Form>} saved
 * @param {(change: (stored: import("./test-events.js").Stored) => void) => void} put
 */
function eventChooser(name, form, saved, put) {
  const chosen = signal("");
  const choose = (/** @type {Event} */ event) => {
    const {value} = /** @type {HTMLSelectElement} */ (event.target);
    chosen.set(value);
    const found = saved()[value];
    if (found) form.set(found);
  };
  const ask = () => openDialog(t.saveTitle, (close) => {
    const error = signal("");
    /** @type {HTMLInputElement} */
    let input;
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const title = input.value.trim();
      error.set(title ? "" : text.login.missing);
      if (!title) return input.focus();
      put((all) => Object.defineProperty(all.saved, title, {value: form.peek(), enumerable: true, configurable: true}));
      chosen.set(title);
      close();
    };
    return h("form", {onsubmit: submit}, field({
      label: t.eventName, help: t.eventHelp, error,
      control: (wiring) => (input = h("input", {...wiring, value: chosen.peek(), autocomplete: "off", maxlength: 60})),
    }), h("p", {class: "actions"}, h("button", {class: "primary"}, t.save), button(text.app.cancel, close)));
  });
  const remove = () => {
    put((all) => delete all.saved[chosen.peek()]);
    chosen.set("");
  };
  const names = () => Object.keys(saved());
  return h("div", {class: "actions"},
    when(() => names().length > 0, () => h("label", null, t.event, " ", h("select", {
      onchange: choose, "data-function": name,
    }, h("option", {value: "", selected: () => !chosen()}, t.noEvent), each(names, (title) => title, (_, title) =>
      h("option", {value: title, selected: () => chosen() === title}, title))))),
    button(t.saveEvent, ask), when(chosen, () => button(t.deleteEvent, remove, {kind: "quiet"})));
}

/**
 * @param {Context} context
 * @param {() => Call | undefined} current
 */
function spoken({name, row}, current) {
  const said = signal("");
  effect(() => {
    const call = current();
    if (!call) return;
    const outcome = call.outcome();
    if (outcome) return said.set(summary(call));
    const say = () => said.set(runningText(name, row.peek(), call.elapsed()));
    say();
    const timer = setTimeout(say, spokenMilliseconds);
    onCleanup(() => clearTimeout(timer));
  });
  return h("p", {class: "spoken", role: "status"}, said);
}

/**
 * @param {() => Call[]} calls
 * @param {() => Call | undefined} current
 * @param {import("../signal.js").Signal<number>} chosen
 */
const historyList = (calls, current, chosen) => h("ol", {class: "calls"}, each(calls, ({number}) => number, (call) =>
  h("li", null, h("button", {
    type: "button", class: "quiet", "aria-pressed": () => current() === call(),
    onclick: () => chosen.set(call().number),
  }, () => {
    const {event, time} = call();
    return `${clockSeconds(time)} ${event.method ?? ""} ${shortened(event.path ?? "", 40)} ${summary(call())}`;
  }))));
