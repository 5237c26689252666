/**
 * Keyboard shortcuts, and the dialog that lists them.
 *
 * Contract
 * - `shortcut` registers an action for as long as its owner lives; the newest one of a key wins. Keys are `mod+enter`
 *   and `mod+s` (Ctrl, or Command on a Mac), and single characters.
 * - Single characters do nothing while one types, and can be turned off (WCAG 2.1.4). The choice stays in the browser.
 * - `/` goes to the element with `data-filter`, `?` opens the list.
 *
 * @typedef {{key: string, label: string, run: () => void}} Shortcut
 */

import {openDialog} from "./dialog.js";
import {h} from "./dom.js";
import {onCleanup, signal} from "./signal.js";
import {text} from "./text.js";

const storeKey = "f2s-keys";
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** True if single characters are shortcuts. */
export const usesSingles = signal(localStorage.getItem(storeKey) !== "off");

/** @type {Shortcut[]} */
let shortcuts = [
  {key: "/", label: text.keys.filter, run: focusFilter},
  {key: "?", label: text.keys.help, run: showShortcuts},
];

/**
 * Registers a shortcut.
 * @param {Shortcut} added
 */
export function shortcut(added) {
  shortcuts = [added, ...shortcuts];
  onCleanup(() => (shortcuts = shortcuts.filter((known) => known !== added)));
}

function focusFilter() {
  const filter = document.querySelector("[data-filter]");
  if (!(filter instanceof HTMLInputElement)) return;
  filter.focus();
  filter.select();
}

/** Opens the list of shortcuts. */
export function showShortcuts() {
  if (document.querySelector("dialog[open]")) return;
  openDialog(text.keys.title, (close) => [
    h("dl", {class: "keys"}, [
      ...shortcuts.map(({key, label}) => [keyName(key), label]),
      ["Esc Tab", text.keys.editorTab], ["Ctrl+M", text.keys.editorToggle],
    ].map(([key, label]) => h("div", null, h("dt", null, h("kbd", null, key)), h("dd", null, label)))),
    h("label", null, h("input", {
      type: "checkbox", checked: usesSingles, "aria-describedby": "keys-help", onchange: () => {
        usesSingles.update((value) => !value);
        localStorage.setItem(storeKey, usesSingles.peek() ? "on" : "off");
      },
    }), text.keys.singles),
    h("p", {id: "keys-help", class: "hint"}, text.keys.singlesHelp),
    h("p", {class: "actions"}, h("button", {type: "button", onclick: close}, text.app.close)),
  ]);
}

/** @param {string} key */
function keyName(key) {
  const [last, modifier] = key.split("+").reverse();
  const name = last.length > 1 ? last[0].toUpperCase() + last.slice(1) : modifier ? last.toUpperCase() : last;
  return modifier ? `${isMac ? "⌘" : "Ctrl"}+${name}` : name;
}

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement
  && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])"));

document.addEventListener("keydown", (event) => {
  const hasModifier = isMac ? event.metaKey : event.ctrlKey;
  const key = (hasModifier ? "mod+" : "") + event.key.toLowerCase();
  if (event.isComposing || event.altKey || event.defaultPrevented) return;
  const isSingle = !hasModifier;
  if (isSingle && (!usesSingles.peek() || event.ctrlKey || event.metaKey || isTyping(event.target))) return;
  const inDialog = document.querySelector("dialog[open]") !== null;
  const found = shortcuts.find((known) => known.key === key);
  if (!found || inDialog) return;
  event.preventDefault();
  found.run();
});
