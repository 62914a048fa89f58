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
 * The values of the headers in `wanted` (lower-case name to place), each in its place, `undefined`
 * where there is no such header or it is no string. A value of any other header is never read.
 *
 * @param {unknown} headers
 * @param {ReadonlyMap<string, number>} wanted
 * @returns {(string | undefined)[]}
 */
export function pickHeaders(headers, wanted) {
  const picked = new Array(wanted.size).fill(undefined);
  eachHeader(headers, (name, read) => {
    const place = wanted.get(name);
    if (place !== undefined && picked[place] === undefined) {
      const value = read();
      if (typeof value === "string") {
        picked[place] = value;
      }
    }
  });
  return picked;
}

/**
 * `values` as one string, which crosses the boundary at the price of one.
 *
 * @param {(string | undefined)[]} values
 */
export function packed(values) {
  let text = "";
  for (const value of values) {
    text += value === undefined ? "\n" : `${single(value)}\n`;
  }
  return text;
}

/** `value` as one line: a carriage return is dropped and trimmed just as a line feed would be. */
function single(value) {
  const cut = value.length > CROSSING_LIMIT ? value.slice(0, CROSSING_LIMIT) : value;
  return cut.includes("\n") ? cut.replaceAll("\n", "\r") : cut;
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
