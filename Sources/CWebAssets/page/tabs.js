/**
 * Tabs within a view (ARIA: tabs with manual activation). Each tab is a link to its own hash.
 *
 * Contract: the arrow keys, Home and End move between tabs, Enter or Space opens. Only the chosen panel exists. The
 * caller's `selected` reads the route, so that the browser's history works.
 */

import {h, uid} from "./dom.js";
import {untrack} from "./signal.js";

/** @typedef {{id: string, label: string, href: string, render: () => import("./dom.js").Child}} Tab */

/**
 * Creates tabs.
 * @param {{label: string, tabs: Tab[], selected: () => string}} options
 * @returns {import("./dom.js").Child[]} The list of tabs, and the panel.
 */
export function tabs({label, tabs: all, selected}) {
  const panelID = uid("panel");
  const links = all.map(({id, label: name, href}) => h("a", {
    role: "tab", href, id: `${panelID}-${id}`, "aria-controls": panelID,
    "aria-selected": () => selected() === id, tabindex: () => (selected() === id ? 0 : -1),
  }, name));
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const link = /** @type {HTMLAnchorElement} */ (event.target);
    if (event.key === " ") link.click();
    const next = neighbour(links, links.indexOf(link), event.key);
    if (next) next.focus();
    if (next || event.key === " ") event.preventDefault();
  };
  return [
    h("div", {role: "tablist", "aria-label": label, class: "tabs", onkeydown}, links),
    h("div", {role: "tabpanel", id: panelID, tabindex: -1, "aria-labelledby": () => `${panelID}-${selected()}`}, () => {
      const id = selected();
      return untrack(() => all.find((tab) => tab.id === id)?.render());
    }),
  ];
}

/**
 * @param {HTMLElement[]} elements
 * @param {number} index
 * @param {string} key
 */
function neighbour(elements, index, key) {
  const last = elements.length - 1;
  const targets = {
    ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last,
  };
  const target = targets[/** @type {keyof typeof targets} */ (key)];
  return target === undefined ? undefined : elements[target];
}
