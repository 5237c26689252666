/**
 * Buttons that act, copy, or say why they are not offered.
 *
 * Contract: a button whose action is running ignores further presses, keeps its focus, and is `aria-busy`. An error of
 * the action goes to `onError`; without it, it is reported to the console of the browser.
 */

import {h} from "./dom.js";
import {whyNot} from "./session.js";
import {signal} from "./signal.js";
import {text} from "./text.js";

/**
 * @typedef {{
 *   kind?: "primary" | "danger" | "quiet", onError?: (error: unknown) => void, props?: import("./dom.js").Props,
 * }} ButtonOptions
 */

/**
 * Creates a button.
 * @param {import("./dom.js").Child} label
 * @param {() => unknown} run May be asynchronous.
 * @param {ButtonOptions} [options]
 */
export function button(label, run, options = {}) {
  const {kind, onError, props} = options;
  const isBusy = signal(false);
  const press = async () => {
    if (isBusy.peek()) return;
    isBusy.set(true);
    try {
      await run();
    } catch (error) {
      if (onError) onError(error);
      else reportError(error);
    } finally {
      isBusy.set(false);
    }
  };
  const own = {type: "button", class: kind, "aria-busy": () => isBusy() || null, onclick: press};
  return h("button", {...own, ...props}, label);
}

/**
 * Creates a button that copies a text, and says so for two seconds.
 * @param {string | (() => string)} content
 * @param {string} [label]
 */
export function copyButton(content, label = text.app.copy) {
  const isDone = signal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof content === "function" ? content() : content);
    isDone.set(true);
    setTimeout(() => isDone.set(false), 2000);
  };
  const shown = () => (isDone() ? text.app.copied : label);
  // A status inside gives a button no name.
  return button(h("span", {role: "status"}, shown), copy, {kind: "quiet", props: {"aria-label": shown}});
}

/**
 * Shows a control if the caller has the privilege, else the sentence that says what is missing.
 * @param {string} privilege
 * @param {string | undefined} name The function; without it, the privilege for some function suffices.
 * @param {() => import("./dom.js").Child} control
 * @returns {() => import("./dom.js").Child}
 */
export function ifAllowed(privilege, name, control) {
  return () => {
    const reason = whyNot(privilege, name);
    return reason ? h("span", {class: "hint"}, reason) : control();
  };
}
