/**
 * Charts of values over time: lines, or areas for a single series, with axes, a legend and a table.
 *
 * Contract
 * - The figure's caption is one sentence, which says what the chart shows now. It is the chart for those who do not
 *   see it; the arrow keys read single points, and "Show as table" lists them all.
 * - Series differ by dashes besides colours. `null` is a gap. The value axis begins at zero.
 * - A change of the data updates the paths in place. Nothing is drawn while the chart has no data.
 *
 * @typedef {{name: string, values: readonly (?number)[]}} Series Oldest first; all of one chart have one length.
 * @typedef {{end: Date | string, stepSeconds: number, series: Series[]}} ChartData
 * @typedef {{
 *   title: string, caption: () => string, data: () => ?ChartData, format?: (value: ?number) => string,
 *   empty?: () => import("./dom.js").Child,
 * }} ChartOptions
 */

import {button} from "./button.js";
import {each, h, svg, when} from "./dom.js";
import {clock, clockSeconds, dayClock, rate} from "./format.js";
import {computed, signal} from "./signal.js";
import {text} from "./text.js";

const [width, height] = [600, 160];

/**
 * Creates a chart.
 * @param {ChartOptions} options
 */
export function chart({title, caption, data, format = rate, empty = () => text.chart.none}) {
  const isTable = signal(false);
  const hasData = () => (data()?.series[0]?.values.length ?? 0) > 0;
  const known = /** @type {() => ChartData} */ (data);
  const toggle = () => isTable.update((value) => !value);
  return h("figure", {class: "chart"},
    h("div", {class: "chart-head"}, h("strong", null, title), when(hasData, () => button(
      () => (isTable() ? text.chart.showChart : text.chart.showTable), toggle, {kind: "quiet"}))),
    h("figcaption", null, caption),
    when(hasData,
      () => when(isTable, () => table(title, known, format), () => plot(title, known, format)),
      () => h("p", {class: "empty"}, empty)));
}

/** @param {ChartData} data @param {number} index */
const timeOf = ({end, stepSeconds, series}, index) =>
  new Date(new Date(end).getTime() - (series[0].values.length - 1 - index) * stepSeconds * 1000);

/**
 * The time of a point as text: with the day if all points together are at least a day.
 * @param {ChartData} data
 * @param {number} index
 * @param {typeof clock} format
 */
const timeText = (data, index, format) =>
  (data.stepSeconds * data.series[0].values.length < 86_400 ? format : dayClock)(timeOf(data, index));

/** @param {Series[]} series */
function highest(series) {
  const most = Math.max(0, ...series.flatMap(({values}) => values.map((value) => value ?? 0)));
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= most) ?? 10) * power;
}

/**
 * @param {string} title
 * @param {() => ChartData} data
 * @param {(value: ?number) => string} format
 */
function plot(title, data, format) {
  const top = computed(() => highest(data().series));
  /** The point that is read; -1 for none. */
  const index = signal(-1);
  const last = () => data().series[0].values.length - 1;
  const reading = () => {
    const current = data();
    const at = Math.min(index() < 0 ? last() : index(), last());
    const values = current.series.map(({name, values}) => text.chart.value(name, format(values[at])));
    return [timeText(current, at, clockSeconds), ...values].join(", ");
  };
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const at = index.peek() < 0 ? last() : index.peek();
    const targets = {ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last()};
    const target = targets[/** @type {keyof typeof targets} */ (event.key)];
    if (target === undefined) return;
    event.preventDefault();
    index.set(Math.max(0, Math.min(last(), target)));
  };
  const onpointermove = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    index.set(Math.round(((event.clientX - box.left) / box.width) * last()));
  };
  const position = () => `${(Math.max(0, index()) / Math.max(1, last())) * width}`;
  return h("div", {class: "plot"},
    h("div", {class: "plot-values", "aria-hidden": "true"},
      [1, 0.5, 0].map((part) => h("span", null, () => format(top() * part)))),
    h("div", {
      class: "plot-area", tabindex: 0, role: "slider", "aria-label": `${title}. ${text.chart.reading}`,
      "aria-valuemin": 0, "aria-valuemax": last, "aria-valuenow": () => (index() < 0 ? last() : index()),
      "aria-valuetext": reading, onkeydown, onpointermove, onpointerleave: () => index.set(-1),
      onblur: () => index.set(-1),
    }, svg("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"},
      svg("path", {class: "grid", d: `M0,1H${width}M0,${height / 2}H${width}M0,${height - 1}H${width}`}),
      // A series is known by its place, so that its path stays when its name changes.
      paths(data, top),
      svg("line", {class: "cursor", x1: position, x2: position, y1: 0, y2: height, visibility: () =>
        (index() < 0 ? "hidden" : "visible")}))),
    h("div", {class: "plot-times", "aria-hidden": "true"},
      [0, 0.5, 1].map((part) => h("span", null, () => timeText(data(), Math.round(last() * part), clock)))),
    h("div", {class: "plot-legend"}, () => (index() < 0 ? legend(data().series) : h("p", null, reading))));
}

/** @param {() => ChartData} data @param {() => number} top */
function paths(data, top) {
  const group = svg("g", {});
  const isSingle = () => data().series.length === 1;
  const numbered = () => data().series.map((series, place) => ({...series, place}));
  group.append(each(numbered, ({place}) => place, (item, place) =>
    svg("path", {
      class: () => `series series-${place}${isSingle() ? " area" : ""}`,
      d: () => outline(item().values, top(), isSingle()),
    })));
  return group;
}

/**
 * @param {readonly (?number)[]} values
 * @param {number} top
 * @param {boolean} isArea
 */
function outline(values, top, isArea) {
  const step = width / Math.max(1, values.length - 1);
  const x = (/** @type {number} */ index) => (index * step).toFixed(1);
  let path = "";
  let begin = -1;
  values.forEach((value, index) => {
    if (value == null) return;
    const y = (height - 1 - (value / top) * (height - 2)).toFixed(1);
    const isStart = begin < 0 || values[index - 1] == null;
    if (isStart) begin = index;
    path += isStart && isArea ? `M${x(index)},${height}L${x(index)},${y}` : `${isStart ? "M" : "L"}${x(index)},${y}`;
    // A point without neighbours is a short line.
    const isEnd = values[index + 1] == null;
    if (isEnd && isStart) path += "h1";
    if (isEnd && isArea) path += `V${height}`;
  });
  return path;
}

/** @param {Series[]} series */
const legend = (series) => h("ul", null, series.map(({name}, place) => h("li", null,
  svg("svg", {class: "key", viewBox: "0 0 24 8", "aria-hidden": "true"},
    svg("path", {class: `series series-${place}`, d: "M0,4H24"})), " ", name)));

/**
 * @param {string} title
 * @param {() => ChartData} data
 * @param {(value: ?number) => string} format
 */
function table(title, data, format) {
  return h("div", {class: "wide", tabindex: 0, role: "region", "aria-label": title}, () => {
    const current = data();
    return h("table", null,
      h("thead", null, h("tr", null, h("th", {scope: "col"}, text.chart.time),
        current.series.map(({name}) => h("th", {scope: "col"}, name)))),
      h("tbody", null, current.series[0].values.map((_, index) => h("tr", null,
        h("th", {scope: "row"}, timeText(current, index, clockSeconds)),
        current.series.map(({values}) => h("td", null, format(values[index])))))));
  });
}
