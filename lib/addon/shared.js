// The one global of this plugin. The host imports the module several times in one process, and asks different copies
// about one call. All copies share this record.

import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The version of the record below, and of the interface between this JavaScript and the addon. If either changes, raise
 * this number and `INTERFACE` in `src/lib.rs`.
 */
export const INTERFACE = 11;

const NAME = "openclaw-taas-affinity";

/** Without a shared record, a copy would not find the call, the route or the warning that another copy has noted. */
const make = () =>
  Object.freeze({
    version: INTERFACE,
    /** @type {AsyncLocalStorage<import("../call/call.js").Call | undefined>} the call that runs now */
    calls: new AsyncLocalStorage(),
    /** @type {WeakMap<object, import("../host/models.js").Origin>} by the headers object that the plugin gave a model */
    origins: new WeakMap(),
    /** @type {Set<string>} the kinds of faults that the log already has */
    warned: new Set(),
    /** @type {WeakMap<object, object>} the call of each request of undici */
    callOf: new WeakMap(),
    ownership: {
      /** Ids of the plugin's calls that have begun. For a call without an id, its provider. */
      begun: { young: new Set(), old: new Set() },
      /** Models with calls that the plugin let go out untouched. */
      untouched: { young: new Set(), old: new Set() },
      /**
       * @type {Map<string, { isBypassed?: boolean, calls: number, owners: string[] }>} by provider id: whether its latest
       *   call bypassed this plugin, how many calls did, and the plugins that own the provider
       */
      providers: new Map(),
    },
    /** @type {Map<string, { agentId?: string, conversation?: string }>} open calls of other plugins by trace and span */
    observed: new Map(),
    /** @type {{ stop?: () => void }} the one subscription to undici's channels */
    channel: {},
    /** Whether this process is a gateway. The process of a command has no figures of its own. */
    process: { isGateway: false },
    /** @type {{ native?: typeof import("../../native.js") }} the addon that serves this thread */
    addon: {},
  });

/** The record under the plugin's name. If the name has another value, the record is under a name with its version. */
function find() {
  const own = make();
  for (const key of [Symbol.for(NAME), Symbol.for(`${NAME}/${INTERFACE}`)]) {
    try {
      globalThis[key] ??= own;
      const found = globalThis[key];
      const isWhole = Object.keys(own).every((part) => part in found);
      if (Object.isFrozen(found) && found.version === INTERFACE && isWhole) {
        return found;
      }
    } catch {
      // The name has a value that cannot be read or replaced.
    }
  }
  return own;
}

export const shared = find();
