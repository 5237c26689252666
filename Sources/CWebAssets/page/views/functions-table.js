/**
 * The table of functions.
 *
 * Contract
 * - A native table; on a narrow screen the style sheet shows each row as a card, with the labels of `data-label`.
 * - A row keeps its element while its function is listed. Each cell follows its own part of the row only.
 * - One link per row; the arrow keys move between them. The headings of columns sort.
 *
 * @typedef {import("../state.js").Row} Row
 */

import {each, h} from "../dom.js";
import {duration, rate} from "../format.js";
import {href, setQuery} from "../router.js";
import {computed, untrack} from "../signal.js";
import {sparkline} from "../sparkline.js";
import {replicaDots, stateMark} from "../state.js";
import {text} from "../text.js";

const stateOrder = ["attention", "starting", "ready", "idle"];

/**
 * The columns: how the server calls them, and the value by which it sorts.
 * @type {{sort: string, label: string, title?: string, value: (row: Row) => string | number | null}[]}
 */
const columns = [
  {sort: "name", label: text.list.name, value: (row) => row.name},
  {sort: "endpoint", label: text.list.endpoint, value: (row) => row.endpoint},
  {sort: "state", label: text.list.state, value: (row) => stateOrder.indexOf(row.state)},
  {sort: "replicas", label: text.list.replicas, value: (row) => row.ready},
  {sort: "rate", label: text.list.rate, value: (row) => row.rate},
  {sort: "p95", label: text.list.p95, title: text.list.p95Long, value: (row) => row.p95Seconds},
  {
    sort: "coldStart", label: text.list.coldStart, title: text.list.coldStartLong,
    value: (row) => row.coldStartSeconds,
  },
];

/**
 * True if the rows are in this order. Rows without a value are left out.
 * @param {readonly Row[]} rows
 * @param {string} sort
 * @param {string} order
 */
export function isSorted(rows, sort, order) {
  const value = (columns.find((column) => column.sort === sort) ?? columns[0]).value;
  const values = rows.map(value).filter((part) => part !== null);
  return values.every((part, index) => {
    if (index === 0) return true;
    const before = /** @type {string | number} */ (values[index - 1]);
    return order === "descending" ? before >= /** @type {any} */ (part) : before <= /** @type {any} */ (part);
  });
}

/**
 * Creates the table.
 * @param {() => Row[]} rows
 * @param {() => Set<string>} removed Names of rows whose functions were deleted.
 * @param {() => {sort: string, order: string}} criteria
 */
export function functionTable(rows, removed, criteria) {
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step || !(event.target instanceof HTMLAnchorElement)) return;
    const links = [...body.querySelectorAll("a")];
    links[links.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  };
  const body = h("tbody", {onkeydown},
    each(rows, (row) => row.name, (row, name) => tableRow(row, () => removed().has(String(name)))));
  return h("div", {class: "contained"}, h("table", {class: "cards functions"},
    h("caption", {class: "spoken"}, text.list.title),
    h("thead", null, h("tr", null, columns.map((column) => heading(column, criteria)))),
    body));
}

/**
 * @param {{sort: string, label: string, title?: string}} column
 * @param {() => {sort: string, order: string}} criteria
 */
function heading({sort, label, title}, criteria) {
  const direction = () => (criteria().sort === sort ? criteria().order : null);
  const toggle = () => setQuery({
    sort, order: untrack(direction) === "ascending" ? "descending" : null, page: null,
  });
  return h("th", {scope: "col", "aria-sort": direction, class: `column-${sort}`},
    h("button", {type: "button", class: "sort", title: title ?? null, onclick: toggle}, label,
      h("span", {"aria-hidden": "true", class: "arrow"}, () =>
        ({ascending: "▲", descending: "▼"})[direction() ?? ""] ?? "")));
}

/**
 * @param {() => Row} row
 * @param {() => boolean} isRemoved
 */
function tableRow(row, isRemoved) {
  const {name} = untrack(row);
  const cell = (/** @type {string} */ label, /** @type {import("../dom.js").Child[]} */ ...content) =>
    h("td", {"data-label": label}, content);
  return h("tr", {class: () => (isRemoved() ? "removed" : null)},
    h("th", {scope: "row"}, h("a", {href: href.function(name)}, name),
      () => isRemoved() && h("span", {class: "hint"}, ` ${text.list.deleted}`)),
    cell(text.list.endpoint, h("code", null, () => `${row().method ?? ""} ${row().endpoint}`.trim())),
    cell(text.list.state, part(row, ["state", "reason", "message"], stateMark)),
    cell(text.list.replicas, part(row, ["ready", "starting", "desired", "maxReplicas"], replicaDots)),
    cell(text.list.rate, sparkline(() => row().rates), " ", h("span", {class: "figure"}, () => rate(row().rate))),
    cell(text.list.p95, () => duration(row().p95Seconds)),
    cell(text.list.coldStart, () => duration(row().coldStartSeconds)));
}

/**
 * A child that is created again only if one of these members has changed.
 * @param {() => Row} row
 * @param {(keyof Row)[]} members
 * @param {(row: Row) => import("../dom.js").Child} render
 */
function part(row, members, render) {
  const values = computed(() => JSON.stringify(members.map((member) => row()[member])));
  return () => {
    values();
    return render(untrack(row));
  };
}
