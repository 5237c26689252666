/**
 * Form fields with a label, help and an error, and the summary of errors above a form.
 *
 * Contract: the help and the error describe the control (`aria-describedby`), an error marks it (`aria-invalid`). The
 * summary takes the focus when it appears, and each of its entries leads to its field.
 */

import {h, uid} from "./dom.js";
import {text} from "./text.js";

/**
 * @typedef {{
 *   label: import("./dom.js").Child, help?: import("./dom.js").Child, error?: () => string, isOptional?: boolean,
 *   control: (props: {id: string, "aria-describedby": string, "aria-invalid": () => ?boolean}) => Element,
 * }} FieldOptions
 */

/**
 * Creates a field: `field({label, help, error, control: (props) => h("input", {...props, name: "port"})})`.
 * @param {FieldOptions} options
 */
export function field({label, help, error = () => "", isOptional = false, control}) {
  const id = uid("field");
  const [helpID, errorID] = [`${id}-help`, `${id}-error`];
  return h("div", {class: "field"},
    h("label", {for: id}, label, isOptional && h("span", {class: "hint"}, ` (${text.form.optional})`)),
    control({
      id, "aria-describedby": help ? `${helpID} ${errorID}` : errorID, "aria-invalid": () => (error() ? true : null),
    }),
    help && h("p", {id: helpID, class: "hint"}, help),
    h("p", {id: errorID, class: "error"}, error));
}

/**
 * Creates a choice of one among few, as radio buttons in a row.
 * @template {string} V
 * @param {{legend: string, choices: {value: V, label: string}[], value: import("./signal.js").Signal<V>}} options
 */
export function choice({legend, choices, value}) {
  const name = uid("choice");
  return h("fieldset", {class: "choice"}, h("legend", null, legend), choices.map((option) =>
    h("label", null, h("input", {
      type: "radio", name, value: option.value, checked: () => value() === option.value,
      onchange: () => value.set(option.value),
    }), option.label)));
}

/**
 * Creates the summary of the errors of a form; call it after a submit that has failed.
 * @param {{message: string, control: HTMLElement}[]} errors
 */
export function errorSummary(errors) {
  const summary = h("div", {class: "problem bad", tabindex: -1},
    h("p", {class: "problem-title"}, h("strong", null, text.form.summary(errors.length))),
    h("ul", null, errors.map(({message, control}) => h("li", null,
      h("a", {
        href: `#${control.id}`,
        onclick: (/** @type {Event} */ event) => {
          // The hash belongs to the router.
          event.preventDefault();
          control.focus();
        },
      }, message)))));
  queueMicrotask(() => summary.focus());
  return summary;
}
