/**
 * Modal dialogs on `<dialog>`, which keeps the focus inside, closes on Esc, and returns the focus.
 *
 * Contract: the element exists while the dialog is open. If the control that has opened it is gone, the focus goes to
 * the heading of the view.
 */

import {button} from "./button.js";
import {append, h, uid} from "./dom.js";
import {problemOf} from "./problem.js";
import {root, signal} from "./signal.js";
import {text} from "./text.js";

/**
 * Opens a dialog.
 * @param {string} title
 * @param {(close: () => void) => import("./dom.js").Child} content
 * @returns {() => void} Closes it.
 */
export function openDialog(title, content) {
  const opener = document.activeElement;
  const heading = uid("dialog");
  const dialog = h("dialog", {"aria-labelledby": heading}, h("h2", {id: heading}, title));
  const close = () => dialog.close();
  const [, dispose] = root(() => append(dialog, content(close)));
  dialog.addEventListener("close", () => {
    dispose();
    dialog.remove();
    if (opener?.isConnected) return;
    const fallback = document.querySelector("main h1");
    if (fallback instanceof HTMLElement) fallback.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/**
 * Asks for the name of what is about to be deleted.
 * @param {{
 *   title: string, detail: string, name: string, confirm: string, keep: string, run: () => Promise<void>,
 * }} options `run` does the work; its error is shown in the dialog, which stays open.
 */
export function confirmByName({title, detail, name, confirm, keep, run}) {
  openDialog(title, (close) => {
    const error = signal(/** @type {unknown} */ (null));
    const [inputID, errorID] = [uid("name"), uid("error")];
    const wrong = signal("");
    const input = h("input", {
      id: inputID, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": errorID,
      "aria-invalid": () => (wrong() ? true : null),
    });
    const submit = async () => {
      wrong.set(input.value.trim() === name ? "" : text.dialog.wrongName(name));
      if (wrong.peek()) return input.focus();
      try {
        await run();
        close();
      } catch (failure) {
        error.set(failure);
      }
    };
    const onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      submit();
    };
    return h("form", {onsubmit},
      h("p", null, detail),
      problemOf(error),
      h("div", {class: "field"}, h("label", {for: inputID}, text.dialog.typeName(name)), input,
        h("p", {id: errorID, class: "error"}, wrong)),
      h("p", {class: "actions"},
        button(confirm, submit, {kind: "danger", props: {type: "submit", onclick: null}}),
        button(keep, close)));
  });
}
