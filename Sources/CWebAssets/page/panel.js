/**
 * Data that a view loads, and the panel that shows it while it loads, when it is there, and after a failure.
 *
 * Contract
 * - `resource` loads at once. A newer load aborts an older one; the value stays while the next one loads, and after an
 *   error. It ends with its owner.
 * - `panel` shows placeholders after 300 ms, a sentence after 5 s, and after an error the box, a button to try again,
 *   and the last content with its time. Only the failed panel changes.
 *
 * @template T
 * @typedef {{
 *   value: import("./signal.js").Signal<?T>, error: import("./signal.js").Signal<unknown>,
 *   isLoading: import("./signal.js").Signal<boolean>, time: import("./signal.js").Signal<?Date>,
 *   reload(): Promise<void>,
 * }} Resource
 */

import {isAbort} from "./api.js";
import {h, when} from "./dom.js";
import {problemOf} from "./problem.js";
import {effect, onCleanup, signal, untrack} from "./signal.js";
import {text} from "./text.js";

const placeholderMilliseconds = 300;
const sentenceMilliseconds = 5000;

/**
 * Creates a resource.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {() => unknown} [follow] Reads signals: after each change of them the resource loads again.
 * @returns {Resource<T>}
 */
export function resource(load, follow) {
  /** @type {import("./signal.js").Signal<?T>} */
  const value = signal(/** @type {?T} */ (null));
  /** @type {import("./signal.js").Signal<?Date>} */
  const time = signal(/** @type {?Date} */ (null));
  const error = signal(/** @type {unknown} */ (null));
  const isLoading = signal(false);
  /** @type {?AbortController} */
  let current = null;

  const reload = async () => {
    current?.abort();
    const own = new AbortController();
    current = own;
    isLoading.set(true);
    try {
      const loaded = await load(own.signal);
      if (own !== current) return;
      value.set(loaded);
      time.set(new Date());
      error.set(null);
    } catch (failure) {
      if (own !== current || isAbort(failure)) return;
      error.set(failure);
    }
    isLoading.set(false);
  };
  onCleanup(() => {
    current?.abort();
    current = null;
  });
  if (follow) {
    effect(() => {
      follow();
      untrack(reload);
    });
  } else {
    reload();
  }
  return {value, error, isLoading, time, reload};
}

/**
 * Creates the content of a panel.
 * @template T
 * @param {Resource<T>} source
 * @param {(value: () => T) => import("./dom.js").Child} render Is called once, after the first value.
 * @param {{lines?: number, remedies?: import("./problem.js").Remedy[]}} [options] `lines`: the height of placeholders.
 * @returns {import("./dom.js").Child[]}
 */
export function panel(source, render, options = {}) {
  const {lines = 3, remedies = []} = options;
  const wait = signal(0);
  const timers = [placeholderMilliseconds, sentenceMilliseconds].map((pause, index) =>
    setTimeout(() => wait.set(index + 1), pause));
  onCleanup(() => timers.forEach(clearTimeout));
  const retry = {label: text.app.retry, run: () => source.reload()};
  return [
    problemOf(source.error, {remedies: [...remedies, retry]}),
    () => {
      const time = source.time();
      return source.error() && time ? h("p", {class: "hint"}, text.problem.asOf(time)) : null;
    },
    when(() => source.value() !== null,
      () => render(() => /** @type {T} */ (source.value())),
      () => () => !source.error() && wait() > 0 && [placeholder(lines), wait() > 1 && waiting()]),
  ];
}

const waiting = () => h("p", {class: "waiting", role: "status"}, text.app.stillLoading);

/**
 * Creates grey lines of the size of what will come.
 * @param {number} lines
 */
export const placeholder = (lines) =>
  h("div", {class: "placeholder", "aria-hidden": "true"}, Array.from({length: lines}, () => h("span", null)));
