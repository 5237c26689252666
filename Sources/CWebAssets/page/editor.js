/**
 * An editor for code: a labelled `<textarea>` with line numbers, indentation and an error line.
 *
 * Contract
 * - The browser's own undo works after every command, because changes go through `insertText`.
 * - The keyboard leaves what it enters: Tab indents only after a click or a typed key. Esc, then Tab, moves on; Ctrl+M
 *   turns indentation off and on. The hint below the editor says so.
 * - `error` marks a line; its message is below the editor, and its link moves the caret there.
 *
 * @typedef {{line?: ?number, column?: ?number, message: string}} EditorError
 * @typedef {{
 *   label: string, value: import("./signal.js").Signal<string>, error?: () => ?EditorError, indent?: string,
 *   isReadOnly?: () => boolean, rows?: number,
 * }} EditorOptions
 */

import {h, uid} from "./dom.js";
import {computed, signal} from "./signal.js";
import {text} from "./text.js";

/**
 * Creates an editor.
 * @param {EditorOptions} options
 * @returns {{element: HTMLElement, input: HTMLTextAreaElement, goTo(line: number, column?: number): void}}
 */
export function editor({label, value, error = () => null, indent = "  ", isReadOnly = () => false, rows = 16}) {
  const id = uid("editor");
  const [hintID, errorID] = [`${id}-hint`, `${id}-error`];
  const isIndenting = signal(true);
  const count = computed(() => value().split("\n").length);
  const marked = computed(() => error()?.line ?? 0);
  /** True after a click or a typed key: Tab belongs to the text. */
  let hasEntered = false;

  const input = h("textarea", {
    id, rows, value, readonly: isReadOnly, wrap: "off", spellcheck: "false", autocapitalize: "off",
    autocomplete: "off", "aria-describedby": `${hintID} ${errorID}`, "aria-invalid": () => (error() ? true : null),
    oninput: () => value.set(input.value), onpointerdown: () => (hasEntered = true), onblur: () => (hasEntered = false),
    onkeydown, onscroll: () => (gutter.scrollTop = input.scrollTop),
  });
  const gutter = h("div", {class: "gutter", "aria-hidden": "true"}, () => {
    const numbers = Array.from({length: count()}, (_, index) => `${index + 1}\n`);
    const wrong = marked();
    if (wrong < 1 || wrong > numbers.length) return numbers.join("");
    return [numbers.slice(0, wrong - 1).join(""), h("mark", null, numbers[wrong - 1]), numbers.slice(wrong).join("")];
  });

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "m" && event.ctrlKey) isIndenting.update((now) => !now);
    else if (event.key === "Escape") hasEntered = false;
    else if (event.key === "Tab" && isPlain) {
      if (!isIndenting.peek() || !hasEntered || input.readOnly) return;
      shift(input, indent, event.shiftKey);
    } else if (event.key === "Enter" && isPlain && !event.shiftKey && !input.readOnly) {
      hasEntered = true;
      insert(input, `\n${indentation(input)}`);
    } else {
      if (event.key.length === 1) hasEntered = true;
      return;
    }
    // Esc would also close a dialog around the editor.
    event.preventDefault();
  }

  const goTo = (/** @type {number} */ line, column = 1) => {
    const lines = input.value.split("\n");
    const before = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const position = Math.min(before + column - 1, before + (lines[line - 1]?.length ?? 0));
    input.focus();
    input.setSelectionRange(position, position);
    const lineHeight = Number.parseFloat(getComputedStyle(input).lineHeight);
    input.scrollTop = Math.max(0, (line - 4) * lineHeight);
  };

  const element = h("div", {class: "editor"},
    h("label", {for: id}, label),
    h("div", {class: "editor-box"}, gutter, input),
    h("p", {id: hintID, class: "hint"}, text.editor.hint, " ",
      h("span", {role: "status"}, () => (isIndenting() ? "" : text.editor.tabOff))),
    h("p", {id: errorID, class: "error"}, () => {
      const current = error();
      if (!current) return null;
      const {line, column} = current;
      const link = line && h("button", {type: "button", class: "link", onclick: () => goTo(line, column ?? 1)},
        text.editor.line(line));
      return [link, link && " ", current.message];
    }));
  return {element, input, goTo};
}

/**
 * Replaces the selection, so that undo takes it back.
 * @param {HTMLTextAreaElement} input
 * @param {string} content
 */
export function insert(input, content) {
  // The command is deprecated, but nothing else adds to the browser's undo stack.
  const isDone = content ? document.execCommand("insertText", false, content) : document.execCommand("delete");
  if (isDone) return;
  input.setRangeText(content, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new InputEvent("input", {bubbles: true}));
}

/**
 * The spaces at the begin of the caret's line, up to the caret.
 * @param {HTMLTextAreaElement} input
 */
function indentation(input) {
  const {value, selectionStart} = input;
  const begin = value.lastIndexOf("\n", selectionStart - 1) + 1;
  return /^[ \t]*/.exec(value.slice(begin, selectionStart))?.[0] ?? "";
}

/**
 * Indents at the caret, or indents or outdents the selected lines.
 * @param {HTMLTextAreaElement} input
 * @param {string} indent
 * @param {boolean} isBack
 */
function shift(input, indent, isBack) {
  const {value, selectionStart, selectionEnd} = input;
  const selected = value.slice(selectionStart, selectionEnd);
  if (!isBack && !selected.includes("\n")) return insert(input, indent);
  const begin = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const next = value.indexOf("\n", Math.max(selectionEnd - (selected.endsWith("\n") ? 1 : 0), begin));
  const end = next < 0 ? value.length : next;
  const outdent = new RegExp(`^(\t| {1,${indent.length}})`);
  const lines = value.slice(begin, end).split("\n");
  const shifted = lines.map((line) => (isBack ? line.replace(outdent, "") : line && indent + line)).join("\n");
  if (shifted === value.slice(begin, end)) return;
  input.setSelectionRange(begin, end);
  insert(input, shifted);
  if (selected) input.setSelectionRange(begin, begin + shifted.length);
}
