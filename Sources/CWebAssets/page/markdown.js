/**
 * Markdown as elements: headings, paragraphs, lists, quotes, tables, code, emphasis and links.
 *
 * Contract
 * - Everything that is not known is text: HTML has no meaning here. Links lead to http, https and mailto, and to where
 *   `resolve` leads a relative one.
 * - Headings begin below the heading of their surroundings: `level` is the level of a `#`.
 * - The time is proportional to the length: patterns and depth are bounded.
 */

import {h} from "./dom.js";

const depthMax = 5;
/**
 * @typedef {import("./dom.js").Child} Child
 * @typedef {(target: string) => ?string} Resolve Returns where a relative link leads, or null if it is to be a text.
 */

/**
 * Creates the elements of a text.
 * @param {string} source
 * @param {{level?: number, resolve?: ?Resolve}} [options] Without `resolve`, a relative link stays as it is written.
 */
export const markdown = (source, options = {}) => {
  const {level = 3, resolve = null} = options;
  return h("div", {class: "markdown"}, blocks(source.replaceAll("\t", "    ").split(/\r?\n/), {level, resolve}, 0));
};

/** The name of a heading in a link, as usual sites for Markdown form it. */
export const anchor = (/** @type {string} */ heading) =>
  heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");

const fence = /^ {0,3}(\x60{3,}|~~~+)/;
const heading = /^ {0,3}(#{1,6}) +(.*?)[ #]*$/;
const rule = /^ {0,3}([-*_])( *\1){2,} *$/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)]) +/;
const quote = /^ {0,3}> ?/;
const row = /^ {0,3}\|/;
const delimiters = /^ {0,3}\|( *:?-+:? *\|){1,50} *$/;

/**
 * @param {string[]} lines
 * @param {{level: number, resolve: ?Resolve}} options
 * @param {number} depth
 * @returns {Child[]}
 */
function blocks(lines, options, depth) {
  const {level, resolve} = options;
  /** @type {Child[]} */
  const all = [];
  let at = 0;
  /** Takes lines for as long as they belong to a block. */
  const take = (/** @type {(line: string) => boolean} */ belongs) => {
    const start = at;
    while (at < lines.length && belongs(lines[at])) at += 1;
    return lines.slice(start, at);
  };
  const isBlank = (/** @type {string} */ line) => line.trim() === "";
  const isSpecial = (/** @type {string} */ line) =>
    isBlank(line) || [fence, heading, rule, item, quote, row].some((pattern) => pattern.test(line));
  while (at < lines.length) {
    const line = lines[at];
    const mark = fence.exec(line)?.[1];
    const title = heading.exec(line);
    if (isBlank(line)) at += 1;
    else if (mark) {
      at += 1;
      const code = take((next) => !next.trimStart().startsWith(mark));
      at += 1;
      all.push(h("pre", {tabindex: 0}, h("code", null, code.join("\n"))));
    } else if (title) {
      at += 1;
      const tag = /** @type {"h6"} */ (`h${Math.min(6, level + title[1].length - 1)}`);
      all.push(h(tag, {"data-anchor": anchor(title[2])}, inline(title[2], resolve)));
    } else if (rule.test(line)) {
      at += 1;
      all.push(h("hr", null));
    } else if (depth < depthMax && quote.test(line)) {
      const inner = take((next) => quote.test(next)).map((next) => next.replace(quote, ""));
      all.push(h("blockquote", null, blocks(inner, options, depth + 1)));
    } else if (depth < depthMax && item.test(line)) {
      const first = /** @type {RegExpExecArray} */ (item.exec(line));
      const isOrdered = /\d/.test(first[2]);
      const kind = (/** @type {string} */ next) => /\d/.test(item.exec(next)?.[2] ?? "") === isOrdered;
      /** @type {Child[]} */
      const items = [];
      while (at < lines.length && item.test(lines[at]) && kind(lines[at]) && !rule.test(lines[at])) {
        const [lead] = /** @type {RegExpExecArray} */ (item.exec(lines[at]));
        const head = lines[at].slice(lead.length);
        at += 1;
        // The lines of an item are indented; lines of its first paragraph need not be.
        const rest = take((next) => isBlank(next) || next.startsWith("  ") || !isSpecial(next));
        const body = [head, ...rest.map((next) => next.replace(new RegExp(`^ {0,${lead.length}}`), ""))];
        const content = blocks(body, options, depth + 1);
        const [begin, ...more] = content;
        items.push(h("li", null, begin instanceof HTMLParagraphElement ? [...begin.childNodes] : begin, more));
      }
      all.push(h(isOrdered ? "ol" : "ul", isOrdered ? {start: Number.parseInt(first[2], 10)} : null, items));
    } else if (row.test(line) && delimiters.test(lines[at + 1] ?? "")) {
      all.push(table(take((next) => row.test(next)), resolve));
    } else {
      at += 1;
      const more = take((next) => !isSpecial(next));
      all.push(h("p", null, inline([line, ...more].map((next) => next.trimStart()).join("\n"), resolve)));
    }
  }
  return all;
}

/**
 * Creates a table of the lines of one: the names of the columns, delimiters, and a line per row.
 * @param {string[]} lines
 * @param {?Resolve} resolve
 */
function table([names, delimiter, ...rows], resolve) {
  const count = delimiter.split("|").length - 2;
  const cells = (/** @type {string} */ line) =>
    [...line.trim().slice(1).matchAll(/((?:\\.|[^|\\]){0,5000})(?:\||$)/g)].slice(0, count)
      .map(([, cell]) => cell.replaceAll("\\|", "|").trim());
  const columns = cells(names);
  return h("div", {class: "wide", tabindex: 0, role: "group", "aria-label": columns.filter(Boolean).join(", ")},
    h("table", null,
      h("thead", null, h("tr", null, columns.map((name) => h("th", {scope: "col"}, inline(name, resolve))))),
      h("tbody", null, rows.map((line) =>
        h("tr", null, cells(line).map((cell) => h("td", null, inline(cell, resolve))))))));
}

/** Escapes, code, links, addresses, strong text, emphasis and hard breaks. */
const spans = new RegExp([
  /\\([!-/:-@[-\x60{-~])/, /(\x60+)([^]{1,500}?)\2(?!\x60)/,
  /!?\[([^\]]{1,300})\]\(\s*<?([^)\s>]{1,1000})>?(?:\s+"[^"]{0,300}")?\s*\)/,
  /<((?:https?:|mailto:)[^\s<>]{1,1000})>/, /(\*\*|__)(?=\S)([^]{0,500}?\S)\7/,
  /(?<![\p{L}\p{N}])([*_])(?=\S)([^]{0,500}?[^\s*_])\9(?![\p{L}\p{N}])/, /(?: {2,}|\\)\n()/,
].map(({source}) => source).join("|"), "gu");

/**
 * @param {string} source
 * @param {?Resolve} resolve
 * @param {number} [depth]
 * @returns {Child[]}
 */
function inline(source, resolve, depth = 0) {
  if (depth > depthMax) return [source];
  /** @type {Child[]} */
  const all = [];
  let end = 0;
  for (const match of source.matchAll(spans)) {
    const [whole, escaped, , code, label, target, address, , strong, , emphasis] = match;
    all.push(source.slice(end, match.index));
    end = (match.index ?? 0) + whole.length;
    if (escaped) all.push(escaped);
    else if (code) all.push(h("code", null, code.replace(/^ (.+) $/, "$1")));
    else if (label) all.push(link(target, inline(label, resolve, depth + 1), resolve) ?? whole);
    else if (address) all.push(link(address, address.replace(/^mailto:/, ""), resolve) ?? whole);
    else if (strong) all.push(h("strong", null, inline(strong, resolve, depth + 1)));
    else if (emphasis) all.push(h("em", null, inline(emphasis, resolve, depth + 1)));
    else all.push(h("br", null));
  }
  all.push(source.slice(end));
  return all;
}

/**
 * Creates a link, or a text if its target may not be opened; or nothing if the target stays as it is written.
 * @param {string} target
 * @param {Child} content
 * @param {?Resolve} resolve
 */
function link(target, content, resolve) {
  if (/^(https?:\/\/|mailto:)/i.test(target)) {
    return h("a", {href: target, rel: "noopener noreferrer nofollow"}, content);
  }
  if (!resolve) return null;
  const place = resolve(target);
  return place === null ? h("span", null, content) : h("a", {href: place}, content);
}
