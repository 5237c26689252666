/**
 * The manifest beside the form: editable, checked, ready to copy; what a save would do; and the former versions.
 *
 * Contract: the commands to copy contain the whole manifest as a here-document whose end is no line of the manifest.
 *
 * @typedef {import("./edit-form.js").FormContext} FormContext
 * @typedef {{
 *   generation: number, changedAt: string, changedBy: ?string, revision: string, isCurrent: boolean,
 *   isServing: boolean, hasServed: boolean,
 * }} Version An item of `GET /functions/{name}/history`.
 */

import {get, path} from "../api.js";
import {copyButton, button} from "../button.js";
import {h, when} from "../dom.js";
import {editor} from "../editor.js";
import {panel, resource} from "../panel.js";
import {signal} from "../signal.js";
import {text} from "../text.js";
import {changeList} from "./edit-diff.js";

/**
 * @param {FormContext} context
 * @param {{hint: string}} options
 */
export function manifestPane({draft, isReadOnly, platform}, {hint}) {
  const errors = () => draft.checked()?.errors ?? [];
  const isManifest = () => draft.origin() === "manifest";
  const view = editor({
    label: text.edit.manifest, value: draft.manifest, rows: 24, isReadOnly,
    error: () => (isManifest() ? errors()[0] ?? null : null),
  });
  view.input.placeholder = hint;
  const name = () => draft.checked()?.name ?? "NAME";
  const copies = Object.entries(text.edit.copies).map(([kind, label]) => {
    const control = copyButton(() => command(/** @type {"f2s"} */ (kind), draft.manifest.peek(), name()), label);
    return kind === "kubectl" ? when(() => platform() !== "local", () => control) : control;
  });
  const element = h("section", {class: "manifest"}, view.element,
    h("p", {role: "status", class: "hint"}, () => statusOf(draft)),
    h("ul", {class: "error"}, () => others(draft).map(({message, line}) => h("li", null,
      isManifest() && line && [h("button", {type: "button", class: "link", onclick: () => view.goTo(line)},
        text.editor.line(line)), " "], message))),
    h("div", {class: "toolbar copies", role: "group", "aria-label": text.edit.copyAs, hidden: () => !draft.manifest()},
      h("span", {class: "hint"}, text.edit.copyAs), copies));
  return {element, input: view.input};
}

/**
 * The errors that neither a field nor the editor shows.
 * @param {import("./edit-draft.js").Draft} draft
 */
function others(draft) {
  const errors = draft.checked()?.errors ?? [];
  if (draft.origin() === "manifest") return errors.slice(1);
  return draft.isSubmitted() ? errors.filter((error) => !draft.controlOf(error)) : [];
}

/** @param {import("./edit-draft.js").Draft} draft */
function statusOf(draft) {
  const checked = draft.checked();
  if (draft.problem()) return text.edit.unchecked;
  if (!checked) return "";
  if (checked.errors.length > 0) return draft.origin() === "manifest" ? text.edit.blocked
    : draft.manifest() && text.edit.outdated;
  return effectOf(checked);
}

/** @param {import("./edit-draft.js").Check} checked */
function effectOf({exists, changes, rollsOut, name}) {
  if (!exists) return text.edit.creates(name ?? "");
  return changes.length === 0 ? text.edit.unchanged : rollsOut ? text.edit.rollsOut : text.edit.rollsNothing;
}

/**
 * @param {"yaml" | "kubectl" | "f2s" | "curl"} kind
 * @param {string} manifest
 * @param {string} name
 */
function command(kind, manifest, name) {
  if (kind === "yaml") return manifest;
  const lines = manifest.split("\n");
  let end = "END";
  while (lines.includes(end)) end += "_";
  const start = {
    kubectl: "kubectl apply -f -",
    f2s: `f2s apply --server ${location.origin} -f -`,
    curl: `curl -X PUT -H 'Content-Type: application/yaml' --data-binary @- ${location.origin}`
      + path`/functions/${name}`,
  }[kind];
  return `${start} <<'${end}'\n${manifest.replace(/\n*$/, "\n")}${end}\n`;
}

/**
 * What a save would change, as the server has found.
 * @param {import("./edit-draft.js").Draft} draft
 * @param {() => void} onClose
 */
export const dryRun = (draft, onClose) => h("section", {class: "panel", "aria-label": text.edit.dryRun},
  h("h2", {tabindex: -1, ref: (/** @type {HTMLElement} */ heading) => setTimeout(() => heading.focus())},
    text.edit.dryRun),
  () => {
    const checked = draft.checked();
    if (!checked || checked.errors.length > 0) return h("p", null, text.edit.dryRunErrors);
    return [h("p", null, effectOf(checked)), changeList(checked.changes)];
  },
  h("p", {class: "actions"}, button(text.app.close, onClose)));

/**
 * The versions of a function. They are loaded when they are opened.
 * @param {string} name
 * @param {() => boolean} isReadOnly
 * @param {(generation: number) => Promise<void>} restore Puts a version into the editor.
 */
export function versions(name, isReadOnly, restore) {
  const isOpen = signal(false);
  const error = signal(/** @type {unknown} */ (null));
  return h("details", {class: "more", ontoggle: (/** @type {Event} */ event) =>
    isOpen.set(/** @type {HTMLDetailsElement} */ (event.target).open)},
  h("summary", null, text.edit.versions),
  when(isOpen, () => panel(
    resource(async (abort) => /** @type {Version[]} */ (
      (await get(path`/functions/${name}/history`, {signal: abort})).items)),
    (items) => h("ol", {class: "versions"}, () => items().map((version) => h("li", null,
      h("span", null, text.edit.version(version), " ", h("span", {class: "hint"}, text.edit.versionState(version))),
      !version.isCurrent && when(isReadOnly, () => null, () =>
        button(text.edit.toEditor, () => restore(version.generation), {
          onError: (failure) => error.set(failure),
          props: {"aria-label": `${text.edit.toEditor}: ${text.edit.version(version)}`},
        }))))))),
  () => (error() ? h("p", {class: "error", role: "alert"}, String(error())) : null));
}
