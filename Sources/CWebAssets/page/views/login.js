/**
 * The login: a button per provider, a name and password, or a token, as F2S is configured.
 *
 * Contract: after the login the router shows the view of the hash that the user has asked for; `#/login` itself leads
 * to the list of functions. What was typed before the session ended is kept, and the view says so.
 */

import {h} from "../dom.js";
import {draftKeys} from "../drafts.js";
import {field} from "../field.js";
import {problemOf} from "../problem.js";
import {go, href, route} from "../router.js";
import {caller, session, sessionNote, signIn, signInAt} from "../session.js";
import {effect, signal} from "../signal.js";
import {text} from "../text.js";

/** @returns {import("../router.js").View} */
export function view() {
  effect(() => {
    if (caller() && route().module === "login") go(href.functions, {replace: true});
  });
  const methods = () => session()?.methods ?? [];
  const has = (/** @type {string} */ kind) => methods().some((method) => method.kind === kind);
  const drafts = draftKeys().map((key) => (key === "new" ? text.list.create : key));

  const element = h("div", {class: "login"},
    h("h1", null, text.login.title),
    () => sessionNote() && h("p", {class: "note", role: "status"}, sessionNote()),
    drafts.length > 0 && h("p", {class: "note"}, text.login.draftsKept(drafts)),
    () => methods().filter(({kind}) => kind === "provider").map((method) =>
      h("button", {type: "button", class: "primary wide-button", onclick: () => signInAt(method)},
        text.login.provider(method.title ?? method.url ?? ""))),
    () => has("password") && form(text.login.byPassword, text.login.submit, [
      {name: "user", label: text.login.name, props: {autocomplete: "username", autocapitalize: "none"}},
      {name: "password", label: text.login.password, props: {type: "password", autocomplete: "current-password"}},
    ], ({user, password}) => ({user, password})),
    () => has("token") && form(text.login.byToken, text.login.submitToken, [
      {name: "token", label: text.login.token, help: text.login.tokenHelp,
        props: {type: "password", autocomplete: "off"}},
    ], ({token}) => ({token: token.trim()})),
    () => methods().length === 0 && h("p", null, text.login.noMethod));
  return {title: text.login.title, element};
}

/**
 * @typedef {{name: string, label: string, help?: string, props: import("../dom.js").Props}} Input
 */

/**
 * Creates a form whose fields must all be filled.
 * @param {string} title
 * @param {string} submitLabel
 * @param {Input[]} inputs
 * @param {(values: Record<string, string>) => Parameters<typeof signIn>[0]} credentials
 */
function form(title, submitLabel, inputs, credentials) {
  const error = signal(/** @type {unknown} */ (null));
  const missing = signal("");
  const isBusy = signal(false);

  const onsubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (isBusy.peek()) return;
    const target = /** @type {HTMLFormElement} */ (event.currentTarget);
    const values = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(target)));
    const empty = inputs.find(({name}) => !values[name]);
    missing.set(empty?.name ?? "");
    error.set(null);
    if (empty) return /** @type {HTMLElement} */ (target.elements.namedItem(empty.name)).focus();
    isBusy.set(true);
    try {
      await signIn(credentials(values));
    } catch (failure) {
      error.set(failure);
    } finally {
      isBusy.set(false);
    }
  };

  return h("form", {class: "panel", method: "post", action: "/session", onsubmit},
    h("h2", null, title),
    problemOf(error),
    inputs.map(({name, label, help, props}) => field({
      label, help, error: () => (missing() === name ? text.login.missing : ""),
      control: (wiring) => h("input", {
        ...wiring, name, spellcheck: "false", "aria-required": true, ...props,
      }),
    })),
    h("p", {class: "actions"}, h("button", {class: "primary", "aria-busy": () => isBusy() || null}, submitLabel)));
}
