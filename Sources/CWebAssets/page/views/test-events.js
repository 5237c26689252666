/**
 * Test events of a function: what the invoke form contains, and what was saved by name, per user in this browser.
 *
 * Contract: another user of the browser does not get them. `save` returns false if the browser refuses to store.
 *
 * @typedef {{method: string, path: string, headers: string, body: string}} Form `headers`: a line for each.
 * @typedef {{current?: Form, saved: Record<string, Form>}} Stored
 */

import {caller} from "../session.js";

/** @typedef {import("../examples.js").InvocationEvent} InvocationEvent */

/** @param {string} name */
export function testEvents(name) {
  const key = `f2s-events:${caller.peek()?.name ?? ""}:${name}`;
  /** @returns {Stored} */
  const read = () => {
    try {
      return {saved: {}, ...JSON.parse(localStorage.getItem(key) ?? "{}")};
    } catch {
      return {saved: {}};
    }
  };
  /** @param {(stored: Stored) => void} change */
  const save = (change) => {
    const stored = read();
    change(stored);
    try {
      localStorage.setItem(key, JSON.stringify(stored));
      return true;
    } catch {
      return false;
    }
  };
  return {key, read, save};
}

/**
 * Reads the header lines. A line without a name and a colon is an error.
 * @param {string} lines
 * @returns {{headers: [string, string][], wrong: ?string}}
 */
export function readHeaders(lines) {
  /** @type {[string, string][]} */
  const headers = [];
  let wrong = null;
  for (const line of lines.split("\n").filter((part) => part.trim())) {
    const [, name, value] = /^\s*([!#$%&'*+.^_\x60|~\w-]+)\s*:(.*)$/.exec(line) ?? [];
    if (name) headers.push([name, value.trim()]);
    else wrong ??= line;
  }
  return {headers, wrong};
}

/**
 * The event of a form. Characters that a path cannot contain are encoded.
 * @param {Form} form
 * @returns {InvocationEvent}
 */
export const eventOf = ({method, path, headers, body}) => ({
  method, path: path.trim().replace(/[^\x21-\x7e\ud800-\udfff]|#/gu, encodeURIComponent),
  headers: readHeaders(headers).headers, ...(body ? {body} : {}),
});

/**
 * The form of an event.
 * @param {InvocationEvent} event
 * @param {string} method The default.
 * @returns {Form}
 */
export const formOf = (event, method) => ({
  method: event.method ?? method, path: event.path ?? "", body: event.body ?? "",
  headers: (event.headers ?? []).map(([name, value]) => `${name}: ${value}`).join("\n"),
});
