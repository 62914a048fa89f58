// The caller's options with some of our own in their place. A caller may give an instance of a class,
// accessors, or properties that no loop shows; the transport must find all of it as it was.

/** Whether `value` is an object of keys and nothing more, so that a copy is as good as it. */
export function isPlain(value) {
  if (value === null || typeof value !== "object") {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * `options` with `ours`. The caller's object is neither changed nor, where it is more than plain,
 * copied apart: its methods and accessors go on seeing it as `this`.
 *
 * @param {object | null | undefined} options
 * @param {Record<PropertyKey, unknown>} ours
 * @throws what an accessor of plain options throws
 * @throws {TypeError} where the options are no object
 */
export function extended(options, ours) {
  if (options === null || options === undefined) {
    return ours;
  }
  if (typeof options !== "object") {
    throw new TypeError(`options are a ${typeof options}`);
  }
  return isPlain(options) ? copied(options, ours) : covered(options, ours);
}

/** A copy of plain options, which costs the transport nothing. */
function copied(options, ours) {
  const keys = Reflect.ownKeys(options);
  if (keys.every((key) => isData(Reflect.getOwnPropertyDescriptor(options, key)))) {
    const copy = { ...options, ...ours };
    return Object.getPrototypeOf(options) === null ? Object.setPrototypeOf(copy, null) : copy;
  }
  const copy = Object.create(Object.getPrototypeOf(options));
  for (const key of keys) {
    const descriptor = Reflect.getOwnPropertyDescriptor(options, key);
    Object.defineProperty(copy, key, seenThrough(options, key, descriptor));
  }
  for (const key of Reflect.ownKeys(ours)) {
    const value = ours[key];
    const data = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(copy, key, data);
  }
  return copy;
}

/** Whether a property is a value that every copy shows. */
const isData = (descriptor) => "value" in descriptor && descriptor.enumerable;

/** The descriptor of a property that reads and writes the caller's own. */
function seenThrough(options, key, descriptor) {
  if ("value" in descriptor) {
    return { ...descriptor, writable: true, configurable: true };
  }
  if (descriptor.enumerable) {
    // What cannot be read here cannot be read there either: the caller's own options go out then.
    Reflect.get(options, key);
  }
  return {
    get: descriptor.get && (() => Reflect.get(options, key)),
    set: descriptor.set && ((value) => Reflect.set(options, key, value)),
    enumerable: descriptor.enumerable,
    configurable: true,
  };
}

/**
 * An instance seen through a proxy. Its target is an empty object, since a proxy may not hide what
 * its own target has frozen.
 */
function covered(options, ours) {
  const has = (key) => Object.hasOwn(ours, key);
  return new Proxy(
    {},
    {
      get(_, key) {
        if (has(key)) {
          return ours[key];
        }
        const value = Reflect.get(options, key);
        // A method of an instance may look for private fields, which a proxy has not.
        return typeof value === "function" && key !== "constructor" ? value.bind(options) : value;
      },
      set: (_, key, value) => Reflect.set(has(key) ? ours : options, key, value),
      has: (_, key) => has(key) || Reflect.has(options, key),
      deleteProperty: (_, key) => Reflect.deleteProperty(has(key) ? ours : options, key),
      ownKeys: () => [...new Set([...Reflect.ownKeys(options), ...Reflect.ownKeys(ours)])],
      getOwnPropertyDescriptor(_, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(has(key) ? ours : options, key);
        return descriptor && { ...descriptor, configurable: true };
      },
      getPrototypeOf: () => Object.getPrototypeOf(options),
    },
  );
}
