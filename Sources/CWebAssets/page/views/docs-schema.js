/**
 * Schemas of the OpenAPI document as texts: their shape for people, and an example of a body to begin with.
 *
 * @typedef {Record<string, any>} Schema
 * @typedef {import("./docs.js").Document} Document
 */

import {templates} from "../examples.js";

const depthMax = 8;

/**
 * Bodies that a schema cannot express.
 * @type {Record<string, unknown>}
 */
const bodies = {
  Function: {
    apiVersion: "f2s.opensight.ch/v1alpha1", kind: "Function", metadata: {name: "hello"},
    spec: {endpoint: "/hello", method: "GET"},
    target: {source: {runtime: "python", files: {[templates.python.file]: templates.python.source}}},
  },
};

/** @param {Schema} schema */
const nameOf = (schema) => String(schema.$ref ?? "").split("/").pop() ?? "";

/** @param {Schema} schema @param {Document} document @returns {Schema} */
const resolved = (schema, document) =>
  (schema.$ref ? document.components?.schemas?.[nameOf(schema)] ?? {} : schema);

/**
 * Describes a schema: `{name: string, port?: integer 1…65535, default 8080}`, a member per line.
 * @param {Schema} reference
 * @param {Document} document
 * @param {string} [indent]
 * @returns {string}
 */
export function describe(reference, document, indent = "") {
  const schema = resolved(reference, document);
  const inner = `${indent}  `;
  const of = (/** @type {Schema} */ part) => describe(part, document, inner);
  if (indent.length > 2 * depthMax) return "…";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((/** @type {unknown} */ value) => JSON.stringify(value)).join(" | ");
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map((/** @type {Schema} */ part) => describe(part, document, indent)).join(" | ");
  if (schema.items) return `[${describe(schema.items, document, indent)}, …]`;
  const lines = Object.entries(schema.properties ?? {}).map(([name, part]) =>
    `${inner}${name}${schema.required?.includes(name) ? "" : "?"}: ${of(part)}`);
  if (lines.length > 0) return `{\n${lines.join("\n")}\n${indent}}`;
  if (schema.additionalProperties) return `{name: ${of(schema.additionalProperties)}, …}`;
  return [[schema.type ?? "any"].flat().join(" | ") + bounds(schema), ...remarks(schema)].join(", ");
}

/** @param {Schema} schema */
function bounds({minimum, exclusiveMinimum, maximum}) {
  const from = minimum ?? (exclusiveMinimum === undefined ? undefined : `>${exclusiveMinimum}`);
  if (from === undefined && maximum === undefined) return "";
  return maximum === undefined ? ` ${from}…` : ` ${from ?? ""}…${maximum}`;
}

/** @param {Schema} schema */
const remarks = ({default: standard, examples, pattern}) => [
  standard !== undefined && `default ${JSON.stringify(standard)}`,
  examples && `such as ${JSON.stringify(examples[0])}`,
  pattern && `pattern ${pattern}`,
].filter(Boolean);

/**
 * Returns an example of a body as JSON.
 * @param {Schema} schema
 * @param {Document} document
 */
export const example = (schema, document) => JSON.stringify(bodies[nameOf(schema)] ?? value(schema, document), null, 2);

/** @param {Schema} reference @param {Document} document @param {number} [depth] @returns {unknown} */
function value(reference, document, depth = 0) {
  const schema = resolved(reference, document);
  const known = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
  if (known !== undefined) return known;
  if (depth > depthMax) return null;
  const of = (/** @type {Schema} */ part) => value(part, document, depth + 1);
  if (schema.oneOf) return of(schema.oneOf[0]);
  const members = Object.entries(schema.properties ?? {});
  const wanted = members.filter(([name]) => !schema.required || schema.required.includes(name));
  switch ([schema.type].flat()[0]) {
    case "object": return Object.fromEntries(wanted.map(([name, part]) => [name, of(part)]));
    case "array": return schema.items ? [of(schema.items)] : [];
    case "integer":
    case "number": return schema.minimum ?? 0;
    case "boolean": return false;
    case "string": return "";
    default: return null;
  }
}
