// Tests for kinds of values. The plugin extends plain objects only. Other values go out unchanged.

import { isProxy } from "node:util/types";

export const isObject = (value) => value !== null && typeof value === "object";

export const stringOf = (value) => (typeof value === "string" ? value : undefined);

/** Whether `value` has keys and values only, so that a copy is equal to it. */
export function isPlain(value) {
  const prototype = isObject(value) && Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Whether the plugin can extend a copy of `value`: a plain object, `undefined` or `null`.
 *
 * @throws {TypeError} if a copy could lose something: an accessor, a hidden property, an iterator or a proxy's behaviour
 */
export function isCopyable(value) {
  if (value === undefined || value === null) {
    return true;
  }
  if (isProxy(value)) {
    throw new TypeError("a proxy is not a plain object");
  }
  if (!isPlain(value)) {
    return false;
  }
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
    if (!descriptor.enumerable || !("value" in descriptor) || key === Symbol.iterator) {
      throw new TypeError(`${String(key)} is not a plain property`);
    }
  }
  return true;
}
