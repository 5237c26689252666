/**
 * The form of a function: a control with help per field of the manifest, which reads and edits the draft.
 *
 * Contract: a control shows what was typed for as long as it means the value of the draft, so carets stay. An emptied
 * control removes its field. A value that is no number is sent as a text, and the server says what is wrong.
 *
 * @typedef {import("./edit-draft.js").Draft} Draft
 * @typedef {"local" | "kubernetes" | ""} Platform Empty if it is not known.
 * @typedef {{namespace: string, isWritable: boolean}} Secrets Where Kubernetes has the Secrets of functions.
 * @typedef {{
 *   draft: Draft, platform: () => Platform, how: () => How, isReadOnly: () => boolean, secrets: () => ?Secrets,
 *   stored: ?string,
 * }} FormContext `secrets`: `null` without Secrets, or if they are not known. `stored`: the name of a stored function.
 * @typedef {"code" | "image" | "command"} How
 * @typedef {"text" | "long" | "number" | "lines" | "words" | "flag"} Kind
 */

import {h, when} from "../dom.js";
import {field} from "../field.js";
import {whyNot} from "../session.js";
import {computed, effect} from "../signal.js";
import {text} from "../text.js";
import {secretWriter, sourceRows, variableRows} from "./edit-rows.js";
import {isSame, read} from "./edit-json.js";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** @type {Record<Kind, {parse(typed: string): unknown, format(value: any): string}>} */
const kinds = {
  text: {parse: (typed) => typed || undefined, format: String},
  long: {parse: (typed) => typed || undefined, format: String},
  number: {parse: (typed) => (/^-?\d+(\.\d*)?$/.test(typed) ? Number(typed) : typed || undefined), format: String},
  lines: {
    parse: (typed) => some(typed.replace(/\n+$/, "").split("\n")),
    format: (value) => [value].flat().join("\n"),
  },
  words: {parse: (typed) => some(typed.split(/[\s,]+/).filter(Boolean)), format: (value) => [value].flat().join(", ")},
  flag: {parse: () => undefined, format: String},
};

/** @param {string[]} list */
const some = (list) => (list.join("") ? list : undefined);

/** @typedef {keyof typeof text.edit.fields} FieldName */

/**
 * Creates the control of a field.
 * @param {FormContext} context
 * @param {FieldName} name
 * @param {Kind} [kind]
 * @param {{help?: import("../dom.js").Child, isOptional?: boolean, path?: string[]}} [options]
 */
export function control({draft}, name, kind = "text", options = {}) {
  const {path = name.split("."), help, isOptional = false} = options;
  const [label, hint, placeholder] = /** @type {string[]} */ (text.edit.fields[name]);
  const value = draft.at(path);
  const register = (/** @type {HTMLElement} */ element) => draft.controls.set(name, element);
  if (kind === "flag") {
    return h("p", null, h("label", null, h("input", {
      type: "checkbox", checked: () => value() === true, ref: register,
      onchange: () => value.set(value.peek() === true ? undefined : true),
    }), label), h("span", {class: "hint"}, ` ${hint}`));
  }
  const {parse, format} = kinds[kind];
  let typed = "";
  const shown = () => {
    const current = value();
    return isSame(parse(typed), current) ? typed : current == null ? "" : format(current);
  };
  return field({
    label, help: [hint, help], isOptional, error: () => draft.errorOf(name),
    control: (wiring) => {
      const oninput = () => {
        typed = input.value;
        value.set(parse(typed));
      };
      const props = {
        ...wiring, value: shown, placeholder, oninput, ref: register, spellcheck: "false", autocomplete: "off",
        autocapitalize: "none",
      };
      const input = kind === "lines" || kind === "long"
        ? h("textarea", {...props, rows: 3})
        : h("input", {...props, inputmode: kind === "number" ? "decimal" : null});
      return input;
    },
  });
}

/**
 * Creates a choice among values; another value of the draft is offered, too.
 * @param {FormContext} context
 * @param {FieldName} name
 * @param {{value: string, label: string, isDisabled?: () => boolean}[]} choices
 * @param {{get(): string, set(value: string): void, help?: import("../dom.js").Child}} options
 */
function selection({draft}, name, choices, {get, set, help}) {
  const [label, hint] = /** @type {string[]} */ (text.edit.fields[name]);
  const chosen = computed(get);
  return field({
    label, help: [hint, help], error: () => draft.errorOf(name), control: (wiring) => {
      const select = h("select", {
        ...wiring, ref: (/** @type {HTMLElement} */ element) => draft.controls.set(name, element),
        onchange: () => set(select.value),
      }, () => {
        const current = chosen();
        const all = choices.some(({value}) => value === current)
          ? choices : [...choices, {value: current, label: current}];
        return all.map(({value, label: title, isDisabled}) =>
          h("option", {value, selected: value === current, disabled: isDisabled ?? false}, title));
      });
      return select;
    },
  });
}

/** @param {FormContext} context */
const methodField = (context) => {
  const value = context.draft.at(["spec", "method"]);
  return selection(context, "spec.method",
    [{value: "", label: text.edit.anyMethod}, ...methods.map((name) => ({value: name, label: name}))],
    {get: () => String(value() ?? ""), set: (chosen) => value.set(chosen || undefined)});
};

/**
 * The callers that may invoke the function.
 * @param {FormContext} context
 */
function accessField(context) {
  const value = context.draft.at(["spec", "access"]);
  const name = context.draft.at(["metadata", "name"]);
  const mayExpose = () => whyNot("expose", name() ?? "") === null;
  const groups = (/** @type {any} */ access) => (typeof access === "object" ? access : null);
  return [
    selection(context, "spec.access", [
      {value: "", label: text.edit.access.authenticated},
      {value: "public", label: text.edit.access.public, isDisabled: () => !mayExpose()},
      {value: "groups", label: text.edit.access.groups},
    ], {
      get: () => (groups(value()) ? "groups" : value() === "authenticated" ? "" : String(value() ?? "")),
      set: (chosen) => value.set(chosen === "groups" ? {groups: []} : chosen || undefined),
      help: () => !mayExpose() && ` ${text.edit.access.noPublic}`,
    }),
    when(() => groups(value()), () => field({
      label: text.edit.access.groups, help: text.edit.access.groupsHelp, control: (wiring) => {
        const input = h("input", {
          ...wiring, autocomplete: "off", value: kinds.words.format(groups(value.peek())?.groups ?? []),
          oninput: () => value.set({...groups(value.peek()), groups: kinds.words.parse(input.value) ?? []}),
        });
        return input;
      },
    })),
  ];
}

/**
 * The fields that a first function does not need.
 * @param {FormContext} context
 */
export function moreFields(context) {
  const {draft, platform, how} = context;
  const group = (/** @type {string} */ title, /** @type {import("../dom.js").Child[]} */ ...children) =>
    h("section", null, h("h2", null, title), h("div", {class: "fields"}, children));
  const one = (/** @type {FieldName} */ name, /** @type {Kind} */ kind = "text") => control(context, name, kind);
  const isLocal = () => platform() === "local";
  const details = h("details", {class: "more"},
    h("summary", null, text.edit.more),
    h("fieldset", {class: "bare", disabled: () => draft.isBlocked() || context.isReadOnly()},
      group(text.edit.groups.route, methodField(context), one("spec.description", "long"), accessField(context),
        one("spec.cors.origins", "words"),
        when(() => draft.at(["spec", "cors"])(), () => one("spec.cors.credentials", "flag")),
        one("spec.login", "flag"), one("target.forwardAuthorization", "flag")),
      group(text.edit.groups.start,
        when(() => how() === "code", () => [
          one("target.source.handler"), when(isLocal, () => null, () => one("target.containerImage"))]),
        when(() => how() !== "command", () => one("target.command", "lines")),
        when(isLocal, () => one("target.watch", "flag"), () => one("target.port", "number")),
        one("target.timeout"), one("target.startTimeout"), one("target.drainTimeout"),
        one("target.readinessProbe.path"),
        when(isLocal, () => null, () => [one("target.resources.cpu"), one("target.resources.memory")])),
      group(text.edit.groups.variables, variableRows(context), sourceRows(context), secretWriter(context),
        one("target.secrets", "words")),
      group(text.edit.groups.scaling, one("target.minReplicas", "number"), one("target.maxReplicas", "number"),
        one("target.concurrency", "number"), one("target.scaling.targetConcurrency", "number"),
        one("target.scaling.idle"), one("target.scaling.window")),
      group(text.edit.groups.limits, one("target.limits.inFlight", "number"), one("target.limits.queued", "number"),
        one("target.limits.rate", "number"), one("target.limits.burst", "number"))));
  // An error that a save has found must be seen.
  effect(() => {
    const errors = draft.isSubmitted() ? draft.checked()?.errors ?? [] : [];
    if (errors.some((error) => details.contains(draft.controlOf(error) ?? null))) details.open = true;
  });
  return details;
}

/**
 * Name and endpoint. The endpoint follows the name until it is edited.
 * @param {FormContext} context
 * @param {{isNew: boolean, taken: () => string, url: () => string}} options
 */
export function firstFields(context, {isNew, taken, url}) {
  const {draft} = context;
  const name = draft.at(["metadata", "name"]);
  const endpoint = draft.at(["spec", "endpoint"]);
  const onname = (/** @type {HTMLInputElement} */ input) => {
    const old = String(name.peek() ?? "");
    const follows = !endpoint.peek() || endpoint.peek() === `/${old}`;
    name.set(input.value || undefined);
    if (follows) draft.edit((json) => {
      const spec = {...read(json, ["spec"])};
      if (input.value) spec.endpoint = `/${input.value}`;
      else delete spec.endpoint;
      return {...json, spec};
    });
  };
  const [label, help] = text.edit.fields["metadata.name"];
  return h("div", {class: "fields"},
    isNew && field({
      label, help, error: () => draft.errorOf("metadata.name") || taken(), control: (wiring) => {
        const input = h("input", {
          ...wiring, value: () => String(name() ?? ""), autocomplete: "off", autocapitalize: "none",
          spellcheck: "false", "aria-required": true, oninput: () => onname(input),
          ref: (/** @type {HTMLElement} */ element) => draft.controls.set("metadata.name", element),
        });
        return input;
      },
    }),
    control(context, "spec.endpoint", "text", {help: () => (url() ? h("code", null, ` ${url()}`) : "")}));
}
