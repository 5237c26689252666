/**
 * Lists of the form: environment variables, and the ConfigMaps and Secrets that they come from; and the dialog that
 * writes a Secret.
 *
 * Contract: the rows keep what is typed (a name may be a duplicate for a moment), and follow the draft when it changes
 * elsewhere. Members of an entry that the form does not know stay. The values of a Secret are in the dialog only.
 *
 * @typedef {import("./edit-form.js").FormContext} FormContext
 * @typedef {{id: number, key: string, value: any}} Row
 */

import {ProblemError, fetchJSON, path} from "../api.js";
import {button, copyButton} from "../button.js";
import {openDialog} from "../dialog.js";
import {each, h, uid, when} from "../dom.js";
import {field} from "../field.js";
import {problemOf} from "../problem.js";
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
export const sourceRows = ({draft, platform, secrets}) => rowList({
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
    const command = () => text.edit.envFrom.command(
      row().key, /^[\w.-]+$/.test(name()) ? name() : "NAME", secrets()?.namespace ?? "NAMESPACE");
    // Only F2S writes Secrets with such names.
    const isCreatedByHand = () => name() && !name().startsWith("f2s-secret-");
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
      when(() => platform() !== "local" && isCreatedByHand(), () =>
        h("p", {class: "hint command"}, text.edit.envFrom.create, h("code", null, command), copyButton(command))),
    ];
  },
});

/**
 * The button that writes a Secret for the function and adds it to `target.envFrom`, where F2S may write Secrets.
 * @param {FormContext} context
 */
export const secretWriter = ({draft, secrets, stored}) => when(() => secrets()?.isWritable === true, () => {
  if (!stored) return h("p", {class: "hint"}, text.edit.secret.saveFirst);
  const written = signal("");
  const sources = draft.at(["target", "envFrom"]);
  const write = async (/** @type {string} */ name, /** @type {Record<string, string>} */ data) => {
    const {value} = await fetchJSON("PUT", path`/functions/${stored}/secrets/${name}`, {body: {data}});
    const current = sources.peek();
    const list = Array.isArray(current) ? current : [];
    if (!list.some((entry) => entry.secret === value.name)) sources.set([...list, {secret: value.name}]);
    written.set(value.name);
  };
  return h("div", null, button(text.edit.secret.write, () => openSecretForm(write)),
    h("p", {role: "status", class: "hint"}, () => written() && text.edit.secret.written(written())));
});

/**
 * Asks for the keys and values of a Secret. They are forgotten when the dialog closes.
 * @param {(name: string, data: Record<string, string>) => Promise<void>} write
 */
function openSecretForm(write) {
  openDialog(text.edit.secret.write, (close) => {
    const [problem, missing] = [signal(/** @type {unknown} */ (null)), signal("")];
    /** @type {Map<number, {key: HTMLInputElement, value: HTMLTextAreaElement}>} */
    const inputs = new Map();
    const ids = signal([++rowIDs]);
    const name = field({
      label: text.edit.secret.name, help: text.edit.secret.nameHelp, error: missing, control: (wiring) =>
        h("input", {...wiring, value: "keys", autocomplete: "off", autocapitalize: "none", spellcheck: "false"}),
    });
    const rows = each(ids, (id) => id, (_, id) => {
      const key = labelled(text.edit.secret.key, {});
      const value = labelled(text.edit.secret.value, {rows: 1}, "textarea");
      inputs.set(Number(id), {
        key: /** @type {HTMLInputElement} */ (key.querySelector("input")),
        value: /** @type {HTMLTextAreaElement} */ (value.querySelector("textarea")),
      });
      return h("div", {class: "row"}, key, value);
    });
    const submit = async () => {
      const input = /** @type {HTMLInputElement} */ (name.querySelector("input"));
      const chosen = input.value.trim();
      missing.set(chosen ? "" : text.login.missing);
      if (!chosen) return input.focus();
      const pairs = [...inputs.values()].map(({key, value}) => [key.value.trim(), value.value]);
      const keys = pairs.map(([key]) => key).filter(Boolean);
      const twice = keys.find((key, index) => keys.indexOf(key) < index);
      if (twice) {
        const {twice: title, twiceDetail: detail} = text.edit.secret;
        return problem.set(new ProblemError({status: 0, title: title(twice), detail}));
      }
      try {
        await write(chosen, Object.fromEntries(pairs.filter(([key, value]) => key || value)));
        close();
      } catch (error) {
        problem.set(error);
      }
    };
    const onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      submit();
    };
    return h("form", {onsubmit}, h("p", null, text.edit.secret.help), problemOf(problem), name,
      h("div", {class: "rows"}, rows, button(text.edit.secret.add, () => {
        ids.update((old) => [...old, ++rowIDs]);
        flush();
        [...inputs.values()].pop()?.key.focus();
      })),
      h("p", {class: "actions"},
        h("button", {class: "primary"}, text.edit.save), button(text.app.cancel, close)));
  });
}
