/**
 * A line of a few numbers in the height of a text.
 *
 * Contract: decoration beside the number that it leads to, so it is hidden from screen readers. The line begins at
 * zero, and its highest point fills the height. It is one SVG path, updated in place. A line of zeros is no SVG, which
 * a browser paints much faster in a list of idle functions.
 */

import {h, svg, when} from "./dom.js";

const [width, height, edge] = [60, 18, 1.5];

/**
 * Creates a sparkline.
 * @param {() => readonly number[]} values Oldest first.
 */
export function sparkline(values) {
  return when(() => values().every((value) => value === 0),
    () => h("span", {class: "sparkline flat", "aria-hidden": "true"}),
    () => svg("svg", {class: "sparkline", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true"},
      svg("path", {d: () => outline(values())})));
}

/** @param {readonly number[]} values */
function outline(values) {
  const highest = Math.max(...values, Number.MIN_VALUE);
  const step = width / Math.max(1, values.length - 1);
  const points = values.map((value, index) => {
    const y = height - edge - (value / highest) * (height - 2 * edge);
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return points.length > 0 ? `M${points.join("L")}` : "";
}
