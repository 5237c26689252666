/**
 * Elements as function calls: `h("p", {class: "hint"}, "Hello, ", name)`.
 *
 * Contract
 * - Text stays text: nothing here parses HTML, so no value can become an element or a script.
 * - A property or child that is a function is reactive: it is read in an effect and updated in place. Signals are
 *   functions, so `h("p", {hidden: isHidden}, message)` follows both.
 * - `each` and `when` keep the elements that stay, and with them focus, selection and scroll positions.
 * - Properties: `on…` adds a listener, `class` a class list, `style` an object of CSS properties (set by the CSSOM,
 *   because the content policy forbids style attributes), `ref` receives the element. `true` sets an empty attribute,
 *   `false`, `null` and `undefined` remove it; `aria-…` keeps the words true and false.
 *
 * @typedef {Node | string | number | boolean | null | undefined} Static
 * @typedef {Static | (() => any) | readonly any[]} Child A function must return a child, and an array contain children.
 * @typedef {Record<string, any>} Props
 */

import {effect, onCleanup, root, signal, untrack} from "./signal.js";

/** Names that must be set as properties, because their attributes are only the initial value. */
const liveProperties = new Set(["value", "checked", "selected", "indeterminate", "open", "textContent"]);

let identifiers = 0;

/** Returns an identifier for `for`, `aria-describedby` and the like. */
export const uid = (prefix = "x") => `${prefix}-${++identifiers}`;

/**
 * Creates an HTML element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {?Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/**
 * Creates an SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {?Props} [props]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, props, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {?Props | undefined} props
 * @param {Child[]} children
 * @returns {E}
 */
function filled(element, props, children) {
  append(element, children);
  // After the children, because the value of a <select> needs its options.
  for (const [name, value] of Object.entries(props ?? {})) bind(element, name, value);
  return element;
}

/** @param {Element} element @param {string} name @param {any} value */
function bind(element, name, value) {
  if (name === "ref") value(element);
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (typeof value === "function") effect(() => assign(element, name, value()));
  else if (name === "style" && value) for (const [key, part] of Object.entries(value)) bindStyle(element, key, part);
  else assign(element, name, value);
}

/** @param {Element} element @param {string} key @param {any} value */
function bindStyle(element, key, value) {
  const {style} = /** @type {HTMLElement} */ (element);
  if (typeof value === "function") effect(() => style.setProperty(key, value()));
  else style.setProperty(key, value);
}

/**
 * Sets a property or attribute, only if it differs, so that carets stay and screen readers do not repeat.
 * @param {Element} element
 * @param {string} name
 * @param {any} value
 */
function assign(element, name, value) {
  if (liveProperties.has(name)) {
    const target = /** @type {any} */ (element);
    if (target[name] !== value) target[name] = value ?? "";
    return;
  }
  const text = value === true && !name.startsWith("aria-") ? "" : value;
  if (text == null || (text === false && !name.startsWith("aria-"))) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(text)) element.setAttribute(name, String(text));
}

/**
 * Appends children to an element or fragment.
 * @param {ParentNode & Node} parent
 * @param {Child} child
 */
export function append(parent, child) {
  if (Array.isArray(child)) for (const part of child) append(parent, part);
  else if (typeof child === "function") parent.append(reactive(child));
  else if (child instanceof Node) parent.append(child);
  else if (child != null && typeof child !== "boolean") parent.append(String(child));
}

/**
 * Replaces the content of an element.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  const content = document.createDocumentFragment();
  append(content, children);
  parent.replaceChildren(content);
}

/**
 * Creates the nodes of a reactive child. A text is the data of one node that stays; anything else lies between that
 * node and one in front of it.
 * @param {() => Child} read
 * @returns {DocumentFragment}
 */
function reactive(read) {
  const end = document.createTextNode("");
  const fragment = document.createDocumentFragment();
  fragment.append(end);
  /** @type {?Text} */
  let start = null;
  effect(() => {
    const child = read();
    while (start && start.nextSibling !== end) start.nextSibling?.remove();
    const isText = typeof child === "string" || typeof child === "number";
    const data = isText ? String(child) : "";
    if (end.data !== data) end.data = data;
    if (isText || child == null || typeof child === "boolean") return;
    if (!start) end.before((start = document.createTextNode("")));
    const content = document.createDocumentFragment();
    append(content, child);
    end.before(content);
  });
  return fragment;
}

/**
 * Shows one of two children. A child is created when its turn comes, and ends when it is over.
 * @param {() => unknown} condition
 * @param {() => Child} then
 * @param {() => Child} [otherwise]
 * @returns {DocumentFragment}
 */
export function when(condition, then, otherwise) {
  const choice = signal(Boolean(untrack(condition)));
  effect(() => choice.set(Boolean(condition())));
  return reactive(() => {
    const isTrue = choice();
    return untrack(() => (isTrue ? then() : otherwise?.()));
  });
}

/**
 * Shows a list. An item with a known key keeps its element, and its signal receives the new item.
 * @template T
 * @param {() => readonly T[]} list
 * @param {(item: T) => string | number} key Keys must differ.
 * @param {(item: () => T, key: string | number) => Element} render Reads the item by calling it.
 * @returns {DocumentFragment}
 */
export function each(list, key, render) {
  const place = document.createTextNode("");
  const fragment = document.createDocumentFragment();
  fragment.append(place);
  /** @type {Map<string | number, {item: import("./signal.js").Signal<T>, element: Element, dispose(): void}>} */
  let rows = new Map();
  onCleanup(() => rows.forEach((row) => row.dispose()));
  effect(() => {
    const items = list();
    /** @type {typeof rows} */
    const next = new Map();
    for (const value of items) {
      const name = key(value);
      const known = rows.get(name);
      known?.item.set(value);
      next.set(name, known ?? newRow(value, name));
    }
    for (const [name, row] of rows) {
      if (next.has(name)) continue;
      row.dispose();
      row.element.remove();
    }
    rows = next;
    arrange([...rows.values()].map((row) => row.element), place);
  });

  /** @param {T} value @param {string | number} name */
  function newRow(value, name) {
    const item = signal(value);
    const [element, dispose] = root(() => render(item, name));
    return {item, element, dispose};
  }
  return fragment;
}

/**
 * Puts elements in this order in front of a node. Only elements that are out of order move.
 * @param {Element[]} elements
 * @param {ChildNode} end
 */
function arrange(elements, end) {
  const parent = /** @type {ParentNode & Node & {moveBefore?(node: Node, next: Node): void}} */ (end.parentNode);
  const focused = /** @type {?HTMLElement} */ (document.activeElement);
  let next = end;
  for (const element of elements.reverse()) {
    if (element.nextSibling !== next) {
      // moveBefore keeps focus and scroll positions (Chrome 133, Firefox 144); it moves only connected elements.
      if (parent.moveBefore && element.isConnected && parent.isConnected) parent.moveBefore(element, next);
      else parent.insertBefore(element, next);
    }
    next = element;
  }
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({preventScroll: true});
}
