// Reading what may be anything: of another type than it should be, of any size, or a proxy that throws.

import { oneLine } from "../log.js";

/** Characters of a text, and keys of an object or members of a list, that are looked at. */
const TEXT_LIMIT = 128;
const LIMIT = 1024;

export const isObject = (value) => value !== null && typeof value === "object";

/** What `action` makes of something that may be anything, a proxy too. */
export function reading(action, otherwise) {
  try {
    return action() ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** `value` as one short line, where it is a text at all. */
export const textOf = (value) =>
  typeof value === "string" ? oneLine(value, TEXT_LIMIT) : undefined;

export const keysOf = (value) => (isObject(value) ? Object.keys(value).slice(0, LIMIT) : []);

/** Of a list or an object's values no more than `limit`, each as `make` has it, without those it fails at. */
export const each = (values, limit, make) =>
  values
    .slice(0, limit)
    .map((value) => reading(() => make(value), undefined))
    .filter((made) => made !== undefined);

export const listOf = (value) => (Array.isArray(value) ? value.slice(0, LIMIT) : []);
