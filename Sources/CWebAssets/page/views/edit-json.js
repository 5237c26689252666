/**
 * JSON by path, and differences of values and texts, for the view that edits.
 *
 * Contract: nothing here changes a value in place. A path is a list of keys; `dotted` is how people and the server
 * write it. A removed value takes an object that becomes empty with it, but no member of the document itself.
 *
 * @typedef {string[]} Path
 * @typedef {{line: number, before: string[], after: string[]}} Excerpt The lines that differ, and the first one.
 */

/** Values that can be a text or an object are compared as a whole. */
const wholes = new Set(["spec.access"]);

/** @param {Path} path */
export const dotted = (path) => path.join(".");

/** @param {any} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Returns the value at a path.
 * @param {any} json
 * @param {Path} path
 * @returns {any}
 */
export const read = (json, path) =>
  path.reduce((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), json);

/**
 * Returns a copy with another value at a path; `undefined` removes it.
 * @param {any} json
 * @param {Path} path
 * @param {unknown} value
 * @returns {any}
 */
export function write(json, path, value, depth = 0) {
  const [key, ...rest] = path;
  const copy = isObject(json) ? {...json} : {};
  const next = rest.length > 0 ? write(copy[key], rest, value, depth + 1) : value;
  const isEmpty = rest.length > 0 && value === undefined && depth > 0 && Object.keys(next).length === 0;
  if (next === undefined || isEmpty) delete copy[key];
  else Object.defineProperty(copy, key, {value: next, enumerable: true, configurable: true, writable: true});
  return copy;
}

/**
 * The text of a value, whatever the order of its keys.
 * @param {unknown} value
 * @returns {string}
 */
const canonical = (value) => JSON.stringify(value, (_, part) =>
  isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part) ?? "";

/** @param {unknown} a @param {unknown} b */
export const isSame = (a, b) => a === b || canonical(a) === canonical(b);

/**
 * The values that are no objects, by their paths as JSON.
 * @param {any} json
 * @param {Path} [path]
 * @returns {Map<string, unknown>}
 */
export function leaves(json, path = []) {
  const isLeaf = !isObject(json) || wholes.has(dotted(path)) || (Object.keys(json).length === 0 && path.length > 0);
  if (isLeaf) return new Map(json === undefined ? [] : [[JSON.stringify(path), json]]);
  return new Map(Object.entries(json).flatMap(([key, value]) => [...leaves(value, [...path, key])]));
}

/**
 * The lines in which two texts differ, without equal ones at the begin and at the end.
 * @param {string} before
 * @param {string} after
 * @returns {Excerpt}
 */
export function excerpt(before, after) {
  const [old, current] = [before.split("\n"), after.split("\n")];
  const max = Math.min(old.length, current.length);
  let start = 0;
  while (start < max && old[start] === current[start]) start += 1;
  let end = 0;
  while (end < max - start && old[old.length - 1 - end] === current[current.length - 1 - end]) end += 1;
  const cut = (/** @type {string[]} */ lines) => lines.slice(start, lines.length - end);
  return {line: start + 1, before: cut(old), after: cut(current)};
}

/**
 * Applies two changes of a text if they do not touch the same or neighbouring lines.
 * @param {string} base
 * @param {string} theirs
 * @param {string} mine
 * @returns {?string} `null` if they do.
 */
export function merge(base, theirs, mine) {
  const [first, second] = [excerpt(base, theirs), excerpt(base, mine)].sort((a, b) => a.line - b.line);
  if (first.line + first.before.length >= second.line) return null;
  const lines = base.split("\n");
  lines.splice(second.line - 1, second.before.length, ...second.after);
  lines.splice(first.line - 1, first.before.length, ...first.after);
  return lines.join("\n");
}
