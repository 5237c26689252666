/**
 * The log of a function: live lines with a filter, a pause and a download.
 *
 * Contract
 * - It keeps the newest 5,000 lines, in blocks of 100. The browser skips the layout of blocks out of sight.
 * - Scrolling up pauses, as the button does; the page then only counts new lines. Jumping to the newest goes on.
 * - `role=log` with `aria-live=off`: it is read aloud only if the user switches that on.
 * - `linkOf` may offer a link for a line, for example to the line of a syntax error.
 *
 * @typedef {import("./stream.js").LogLine} LogLine
 * @typedef {{
 *   label: string, fileName: string, linkOf?: (line: LogLine) => ?{label: string, href: string},
 *   empty?: () => import("./dom.js").Child,
 * }} LogOptions
 */

import {button} from "./button.js";
import {h, uid} from "./dom.js";
import {clockSeconds} from "./format.js";
import {effect, signal, untrack} from "./signal.js";
import {text} from "./text.js";

const linesMax = 5000;
const blockLines = 100;
const bottomPixels = 8;

/**
 * Creates a log.
 * @param {LogOptions} options
 * @returns {{element: HTMLElement, append(lines: LogLine[]): void, clear(): void}}
 */
export function logView({label, fileName, linkOf = () => null, empty = () => null}) {
  /**
   * The kept lines, and those that the filter selects.
   * @type {LogLine[]}
   */
  let lines = [];
  const filter = signal("");
  const isPaused = signal(false);
  const isAloud = signal(false);
  const hasLines = signal(false);
  const unseen = signal(0);
  const dropped = signal(0);
  /**
   * Lines that have arrived during the pause.
   * @type {LogLine[]}
   */
  let held = [];

  const view = h("div", {
    class: "log", role: "log", tabindex: 0, "aria-label": label, "aria-live": () => (isAloud() ? "polite" : "off"),
    onscroll: () => {
      const isAtEnd = view.scrollHeight - view.scrollTop - view.clientHeight < bottomPixels;
      if (!isAtEnd && !isPaused.peek() && view.scrollTop < lastTop) isPaused.set(true);
      lastTop = view.scrollTop;
    },
  });
  let lastTop = 0;
  const filterID = uid("filter");

  /** @param {LogLine[]} added */
  function show(added) {
    const word = filter.peek().toLowerCase();
    for (const line of added) {
      if (word && !line.text.toLowerCase().includes(word)) continue;
      let block = view.lastElementChild;
      if (!block || Number(block.getAttribute("data-lines")) >= blockLines) {
        block = h("pre", {"data-lines": 0});
        view.append(block);
      }
      block.append(...lineNodes(line, linkOf));
      block.setAttribute("data-lines", String(Number(block.getAttribute("data-lines")) + 1));
    }
    while (view.childElementCount > linesMax / blockLines) view.firstElementChild?.remove();
    for (const block of view.children) if (block !== view.lastElementChild) block.normalize();
  }

  /** @param {LogLine[]} added */
  function append(added) {
    if (added.length === 0) return;
    hasLines.set(true);
    if (isPaused.peek()) {
      held = [...held, ...added].slice(-linesMax);
      unseen.update((count) => count + added.length);
      return;
    }
    const all = [...lines, ...added];
    lines = all.slice(-linesMax);
    dropped.update((count) => count + all.length - lines.length);
    show(added.slice(-linesMax));
    view.scrollTop = view.scrollHeight;
    lastTop = view.scrollTop;
  }

  function resume() {
    isPaused.set(false);
    unseen.set(0);
    const waiting = held;
    held = [];
    append(waiting);
    view.scrollTop = view.scrollHeight;
  }

  function clear() {
    [lines, held] = [[], []];
    for (const counter of [unseen, dropped]) counter.set(0);
    hasLines.set(false);
    isPaused.set(false);
    view.replaceChildren();
  }

  effect(() => {
    filter();
    untrack(() => {
      view.replaceChildren();
      show(lines);
      view.scrollTop = view.scrollHeight;
    });
  });

  const toggle = () => (isPaused.peek() ? resume() : isPaused.set(true));
  const element = h("div", {class: "log-panel"},
    h("div", {class: "toolbar"},
      h("label", {for: filterID, class: "spoken"}, text.log.filter),
      h("input", {
        id: filterID, type: "search", placeholder: text.log.filter, "data-filter": true,
        oninput: (/** @type {Event} */ event) => filter.set(/** @type {HTMLInputElement} */ (event.target).value),
      }),
      button(() => (isPaused() ? text.log.resume : text.log.pause), toggle),
      button(text.log.download, () => download(fileName, [...lines, ...held].map(
        ({time, replica, text: line}) => `${time} ${replica} ${line}\n`))),
      h("label", null, h("input", {
        type: "checkbox", checked: isAloud, onchange: () => isAloud.update((value) => !value),
      }), text.log.readAloud)),
    h("p", {class: "hint", hidden: () => dropped() === 0}, () => text.log.lost(dropped())),
    h("div", {hidden: hasLines}, empty),
    view,
    h("p", {hidden: () => !isPaused()}, button(
      () => (unseen() > 0 ? text.log.newest(unseen()) : text.log.toNewest), resume, {kind: "primary"})));
  return {element, append, clear};
}

/** @param {LogLine} line @param {(line: LogLine) => ?{label: string, href: string}} linkOf */
function lineNodes(line, linkOf) {
  const start = `${clockSeconds(line.time)} ${line.replica.slice(-5)} `;
  const link = linkOf(line);
  const isPlain = line.source === "stdout";
  const content = isPlain ? line.text : h("span", {class: line.source}, line.text);
  return [start, content, ...(link ? [" ", h("a", {href: link.href}, link.label)] : []), "\n"];
}

/**
 * Saves a file.
 * @param {string} fileName
 * @param {BlobPart[]} parts
 */
export function download(fileName, parts) {
  const url = URL.createObjectURL(new Blob(parts, {type: "application/octet-stream"}));
  h("a", {href: url, download: fileName}).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
