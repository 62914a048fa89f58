// Header names match in any letter case, and headers come as a plain object, a `Headers`, a Map or
// an array of pairs. Iterating them here is many times cheaper than across the native boundary.

/** Values are cut to 256 characters after cleaning; nothing longer need cross the boundary. */
const CROSSING_LIMIT = 1024;

/**
 * The values of the headers in `places` (lower-case name to place), each in its place. Where a name
 * comes again, the first value counts that `accept` takes. A value of any other header is never read.
 *
 * @param {unknown} headers
 * @param {ReadonlyMap<string, number>} places
 * @param {unknown[]} values what is known already; it is filled and returned
 * @param {(value: unknown) => boolean} accept
 */
function pick(headers, places, values, accept) {
  if (headers === null || typeof headers !== "object") {
    return values;
  }
  if (typeof headers[Symbol.iterator] === "function") {
    for (const [name, value] of headers) {
      const place = places.get(String(name).toLowerCase());
      if (place !== undefined && values[place] === undefined && accept(value)) {
        values[place] = value;
      }
    }
    return values;
  }
  for (const name of Object.keys(headers)) {
    // Every header of interest begins with an x, and most others do not.
    const place = (name.charCodeAt(0) | 32) === 120 ? places.get(name.toLowerCase()) : undefined;
    if (place !== undefined && values[place] === undefined) {
      const value = headers[name];
      if (accept(value)) {
        values[place] = value;
      }
    }
  }
  return values;
}

const isSet = (value) => value !== undefined;
const isString = (value) => typeof value === "string";

/** The places of `names` for the other functions. Each name has to begin with an x. */
export function placesOf(names) {
  return new Map(names.map((name, place) => [name.toLowerCase(), place]));
}

/**
 * What either source sets of the headers in `places`; the first source wins. `undefined` is no
 * value, and `undefined` is returned where there is none at all.
 *
 * @param {unknown} first
 * @param {unknown} second
 * @param {ReadonlyMap<string, number>} places
 * @returns {unknown[] | undefined}
 */
export function headersSet(first, second, places) {
  const values = new Array(places.size).fill(undefined);
  pick(second, places, pick(first, places, values, isSet), isSet);
  return values.some(isSet) ? values : undefined;
}

/**
 * The headers in `places` that are strings.
 *
 * @param {unknown} headers
 * @param {ReadonlyMap<string, number>} places
 * @returns {(string | undefined)[]}
 */
export function headersSent(headers, places) {
  return pick(headers, places, new Array(places.size).fill(undefined), isString);
}

/** `value` as one line: a carriage return is dropped and trimmed just as a line feed would be. */
function line(value) {
  if (value === undefined) {
    return "\n";
  }
  const cut = value.length > CROSSING_LIMIT ? value.slice(0, CROSSING_LIMIT) : value;
  return `${cut.includes("\n") ? cut.replaceAll("\n", "\r") : cut}\n`;
}

/**
 * `values` as one string, which crosses the boundary at the price of one.
 *
 * @param {(string | undefined)[]} values
 */
export function packed(...values) {
  let text = "";
  for (const value of values) {
    text += line(value);
  }
  return text;
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
