/**
 * Writing a function: three ways in, the form, the code, the manifest beside it, and the buttons that save.
 *
 * Contract
 * - Form, code and manifest show one draft (edit-draft.js), which is kept with each keystroke (drafts.js) together with
 *   the version that it began with. It is dropped by a save, by [Discard], and when it equals what is stored.
 * - The query of the hash: `how` (code, image, command, yaml) for a new function; `file` and `line` put the caret
 *   there; `restore` loads the declaration of a generation into the editor.
 *
 * @typedef {import("./edit-form.js").How} How
 * @typedef {import("./edit-save.js").Base} Base
 */

import {fetchJSON, get, path} from "../api.js";
import {button} from "../button.js";
import {h, when} from "../dom.js";
import {draftProblem, draftTime, dropDraft, keepDraft, readDraft} from "../drafts.js";
import {choice, errorSummary} from "../field.js";
import {shortcut} from "../keyboard.js";
import {panel, resource} from "../panel.js";
import {problemOf} from "../problem.js";
import {href, route} from "../router.js";
import {invocationURL, whyNot} from "../session.js";
import {effect, signal, untrack} from "../signal.js";
import {text} from "../text.js";
import {codeEditor, newSource} from "./edit-code.js";
import {conflictPanel} from "./edit-diff.js";
import {createDraft, normalized} from "./edit-draft.js";
import {control, firstFields, moreFields} from "./edit-form.js";
import {isSame, read} from "./edit-json.js";
import {dryRun, manifestPane, versions} from "./edit-manifest.js";
import {editHref, saving} from "./edit-save.js";

/** @type {How[]} */
const ways = ["code", "image", "command"];
/** The members of `target` that the way decides. */
const wayMembers = ["source", "containerImage", "command"];

/** @param {{name: ?string, query: URLSearchParams}} route @returns {import("../router.js").View} */
export function view({name, query}) {
  const title = name ? text.edit.titleOf(name) : text.edit.title;
  const forbidden = name ? whyNot("list", name) : whyNot("create");
  const back = name && h("a", {href: href.function(name)}, text.edit.toFunction);
  const content = () => {
    if (forbidden) return h("p", null, forbidden);
    if (!name) return editing(null, null, query);
    const source = resource((abort) => load(name, abort));
    const remedies = [{label: text.app.toFunctions, href: href.functions}];
    return panel(source, (stored) => untrack(() => editing(name, stored(), query)), {lines: 12, remedies});
  };
  const element = h("div", {class: "edit"}, h("div", {class: "title-row"}, h("h1", null, title), back), content());
  return {title, element};
}

/** @param {string} name @param {AbortSignal} abort @returns {Promise<Base>} */
async function load(name, abort) {
  const {value, etag} = await fetchJSON("GET", path`/functions/${name}`, {signal: abort});
  return {...await normalized(value), etag};
}

/** @param {How} how */
const fresh = (how) => ({
  apiVersion: "f2s.opensight.ch/v1alpha1", kind: "Function", metadata: {}, spec: {},
  target: how === "code" ? {source: newSource()} : {},
});

/** @param {any} json @param {string} platform @returns {?How} */
function wayOf(json, platform) {
  const target = read(json, ["target"]) ?? {};
  if (target.source) return "code";
  if (target.containerImage && !(platform === "local" && target.command)) return "image";
  return target.command ? "command" : null;
}

/**
 * @param {?string} name
 * @param {?Base} stored
 * @param {URLSearchParams} query
 */
function editing(name, stored, query) {
  const asked = query.get("how");
  const pastes = asked === "yaml";
  const first = ways.find((way) => way === asked) ?? "code";
  const key = name ?? "new";
  const kept = readDraft(key);
  const begin = stored ? {...stored, origin: /** @type {const} */ ("form")}
    : {json: fresh(first), yaml: "", origin: /** @type {"form" | "manifest"} */ (pastes ? "manifest" : "form")};
  const draft = createDraft(kept?.value.content ?? begin);
  // The same declaration may have another tag by now.
  const isStale = stored && kept?.value.base && !isSame(kept.value.base.json, stored.json);
  const base = signal(isStale ? /** @type {Base} */ ({...kept?.value.base, etag: kept?.etag ?? null}) : stored);

  const platform = signal(/** @type {import("./edit-form.js").Platform} */ (""));
  const secrets = signal(/** @type {?import("./edit-form.js").Secrets} */ (null));
  get("/cluster").then((cluster) => {
    platform.set(cluster.platform);
    secrets.set(cluster.secrets ?? null);
  }, () => {});
  const how = signal(wayOf(draft.json.peek(), "") ?? first);
  effect(() => how.set(wayOf(draft.json(), platform()) ?? how.peek()));

  const declared = () => String(read(draft.json(), ["metadata", "name"]) ?? "");
  const forbidden = () => (name ? whyNot("update", name) : whyNot("create", declared() || undefined));
  const isReadOnly = () => name !== null && forbidden() !== null;
  const context = {draft, platform, how, isReadOnly, secrets, stored: name};

  let isForgotten = false;
  const forget = () => {
    isForgotten = true;
    dropDraft(key);
  };
  const saver = saving({name, draft, base, forget, forbidden});
  const isDirty = () => {
    const start = base() ?? begin;
    const differs = !isSame(draft.json(), start.json);
    if (draft.origin() === "form") return differs;
    // The JSON follows the manifest only after a check.
    return draft.manifest() !== start.yaml && (differs || draft.isPending() || draft.isBlocked());
  };
  effect(() => {
    const content = {json: draft.json(), yaml: draft.manifest(), origin: draft.origin()};
    const current = base();
    if (isForgotten) return;
    if (!isDirty()) dropDraft(key);
    else keepDraft(key, {content, base: current && {json: current.json, yaml: current.yaml}}, current?.etag ?? null);
  });

  const switchWay = wayChanger(draft, how);
  if (!name && kept && ways.includes(/** @type {How} */ (asked))) switchWay(first);
  let seen = asked;
  effect(() => {
    const next = route().module === "edit" ? route().query.get("how") : seen;
    const wanted = ways.find((way) => way === next);
    if (!name && next !== seen && wanted) untrack(() => switchWay(wanted));
    seen = next;
  });

  const sourceError = name ? findSourceError(name) : () => null;
  const code = codeEditor(context, {
    sourceError, storedFile: (file) => read(base()?.json, ["target", "source", "files", file]) ?? null,
  });
  const manifest = manifestPane(context, {hint: pastes ? text.edit.paste : text.edit.manifestHint});
  const restore = async (/** @type {number | string} */ generation) => {
    const value = await get(path`/functions/${name ?? ""}/history/${generation}`);
    draft.load({...await normalized(value), origin: "form"});
    saver.note.set({sentence: text.edit.inEditor(Number(generation)), undo: null});
  };
  const line = Number(query.get("line"));
  if (line > 0) code.show(query.get("file") ?? "", line);
  if (pastes && !kept) setTimeout(() => manifest.input.focus());
  const wanted = query.get("restore");
  if (wanted && name && !isReadOnly()) restore(wanted).catch((error) => saver.problem.set(error));
  draft.check();

  const showsDryRun = signal(false);
  const discard = () => {
    const current = base.peek() ?? begin;
    if (isStale && stored) base.set(stored);
    draft.load({...(isStale && stored ? stored : current), origin: current === begin ? begin.origin : "form"});
    showsKept.set(false);
  };
  const showsKept = signal(kept !== null);
  for (const [shortcutKey, invokes] of /** @type {const} */ ([["mod+s", false], ["mod+enter", true]])) {
    const label = invokes ? text.keys.send : text.keys.save;
    shortcut({key: shortcutKey, label, run: () => void (saver.conflict.peek() ?? saver.save(invokes && mayInvoke()))});
  }
  const mayInvoke = () => whyNot("invoke", declared() || undefined) === null;

  const url = () => {
    const endpoint = read(draft.json(), ["spec", "endpoint"]);
    return endpoint ? invocationURL(`/${String(endpoint).replace(/^\//, "")}`) : "";
  };
  const form = h("div", {class: "form"},
    h("fieldset", {class: "bare", disabled: () => draft.isBlocked() || isReadOnly()},
      () => wayChoice(platform(), Object.assign(() => how(), {...how, set: switchWay})),
      () => how() === "image" && platform() === "local" && h("p", {class: "problem warn"}, text.edit.imageOnLocal),
      firstFields(context, {isNew: !name, url, taken: () => saver.taken() && text.edit.taken(saver.taken())}),
      when(() => how() === "image", () => control(context, "target.containerImage")),
      when(() => how() === "command", () => control(context, "target.command", "lines"))),
    when(() => how() === "code", () => code.element),
    h("p", null, () => saver.taken() && h("a", {href: editHref(saver.taken())}, text.edit.openTaken(saver.taken()))),
    moreFields(context));
  const actions = h("div", {class: "actions"}, () => {
    const why = forbidden();
    if (why) return h("p", {class: "hint"}, why);
    const whyInvoke = whyNot("invoke", declared() || undefined);
    return [
      whyInvoke ? null : button(text.edit.saveAndInvoke, () => saver.save(true), {kind: "primary"}),
      button(text.edit.save, () => saver.save(false), {kind: whyInvoke ? "primary" : undefined}),
      button(text.edit.dryRun, async () => {
        await draft.check();
        showsDryRun.set(true);
      }),
      whyInvoke && h("span", {class: "hint"}, whyInvoke),
    ];
  });
  const messages = h("div", null,
    () => {
      const errors = saver.errors();
      return errors.length > 0 && errorSummary(errors.map((error) =>
        ({message: error.message, control: draft.controlOf(error) ?? manifest.input})));
    },
    problemOf(saver.problem, () => (saver.isGone()
      ? {remedies: [{label: text.edit.saveAgain, run: saver.saveAgain}]} : {})),
    h("p", {role: "status"}, () => {
      const note = saver.note();
      return note && [note.sentence, " ", note.undo && button(note.undo.label, note.undo.run)];
    }),
    h("p", {class: "hint"}, () => draftSentence(isDirty())),
    when(showsDryRun, () => dryRun(draft, () => showsDryRun.set(false))));

  return [
    when(showsKept, () => h("p", {class: "note"}, text.edit.kept(kept?.time ?? 0), " ",
      button(text.edit.discard, discard, {kind: "quiet"}))),
    isStale && h("p", {class: "problem warn"}, text.edit.stale(name ?? ""), " ",
      button(text.edit.compare, saver.compare)),
    () => conflictOf(saver, name ?? "", base),
    h("div", {class: "split", hidden: () => saver.conflict() !== null},
      h("div", null, form, actions, messages), h("div", null, manifest.element,
        name && versions(name, isReadOnly, restore))),
  ];
}

/** @param {boolean} isDirty */
function draftSentence(isDirty) {
  if (draftProblem()) return text.edit.draftFailed;
  return isDirty && draftTime() > 0 ? text.edit.draftKept(draftTime()) : "";
}

/**
 * @param {ReturnType<typeof saving>} saver
 * @param {string} name
 * @param {() => ?Base} base
 */
function conflictOf(saver, name, base) {
  const shown = saver.conflict();
  if (!shown) return null;
  return conflictPanel({
    name, base: untrack(base)?.json, theirs: shown.theirs, mine: shown.mine, problem: problemOf(saver.problem),
    onSave: saver.saveMerged, onKeep: () => saver.conflict.set(null), onDiscard: saver.discard,
  });
}

/**
 * Returns the function that changes the way. What was typed for another way comes back with it.
 * @param {import("./edit-draft.js").Draft} draft
 * @param {import("../signal.js").Signal<How>} how
 */
function wayChanger(draft, how) {
  /** @type {Partial<Record<How, Record<string, unknown>>>} */
  const typed = {};
  return (/** @type {How} */ next) => {
    const old = how.peek();
    if (next === old) return;
    draft.edit((json) => {
      const target = {...json.target};
      /** @type {Record<string, unknown>} */
      const left = {};
      for (const member of wayMembers) {
        if (target[member] !== undefined) left[member] = target[member];
        delete target[member];
      }
      typed[old] = left;
      return {...json, target: {...(typed[next] ?? fresh(next).target), ...target}};
    });
    how.set(next);
  };
}

/**
 * The ways that the platform runs, first the usual one.
 * @param {string} platform
 * @param {import("../signal.js").Signal<How>} value
 */
function wayChoice(platform, value) {
  /** @type {Record<string, How[]>} */
  const orders = {local: ["code", "command", "image"], kubernetes: ["image", "code"]};
  const order = orders[platform] ?? ways;
  const all = order.includes(value.peek()) ? order : [...order, value.peek()];
  return choice({
    legend: text.edit.how, value, choices: all.map((way) => ({value: way, label: text.edit.ways[way]})),
  });
}

/**
 * Finds the error with which the stored code did not start.
 * @param {string} name
 * @returns {() => ?import("./edit-code.js").SourceError}
 */
function findSourceError(name) {
  const found = signal(/** @type {?import("./edit-code.js").SourceError} */ (null));
  get(path`/functions/${name}/why`).then((why) => found.set(why.startFailure?.sourceError ?? null), () => {});
  return found;
}
