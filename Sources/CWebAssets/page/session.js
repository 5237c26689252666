/**
 * The session: who the caller is, how one logs in, and what the caller may do.
 *
 * Contract
 * - `session` is `null` until `loadSession` has answered. `caller` is `null` without a valid session.
 * - `may` and `whyNot` read signals, so effects that use them follow a login. `whyNot` returns the sentence to show
 *   instead of a control, or `null` if the caller may.
 * - A privilege is a text such as `functions:update`; `update` is short for it. Privileges of settings need both
 *   words: `settings:view`. A grant may end in a pattern of names: `functions:update@team-a-*`.
 * - A response with status 401 anywhere, or a login in another tab, loads the session again. The page then shows the
 *   login in place of the view; drafts and the hash stay.
 *
 * @typedef {{kind: "password" | "token" | "provider", url?: string, title?: string}} SignInMethod
 * @typedef {{name: string, groups: string[], privileges: string[]}} Caller
 * @typedef {{methods: SignInMethod[], caller: ?Caller, isProtected: boolean, invocationURL: string}} Session
 */

import {fetchJSON, get, onUnauthorized, proofKey} from "./api.js";
import {computed, signal} from "./signal.js";
import {text} from "./text.js";

/** The URL of a function's sign-in page that has led the browser here. Shared with /login.js and /callback.js. */
const afterKey = "f2s-after";
/** The hash that a provider's login loses. */
const hashKey = "f2s-hash";
const afterMilliseconds = 600_000;

/** @type {import("./signal.js").Signal<?Session>} */
export const session = signal(/** @type {?Session} */ (null));
/** The caller; `null` if nobody is logged in. */
export const caller = computed(() => session()?.caller ?? null);
/**
 * The sentence about the end of the session, for the login view.
 * @type {import("./signal.js").Signal<string>}
 */
export const sessionNote = signal("");

/**
 * Loads the session.
 * @throws {import("./api.js").ProblemError}
 */
export async function loadSession() {
  /** @type {Session} */
  const loaded = await get("/session");
  // The user may have logged in in another tab, or may come back from a provider.
  if (loaded.caller) {
    sessionNote.set("");
    if (continueToFunction()) return;
    restoreHash();
  }
  session.set(loaded);
}

/**
 * Logs in with a password or a token.
 * @param {{user: string, password: string} | {token: string}} credentials
 * @throws {import("./api.js").ProblemError}
 */
export async function signIn(credentials) {
  const {value} = await fetchJSON("POST", "/session", {body: credentials});
  localStorage.setItem(proofKey, value.proof);
  await loadSession();
}

/** Logs out, also at the provider if there is one. */
export async function signOut() {
  const {value} = await fetchJSON("DELETE", "/session");
  localStorage.removeItem(proofKey);
  if (/^https?:/.test(value.location ?? "")) return window.location.assign(value.location);
  sessionNote.set(text.login.signedOut);
  await loadSession();
}

/**
 * Begins a login at a provider, which leaves the page. Only this tab can finish it, because only this tab knows the
 * random text.
 * @param {SignInMethod} method
 */
export function signInAt(method) {
  const tab = crypto.getRandomValues(new Uint32Array(4)).join("-");
  sessionStorage.setItem("f2s-tab", tab);
  sessionStorage.setItem(hashKey, window.location.hash);
  window.location.assign(`/session/begin?${new URLSearchParams({provider: method.url ?? "", tab})}`);
}

/** Returns to the view that was left for a provider. */
function restoreHash() {
  const hash = sessionStorage.getItem(hashKey);
  sessionStorage.removeItem(hashKey);
  if (hash && !window.location.hash) history.replaceState(history.state, "", hash);
}

/**
 * Opens the page that signs the user in at a function, if that page has led here.
 * @returns {boolean} False if it has not.
 */
function continueToFunction() {
  const after = JSON.parse(sessionStorage.getItem(afterKey) ?? "{}");
  sessionStorage.removeItem(afterKey);
  const isFresh = Date.now() - after.time < afterMilliseconds;
  if (!isFresh || !after.url.startsWith(`${window.location.origin}/login?`)) return false;
  window.location.replace(after.url);
  return true;
}

onUnauthorized(() => {
  if (!session.peek()?.caller) return;
  sessionNote.set(text.login.ended);
  // At once, so that no view asks again before the answer.
  session.update((old) => old && {...old, caller: null});
  loadSession().catch(() => {});
});

window.addEventListener("storage", (event) => {
  if (event.key === proofKey) loadSession().catch(() => {});
});

// Privileges

/** @param {string} privilege */
const full = (privilege) => (privilege.includes(":") ? privilege : `functions:${privilege}`);

/**
 * True if the caller has the privilege: for this function, or for every function without a name.
 * @param {string} privilege
 * @param {string} [name]
 */
export function may(privilege, name) {
  return grants(privilege).some((pattern) => pattern === "*" || (name !== undefined && matches(pattern, name)));
}

/**
 * True if the caller has the privilege for some functions at least.
 * @param {string} privilege
 */
export const maySometimes = (privilege) => grants(privilege).length > 0;

/**
 * The patterns of names for which the caller has a privilege.
 * @param {string} privilege
 */
function grants(privilege) {
  return (caller()?.privileges ?? [])
    .map((grant) => grant.split("@", 2))
    .filter(([granted]) => granted === full(privilege))
    .map(([, pattern = "*"]) => pattern);
}

/** @param {string} pattern `*` stands for any characters. @param {string} name */
function matches(pattern, name) {
  const escaped = pattern.replaceAll(".", "\\.").replace(/\*+/g, ".*");
  return new RegExp(`^${escaped}$`).test(name);
}

/**
 * The sentence that says why the caller may not do something; `null` if it may.
 * @param {string} privilege
 * @param {string} [name] Without a name: for some function at least.
 * @returns {?string}
 */
export function whyNot(privilege, name) {
  if (name === undefined ? maySometimes(privilege) : may(privilege, name)) return null;
  const verb = text.access.verbs[full(privilege)] ?? privilege;
  const mayRead = name !== undefined && full(privilege) !== "functions:list" && may("list", name);
  return (mayRead ? text.access.readOnly : text.access.notAllowed)(verb, full(privilege), name ?? "");
}

/**
 * The URL at which a function is invoked.
 * @param {string} endpoint
 */
export const invocationURL = (endpoint) => `${session()?.invocationURL ?? "/invoke"}${endpoint}`;
