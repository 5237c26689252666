/**
 * The draft of a function: one declaration, which the form edits as JSON and the manifest as YAML.
 *
 * Contract
 * - The page never reads YAML: an edit of the form sends the JSON and takes the server's YAML, an edit of the manifest
 *   sends its text and takes the server's JSON. `origin` is the side that was edited last, and what a save sends.
 * - Edits are checked (`POST /manifests`) after a pause; `settle` checks at once. A newer edit outdates a check.
 * - A manifest with errors has no JSON: `isBlocked` is true, and the form waits. An edit of the form while the manifest
 *   is being checked is applied after the check.
 * - The form changes the JSON in place, so fields that it does not know stay.
 * - An error of a field is shown once the field was edited, or after a save was tried.
 *
 * @typedef {{message: string, line?: ?number, column?: ?number, field?: ?string}} ManifestError
 * @typedef {{field: string, before: ?string, after: ?string}} Change
 * @typedef {{
 *   errors: ManifestError[], name: ?string, yaml: ?string, json: any, exists: boolean, changes: Change[],
 *   rollsOut: boolean,
 * }} Check The answer of `POST /manifests`.
 * @typedef {"form" | "manifest"} Origin
 * @typedef {{json: any, yaml: string, origin: Origin}} Content
 * @typedef {ReturnType<typeof createDraft>} Draft
 */

import {ProblemError, fetchJSON, isAbort, whenLive} from "../api.js";
import {computed, onCleanup, signal} from "../signal.js";
import {text} from "../text.js";
import {dotted, read, write} from "./edit-json.js";

const pauseMilliseconds = 300;

/**
 * Checks a declaration.
 * @param {unknown} body JSON, or a text in YAML.
 * @param {AbortSignal} [abort]
 * @returns {Promise<Check>}
 */
export const checkManifest = async (body, abort) =>
  (await fetchJSON("POST", "/manifests", {body, signal: abort})).value;

/**
 * Creates a draft.
 * @param {Content} content
 */
export function createDraft(content) {
  const json = signal(content.json);
  const yaml = signal(content.yaml);
  const origin = signal(content.origin);
  const checked = signal(/** @type {?Check} */ (null));
  /** The error of a check that was not answered. */
  const problem = signal(/** @type {unknown} */ (null));
  const isPending = signal(false);
  const isSubmitted = signal(false);
  const touched = signal(/** @type {Set<string>} */ (new Set()));
  /** The fields that were edited after the last check: their errors are old ones. */
  const fresh = signal(/** @type {Set<string>} */ (new Set()));
  /**
   * The controls of the form, by their fields.
   * @type {Map<string, HTMLElement>}
   */
  const controls = new Map();
  /** @type {((json: any) => any)[]} */
  let later = [];
  /** @type {number | undefined} */
  let timer;
  let running = new AbortController();
  let turn = 0;
  let hasEnded = false;

  const isBlocked = computed(() => origin() === "manifest" && (checked()?.errors.length ?? 0) > 0);

  /** Outdates the check that runs, and plans another one. */
  const changed = () => {
    turn += 1;
    running.abort();
    isPending.set(true);
    clearTimeout(timer);
    timer = setTimeout(() => check().catch(() => {}), pauseMilliseconds);
  };

  /** @returns {Promise<?Check>} `null` if a newer edit has outdated it. */
  const check = async () => {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    const own = ++turn;
    const isForm = origin.peek() === "form";
    try {
      const answer = await checkManifest(isForm ? json.peek() : yaml.peek(), running.signal);
      if (own !== turn) return null;
      problem.set(null);
      if (isForm && answer.yaml !== null) yaml.set(answer.yaml);
      if (!isForm && answer.json !== null) json.set(answer.json);
      checked.set(answer);
      fresh.set(new Set());
      isPending.set(false);
      const waiting = answer.errors.length > 0 ? [] : later;
      later = [];
      waiting.forEach(edit);
      return answer;
    } catch (error) {
      if (own !== turn || isAbort(error)) return null;
      problem.set(error);
      isPending.set(false);
      const isLost = error instanceof ProblemError && error.status === 0;
      if (isLost) whenLive().then(() => (own === turn && !hasEnded ? check() : null)).catch(() => {});
      throw error;
    }
  };
  /** Checks the newest content now; `null` after the end of the view. */
  const settle = async () => {
    let answer = await check();
    while (!answer && !hasEnded) answer = await check();
    return answer;
  };
  onCleanup(() => {
    hasEnded = true;
    clearTimeout(timer);
    running.abort();
  });

  /**
   * Changes the JSON.
   * @param {(json: any) => any} change
   */
  const edit = (change) => {
    if (origin.peek() === "manifest" && isPending.peek()) return void later.push(change);
    json.set(change(json.peek()));
    origin.set("form");
    changed();
  };

  /**
   * The value at a path, as a signal that edits the draft.
   * @param {import("./edit-json.js").Path} path
   * @returns {import("../signal.js").Signal<any>}
   */
  const at = (path) => {
    const set = (/** @type {unknown} */ value) => {
      const field = dotted(path);
      for (const set of [touched, fresh]) set.update((old) => (old.has(field) ? old : new Set([...old, field])));
      edit((now) => write(now, path, value));
    };
    const peek = () => read(json.peek(), path);
    return Object.assign(() => read(json(), path), {set, peek, update: (/** @type {any} */ f) => set(f(peek()))});
  };

  /** The manifest, as a signal that edits the draft. */
  const manifest = Object.assign(() => yaml(), {
    peek: () => yaml.peek(),
    set: (/** @type {string} */ value) => {
      yaml.set(value);
      origin.set("manifest");
      changed();
    },
    update: (/** @type {(value: string) => string} */ change) => manifest.set(change(yaml.peek())),
  });

  /** @param {string} field @param {ManifestError} error */
  const concerns = (field, error) =>
    error.field === field || ["", ".", "["].some((end) => end && error.field?.startsWith(field + end));

  /**
   * The error of a field, if it is time to show it.
   * @param {string} field
   */
  const errorOf = (field) => {
    const isShown = isSubmitted() || origin() === "manifest" || touched().has(field);
    return (isShown && !fresh().has(field) && checked()?.errors.find((error) => concerns(field, error))?.message) || "";
  };

  /**
   * The control of an error, if the form has one.
   * @param {ManifestError} error
   */
  const controlOf = (error) => [...controls].find(([field]) => concerns(field, error))?.[1];

  /**
   * Replaces the content.
   * @param {Content} next
   */
  const load = (next) => {
    json.set(next.json);
    yaml.set(next.yaml);
    origin.set(next.origin);
    checked.set(null);
    isSubmitted.set(false);
    touched.set(new Set());
    changed();
  };

  return {
    json, yaml, origin, checked, problem, isPending, isBlocked, isSubmitted, controls, manifest,
    at, edit, errorOf, controlOf, load, settle, check: () => check().catch(() => null),
  };
}

/**
 * Reads a declaration, as the server normalises it.
 * @param {unknown} json
 * @returns {Promise<{json: any, yaml: string}>}
 */
export async function normalized(json) {
  const {status, ...declared} = /** @type {any} */ (json);
  const answer = await checkManifest(declared);
  if (answer.json !== null) return {json: answer.json, yaml: answer.yaml ?? ""};
  const detail = answer.errors.map((error) => error.message).join(" ");
  throw new ProblemError({status: 422, title: text.edit.unreadable, detail});
}
