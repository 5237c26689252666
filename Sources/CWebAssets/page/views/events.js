/**
 * The tab Events: what F2S has done with the function, newest first, live.
 *
 * Contract: it keeps the newest 200 events of the function; the stream has no others.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {{
 *   sequence: number, time: string, function: string, isWarning: boolean, reason: string, message: string,
 * }} Event
 */

import {query} from "../api.js";
import {each, h, when} from "../dom.js";
import {clockSeconds, dateTime} from "../format.js";
import {problemOf} from "../problem.js";
import {signal} from "../signal.js";
import {events} from "../stream.js";
import {text} from "../text.js";

const eventsMax = 200;

/** @param {Context} context */
export function tab({name}) {
  const list = signal(/** @type {Event[]} */ ([]));
  const error = signal(/** @type {unknown} */ (null));
  events("/events" + query({function: name}), (/** @type {Event[]} */ arrived) => {
    list.update((old) => [...arrived.reverse(), ...old].slice(0, eventsMax));
  }, {onProblem: error.set, onOpen: () => error.set(null)});
  return [
    h("h2", {class: "spoken"}, text.function.tabs.events),
    problemOf(error),
    when(() => list().length > 0,
      () => h("ol", {class: "rows"}, each(list, ({sequence}) => sequence, (event) => h("li", null,
        h("time", {datetime: event().time, title: dateTime(event().time)}, clockSeconds(event().time)), " ",
        h("strong", {class: event().isWarning ? "warn" : null},
          event().isWarning && h("span", {"aria-hidden": "true"}, "▲ "), event().reason), " ",
        event().message))),
      () => h("p", {class: "empty"}, text.events.empty(name))),
  ];
}
