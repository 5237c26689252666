/**
 * What a save would change, and a conflict with another user's change, which is merged by hand.
 *
 * Contract of `conflictPanel`: it compares the version that the draft began with, theirs and mine. Fields that only one
 * side has changed are decided, and can be decided otherwise. Every other one must be chosen; changes of distant lines
 * of one text can be kept both. Nothing is saved before [Save result].
 *
 * @typedef {"theirs" | "yours" | "both" | "edit"} Choice
 * @typedef {{json: any, etag: ?string, by: string, at: ?string}} Theirs
 * @typedef {{
 *   key: string, theirs: unknown, mine: unknown, merged: ?string, choice: import("../signal.js").Signal<?Choice>,
 *   edited: import("../signal.js").Signal<string>,
 * }} Row
 */

import {button} from "../button.js";
import {h, uid, when} from "../dom.js";
import {editor} from "../editor.js";
import {signal} from "../signal.js";
import {text} from "../text.js";
import {dotted, excerpt, isSame, leaves, merge, write} from "./edit-json.js";

const linesMax = 40;

/** @param {unknown} value */
const shown = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** @param {string[]} lines @param {string} mark */
const marked = (lines, mark) => {
  const cut = lines.slice(0, linesMax).map((line) => `${mark} ${line}`);
  return [...cut, ...(lines.length > linesMax ? [text.edit.moreLines(lines.length - linesMax)] : [])].join("\n");
};

/**
 * The changes that a save would make.
 * @param {import("./edit-draft.js").Change[]} changes
 */
export const changeList = (changes) => h("ul", {class: "changes"}, changes.map(({field, before, after}) => {
  const {line, before: old, after: current} = excerpt(before ?? "", after ?? "");
  return h("li", null, h("strong", null, field), line > 1 && `, ${text.editor.line(line)}`,
    h("pre", {tabindex: 0, role: "group", "aria-label": field},
      before !== null && old.length > 0 && h("del", null, `${marked(old, "−")}\n`),
      after !== null && current.length > 0 && h("ins", null, marked(current, "+"))));
}));

/**
 * The fields in which two declarations differ.
 * @param {any} base
 * @param {any} theirs
 * @param {any} mine
 * @returns {Row[]}
 */
function differences(base, theirs, mine) {
  const [old, left, right] = [base, theirs, mine].map((json) => leaves(json ?? {}));
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((key) => ({key, before: old.get(key), theirs: left.get(key), mine: right.get(key)}))
    .filter((row) => !isSame(row.theirs, row.mine))
    .map(({key, before, theirs, mine}) => {
      const areTexts = [before, theirs, mine].every((value) => typeof value === "string");
      const merged = areTexts ? merge(String(before), String(theirs), String(mine)) : null;
      /** @type {?Choice} */
      const decided = isSame(before, theirs) ? "yours" : isSame(before, mine) ? "theirs"
        : merged === null ? null : "both";
      return {
        key, theirs, mine, merged: decided === "both" ? merged : null, choice: signal(decided),
        edited: signal(merged ?? shown(mine)),
      };
    });
}

/** @param {Row} row */
function kept({theirs, mine, merged, choice, edited}) {
  switch (choice.peek()) {
    case "theirs": return theirs;
    case "both": return merged;
    case "edit": return typeof mine === "string" ? edited.peek() : parsed(edited.peek());
    default: return mine;
  }
}

/** @param {string} content */
function parsed(content) {
  try {
    return JSON.parse(content);
  } catch {
    return content || undefined;
  }
}

/**
 * Creates the panel of a conflict.
 * @param {{
 *   name: string, base: any, theirs: Theirs, mine: any, problem: () => import("../dom.js").Child,
 *   onSave(json: any): Promise<void>, onKeep(): void, onDiscard(): void,
 * }} options
 */
export function conflictPanel({name, base, theirs, mine, problem, onSave, onKeep, onDiscard}) {
  const rows = differences(base, theirs.json, mine);
  const missing = signal(false);
  const save = async () => {
    const open = rows.find((row) => !row.choice.peek());
    missing.set(open !== undefined);
    const first = /** @type {?HTMLElement} */ (panel.querySelector("fieldset:not(:has(:checked)) input"));
    if (open) return first?.focus();
    await onSave(rows.reduce((json, row) => write(json, JSON.parse(row.key), kept(row)), mine));
  };
  /** @type {HTMLElement} */
  const panel = h("section", {class: "conflict"},
    h("h2", {tabindex: -1, ref: (/** @type {HTMLElement} */ heading) => setTimeout(() => heading.focus())},
      text.edit.conflict.title(theirs.by, name)),
    h("p", null, text.edit.conflict.lead(theirs.at)),
    rows.length === 0 && h("p", null, text.edit.conflict.same),
    rows.map((row) => rowFields(row, missing)),
    h("p", {class: "error", role: "alert"}, () => (missing() ? text.edit.conflict.choose : "")),
    problem,
    h("p", {class: "actions"},
      button(text.edit.conflict.save, save, {kind: "primary"}),
      button(text.edit.conflict.keep, onKeep),
      button(text.edit.conflict.discard, onDiscard)));
  return panel;
}

/**
 * The choice of one field.
 * @param {Row} row
 * @param {() => boolean} isMissing
 */
function rowFields({key, theirs, mine, merged, choice, edited}, isMissing) {
  const group = uid("keep");
  const field = dotted(JSON.parse(key));
  const {line, before, after} = excerpt(shown(theirs), shown(mine));
  const option = (/** @type {Choice} */ value, /** @type {?string} */ content) => h("div", null,
    h("label", null, h("input", {
      type: "radio", name: group, value, checked: () => choice() === value, onchange: () => choice.set(value),
      "aria-invalid": () => (isMissing() && !choice() ? true : null),
    }), text.edit.conflict[value]),
    content !== null && h("pre", {
      tabindex: 0, role: "group", "aria-label": `${field}: ${text.edit.conflict[value]}`,
    }, content));
  const content = (/** @type {unknown} */ value, /** @type {string[]} */ lines) =>
    value === undefined ? text.edit.conflict.absent : lines.slice(0, linesMax).join("\n");
  return h("fieldset", {class: "panel"},
    h("legend", null, field, line > 1 && `, ${text.editor.line(line)}`),
    h("div", {class: "sides"},
      option("theirs", content(theirs, before)), option("yours", content(mine, after)),
      merged !== null && option("both", null), option("edit", null)),
    when(() => choice() === "edit", () => editor({
      label: text.edit.conflict.edit, value: edited, rows: Math.min(16, edited.peek().split("\n").length + 1),
    }).element));
}
