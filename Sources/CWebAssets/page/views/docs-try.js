/**
 * Sends an operation as the logged-in user, and shows status, headers and body as text.
 *
 * Contract
 * - An answer is shown whatever its status. Its body arrives piece by piece, at most 256 KiB; a stream can be stopped,
 *   and ends with the view.
 * - What the user types stays until the page is loaded again; another user does not get it.
 * - Requests that begin or end a session are not offered, because they would replace the session of the page.
 *
 * @typedef {{fields: Record<string, string>, body: string, type: string, accept: string}} Form
 * @typedef {{status: string, headers: string, body: string, note: string, isDone: boolean}} Shown
 */

import {isAbort, query, send} from "../api.js";
import {button, copyButton} from "../button.js";
import {h} from "../dom.js";
import {field} from "../field.js";
import {bytes} from "../format.js";
import {problemOf} from "../problem.js";
import {caller, loadSession, maySometimes, session, whyNot} from "../session.js";
import {onCleanup, signal} from "../signal.js";
import {text} from "../text.js";
import {example} from "./docs-schema.js";

const shownMax = 262_144;

/**
 * What was typed, by caller and operation.
 * @type {Map<string, import("../signal.js").Signal<Form>>}
 */
const forms = new Map();

/**
 * Creates the form and the answer of an operation.
 * @param {import("./docs.js").Entry} entry
 * @param {import("./docs.js").Document} document
 * @returns {import("../dom.js").Child}
 */
export function tryIt({id, method, path, group, operation}, document) {
  const privileges = operation.description?.match(/\b[a-z]+:[a-z]+\b/g) ?? [];
  if (privileges.length > 0 && !privileges.some(maySometimes)) return h("p", {class: "hint"}, whyNot(privileges[0]));
  if (group === "console") return h("p", {class: "hint"}, text.docs.notHere);

  const types = Object.keys(operation.requestBody?.content ?? {});
  const answers = Object.values(operation.responses).flatMap(({content}) => Object.keys(content ?? {}));
  const accepts = [...new Set(answers)].sort();
  const parameters = (operation.parameters ?? []).filter(({name}) => name !== "X-F2S-Session");
  const form = formOf(`${caller.peek()?.name}:${id}`, () => ({
    fields: {}, type: types[0] ?? "", accept: accepts[0] ?? "",
    body: types.length > 0 ? example(operation.requestBody?.content[types[0]].schema ?? {}, document) : "",
  }));
  const missing = signal("");
  const request = () => requestOf({method, path, parameters}, form());
  const {shown, error, run, stop} = exchange();

  /** @type {Record<string, HTMLElement>} */
  const controls = {};
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const empty = parameters.find((part) => part.in === "path" && !form.peek().fields[part.name]);
    missing.set(empty?.name ?? "");
    if (empty) return controls[empty.name].focus();
    const {target, headers} = request();
    const {accept, body, type} = form.peek();
    run(method, target, {headers, accept, ...(types.length > 0 && {body, contentType: type})});
  };
  const isDangerous = method === "DELETE";
  return h("form", {class: "try", onsubmit},
    h("p", {class: "hint"}, text.docs.asCaller(caller.peek()?.name ?? "")),
    h("div", {class: "panels"},
      parameters.map((part) => parameterField(part, form, controls, missing)),
      types.length > 1 && choose(text.docs.contentType, types, form, "type"),
      accepts.length > 1 && choose(text.docs.accept, accepts, form, "accept")),
    types.length > 0 && field({
      label: text.docs.body,
      control: (wiring) => h("textarea", {
        ...wiring, rows: 10, spellcheck: "false", value: () => form().body,
        oninput: (/** @type {Event} */ event) => change(form, {body: valueOf(event)}),
      }),
    }),
    h("p", null, h("code", null, () => `${method} ${request().target}`)),
    h("p", {class: "actions"},
      h("button", {class: isDangerous ? "danger" : "primary"}, text.docs.send(method)),
      () => shown()?.isDone === false && button(text.docs.stop, stop),
      copyButton(() => curl(method, request(), form.peek(), types.length > 0), text.docs.curl)),
    problemOf(error),
    answerBox(shown));
}

/** @param {string} key @param {() => Form} create */
function formOf(key, create) {
  const form = forms.get(key) ?? signal(create());
  forms.set(key, form);
  return form;
}

/** @param {import("../signal.js").Signal<Form>} form @param {Partial<Form>} members */
const change = (form, members) => form.update((old) => ({...old, ...members}));

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/**
 * @param {import("./docs.js").Parameter} parameter
 * @param {import("../signal.js").Signal<Form>} form
 * @param {Record<string, HTMLElement>} controls Receives the control.
 * @param {() => string} missing
 */
function parameterField({name, in: place, description = "", schema = {}}, form, controls, missing) {
  const options = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  const value = () => form().fields[name] ?? "";
  const oninput = (/** @type {Event} */ event) =>
    change(form, {fields: {...form.peek().fields, [name]: valueOf(event)}});
  return field({
    label: name, help: description, isOptional: place !== "path",
    error: () => (missing() === name ? text.login.missing : ""),
    control: (wiring) => {
      const props = {...wiring, value, oninput};
      controls[name] = options
        ? h("select", props, ["", ...options].map((option) => h("option", {value: option}, option)))
        : h("input", {...props, autocomplete: "off", autocapitalize: "none", spellcheck: "false"});
      return controls[name];
    },
  });
}

/**
 * @param {string} label
 * @param {string[]} options
 * @param {import("../signal.js").Signal<Form>} form
 * @param {"type" | "accept"} member
 */
const choose = (label, options, form, member) => field({
  label,
  control: (wiring) => h("select", {
    ...wiring, value: () => form()[member],
    oninput: (/** @type {Event} */ event) => change(form, {[member]: valueOf(event)}),
  }, options.map((option) => h("option", {value: option}, option))),
});

/**
 * @param {{method: string, path: string, parameters: import("./docs.js").Parameter[]}} operation
 * @param {Form} form
 */
function requestOf({path, parameters}, {fields}) {
  const of = (/** @type {string} */ place) => Object.fromEntries(
    parameters.filter((part) => part.in === place && fields[part.name]).map(({name}) => [name, fields[name]]));
  const target = path.replace(/\{(\w+)\}/g, (whole, name) => (fields[name] ? encodeURIComponent(fields[name]) : whole));
  return {target: target + query(of("query")), headers: of("header")};
}

/**
 * The same request for a shell. Its credentials come from the environment.
 * @param {string} method
 * @param {{target: string, headers: Record<string, string>}} request
 * @param {Form} form
 * @param {boolean} hasBody
 */
function curl(method, {target, headers}, {accept, type, body}, hasBody) {
  const quoted = (/** @type {string} */ part) => `'${part.replaceAll("'", "'\\''")}'`;
  const fields = Object.entries({...headers, ...(accept && {Accept: accept}), ...(hasBody && {"Content-Type": type})});
  return [
    "curl", "-i", "-X", method, ...fields.flatMap(([name, value]) => ["-H", quoted(`${name}: ${value}`)]),
    ...(session()?.isProtected ? ["-H", '"Authorization: Bearer $F2S_TOKEN"'] : []),
    ...(hasBody ? ["--data-binary", quoted(body)] : []), quoted(location.origin + target),
  ].join(" ");
}

/** Creates what sends a request and follows its answer. */
function exchange() {
  const shown = signal(/** @type {?Shown} */ (null));
  const error = signal(/** @type {unknown} */ (null));
  let abort = new AbortController();
  const stop = () => abort.abort();
  onCleanup(stop);
  const show = (/** @type {Partial<Shown>} */ members) => shown.update((old) => old && {...old, ...members});

  /** @param {string} method @param {string} target @param {import("../api.js").RequestOptions} options */
  const run = async (method, target, options) => {
    stop();
    const own = new AbortController();
    abort = own;
    error.set(null);
    shown.set({status: text.docs.pending, headers: "", body: "", note: "", isDone: false});
    const begun = performance.now();
    try {
      const response = await send(method, target, {...options, signal: own.signal});
      const words = `${response.status} ${response.statusText}`.trim();
      show({
        status: text.docs.status(words, (performance.now() - begun) / 1000),
        headers: [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
      });
      const note = await readBody(response, (body) => own === abort && show({body}));
      if (own === abort) show({note, isDone: true});
      if (response.status === 401) await loadSession();
    } catch (failure) {
      if (own !== abort) return;
      if (isAbort(failure)) return show({note: text.docs.stopped, isDone: true});
      shown.set(null);
      error.set(failure);
    }
  };
  return {shown, error, run, stop};
}

/**
 * Reads a body as text.
 * @param {Response} response
 * @param {(body: string) => void} onText Receives all that has arrived.
 * @returns {Promise<string>} A remark for the user.
 */
async function readBody(response, onText) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [content, count] = ["", 0];
  for (;;) {
    const {done, value} = await (reader?.read() ?? {done: true, value: undefined});
    if (!value || done) return content ? "" : text.docs.noBody;
    content += decoder.decode(value.subarray(0, shownMax - count), {stream: true});
    count += value.length;
    onText(content);
    if (count < shownMax) continue;
    await reader?.cancel();
    return text.docs.cut(bytes(shownMax));
  }
}

/** @param {() => ?Shown} shown */
function answerBox(shown) {
  const part = (/** @type {keyof Shown} */ member) => () => shown()?.[member] ?? "";
  return h("div", {hidden: () => shown() === null},
    h("p", {role: "status"}, h("strong", null, part("status"))),
    h("details", {hidden: () => !shown()?.headers}, h("summary", null, text.docs.headers),
      h("pre", {tabindex: 0}, part("headers"))),
    h("pre", {tabindex: 0, role: "group", "aria-label": text.docs.body, hidden: () => !shown()?.body}, part("body")),
    h("p", {class: "hint"}, part("note")));
}
