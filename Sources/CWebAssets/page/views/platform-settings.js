/**
 * The settings in force, as a table of keys as config.yaml and the guide write them.
 *
 * Contract: the server masks secrets; the table says that they are set. Filtering happens here, and hides rows.
 */

import {get} from "../api.js";
import {ifAllowed} from "../button.js";
import {h, uid} from "../dom.js";
import {bytes, duration} from "../format.js";
import {panel, resource} from "../panel.js";
import {signal, untrack} from "../signal.js";
import {text} from "../text.js";

const mask = "***";

/** Creates the section. */
export const settings = () => ifAllowed("settings:view", undefined, () => untrack(() => {
  const source = resource((abort) => get("/config", {signal: abort}));
  return [h("p", {class: "hint"}, text.platform.settingsHelp), panel(source, (value) => table(value()), {lines: 12})];
}));

/** @param {any} values */
function table(values) {
  const filter = signal("");
  const filterID = uid("filter");
  const rows = [...flat(values)];
  const matches = (/** @type {string} */ key) => key.includes(filter().trim().toLowerCase());
  const found = () => rows.filter(([key]) => matches(key)).length;
  return [
    h("div", {class: "toolbar"},
      h("label", {for: filterID, class: "spoken"}, text.platform.filter),
      h("input", {
        id: filterID, type: "search", class: "filter", placeholder: text.platform.filter, "data-filter": true,
        autocomplete: "off", spellcheck: "false",
        oninput: (/** @type {Event} */ event) => filter.set(/** @type {HTMLInputElement} */ (event.target).value),
      }),
      h("p", {class: "hint", role: "status"}, () => text.platform.settingsFound(found()))),
    h("table", {class: "settings"}, h("caption", {class: "spoken"}, text.platform.settings),
      h("thead", null, h("tr", null,
        h("th", {scope: "col"}, text.platform.key), h("th", {scope: "col"}, text.platform.value))),
      h("tbody", null, rows.map(([key, value]) => h("tr", {hidden: () => !matches(key)},
        h("th", {scope: "row"}, h("code", null, key)), h("td", null, shown(key, value)))))),
  ];
}

/**
 * The keys and values. Lists of texts are one value.
 * @param {any} value
 * @param {string} [key]
 * @returns {Iterable<[key: string, value: any]>}
 */
function* flat(value, key = "") {
  const isList = Array.isArray(value);
  const isLeaf = isList ? value.every((part) => typeof part !== "object") : typeof value !== "object" || !value;
  if (isLeaf) return void (yield [key, value]);
  for (const [name, part] of Object.entries(value)) {
    yield* flat(part, isList ? `${key}[${name}]` : key ? `${key}.${name}` : name);
  }
}

/**
 * @param {string} key
 * @param {any} value
 * @returns {import("../dom.js").Child}
 */
function shown(key, value) {
  const hint = (/** @type {string} */ words) => h("span", {class: "hint"}, words);
  if (value === null) return hint(text.platform.unset);
  if (value === mask) return hint(text.platform.secret);
  if (Array.isArray(value)) return value.length > 0 ? h("code", null, value.join(", ")) : hint(text.platform.none);
  if (typeof value !== "number") return h("code", null, String(value));
  const isTime = /(timeout|delay|lifetime)$/.test(key);
  const words = isTime ? duration(value / 1000) : key.endsWith("_bytes") ? bytes(value) : "";
  return [h("code", null, String(value)), " ", words && hint(words)];
}
