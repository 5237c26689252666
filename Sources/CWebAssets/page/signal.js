/**
 * Signals: values that know who has read them.
 *
 * Contract
 * - A signal is a function: calling it reads the value, `set` and `update` change it, `peek` reads it untracked.
 * - `effect(run)` runs at once, and again after a signal that it has read changes. All changes of one task cause one
 *   run, in a microtask. Effects run in the order of their creation, so an outer effect runs before its inner ones.
 * - `computed(run)` is a signal whose value is derived. Its readers run again only if that value differs.
 * - Everything created during a run belongs to that run: it ends when the run repeats or its owner ends. `root` begins
 *   a tree of owners, `onCleanup` registers work for the end. Code after an `await` has no owner.
 *
 * @template T
 * @typedef {(() => T) & {peek(): T}} Readable
 */

/**
 * @template T
 * @typedef {Readable<T> & {set(value: T): void, update(change: (value: T) => T): void}} Signal
 */

/**
 * The effect or computed value that runs now: signals that are read register it.
 * @type {?Reaction}
 */
let reader = null;
/**
 * The owner of what is created now.
 * @type {?Scope}
 */
let owner = null;
/**
 * The reactions that must run again.
 * @type {Set<Reaction>}
 */
const stale = new Set();
let isScheduled = false;
let created = 0;

/** Owns cleanups, and the scopes that were created within it. */
class Scope {
  /** @type {(() => void)[]} */
  #cleanups = [];

  /** @param {() => void} cleanup */
  add(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /** Ends everything that belongs to the scope, newest first. The scope itself can be used again. */
  clear() {
    const cleanups = this.#cleanups;
    this.#cleanups = [];
    for (const cleanup of cleanups.reverse()) cleanup();
  }
}

/** A function that runs again after a signal that it has read changes. */
class Reaction extends Scope {
  order = created++;
  /**
   * The sets of readers that contain this reaction.
   * @type {Set<Set<Reaction>>}
   */
  #sources = new Set();

  /** @param {() => void} run */
  constructor(run) {
    super();
    this.run = run;
    owner?.add(() => this.end());
  }

  /** Runs the function, and tracks what it reads. */
  execute() {
    this.end();
    within(this, this, this.run);
  }

  /** @param {Set<Reaction>} readers */
  follow(readers) {
    readers.add(this);
    this.#sources.add(readers);
  }

  end() {
    stale.delete(this);
    for (const readers of this.#sources) readers.delete(this);
    this.#sources.clear();
    this.clear();
  }
}

/**
 * Runs a function with this owner and this reader.
 * @template T
 * @param {?Scope} newOwner
 * @param {?Reaction} newReader
 * @param {() => T} run
 * @returns {T}
 */
function within(newOwner, newReader, run) {
  const [oldOwner, oldReader] = [owner, reader];
  [owner, reader] = [newOwner, newReader];
  try {
    return run();
  } finally {
    [owner, reader] = [oldOwner, oldReader];
  }
}

/** @param {Iterable<Reaction>} reactions */
function schedule(reactions) {
  for (const reaction of reactions) stale.add(reaction);
  if (isScheduled || stale.size === 0) return;
  isScheduled = true;
  queueMicrotask(flush);
}

/** Runs every effect that is due, now instead of in a microtask. An error of one does not stop the others. */
export function flush() {
  while (stale.size > 0) {
    let next = /** @type {?Reaction} */ (null);
    for (const reaction of stale) if (!next || reaction.order < next.order) next = reaction;
    if (!next) break;
    stale.delete(next);
    try {
      next.execute();
    } catch (error) {
      reportError(error);
    }
  }
  isScheduled = false;
}

/**
 * Creates a signal.
 * @template T
 * @param {T} value
 * @param {(a: T, b: T) => boolean} [isEqual] Setting an equal value notifies nobody.
 * @returns {Signal<T>}
 */
export function signal(value, isEqual = Object.is) {
  /** @type {Set<Reaction>} */
  const readers = new Set();
  const read = () => {
    reader?.follow(readers);
    return value;
  };
  /** @param {T} next */
  const set = (next) => {
    if (isEqual(value, next)) return;
    value = next;
    schedule(readers);
  };
  return Object.assign(read, {set, peek: () => value, update: (/** @type {(value: T) => T} */ f) => set(f(value))});
}

/**
 * Creates a derived value. It is computed when it is read first, and again if its sources have changed.
 * @template T
 * @param {() => T} run
 * @param {(a: T, b: T) => boolean} [isEqual]
 * @returns {Readable<T>}
 */
export function computed(run, isEqual = Object.is) {
  /** @type {Signal<T>} */
  const value = signal(/** @type {any} */ (undefined), isEqual);
  const reaction = new Reaction(() => value.set(run()));
  let isFresh = false;
  const refresh = () => {
    if (isFresh && !stale.has(reaction)) return;
    isFresh = true;
    stale.delete(reaction);
    reaction.execute();
  };
  const read = () => {
    refresh();
    return value();
  };
  const peek = () => {
    refresh();
    return value.peek();
  };
  return Object.assign(read, {peek});
}

/**
 * Runs a function now, and again after each change of what it reads.
 * @param {() => void} run
 * @returns {() => void} Ends the effect.
 */
export function effect(run) {
  const reaction = new Reaction(run);
  reaction.execute();
  return () => reaction.end();
}

/**
 * Runs a function as the owner of a new tree. Nothing but the returned function ends the tree.
 * @template T
 * @param {() => T} run
 * @returns {[value: T, dispose: () => void]}
 */
export function root(run) {
  const scope = new Scope();
  return [within(scope, null, run), () => scope.clear()];
}

/**
 * Registers work for the end of the current owner; without an owner it never runs.
 * @param {() => void} cleanup
 */
export function onCleanup(cleanup) {
  owner?.add(cleanup);
}

/**
 * Reads signals without tracking them.
 * @template T
 * @param {() => T} run
 * @returns {T}
 */
export const untrack = (run) => within(owner, null, run);
