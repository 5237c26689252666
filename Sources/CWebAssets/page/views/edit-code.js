/**
 * The code of a function: the runtime, the files, and an editor per file, so that undo survives a change of the file.
 *
 * Contract: another runtime replaces code that nobody has edited by its own template; other code stays, and the
 * template is added. A removed file can be taken back. `show` opens a file at a line.
 *
 * @typedef {import("./edit-form.js").FormContext} FormContext
 * @typedef {{file: string, line: number, message: string}} SourceError
 */

import {button} from "../button.js";
import {openDialog} from "../dialog.js";
import {each, h, when} from "../dom.js";
import {editor} from "../editor.js";
import {templates} from "../examples.js";
import {field} from "../field.js";
import {computed, signal} from "../signal.js";
import {text} from "../text.js";
import {control} from "./edit-form.js";
import {isSame, read} from "./edit-json.js";

/** @typedef {keyof typeof templates} RuntimeName */

const filesPath = ["target", "source", "files"];
const runtimes = /** @type {RuntimeName[]} */ (Object.keys(templates));

/** The source of a new function. */
export const newSource = (/** @type {RuntimeName} */ runtime = "python") =>
  ({runtime, files: {[templates[runtime].file]: templates[runtime].source}});

/**
 * Creates the editors.
 * @param {FormContext} context
 * @param {{sourceError: () => ?SourceError, storedFile: (name: string) => ?string}} options `sourceError`: the error
 *   with which the stored code did not start.
 */
export function codeEditor(context, {sourceError, storedFile}) {
  const {draft, isReadOnly} = context;
  const files = draft.at(filesPath);
  const names = computed(() => Object.keys(files() ?? {}), isSame);
  const chosen = signal("");
  const current = computed(() => (names().includes(chosen()) ? chosen() : names()[0] ?? ""));
  /** The file that was removed last. */
  const removed = signal(/** @type {?[string, string]} */ (null));
  /** @type {Map<string, ReturnType<typeof editor>>} */
  const editors = new Map();
  const isLocked = () => isReadOnly() || draft.isBlocked();

  /** @param {string} name */
  const errorOf = (name) => () => {
    const value = draft.at([...filesPath, name])();
    const failure = sourceError();
    if (failure?.file === name && storedFile(name) === value) return failure;
    const message = draft.errorOf(`target.source.files.${name}`);
    return message ? {message} : null;
  };
  const fileButton = (/** @type {() => string} */ name) => h("button", {
    type: "button", "aria-pressed": () => current() === name(), onclick: () => chosen.set(name()),
  }, name);
  const rename = (/** @type {string} */ from) => askName(text.edit.renameFile, from, names.peek(), (to) => {
    // The order of the files stays.
    const renamed = Object.entries(files.peek()).map(([name, content]) => [name === from ? to : name, content]);
    files.set(Object.fromEntries(renamed));
    chosen.set(to);
  });
  const remove = (/** @type {string} */ name) => {
    removed.set([name, String(files.peek()[name])]);
    draft.at([...filesPath, name]).set(undefined);
  };

  const element = h("section", {class: "code"},
    h("div", {class: "toolbar"},
      runtimeField(context),
      h("div", {class: "files", role: "group", "aria-label": text.edit.files}, each(names, (name) => name, fileButton)),
      when(isLocked, () => null, () => [
        button(text.edit.addFile, () => askName(text.edit.addFile, "", names.peek(), (name) => {
          draft.at([...filesPath, name]).set("\n");
          chosen.set(name);
        }), {kind: "quiet"}),
        when(current, () => button(text.edit.renameFile, () => rename(current.peek()), {kind: "quiet"})),
        when(() => names().length > 1, () =>
          button(text.edit.removeFile, () => remove(current.peek()), {kind: "quiet"})),
      ])),
    h("p", {role: "status", class: "hint"}, () => {
      const gone = removed();
      return gone && !names().includes(gone[0]) && [
        `${text.edit.removedFile(gone[0])} `,
        button(text.edit.undo, () => draft.at([...filesPath, gone[0]]).set(gone[1]), {kind: "quiet"}),
      ];
    }),
    each(names, (name) => name, (_, key) => {
      const name = String(key);
      const value = draft.at([...filesPath, name]);
      const made = editor({
        label: name, error: errorOf(name), indent: name.endsWith(".py") ? "    " : "  ", isReadOnly: isLocked,
        value: Object.assign(() => String(value() ?? ""), {...value, peek: () => String(value.peek() ?? "")}),
      });
      editors.set(name, made);
      draft.controls.set(`target.source.files.${name}`, made.input);
      return h("div", {hidden: () => current() !== name}, made.element);
    }),
    h("p", {class: "error"}, () => (names().length > 0 ? "" : draft.errorOf("target.source"))));

  const show = (/** @type {string} */ file, /** @type {number} */ line) => {
    if (file) chosen.set(file);
    setTimeout(() => editors.get(current.peek())?.goTo(line));
  };
  return {element, show};
}

/**
 * The chooser of the runtime. Without a runtime, the command says how to run the files.
 * @param {FormContext} context
 */
function runtimeField(context) {
  const {draft, isReadOnly} = context;
  const value = draft.at(["target", "source", "runtime"]);
  const change = (/** @type {string} */ name) => draft.edit((json) => {
    const source = read(json, ["target", "source"]) ?? {};
    const files = Object.entries(source.files ?? {});
    const isTemplate = files.length === 1
      && runtimes.some((known) => templates[known].file === files[0][0] && templates[known].source === files[0][1]);
    const added = name ? newSource(/** @type {RuntimeName} */ (name)).files : {};
    const next = {...source, runtime: name, files: isTemplate && name ? added : {...added, ...source.files}};
    if (!name) delete next.runtime;
    return {...json, target: {...json.target, source: next}};
  });
  return [
    field({
      label: text.edit.runtime, error: () => draft.errorOf("target.source.runtime"), control: (wiring) => {
        const select = h("select", {
          ...wiring, value: () => String(value() ?? ""), disabled: () => isReadOnly() || draft.isBlocked(),
          onchange: () => change(select.value),
        }, runtimes.map((name) => h("option", {value: name}, text.edit.runtimes[name])),
        h("option", {value: ""}, text.edit.runtimes.none));
        return select;
      },
    }),
    when(() => value() === undefined, () => control(context, "target.command", "lines")),
  ];
}

/**
 * Asks for the name of a file.
 * @param {string} title
 * @param {string} initial
 * @param {string[]} taken
 * @param {(name: string) => void} run
 */
function askName(title, initial, taken, run) {
  openDialog(title, (close) => {
    const error = signal("");
    const control = field({
      label: text.edit.fileName, help: text.edit.fileNameHelp, error, control: (wiring) =>
        h("input", {...wiring, value: initial, autocomplete: "off", autocapitalize: "none", spellcheck: "false"}),
    });
    const onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (control.querySelector("input"));
      const name = input.value.trim();
      if (name === initial && initial) return close();
      error.set(!name ? text.login.missing : taken.includes(name) ? text.edit.fileTaken(name) : "");
      if (error.peek()) return input.focus();
      close();
      run(name);
    };
    return h("form", {onsubmit}, control, h("p", {class: "actions"},
      h("button", {class: "primary"}, title), h("button", {type: "button", onclick: close}, text.app.cancel)));
  });
}
