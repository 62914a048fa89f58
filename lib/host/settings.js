// Reads the user's settings. An invalid setting gets its default, and a warning names it.

import { oneLine } from "../log.js";
import { isPlain } from "../plain.js";
import { OWN_PROVIDERS } from "./host.js";
import { readSafely } from "./lenient.js";

const HINTS_VARIABLE = "OPENCLAW_TAAS_GIT_HINTS";
const NAMESPACE_VARIABLE = "OPENCLAW_TAAS_NAMESPACE";

/** The highest number of further providers, and the longest provider id in characters. */
const PROVIDER_LIMIT = 16;
const ID_LIMIT = 100;

/** The highest number of invalid settings that are named, and the characters shown of an unknown key. */
const NAMED_LIMIT = 16;
const KEY_LIMIT = 40;

/** @returns {(value: unknown) => unknown} `value` if it is one of `accepted`, else `undefined` */
const oneOf =
  (...accepted) =>
  (value) =>
    accepted.includes(value) ? value : undefined;

/** Describes an invalid value by its type. The value itself may be a secret or a path. */
function described(name, value, accepted) {
  const type = Array.isArray(value) ? "array" : typeof value;
  const kind = /^[aou]/.test(type) ? `an ${type}` : `a ${type}`;
  return `${name} (${value === null ? "null" : kind}, not ${accepted})`;
}

function providersIn(list, reject) {
  if (!Array.isArray(list)) {
    return undefined;
  }
  const ids = new Set(OWN_PROVIDERS);
  // A very long list must not block the event loop.
  for (const value of list.slice(0, NAMED_LIMIT * PROVIDER_LIMIT)) {
    // The host compares ids in this form. The addon reads well-formed text only.
    const id = typeof value === "string" ? value.trim().toLowerCase().toWellFormed() : "";
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

const NAMESPACE = {
  read: (value) =>
    typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value) ? value : undefined,
  accepted: "1 to 64 of A-Z a-z 0-9 . _ -",
  byDefault: null,
};

const SWITCH = { read: oneOf(true, false), accepted: "true or false", byDefault: true };

/** `false` is a natural way to write "off". Earlier releases had "reply". */
const NOTICES = new Map([
  ["off", "off"],
  [false, "off"],
  ["log", "log"],
  ["reply", "log"],
]);

/** The settings, in the order in which warnings name them. `read` returns `undefined` for an invalid value. */
const SETTINGS = {
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
  namespace: NAMESPACE,
  gitHints: SWITCH,
  observe: SWITCH,
  routeNotice: {
    read: (value) => NOTICES.get(value),
    accepted: '"off" or "log"',
    byDefault: "off",
  },
  debug: { ...SWITCH, byDefault: false },
};

/**
 * @typedef {object} Settings
 * @property {"workspace" | "conversation"} affinity
 * @property {string[]} providers ids of further providers, in the form in which the host compares ids
 * @property {string | null} namespace distinguishes this gateway from others with the same workspace paths
 * @property {boolean} gitHints
 * @property {boolean} observe whether to capture routes of calls that another plugin makes
 * @property {"off" | "log"} routeNotice
 * @property {boolean} debug
 * @property {string[]} invalid the names of invalid settings and unknown keys, without values
 * @property {{ kind: string, consequence: string, reason: string }[]} warnings
 */

/** The value of a setting. An invalid value is rejected and replaced by the default. */
function valid(name, value, { read, accepted, byDefault }, reject) {
  const result = value === undefined ? byDefault : read(value, reject);
  if (result === undefined) {
    reject(described(name, value, accepted));
  }
  return result ?? byDefault;
}

/** Reads `config` into `settings`, which have their defaults. */
function readConfig(config, settings, reject) {
  if (config === undefined || config === null) {
    return;
  }
  if (!isPlain(config)) {
    reject(described("the configuration", config, "a plain object"));
    return;
  }
  for (const [key, setting] of Object.entries(SETTINGS)) {
    settings[key] = valid(key, config[key], setting, reject);
  }
  for (const key of Object.keys(config).filter((name) => !Object.hasOwn(SETTINGS, name))) {
    reject(oneLine(key, KEY_LIMIT));
  }
}

/**
 * @param {unknown} config `plugins.entries.openclaw-taas-affinity.config`, of any type
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsOf(config, env) {
  const invalid = new Set();
  const warnings = [];
  const reject = (name) => invalid.size < NAMED_LIMIT && invalid.add(name);
  const warn = (kind, consequence, reason) => warnings.push({ kind, consequence, reason });

  const defaults = Object.entries(SETTINGS).map(([key, { byDefault }]) => [key, byDefault]);
  const settings = Object.fromEntries(defaults);
  try {
    readConfig(config, settings, reject);
  } catch {
    reject("the configuration");
  }
  const namespace = env[NAMESPACE_VARIABLE]?.trim() ? env[NAMESPACE_VARIABLE] : undefined;
  settings.namespace ??= valid(NAMESPACE_VARIABLE, namespace, NAMESPACE, reject);
  const hints = env[HINTS_VARIABLE]?.trim().toLowerCase() || "on";
  settings.gitHints &&= hints === "on";
  // The host reads this variable in the same way.
  settings.debug ||= /^\s*(?:1|true|yes|on)\s*$/i.test(env.OPENCLAW_DEBUG);

  if (readSafely(() => config.routeNotice) === "reply") {
    const consequence = 'routeNotice "reply" was removed and is treated as "log"';
    warn("route-notice", consequence, 'set it to "log" or "off"');
  }
  if (hints !== "on" && hints !== "off") {
    const reason = `${HINTS_VARIABLE} must be on or off`;
    warn("hints-variable", "requests go out without repository hints", reason);
  }
  if (invalid.size > 0) {
    const names = [...invalid].join(", ");
    warn(
      `config ${names}`,
      "part of the plugin's configuration is ignored, and the defaults are used instead",
      `${names}; the settings are ${Object.keys(SETTINGS).join(", ")}`,
    );
  }
  return { ...settings, invalid: [...invalid], warnings };
}
