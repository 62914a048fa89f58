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
 * `{ ...one, ...other }`, which takes ten times as long as this in V8 of Node 20. A key `__proto__`, which could
 * not be copied so, is for the spread.
 *
 * @param {object | null | undefined} one
 * @param {object} other without such a key
 */
export const merged = (one, other) =>
  one !== null && one !== undefined && Object.hasOwn(one, "__proto__")
    ? { ...one, ...other }
    : Object.assign({}, one, other);

/**
 * `options` with `ours`. The caller's object is never changed by that.
 *
 * @param {object | null | undefined} options
 * @param {Record<PropertyKey, unknown>} ours
 * @throws {TypeError} where the options are no object
 * @throws what an accessor of the options throws
 */
export function extended(options, ours) {
  if (options === null || options === undefined) {
    return ours;
  }
  if (typeof options !== "object") {
    throw new TypeError(`options are a ${typeof options}`);
  }
  // What cannot be read here cannot be read there either: the caller's own options go out then.
  const copy = merged(options, ours);
  return isCopyable(options) ? copy : covered(options, ours);
}

/** Whether a copy, which costs the transport nothing, shows all that there is. */
const isCopyable = (options) =>
  Object.getPrototypeOf(options) === Object.prototype &&
  Reflect.ownKeys(options).every((key) => {
    const descriptor = Reflect.getOwnPropertyDescriptor(options, key);
    return descriptor.enumerable && "value" in descriptor;
  });

/**
 * Options seen through a proxy, so that methods and accessors go on seeing them as `this`. Its target
 * is an empty object, since a proxy may not hide what its own target has frozen.
 */
function covered(options, ours) {
  const of = (key) => (Object.hasOwn(ours, key) ? ours : options);
  return new Proxy(
    {},
    {
      get(_, key) {
        const value = Reflect.get(of(key), key);
        // An inherited method may look for private fields, which a proxy has not.
        return typeof value === "function" && key !== "constructor" && !Object.hasOwn(of(key), key)
          ? value.bind(options)
          : value;
      },
      set: (_, key, value) => Reflect.set(of(key), key, value),
      has: (_, key) => Reflect.has(of(key), key),
      defineProperty: (_, key, descriptor) => Reflect.defineProperty(of(key), key, descriptor),
      // The caller's own would show again where ours alone were gone.
      deleteProperty: (_, key) =>
        Reflect.deleteProperty(options, key) && Reflect.deleteProperty(ours, key),
      ownKeys: () => [...new Set([...Reflect.ownKeys(options), ...Reflect.ownKeys(ours)])],
      getOwnPropertyDescriptor(_, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(of(key), key);
        return descriptor && { ...descriptor, configurable: true };
      },
      getPrototypeOf: () => Object.getPrototypeOf(options),
    },
  );
}
