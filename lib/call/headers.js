// Header names match in any letter case, and headers come as a plain object, a `Headers` or an array of pairs.
// Iterating them here is many times cheaper than across the native boundary.

import { isCopyable } from "../plain.js";

const CROSSING_LIMIT = 1024;

/** An iterator is used up by reading it, and then there is nothing left for whom it is meant. */
const isPairs = (headers) =>
  typeof headers?.[Symbol.iterator] === "function" && typeof headers.next !== "function";

/** Whether headers can be added to a copy of these. @throws {TypeError} as `isCopyable` */
export const canExtend = (headers) =>
  Array.isArray(headers) ||
  Object.prototype.toString.call(headers) === "[object Headers]" ||
  isCopyable(headers);

/**
 * Calls `see` with the place of each header in `places` and with its value, in the order in which
 * they come. A value of any other header is never read.
 *
 * @param {unknown} headers of an object; an iterator is left unread
 * @param {ReadonlyMap<string, number>} places lower-case name to place
 * @param {(place: number, value: unknown) => void} see
 */
function forEachOf(headers, places, see) {
  if (isPairs(headers)) {
    for (const [name, value] of headers) {
      const place = places.get(String(name).toLowerCase());
      if (place !== undefined) {
        see(place, value);
      }
    }
  } else if (headers !== null && typeof headers === "object") {
    for (const name of Object.keys(headers)) {
      // Every header of interest begins with an x, and most others do not.
      const place = (name.charCodeAt(0) | 32) === 120 ? places.get(name.toLowerCase()) : undefined;
      if (place !== undefined) {
        see(place, headers[name]);
      }
    }
  }
}

/** The places of `names` for the other functions. Each name has to begin with an x. */
export function placesOf(names) {
  return new Map(names.map((name, place) => [name.toLowerCase(), place]));
}

/**
 * What either source sets of the headers in `places`; the first value counts. `undefined` is no
 * value, and `undefined` is returned where there is none at all.
 *
 * @param {unknown} first
 * @param {unknown} second
 * @param {ReadonlyMap<string, number>} places
 * @returns {unknown[] | undefined}
 */
export function headersSet(first, second, places) {
  let values;
  const see = (place, value) => {
    if (value !== undefined && values?.[place] === undefined) {
      values ??= new Array(places.size).fill(undefined);
      values[place] = value;
    }
  };
  forEachOf(first, places, see);
  forEachOf(second, places, see);
  return values;
}

/**
 * The headers in `places` that are strings, by lower-case name. One that comes again is joined by commas, as HTTP has it.
 *
 * @param {unknown} headers
 * @param {ReadonlyMap<string, number>} places
 * @param {readonly string[]} names in the order of the places
 * @returns {Record<string, string>}
 */
export function headersSent(headers, places, names) {
  const sent = {};
  forEachOf(headers, places, (place, value) => {
    if (typeof value !== "string") {
      return;
    }
    const name = names[place];
    const before = sent[name];
    if (before === undefined) {
      sent[name] = cut(value);
    } else if (before.length <= CROSSING_LIMIT) {
      sent[name] = `${before}, ${cut(value)}`;
    }
  });
  return sent;
}

/** Values are cut to 256 characters after cleaning; nothing longer need cross the boundary. */
const cut = (value) =>
  value.length > CROSSING_LIMIT
    ? value.slice(0, CROSSING_LIMIT).toWellFormed()
    : value.toWellFormed();

/**
 * `headers` with `additions`, as the plain object that the host's transports take; as pairs where a
 * name comes more than once, which an object cannot say.
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
