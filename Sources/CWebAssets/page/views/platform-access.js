/**
 * Who may do what: the caller, the groups and users of the settings, and the API tokens, which can be revoked.
 *
 * Contract: privileges are shown as the settings write them, grouped by the functions that they are for.
 *
 * @typedef {{Username: string, groups: string[]}} User
 * @typedef {{group: string, privileges: string[]}} Authorization
 * @typedef {{id: string, name: string, groups: string[], created: string, expires?: string}} Token
 */

import {fetchJSON, get, path} from "../api.js";
import {button, copyButton, ifAllowed} from "../button.js";
import {confirmByName} from "../dialog.js";
import {h} from "../dom.js";
import {dateTime} from "../format.js";
import {panel, resource} from "../panel.js";
import {caller, may, session} from "../session.js";
import {untrack} from "../signal.js";
import {text} from "../text.js";

const createCommand = "f2s token create --name ci --group developers --ttl 90d";

/** Creates the section. */
export const access = () => [
  h("h2", null, text.platform.you),
  () => {
    const current = caller();
    if (!current || !session()?.isProtected) return h("p", {class: "note"}, text.platform.unprotected);
    const {name, groups, privileges} = current;
    return [h("p", null, h("strong", null, name), " ", groups.length > 0 && text.app.groups(groups)),
      abilities(privileges)];
  },
  h("h2", null, text.platform.users),
  ifAllowed("settings:view", undefined, () => untrack(users)),
  h("h2", null, text.platform.tokens),
  ifAllowed("settings:view", undefined, () => untrack(tokens)),
];

/**
 * What privileges allow: a line per pattern of functions, and one for the settings.
 * @param {string[]} privileges
 */
function abilities(privileges) {
  /** @type {Map<string, string[]>} */
  const lines = new Map([[text.platform.everyFunction, []]]);
  for (const grant of privileges) {
    const [privilege, pattern = "*"] = grant.split("@", 2);
    const [scope, verb = ""] = privilege.split(":", 2);
    const of = scope !== "functions" ? scope : pattern === "*" ? text.platform.everyFunction : pattern;
    lines.set(of, [...(lines.get(of) ?? []), verb]);
  }
  if (privileges.length === 0) return h("span", {class: "hint"}, text.platform.nothing);
  return h("ul", {class: "plain"}, [...lines].filter(([, verbs]) => verbs.length > 0).map(([of, verbs]) =>
    h("li", null, h("span", {class: "hint"}, `${of}: `), [...new Set(verbs)].join(", "))));
}

/**
 * @param {string} title
 * @param {string[]} columns The first one is the heading of the row.
 * @param {import("../dom.js").Child[][]} rows
 */
const table = (title, columns, rows) => h("table", {class: "cards"},
  h("caption", {class: "spoken"}, title),
  h("thead", null, h("tr", null, columns.map((column) => h("th", {scope: "col"}, column)))),
  h("tbody", null, rows.map(([first, ...cells]) => h("tr", null, h("th", {scope: "row"}, first),
    cells.map((cell, index) => h("td", {"data-label": columns[index + 1]}, cell))))));

function users() {
  const words = text.platform.columns;
  const source = resource(async (signal) => {
    const [all, config] = await Promise.all([get("/users", {signal}), get("/config", {signal})]);
    return {
      users: /** @type {User[]} */ (all),
      groups: /** @type {Authorization[]} */ (config?.f2s?.auth?.authorization ?? []),
    };
  });
  return panel(source, (value) => () => {
    const {users: all, groups} = value();
    const granted = (/** @type {string[]} */ names) =>
      groups.filter(({group}) => names.includes(group)).flatMap(({privileges}) => privileges);
    return [
      h("p", {class: "hint"}, text.platform.usersHelp),
      groups.length > 0 && table(text.platform.groups, [words.group, words.may],
        groups.map(({group, privileges}) => [group, abilities(privileges)])),
      all.length > 0 && table(text.platform.users, [words.user, words.groups, words.may],
        all.map((user) => [user.Username, user.groups.join(", "), abilities(granted(user.groups))])),
      all.length + groups.length === 0 && h("p", null, text.platform.noUsers),
    ];
  });
}

function tokens() {
  const words = text.platform.columns;
  /** @type {import("../panel.js").Resource<{items: Token[]}>} */
  const source = resource((signal) => get("/tokens", {signal}));
  const revoke = (/** @type {Token} */ {id, name}) => confirmByName({
    title: text.platform.revokeTitle(name), detail: text.platform.revokeDetail, name,
    confirm: text.platform.revoke(name), keep: text.platform.keep,
    run: async () => {
      await fetchJSON("DELETE", path`/tokens/${id}`);
      await source.reload();
    },
  });
  const mayRevoke = may("settings:update");
  const isOver = (/** @type {Token} */ {expires}) => expires !== undefined && Date.parse(expires) < Date.now();
  const row = (/** @type {Token} */ token) => [
    token.name, token.groups.join(", "), dateTime(token.created),
    [token.expires ? dateTime(token.expires) : text.platform.never, isOver(token) && ` ${text.platform.over}`],
    mayRevoke && button(text.platform.revoke(token.name), () => revoke(token)),
  ];
  return [
    panel(source, (value) => () => {
      const {items} = value();
      if (items.length === 0) return h("p", null, text.platform.noTokens);
      return table(text.platform.tokens, [words.token, words.groups, words.created, words.expires, words.action],
        items.map(row));
    }),
    h("p", {class: "hint"}, text.platform.tokensHelp, " ", h("code", null, createCommand), " ",
      copyButton(createCommand)),
    !mayRevoke && h("p", {class: "hint"}, text.platform.mayNotRevoke),
  ];
}
