/**
 * Saving a draft: the check, the PUT with its precondition, conflicts, undo.
 *
 * Contract
 * - A save of a stored function sends `If-Match` with the version that the draft began with; a new one sends
 *   `If-None-Match: *`. So no save replaces what its author has not seen.
 * - Another name in the manifest declares another function; the old one stays.
 * - `note` is the sentence about the last success, with the way back. It stays until the next save.
 *
 * @typedef {{json: any, yaml: string, etag: ?string}} Base The version that the draft began with.
 * @typedef {{sentence: string, undo: ?{label: string, run: () => Promise<void>}}} Note
 * @typedef {{theirs: import("./edit-diff.js").Theirs & {yaml: string}, mine: any}} Conflict
 */

import {ProblemError, fetchJSON, get, path} from "../api.js";
import {startRun} from "../examples.js";
import {go, href} from "../router.js";
import {signal} from "../signal.js";
import {text} from "../text.js";
import {normalized} from "./edit-draft.js";
import {read} from "./edit-json.js";

/**
 * The name of the function that this page has just created: its editor begins with the sentence.
 * @type {?string}
 */
let created = null;

/** @param {string} name */
export const editHref = (name) => `${href.function(name)}/edit`;

/**
 * @param {{
 *   name: ?string, draft: import("./edit-draft.js").Draft, base: import("../signal.js").Signal<?Base>,
 *   forget: () => void, forbidden: () => ?string,
 * }} options `forget` drops the stored draft for good.
 */
export function saving({name, draft, base, forget, forbidden}) {
  const problem = signal(/** @type {unknown} */ (null));
  const note = signal(/** @type {?Note} */ (null));
  const conflict = signal(/** @type {?Conflict} */ (null));
  /** The errors that a save has found. */
  const errors = signal(/** @type {import("./edit-draft.js").ManifestError[]} */ ([]));
  /** The name of a function that exists already. */
  const taken = signal("");
  /** True if another user has deleted the function. */
  const isGone = signal(false);
  let isRunning = false;
  if (name && created === name) note.set({sentence: text.edit.saved(name), undo: null});
  created = null;

  /** @param {() => Promise<void>} work */
  const run = async (work) => {
    if (isRunning || forbidden()) return;
    isRunning = true;
    problem.set(null);
    errors.set([]);
    taken.set("");
    isGone.set(false);
    try {
      await work();
    } catch (error) {
      problem.set(error);
    } finally {
      isRunning = false;
    }
  };

  /** @param {boolean} invokesNext */
  const save = (invokesNext) => run(async () => {
    const checked = await draft.settle();
    if (!checked) return;
    if (checked.errors.length > 0) {
      draft.isSubmitted.set(true);
      return errors.set(checked.errors);
    }
    const body = draft.origin.peek() === "form" ? draft.json.peek() : draft.manifest.peek();
    await put(checked.name ?? "", body, {json: checked.json, yaml: checked.yaml ?? ""}, invokesNext);
  });

  /**
   * @param {string} target
   * @param {unknown} body
   * @param {{json: any, yaml: string}} content The normalised body.
   * @param {boolean} invokesNext
   */
  async function put(target, body, content, invokesNext) {
    const former = target === name ? base.peek() : null;
    const precondition = former ? {ifMatch: former.etag ?? "*"} : {ifNoneMatch: "*"};
    let etag;
    try {
      ({etag} = await fetchJSON("PUT", path`/functions/${target}`, {body, ...precondition}));
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 412) throw error;
      if (!former) return taken.set(target);
      return openConflict(content.json);
    }
    conflict.set(null);
    if (invokesNext) {
      forget();
      startRun(target, {method: read(content.json, ["spec", "method"]) ?? "GET"});
      return go(href.function(target, "invoke"));
    }
    if (!former) {
      forget();
      created = target;
      return go(editHref(target), {replace: true});
    }
    base.set({...content, etag});
    // The normalised declaration has the defaults, too. What was typed meanwhile stays.
    if (draft.json.peek() === body) draft.json.set(content.json);
    note.set({
      sentence: text.edit.saved(target), undo: {label: text.edit.undo, run: () => replace(former, text.edit.undone)},
    });
  }

  /**
   * Stores a declaration instead of the current one, and shows it.
   * @param {Base} wanted
   * @param {string} sentence
   */
  const replace = (wanted, sentence) => run(async () => {
    const former = base.peek();
    if (!former || !name) return;
    try {
      const {etag} = await fetchJSON("PUT", path`/functions/${name}`, {
        body: wanted.json, ifMatch: former.etag ?? "*",
      });
      base.set({...wanted, etag});
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 412) throw error;
      return openConflict(wanted.json);
    }
    draft.load({json: wanted.json, yaml: wanted.yaml, origin: "form"});
    note.set({sentence, undo: {label: text.edit.redo, run: () => replace(former, text.edit.redone)}});
  });

  /**
   * Loads what another user has saved, to merge it.
   * @param {any} mine
   */
  async function openConflict(mine) {
    const target = name ?? "";
    try {
      const [{value, etag}, history] = await Promise.all([
        fetchJSON("GET", path`/functions/${target}`),
        get(path`/functions/${target}/history`).catch(() => null),
      ]);
      const {changedBy, changedAt} = history?.items[0] ?? {};
      const theirs = {...await normalized(value), etag, by: changedBy ?? text.edit.anotherUser, at: changedAt ?? null};
      note.set(null);
      conflict.set({theirs, mine});
    } catch (error) {
      isGone.set(error instanceof ProblemError && error.status === 404);
      throw error;
    }
  }

  /** Compares the draft with what is stored now. */
  const compare = () => run(async () => {
    const checked = await draft.settle();
    if (checked) await openConflict(checked.json ?? draft.json.peek());
  });

  /**
   * Saves the merged declaration over the version that the panel has shown.
   * @param {any} json
   */
  const saveMerged = (json) => run(async () => {
    const shown = conflict.peek();
    if (!shown || !name) return;
    const content = await normalized(json);
    const old = base.peek();
    base.set(shown.theirs);
    // The base decides about the next conflict: it must be the version that was seen.
    draft.load({...content, origin: "form"});
    try {
      await put(name, json, content, false);
    } catch (error) {
      base.set(old);
      throw error;
    }
  });

  /** Takes what the other user has saved. */
  const discard = () => {
    const shown = conflict.peek();
    if (!shown) return;
    base.set(shown.theirs);
    draft.load({json: shown.theirs.json, yaml: shown.theirs.yaml, origin: "form"});
    conflict.set(null);
  };

  /** Declares a function again that another user has deleted. */
  const saveAgain = () => {
    base.set(null);
    return save(false);
  };

  return {problem, note, conflict, errors, taken, isGone, save, compare, saveMerged, discard, saveAgain};
}
