/**
 * The list without a function: an instruction, and examples that one click declares and invokes.
 *
 * Contract: an example opens the invocation of its function, which shows the cold start. An error stays here.
 */

import {button, ifAllowed} from "../button.js";
import {h} from "../dom.js";
import {examples, startExample} from "../examples.js";
import {problemOf} from "../problem.js";
import {go, href} from "../router.js";
import {signal} from "../signal.js";
import {text} from "../text.js";

/** Creates the instruction. */
export function emptyList() {
  const error = signal(/** @type {unknown} */ (null));
  const note = signal("");
  const start = async (/** @type {import("../examples.js").Example} */ example) => {
    error.set(null);
    note.set(text.examples.starting(example.id));
    try {
      go(href.function(await startExample(example), "invoke"));
    } finally {
      note.set("");
    }
  };
  const card = (/** @type {import("../examples.js").Example} */ example) => h("li", {class: "panel"},
    button(example.title, () => start(example), {onError: (failure) => error.set(failure)}),
    h("p", {class: "hint"}, example.help));
  return h("section", {class: "first"},
    h("h2", null, text.examples.title),
    h("p", null, text.examples.lead),
    ifAllowed("create", undefined, () => [
      h("p", null, h("a", {class: "button primary", href: href.create("code")}, text.examples.write)),
      h("p", null, text.examples.try),
      h("ul", {class: "examples"}, examples.map(card)),
      h("p", {role: "status", class: "hint"}, note),
      problemOf(error),
      h("p", {class: "actions"}, text.examples.others,
        h("a", {href: href.create("image")}, text.examples.image),
        h("a", {href: href.create("command")}, text.examples.command),
        h("a", {href: href.create("yaml")}, text.examples.paste)),
    ]));
}
