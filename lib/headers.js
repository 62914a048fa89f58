// Header names match in any letter case, and headers come as a plain object, a `Headers`, a Map or
// an array of pairs. Iterating them here is many times cheaper than across the native boundary.

/** Values are cut to 256 characters after cleaning; nothing longer need cross the boundary. */
const CROSSING_LIMIT = 1024;

/**
 * Calls `visit` with each name in lower case, and a function that reads its value.
 *
 * @param {unknown} headers
 * @param {(name: string, read: () => unknown) => void} visit
 */
function eachHeader(headers, visit) {
  if (headers === null || typeof headers !== "object") {
    return;
  }
  if (typeof headers[Symbol.iterator] === "function") {
    for (const [name, value] of headers) {
      visit(String(name).toLowerCase(), () => value);
    }
    return;
  }
  for (const name of Object.keys(headers)) {
    visit(name.toLowerCase(), () => headers[name]);
  }
}

/**
 * What `sources` set: lower-case name to value, where the first source wins. `undefined` is no value.
 *
 * @param {...unknown} sources
 * @returns {Map<string, unknown>}
 */
export function headersSet(...sources) {
  const set = new Map();
  for (const source of sources) {
    eachHeader(source, (name, read) => {
      if (!set.has(name)) {
        const value = read();
        if (value !== undefined) {
          set.set(name, value);
        }
      }
    });
  }
  return set;
}

/**
 * The headers in `wanted` (lower-case names) that are strings, as the JSON text of an object. A
 * value of any other header is never read.
 *
 * @param {unknown} headers
 * @param {ReadonlySet<string>} wanted
 */
export function pickHeaders(headers, wanted) {
  const picked = {};
  eachHeader(headers, (name, read) => {
    if (wanted.has(name) && !Object.hasOwn(picked, name)) {
      const value = read();
      if (typeof value === "string") {
        // A lone surrogate is no JSON for the reader on the other side.
        picked[name] = value.slice(0, CROSSING_LIMIT).toWellFormed();
      }
    }
  });
  return JSON.stringify(picked);
}

/**
 * `headers` with `additions`, as the plain object that the host's transports take.
 *
 * @param {unknown} headers
 * @param {Record<string, string>} additions
 */
export function withHeaders(headers, additions) {
  const iterable = typeof headers?.[Symbol.iterator] === "function";
  return { ...(iterable ? Object.fromEntries(headers) : headers), ...additions };
}
