/**
 * Drafts: what the user has typed and not saved. They survive a reload, a closed tab, a logout and a rename.
 *
 * Contract
 * - A draft belongs to a user and a key: the name of a function, or `new` for the one that is being created. Another
 *   user of the same browser does not get its content.
 * - `keepDraft` writes after a short pause, and at once when the page is left. A key has one draft: if two tabs edit
 *   the same function, the last keystroke wins; `etag` tells which stored version the draft is based on.
 * - The browser may refuse to store (full, private window): `draftProblem` is true then.
 *
 * @typedef {{value: any, etag: ?string, time: number}} Draft `time`: milliseconds since 1970.
 */

import {caller} from "./session.js";
import {signal} from "./signal.js";

const prefix = "f2s-draft:";
const draftsMax = 20;
const pauseMilliseconds = 300;

/** True if the browser has refused to store the last draft. */
export const draftProblem = signal(false);
/** The time at which a draft was stored last, in milliseconds since 1970; 0 before that. */
export const draftTime = signal(0);

/**
 * Drafts that are not written yet, by their names in the store.
 * @type {Map<string, Draft>}
 */
const pending = new Map();
/** @type {number | undefined} */
let timer;

/** @param {string} key */
const storedName = (key) => `${prefix}${caller.peek()?.name ?? ""}:${key}`;

/**
 * Keeps a draft.
 * @param {string} key
 * @param {unknown} value Anything that JSON can express.
 * @param {?string} [etag] The entity tag of the stored declaration that it is based on.
 */
export function keepDraft(key, value, etag = null) {
  pending.set(storedName(key), {value, etag, time: Date.now()});
  clearTimeout(timer);
  timer = setTimeout(write, pauseMilliseconds);
}

/**
 * Returns a draft of the caller; `null` if there is none.
 * @param {string} key
 * @returns {?Draft}
 */
export function readDraft(key) {
  const name = storedName(key);
  const waiting = pending.get(name);
  return waiting ?? parsed(localStorage.getItem(name));
}

/**
 * Forgets a draft, after it was saved or discarded.
 * @param {string} key
 */
export function dropDraft(key) {
  pending.delete(storedName(key));
  localStorage.removeItem(storedName(key));
}

/**
 * Moves a draft to another key, after a rename.
 * @param {string} from
 * @param {string} to
 */
export function renameDraft(from, to) {
  const draft = readDraft(from);
  if (!draft || from === to) return;
  keepDraft(to, draft.value, draft.etag);
  dropDraft(from);
}

/** The keys of all drafts in this browser, newest first, whoever wrote them. They are shown before a login, too. */
export function draftKeys() {
  write();
  const keys = stored().map(({name}) => name.slice(name.indexOf(":", prefix.length) + 1));
  return [...new Set(keys)];
}

/** Writes what is pending. */
function write() {
  clearTimeout(timer);
  for (const [name, draft] of pending) {
    try {
      localStorage.setItem(name, JSON.stringify(draft));
      draftTime.set(draft.time);
      draftProblem.set(false);
    } catch {
      draftProblem.set(true);
    }
  }
  pending.clear();
  for (const {name} of stored().slice(draftsMax)) localStorage.removeItem(name);
}

/** The stored drafts, newest first. */
function stored() {
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({name, time: parsed(localStorage.getItem(name))?.time ?? 0}))
    .sort((a, b) => b.time - a.time);
}

/** @param {?string} content @returns {?Draft} */
function parsed(content) {
  try {
    return content ? JSON.parse(content) : null;
  } catch {
    return null;
  }
}

window.addEventListener("pagehide", write);
document.addEventListener("visibilitychange", write);
