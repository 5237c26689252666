/**
 * The tab Charts: requests, errors, latency, load, replicas and cold starts over time.
 *
 * Contract: one request, again at each step while the tab is visible. F2S itself knows the last hour; longer ranges
 * are offered only if Prometheus answers, else a sentence says what to configure, or why Prometheus does not answer. A
 * chart without values says what would fill it. With several F2S processes, a sentence says what the one that answers
 * does not know.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {(?number)[]} Values
 * @typedef {{
 *   stepSeconds: number, end: string, source: "process" | "prometheus", note?: string,
 *   processes: {counted: number, running: number},
 *   series: {
 *     requests: Record<string, Values>, errors: Record<string, Values>, latency: Record<string, Values>,
 *     inFlight: Values, slots: Values, replicas: Record<string, Values>, coldStarts: Values,
 *   },
 * }} Charts
 */

import {get, path, query} from "../api.js";
import {copyButton} from "../button.js";
import {chart} from "../chart.js";
import {h, when} from "../dom.js";
import {duration, number, rate} from "../format.js";
import {panel, resource} from "../panel.js";
import {href} from "../router.js";
import {effect, onCleanup, signal} from "../signal.js";
import {text} from "../text.js";

const t = text.charts;
const hourSeconds = 3600;
const ownRanges = [900, hourSeconds];
const longRanges = [6 * hourSeconds, 24 * hourSeconds, 168 * hourSeconds];

/** @param {Context} context */
export function tab({name}) {
  const seconds = signal(hourSeconds);
  /** @type {import("../panel.js").Resource<Charts>} */
  const source = resource((abort) =>
    get(path`/functions/${name}/charts` + query({seconds: seconds.peek()}), {signal: abort}), seconds);
  effect(() => {
    const step = source.value()?.stepSeconds ?? 10;
    const timer = setInterval(() => document.hidden || source.reload(), Math.max(10, step) * 1000);
    onCleanup(() => clearInterval(timer));
  });
  const choose = (/** @type {Event} */ event) =>
    seconds.set(Number(/** @type {HTMLSelectElement} */ (event.target).value));
  return panel(source, (charts) => {
    const isOwn = () => charts().source === "process";
    const isPart = () => charts().processes.counted < charts().processes.running;
    return [
      h("h2", {class: "spoken"}, text.function.tabs.charts),
      h("div", {class: "toolbar"},
        h("label", null, t.range, " ", h("select", {onchange: choose}, () =>
          [...ownRanges, ...(isOwn() ? [] : longRanges)].map((value) =>
            h("option", {value, selected: seconds.peek() === value}, t.last(value))))),
        when(() => isOwn() && !charts().note,
          () => h("p", {class: "hint"}, t.own, " ", t.configure, " ", copyButton(t.prometheus))),
        when(() => Boolean(charts().note), () => h("p", {class: "hint"}, t.own, " ", () => charts().note))),
      when(isPart, () => h("p", {class: "hint"}, () => t.part(charts().processes.counted, charts().processes.running))),
      h("div", {class: "panels"}, all(name, charts)),
    ];
  }, {lines: 12});
}

/** @param {string} name @param {() => Charts} charts */
function all(name, charts) {
  const empty = () => [t.empty, " ", h("a", {href: href.function(name, "invoke")}, t.fill(name))];
  /**
   * @param {string} title
   * @param {(series: Charts["series"]) => Record<string, Values>} choose
   * @param {{format?: (value: ?number) => string, none?: () => import("../dom.js").Child}} [options]
   */
  const one = (title, choose, options = {}) => {
    const {format = rate, none = empty} = options;
    const series = () => Object.entries(choose(charts().series))
      .map(([label, values]) => ({name: label, values}))
      .filter(({values}) => values?.some((value) => value != null && value > 0));
    return chart({
      title, format, empty: none,
      caption: () => series().map(({name: label, values}) => {
        const known = /** @type {number[]} */ (values.filter((value) => value != null));
        return t.caption(label, format(values.at(-1) ?? null), format(Math.max(...known)));
      }).join("; "),
      data: () => {
        const shown = series();
        return shown.length > 0 ? {end: charts().end, stepSeconds: charts().stepSeconds, series: shown} : null;
      },
    });
  };
  return [
    one(t.requests, ({requests}) => requests),
    one(t.errors, ({errors}) => errors, {none: () => t.noErrors}),
    one(t.latency, ({latency}) => latency, {format: duration}),
    one(t.load, ({inFlight, slots}) => ({[t.inFlight]: inFlight, [t.slots]: slots}), {format: number}),
    one(t.replicas, ({replicas: {desired, ready}}) => ({[t.desired]: desired, [t.ready]: ready}), {format: number}),
    one(t.coldStarts, ({coldStarts}) => ({[t.coldStarts]: coldStarts}), {format: number, none: () => t.noColdStarts}),
  ];
}
