/**
 * Lists of the form: environment variables, and the ConfigMaps and Secrets that they come from.
 *
 * Contract: the rows keep what is typed (a name may be a duplicate for a moment), and follow the draft when it changes
 * elsewhere. Members of an entry that the form does not know stay.
 *
 * @typedef {import("./edit-form.js").FormContext} FormContext
 * @typedef {{id: number, key: string, value: any}} Row
 */

import {button, copyButton} from "../button.js";
import {each, h, uid, when} from "../dom.js";
import {effect, flush, signal, untrack} from "../signal.js";
import {text} from "../text.js";
import {isSame} from "./edit-json.js";

let rowIDs = 0;

/**
 * Creates a list of rows.
 * @param {{
 *   label: string, help: string, add: string, value: import("../signal.js").Signal<any>, error: () => string,
 *   parse(value: any): Omit<Row, "id">[], format(rows: Row[]): unknown,
 *   render(row: () => Row, change: (members: Partial<Row>) => void): import("../dom.js").Child,
 * }} options
 */
function rowList({label, help, add, value, error, parse, format, render}) {
  const rows = signal(/** @type {Row[]} */ ([]));
  effect(() => {
    const current = value();
    untrack(() => {
      if (!isSame(format(rows()), current)) rows.set(parse(current).map((row) => ({id: ++rowIDs, ...row})));
    });
  });
  const store = (/** @type {Row[]} */ next) => {
    rows.set(next);
    value.set(format(next));
  };
  const adder = button(add, () => {
    rows.update((old) => [...old, ...parse({"": ""}).map((row) => ({id: ++rowIDs, ...row}))]);
    flush();
    /** @type {?HTMLElement} */ ([...element.querySelectorAll(".row input, .row select")].pop())?.focus();
  });
  const element = h("div", {class: "rows", role: "group", "aria-label": label},
    h("p", null, h("strong", null, label), h("span", {class: "hint"}, ` ${help}`)),
    each(rows, (row) => row.id, (row, id) => h("div", {class: "row"},
      render(row, (members) =>
        store(rows.peek().map((other) => (other.id === id ? {...other, ...members} : other)))),
      button(text.edit.remove, () => {
        store(rows.peek().filter((other) => other.id !== id));
        adder.focus();
      }, {kind: "quiet"}))),
    h("p", {class: "error"}, error),
    adder);
  return element;
}

/** @param {string} label @param {import("../dom.js").Props} props @param {"input" | "textarea"} [tag] */
function labelled(label, props, tag = "input") {
  const id = uid("row");
  return h("div", null, h("label", {for: id}, label),
    h(tag, {id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...props}));
}

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/**
 * `target.env`.
 * @param {FormContext} context
 */
export const variableRows = ({draft}) => rowList({
  label: text.edit.env.title, help: text.edit.env.help, add: text.edit.env.add,
  value: draft.at(["target", "env"]), error: () => draft.errorOf("target.env"),
  parse: (value) => Object.entries(value ?? {}).map(([key, content]) => ({key, value: content})),
  format: (rows) => {
    const named = rows.filter((row) => row.key);
    return named.length > 0 ? Object.fromEntries(named.map((row) => [row.key, row.value])) : undefined;
  },
  render: (row, change) => [
    labelled(text.edit.env.name, {value: () => row().key, oninput: (/** @type {Event} */ event) =>
      change({key: typed(event)})}),
    labelled(text.edit.env.value, {
      rows: 1, value: () => String(row().value), oninput: (/** @type {Event} */ event) => change({value: typed(event)}),
    }, "textarea"),
  ],
});

/**
 * `target.envFrom`.
 * @param {FormContext} context
 */
export const sourceRows = ({draft, platform}) => rowList({
  label: text.edit.envFrom.title, help: text.edit.envFrom.help, add: text.edit.envFrom.add,
  value: draft.at(["target", "envFrom"]), error: () => draft.errorOf("target.envFrom"),
  parse: (value) => (Array.isArray(value) ? value : value ? [{secret: ""}] : [])
    .map((entry) => ({key: entry.configMap === undefined ? "secret" : "configMap", value: entry})),
  format: (rows) => {
    const named = rows.filter((row) => row.value[row.key]);
    return named.length > 0 ? named.map((row) => row.value) : undefined;
  },
  render: (row, change) => {
    const kind = uid("kind");
    const rename = (/** @type {string} */ key, /** @type {string} */ name) => {
      const {configMap, secret, ...rest} = row().value;
      change({key, value: {[key]: name, ...rest}});
    };
    const name = () => String(row().value[row().key] ?? "");
    const command = () => text.edit.envFrom.command(row().key, /^[\w.-]+$/.test(name()) ? name() : "NAME");
    return [
      h("div", null, h("label", {for: kind}, text.edit.envFrom.kind), h("select", {
        id: kind, value: () => row().key, onchange: (/** @type {Event} */ event) => rename(typed(event), name()),
      }, ["secret", "configMap"].map((value) =>
        h("option", {value}, text.edit.envFrom[/** @type {"secret"} */ (value)])))),
      labelled(text.edit.env.name, {
        value: name, oninput: (/** @type {Event} */ event) => rename(row().key, typed(event)),
      }),
      h("label", {class: "check"}, h("input", {
        type: "checkbox", checked: () => row().value.optional === true, onchange: () => {
          const {optional, ...rest} = row().value;
          change({value: optional === true ? rest : {...rest, optional: true}});
        },
      }), text.edit.envFrom.optional),
      when(() => platform() !== "local" && name(), () => h("p", {class: "hint command"}, text.edit.envFrom.create,
        h("code", null, command),
        copyButton(command))),
    ];
  },
});
