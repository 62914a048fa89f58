// Reads and extends headers: a plain object, a `Headers` or an array of pairs. Names match in any letter case. Iteration in
// JavaScript is many times cheaper than in the addon.

import { isCopyable, isObject } from "../plain.js";

/** The addon cuts values to 256 characters after it has cleaned them, so it needs no longer values than this. */
const VALUE_LIMIT = 1024;

/** Whether `headers` are a list of pairs. An iterator could be read once only, so it does not count. */
const isPairs = (headers) =>
  typeof headers?.[Symbol.iterator] === "function" && typeof headers.next !== "function";

/** Whether the plugin can extend a copy of `headers`. @throws {TypeError} as `isCopyable` */
export const canExtend = (headers) =>
  Array.isArray(headers) ||
  Object.prototype.toString.call(headers) === "[object Headers]" ||
  isCopyable(headers);

/**
 * Calls `visit` with the index and the value of each header in `indexes`. Other values are not read.
 *
 * @param {unknown} headers
 * @param {ReadonlyMap<string, number>} indexes by lower-case name
 * @param {(index: number, value: unknown) => void} visit
 */
function forEachOf(headers, indexes, visit) {
  if (isPairs(headers)) {
    for (const [name, value] of headers) {
      const index = indexes.get(String(name).toLowerCase());
      if (index !== undefined) {
        visit(index, value);
      }
    }
  } else if (isObject(headers)) {
    for (const name of Object.keys(headers)) {
      // Most names are in lower case, and most other headers do not begin with an x, as all in `indexes` do.
      const index =
        indexes.get(name) ??
        ((name.charCodeAt(0) | 32) === 120 ? indexes.get(name.toLowerCase()) : undefined);
      if (index !== undefined) {
        visit(index, headers[name]);
      }
    }
  }
}

/** The indexes of `names` for the functions of this file. Each name must begin with an x. */
export const indexesOf = (names) =>
  new Map(names.map((name, index) => [name.toLowerCase(), index]));

/**
 * The values of the headers in `indexes`. Values of `first` have priority. A value of `undefined` counts as missing.
 *
 * @param {unknown} first
 * @param {unknown} second
 * @param {ReadonlyMap<string, number>} indexes
 * @returns {unknown[] | undefined} by index; `undefined` if there is no value
 */
export function presetValues(first, second, indexes) {
  let values;
  const visit = (index, value) => {
    if (value !== undefined && values?.[index] === undefined) {
      values ??= new Array(indexes.size).fill(undefined);
      values[index] = value;
    }
  };
  forEachOf(first, indexes, visit);
  forEachOf(second, indexes, visit);
  return values;
}

/**
 * Returns a function that reads the headers `names` whose values are strings. HTTP joins repeated values with commas.
 *
 * @param {readonly string[]} names in lower case
 * @returns {(headers: unknown) => Record<string, string | undefined>} by name
 */
export function headerReader(names) {
  const indexes = indexesOf(names);
  // An object that has all names from the start is filled much faster.
  const missing = Object.fromEntries(names.map((name) => [name, undefined]));
  return (headers) => {
    const received = { ...missing };
    forEachOf(headers, indexes, (index, value) => {
      if (typeof value === "string") {
        const name = names[index];
        const joined = received[name] === undefined ? value : `${received[name]}, ${value}`;
        received[name] = joined.slice(0, VALUE_LIMIT).toWellFormed();
      }
    });
    return received;
  };
}

/**
 * A copy of `headers` with `additions`: an object, as the host's transports expect, or pairs if a name is repeated.
 *
 * @param {unknown} headers
 * @param {Record<string, string>} additions
 */
export function withHeaders(headers, additions) {
  if (!isPairs(headers)) {
    return { ...headers, ...additions };
  }
  const pairs = [...headers];
  const plain = Object.fromEntries(pairs);
  return Object.keys(plain).length === pairs.length
    ? Object.assign(plain, additions)
    : [...pairs, ...Object.entries(additions)];
}
