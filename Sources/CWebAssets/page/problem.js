/**
 * The box of a problem: what happened, at which stage, and the remedies as buttons, in the place where it happened.
 *
 * Contract: titles and details are the server's, unchanged. The box is announced once (`role=alert`) unless `isQuiet`.
 *
 * @typedef {{label: string, href?: string, run?: () => unknown, kind?: "primary" | "danger" | "quiet"}} Remedy
 * @typedef {{remedies?: Remedy[], level?: "bad" | "warn" | "note", isQuiet?: boolean}} ProblemOptions
 */

import {ProblemError} from "./api.js";
import {button} from "./button.js";
import {h} from "./dom.js";
import {text} from "./text.js";

/**
 * Creates the box.
 * @param {import("./api.js").Problem} problem
 * @param {ProblemOptions} [options]
 */
export function problemBox(problem, options = {}) {
  const {remedies = [], level = "bad", isQuiet = false} = options;
  const {title, detail, stage, reason, exitStatus, logTail = [], errors = []} = problem;
  // The detail of a rejected declaration repeats its errors.
  const more = errors.filter((error) => !detail.includes(error));
  const facts = [
    stage && text.problem.stage(stage), reason, exitStatus !== undefined && text.problem.exitStatus(exitStatus),
  ].filter(Boolean);
  return h("div", {class: `problem ${level}`, role: isQuiet ? null : "alert"},
    h("p", {class: "problem-title"}, h("strong", null, title)),
    detail && h("p", null, detail),
    more.length > 0 && h("ul", null, more.map((error) => h("li", null, error))),
    facts.length > 0 && h("p", {class: "hint"}, facts.join(" · ")),
    logTail.length > 0 && h("details", {open: true},
      h("summary", null, text.problem.lastLines), h("pre", {tabindex: 0}, logTail.join("\n"))),
    remedies.length > 0 && h("p", {class: "actions"}, remedies.map(remedyControl)));
}

/** @param {Remedy} remedy */
const remedyControl = ({label, href, run, kind}) =>
  href ? h("a", {class: `button ${kind ?? ""}`, href}, label) : button(label, () => run?.(), {kind});

/**
 * Shows the box of an error for as long as there is one.
 * @param {() => unknown} error Reads a signal: the error, or `null`.
 * @param {ProblemOptions | ((error: unknown) => ProblemOptions)} [options]
 * @returns {() => import("./dom.js").Child}
 */
export const problemOf = (error, options) => () => {
  const current = error();
  const chosen = typeof options === "function" ? options(current) : options;
  return current ? problemBox(ProblemError.problem(current), chosen) : null;
};
