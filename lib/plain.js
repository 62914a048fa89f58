// What may be copied with additions of ours: plain objects alone. Anything else goes out as it is.

import { isProxy } from "node:util/types";

/** Whether `value` is an object of keys and nothing more, so that a copy is as good as it. */
export function isPlain(value) {
  if (value === null || typeof value !== "object") {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Whether a copy of `value`, which the caller gave as options or headers, can be extended: nothing at all or a plain object.
 *
 * @throws {TypeError} where a copy of the plain object could lose something: an accessor, a hidden property, an iterator,
 *   whatever a proxy does
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
