// Reads configuration values of any type and size. Reading a value can throw.

import { oneLine } from "../log.js";
import { isObject } from "../plain.js";

/** Characters of a text that are read. */
const TEXT_LIMIT = 128;

/** Keys of an object, or members of a list, that are read. */
const LIMIT = 1024;

/** The result of `read`, or `fallback` if `read` throws or finds nothing. */
export function readSafely(read, fallback) {
  try {
    return read() ?? fallback;
  } catch {
    return fallback;
  }
}

/** `value` as one short line; `undefined` if `value` is not a string. */
export const shortText = (value) =>
  typeof value === "string" ? oneLine(value, TEXT_LIMIT) : undefined;

export const keysOf = (value) => (isObject(value) ? Object.keys(value).slice(0, LIMIT) : []);

export const listOf = (value) => (Array.isArray(value) ? value.slice(0, LIMIT) : []);

/** The results of `make`, without the values for which `make` fails or finds nothing. */
export const mapSafely = (values, make) =>
  values.map((value) => readSafely(() => make(value))).filter(Boolean);

/** The value under a provider's id. Like the host, this ignores letter case and outer blanks of keys. */
export function providerValue(values, id) {
  const key = keysOf(values).find((name) => name.trim().toLowerCase() === id);
  return key === undefined ? undefined : values[key];
}
