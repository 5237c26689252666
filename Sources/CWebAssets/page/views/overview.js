/**
 * The tab Overview: description, load, declaration, history, and the actions on the whole function.
 *
 * Contract: restoring sends the entity tag of the declaration that is shown, so it never overwrites a newer change.
 *
 * @typedef {import("./function.js").Context} Context
 * @typedef {{
 *   generation: number, changedAt: string, changedBy: ?string, revision: string, isCurrent: boolean,
 *   isServing: boolean, hasServed: boolean,
 * }} Change
 */

import {fetchJSON, get, path, request} from "../api.js";
import {button} from "../button.js";
import {confirmByName, openDialog} from "../dialog.js";
import {h, when} from "../dom.js";
import {dateTime, duration, rate, relativeTime} from "../format.js";
import {markdown} from "../markdown.js";
import {panel, resource} from "../panel.js";
import {problemBox, problemOf} from "../problem.js";
import {go, href} from "../router.js";
import {invocationURL, whyNot} from "../session.js";
import {signal} from "../signal.js";
import {sparkline} from "../sparkline.js";
import {replicaDots} from "../state.js";
import {text} from "../text.js";

const t = text.function;
/** How long a revision is in text. */
const shortLength = 4;
const short = (/** @type {string} */ revision) => revision.slice(0, shortLength);

/** @param {Context} context */
export const tab = (context) => panel(context.source, () => [
  h("div", {class: "split"},
    h("section", {class: "panel"}, h("h2", null, t.description), description(context)),
    h("section", {class: "panel"}, h("h2", null, t.now), load(context))),
  h("div", {class: "split"},
    h("section", null, h("h2", null, t.declaration), () => declaration(context)),
    h("section", null, h("h2", null, t.history), history(context))),
  h("h2", null, t.actions), actions(context),
], {lines: 8});

/** @param {Context} context */
const doc = ({source}) => source.value()?.doc ?? {};

/** @param {Context} context */
const description = (context) => () => {
  const content = doc(context).spec?.description ?? "";
  return content.trim() ? markdown(content) : h("p", {class: "hint"}, t.noDescription);
};

/** @param {[label: import("../dom.js").Child, value: import("../dom.js").Child][]} facts */
const factList = (facts) => h("dl", {class: "facts"}, facts.map(([label, value]) =>
  h("div", null, h("dt", null, label), h("dd", null, value))));

/** @param {Context} context */
const load = ({row, source}) => factList([
  [t.replicas, () => {
    const now = row();
    return now && replicaDots(now);
  }],
  [t.running, () => {
    const {revision = "", readyReplicas = 0, updatedReadyReplicas = 0} = source.value()?.doc.status ?? {};
    return t.revision(short(revision), updatedReadyReplicas, readyReplicas);
  }],
  [text.list.rate, [sparkline(() => row()?.rates ?? []), " ", () => rate(row()?.rate)]],
  [h("span", {title: text.list.p95Long}, text.list.p95), () => duration(row()?.p95Seconds)],
  [h("span", {title: text.list.coldStartLong}, text.list.coldStart), () => duration(row()?.coldStartSeconds)],
]);

/** @param {Context} context */
function declaration(context) {
  const {spec = {}, target = {}} = doc(context);
  const {source, env, envFrom, ...rest} = target;
  const members = {
    ...(source ? {runtime: source.runtime, files: Object.keys(source.files ?? {})} : {}),
    ...rest, env: Object.keys(env ?? {}),
    envFrom: (envFrom ?? []).map((/** @type {any} */ from) => JSON.stringify(from)),
    access: typeof spec.access === "object" ? spec.access.groups : spec.access,
  };
  return factList(flat(members).map(([name, value]) => [h("code", null, name), value]));
}

/**
 * The scalar members of an object, with their paths.
 * @param {any} value
 * @param {string} prefix
 * @returns {[string, string][]}
 */
const flat = (value, prefix = "") => Object.entries(value).flatMap(([key, member]) => {
  if (member == null || member.length === 0) return [];
  if (Array.isArray(member)) return [[prefix + key, member.join(" ")]];
  return typeof member === "object" ? flat(member, `${prefix}${key}.`) : [[prefix + key, String(member)]];
});

/** @param {Context} context */
function history(context) {
  const {name, source, row} = context;
  /** @type {import("../panel.js").Resource<Change[]>} */
  const changes = resource(
    async (abort) => (await get(path`/functions/${name}/history`, {signal: abort})).items, source.value);
  const error = signal(/** @type {unknown} */ (null));
  const done = signal("");
  const ask = (/** @type {Change} */ change) => openDialog(t.restoreTitle(name, change.changedAt), (close) => [
    h("p", null, t.restoreDetail(short(change.revision))),
    h("p", {class: "actions"},
      button(t.restore, async () => {
        close();
        error.set(null);
        try {
          await restore(context, change);
          done.set(t.restored(change.changedAt));
        } catch (failure) {
          error.set(failure);
        }
      }, {kind: "primary"}),
      button(text.app.cancel, close)),
  ]);
  const forbidden = () => whyNot("update", name);
  const fallback = () => {
    const [current, ...older] = changes.value() ?? [];
    return row()?.state === "attention" && !current?.isServing && older.find(({isServing}) => isServing);
  };
  return panel(changes, (items) => [
    problemOf(error, {remedies: [{label: text.app.reload, run: async () => {
      error.set(null);
      await source.reload();
    }}]}),
    h("p", {role: "status", class: "hint"}, done),
    when(fallback, () => () => {
      const serving = fallback();
      const title = serving && t.rolledBack(short(items()[0].revision), short(serving.revision));
      return serving && problemBox({status: 0, title: title || "", detail: row()?.message ?? ""},
        {level: "warn", isQuiet: true, remedies: [
          {label: text.function.tabs.logs, href: href.function(name, "logs")},
          ...(forbidden() ? [] : [{label: t.restoreRevision(short(serving.revision)), run: () => ask(serving)}]),
        ]});
    }),
    h("ol", {class: "history"}, () => items().map((change) => h("li", null,
      h("span", null, h("strong", null, change.changedBy ? t.changedBy(change.changedBy) : t.changed), " ",
        h("time", {datetime: change.changedAt, title: dateTime(change.changedAt)}, relativeTime(change.changedAt)), " ",
        h("code", null, short(change.revision)), " ", h("span", {class: "hint"}, marks(change))),
      !change.isCurrent && !forbidden() && button(t.restore, () => ask(change), {
        kind: "quiet", props: {"aria-label": t.restoreLong(change.changedAt, short(change.revision))},
      })))),
  ]);
}

/** @param {Change} change */
const marks = ({isCurrent, isServing, hasServed}) => [
  isCurrent && t.isCurrent, isServing && t.isServing, !hasServed && !isServing && t.neverServed,
].filter(Boolean).join(", ");

/**
 * Declares a former declaration again.
 * @param {Context} context
 * @param {Change} change
 */
async function restore({name, source}, {generation}) {
  const former = await get(path`/functions/${name}/history/${generation}`);
  const body = {...former, metadata: {name}, status: undefined};
  await fetchJSON("PUT", path`/functions/${name}`, {body, ifMatch: source.value.peek()?.etag ?? "*"});
  await source.reload();
}

/** @param {Context} context */
function actions({name, source, row}) {
  const error = signal(/** @type {unknown} */ (null));
  const done = signal("");
  const restart = async () => {
    error.set(null);
    await request("POST", path`/functions/${name}/restart`);
    done.set(t.restarted(name));
    await source.reload();
  };
  const remove = () => confirmByName({
    name, title: t.deleteTitle(name), keep: t.keep, confirm: t.delete(name),
    detail: t.deleteDetail(new URL(invocationURL(row.peek()?.endpoint ?? ""), location.href).pathname),
    run: async () => {
      await request("DELETE", path`/functions/${name}`);
      go(href.functions);
    },
  });
  return [
    problemOf(error),
    h("div", {class: "actions"}, () => {
      const [noUpdate, noDelete] = [whyNot("update", name), whyNot("delete", name)];
      return [
        // The row of the tabs says why it is not offered.
        !noUpdate && button(t.restart, restart, {onError: error.set}),
        noDelete ? h("span", {class: "hint"}, noDelete) : button(t.deleteOpen, remove, {kind: "danger"}),
      ];
    }),
    h("p", {class: "hint", role: "status"}, done),
  ];
}
