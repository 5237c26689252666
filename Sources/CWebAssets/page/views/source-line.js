/**
 * Places in a function's source text: found in what a runtime has written, and linked to the editor.
 *
 * Contract: only names of the function's own files count, so a link never leads to a file that is not there.
 *
 * @typedef {{file: string, line?: ?number}} Place
 */

import {href} from "../router.js";
import {text} from "../text.js";

/**
 * Finds the last place that a text names: `handler.py:4`, `handler.py, line 4` or `File "handler.py", line 4`.
 * @param {string} content
 * @param {string[]} files
 * @returns {?Place}
 */
export function placeIn(content, files) {
  /** @type {?Place} */
  let found = null;
  let last = -1;
  for (const file of files) {
    const name = file.replace(/[^\w]/g, "\\$&");
    for (const match of content.matchAll(new RegExp(`(?:^|[\\s"'(/])${name}(?::|"?, line )(\\d{1,6})`, "gm"))) {
      const {index = 0} = match;
      if (index > last) [last, found] = [index, {file, line: Number(match[1])}];
    }
  }
  return found;
}

/**
 * The link to a place in the editor. Without a place, it leads to the editor.
 * @param {string} name The function.
 * @param {?Place} [place]
 */
export function editLink(name, place) {
  const target = href.function(name, "edit");
  if (!place) return {label: text.app.edit, href: target};
  const fields = new URLSearchParams({file: place.file, ...(place.line ? {line: String(place.line)} : {})});
  return {label: place.line ? text.editor.line(place.line) : place.file, href: `${target}?${fields}`};
}
