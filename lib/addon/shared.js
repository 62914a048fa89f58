// The one global of this plugin: what all copies of this module share. The host imports the module several times in
// one process and asks different copies for the parts of one call.

import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The version of the record below, and of the interface between this JavaScript and the addon, which is in the record.
 * Raise it in both (`INTERFACE` in `src/lib.rs`) whenever either changes.
 */
export const INTERFACE = 9;

const NAME = "openclaw-taas-affinity";

/** Without these shared, a call's headers, route or warning would be looked for in a copy that never had it. */
const make = () =>
  Object.freeze({
    version: INTERFACE,
    /** @type {AsyncLocalStorage<import("../call/call.js").Call | undefined>} the call that runs now */
    calls: new AsyncLocalStorage(),
    /** @type {WeakMap<object, import("../host/models.js").Origin>} by the very headers that we gave a model */
    origins: new WeakMap(),
    /** @type {Set<string>} kinds of fault that the log has been told of */
    warned: new Set(),
    /** @type {WeakMap<object, object>} the call of each request of undici */
    callOf: new WeakMap(),
    ownership: {
      /** Ids of our calls that have begun, and providers of which a call without an id has. */
      begun: { young: new Set(), old: new Set() },
      /** Models whose calls we let go out untouched. */
      untouched: { young: new Set(), old: new Set() },
      /**
       * @type {Map<string, { isPassedOver?: boolean, calls: number, owners: string[] }>} by id, whether its latest call
       *   passed us over, how many did, and the plugins that own it
       */
      providers: new Map(),
    },
    /** @type {Map<string, { agentId?: string, conversation?: string }>} open calls of another plugin by their trace */
    observed: new Map(),
    /** @type {{ stop?: () => void }} the one subscription to undici's channels */
    channel: {},
    /** @type {{ native?: typeof import("../../native.js") }} the addon that serves this thread */
    addon: {},
  });

const isOurs = (value, own) =>
  Object.isFrozen(value) &&
  value?.version === INTERFACE &&
  Object.keys(own).every((key) => key in value);

/**
 * The record under the plugin's name. Where another version's record or anything else is there, that stays as it is and
 * ours is under a name of its own; where nothing can be put, this copy is alone.
 */
function find() {
  const own = make();
  for (const key of [Symbol.for(NAME), Symbol.for(`${NAME}/${INTERFACE}`)]) {
    try {
      globalThis[key] ??= own;
      if (isOurs(globalThis[key], own)) {
        return globalThis[key];
      }
    } catch {
      // Something else has the name, and does not let itself be read or replaced.
    }
  }
  return own;
}

export const shared = find();
