// Reads the user's settings. An invalid setting is ignored: it gets its default, and a warning names it.

import { OWN_PROVIDERS } from "./host.js";
import { reading } from "./lenient.js";

const HINTS_VARIABLE = "OPENCLAW_TAAS_GIT_HINTS";
const NAMESPACE_VARIABLE = "OPENCLAW_TAAS_NAMESPACE";

/** The highest number of further providers, and the longest provider id in characters. */
const PROVIDER_LIMIT = 16;
const ID_LIMIT = 100;

/** The highest number of invalid settings that are named, and the characters shown of an unknown key. */
const NAMED_LIMIT = 16;
const TEXT_LIMIT = 40;

/** @returns {(value: unknown) => unknown} `value` if it is one of `accepted`, else `undefined` */
const oneOf =
  (...accepted) =>
  (value) =>
    accepted.includes(value) ? value : undefined;

/** `text`, shortened and without control characters, for logs and bug reports. */
const short = (text) => text.slice(0, TEXT_LIMIT).replace(/[\p{C}\p{Z}]+/gu, " ");

/** The type of a value. The value itself may be a secret or a path, so it is never shown. */
const KINDS = { object: "an object", undefined: "nothing", bigint: "a bigint" };
function kindOf(value) {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value) ? "an array" : (KINDS[typeof value] ?? `a ${typeof value}`);
}

/** Describes an invalid setting. */
const described = (key, value, accepted) => `${key} (${kindOf(value)}, not ${accepted})`;

/** A provider id in the form in which the host compares ids, and well-formed, so that the addon can read it. */
const idOf = (value) =>
  typeof value === "string" ? value.trim().toLowerCase().toWellFormed() : "";

function providersIn(list, reject) {
  if (!Array.isArray(list)) {
    return undefined;
  }
  const ids = new Set(OWN_PROVIDERS);
  // A very long list must not block the event loop.
  for (const value of list.slice(0, NAMED_LIMIT * PROVIDER_LIMIT)) {
    const id = idOf(value);
    if (id === "" || id.length > ID_LIMIT) {
      reject(described("a provider id", value, `text of 1 to ${ID_LIMIT} characters`));
    } else if (ids.size < OWN_PROVIDERS.length + PROVIDER_LIMIT) {
      ids.add(id);
    } else if (!ids.has(id)) {
      reject(`more than ${PROVIDER_LIMIT} providers`);
      break;
    }
  }
  return [...ids].slice(OWN_PROVIDERS.length);
}

/** Further accepted values of `routeNotice`, with the value that replaces each. */
const NOTICES = new Map([
  [false, "off"],
  ["reply", "log"],
]);

const NAMESPACE = {
  read: (value) =>
    typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value) ? value : undefined,
  accepted: "1 to 64 of A-Z a-z 0-9 . _ -",
};

const SWITCH = { read: oneOf(true, false), accepted: "true or false" };

/** The settings, in the order in which warnings name them. `read` returns `undefined` for an invalid value. */
const KNOWN = {
  affinity: {
    read: oneOf("workspace", "conversation"),
    accepted: '"workspace" or "conversation"',
    byDefault: "workspace",
  },
  providers: {
    read: providersIn,
    accepted: `a list of at most ${PROVIDER_LIMIT} ids`,
    byDefault: [],
  },
  // Without this setting, the environment variable applies.
  namespace: { ...NAMESPACE, byDefault: null },
  gitHints: { ...SWITCH, byDefault: true },
  observe: { ...SWITCH, byDefault: true },
  routeNotice: {
    read: (value) => NOTICES.get(value) ?? oneOf("off", "log")(value),
    accepted: '"off" or "log"',
    byDefault: "off",
  },
  debug: { ...SWITCH, byDefault: false },
};

/** Whether the environment allows repository hints. An invalid value switches them off. */
function hintsOf(env) {
  const value = (env[HINTS_VARIABLE] ?? "").trim().toLowerCase();
  const isValid = ["", "on", "off"].includes(value);
  return { wanted: isValid && value !== "off", isInvalid: !isValid };
}

/** The namespace from the environment, or `null`. A blank variable counts as unset. */
function namespaceOf(env, reject) {
  const value = env[NAMESPACE_VARIABLE] ?? "";
  if (value.trim() === "") {
    return null;
  }
  const namespace = NAMESPACE.read(value) ?? null;
  if (namespace === null) {
    reject(described(NAMESPACE_VARIABLE, value, NAMESPACE.accepted));
  }
  return namespace;
}

/** Whether the environment switches debug lines on, by the same rule as the host's. */
const isDebugging = (env) => /^\s*(?:1|true|yes|on)\s*$/i.test(env.OPENCLAW_DEBUG ?? "");

/** `config` if it can contain settings, else an empty object. */
function settingsObject(config, reject) {
  if (config === undefined || config === null) {
    return {};
  }
  try {
    if (Object.prototype.toString.call(config) === "[object Object]") {
      return config;
    }
    const accepted =
      typeof config === "object" && !Array.isArray(config) ? "a plain object" : "an object";
    reject(described("the configuration", config, accepted));
  } catch {
    reject("the configuration");
  }
  return {};
}

/**
 * @typedef {object} Settings
 * @property {"workspace" | "conversation"} affinity
 * @property {string[]} providers ids of further providers, in the form in which the host compares ids
 * @property {string | null} namespace distinguishes this gateway from others with the same workspace paths
 * @property {boolean} gitHints
 * @property {boolean} observe whether to capture routes of calls that another plugin makes
 * @property {"off" | "log"} routeNotice
 * @property {boolean} debug
 * @property {string[]} notUnderstood the invalid settings and unknown keys, without their values
 * @property {boolean} hasOddHints whether `OPENCLAW_TAAS_GIT_HINTS` has an invalid value
 * @property {boolean} wantsReplies whether `routeNotice` is still `"reply"`, which is treated as `"log"`
 */

/**
 * @param {unknown} config `plugins.entries.openclaw-taas-affinity.config`, of any type
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsOf(config, env) {
  const notUnderstood = [];
  const reject = (name) => {
    if (notUnderstood.length < NAMED_LIMIT && !notUnderstood.includes(name)) {
      notUnderstood.push(name);
    }
  };
  const given = settingsObject(config, reject);
  const settings = {};
  for (const [key, { read, accepted, byDefault }] of Object.entries(KNOWN)) {
    settings[key] = byDefault;
    try {
      const value = given[key];
      const valid = value === undefined ? byDefault : read(value, reject);
      if (valid === undefined) {
        reject(described(key, value, accepted));
      } else {
        settings[key] = valid;
      }
    } catch {
      reject(key);
    }
  }
  try {
    // Only the name of an unknown key is shown. The value may be a secret.
    for (const key of Object.keys(given).filter((name) => !Object.hasOwn(KNOWN, name))) {
      reject(short(key));
    }
  } catch {
    reject("the configuration");
  }
  const { wanted, isInvalid } = hintsOf(env);
  return {
    ...settings,
    namespace: settings.namespace ?? namespaceOf(env, reject),
    gitHints: settings.gitHints && wanted,
    debug: settings.debug || isDebugging(env),
    notUnderstood,
    hasOddHints: isInvalid,
    wantsReplies: reading(() => given.routeNotice, undefined) === "reply",
  };
}

/**
 * Warns once about each set of invalid settings.
 *
 * @param {Settings} settings
 * @param {import("../log.js").Warn} warn
 */
export function warnOfSettings({ notUnderstood, hasOddHints, wantsReplies }, warn) {
  if (wantsReplies) {
    const remedy = 'set it to "log" or "off"';
    warn("route-notice", 'routeNotice "reply" was removed and is treated as "log"', remedy);
  }
  if (hasOddHints) {
    const reason = `${HINTS_VARIABLE} is neither on nor off`;
    warn("hints-variable", "requests go out without repository hints", reason);
  }
  if (notUnderstood.length > 0) {
    const list = notUnderstood.join(", ");
    warn(
      `config ${list}`,
      "part of the plugin's configuration is ignored, and the defaults are used instead",
      `${list}; the settings are ${Object.keys(KNOWN).join(", ")}`,
    );
  }
}
