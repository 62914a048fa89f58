// Reads the user's settings. An invalid setting gets its default, and a warning names it.

import { oneLine } from "../log.js";
import { isPlain, stringOf } from "../plain.js";
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

/** A setting with a few accepted values. The first value is the default. */
const oneOf = (...values) => ({
  read: (value) => (values.includes(value) ? value : undefined),
  accepted: values.map((value) => JSON.stringify(value)).join(" or "),
  byDefault: values[0],
});

const NOTICE = oneOf("off", "log");
/** A value of earlier releases. */
const REMOVED_NOTICE = "reply";
/** Other ways to write a value. `false` is a natural way to write "off". */
const NOTICES = new Map([
  [REMOVED_NOTICE, "log"],
  [false, "off"],
]);

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
  const ids = new Set();
  // A very long list must not block the event loop.
  for (const value of list.slice(0, NAMED_LIMIT * PROVIDER_LIMIT)) {
    // The host compares ids in this form. The addon reads well-formed text only.
    const id = stringOf(value)?.trim().toLowerCase().toWellFormed() ?? "";
    if (id === "" || id.length > ID_LIMIT) {
      reject(described("a provider id", value, `text of 1 to ${ID_LIMIT} characters`));
    } else if (!OWN_PROVIDERS.includes(id)) {
      ids.add(id);
    }
  }
  if (ids.size > PROVIDER_LIMIT) {
    reject(`more than ${PROVIDER_LIMIT} providers`);
  }
  return [...ids].slice(0, PROVIDER_LIMIT);
}

/** The settings, in the order in which warnings name them. `read` returns `undefined` for an invalid value. */
const SETTINGS = {
  affinity: oneOf("workspace", "conversation"),
  providers: {
    read: providersIn,
    accepted: `a list of at most ${PROVIDER_LIMIT} ids`,
    byDefault: [],
  },
  namespace: {
    read: (value) => (/^[A-Za-z0-9._-]{1,64}$/.test(stringOf(value) ?? "") ? value : undefined),
    accepted: "1 to 64 of A-Z a-z 0-9 . _ -",
    byDefault: null,
  },
  gitHints: oneOf(true, false),
  observe: oneOf(true, false),
  routeNotice: {
    ...NOTICE,
    read: (value) => NOTICES.get(value) ?? NOTICE.read(value),
  },
  statusLine: oneOf(true, false),
  debug: oneOf(false, true),
};

/**
 * @typedef {object} Settings
 * @property {"workspace" | "conversation"} affinity
 * @property {string[]} providers ids of further providers, in the form in which the host compares ids
 * @property {string | null} namespace distinguishes this gateway from others with the same workspace paths
 * @property {boolean} gitHints
 * @property {boolean} observe whether to capture routes of calls that another plugin makes
 * @property {"off" | "log"} routeNotice
 * @property {boolean} statusLine whether the host's `/status` and usage pages show what caching saved
 * @property {boolean} debug
 * @property {string[]} invalid the names of invalid settings and unknown keys, without values
 * @property {Parameters<import("../log.js").Warn>[]} warnings
 */

/**
 * @param {unknown} config `plugins.entries.openclaw-taas-affinity.config`, of any type
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsOf(config, env) {
  const names = new Set();
  const reject = (name) => names.size < NAMED_LIMIT && names.add(name);

  /** The value of a setting. An invalid value is rejected and replaced by the default. */
  function valid(name, value, { read, accepted, byDefault }) {
    const result = value === undefined ? byDefault : read(value, reject);
    if (result === undefined) {
      reject(described(name, value, accepted));
    }
    return result ?? byDefault;
  }

  const defaults = Object.entries(SETTINGS).map(([key, { byDefault }]) => [key, byDefault]);
  const settings = Object.fromEntries(defaults);
  try {
    if (!isPlain(config ?? {})) {
      reject(described("the configuration", config, "a plain object"));
    } else {
      for (const key of Object.keys({ ...settings, ...config })) {
        if (Object.hasOwn(SETTINGS, key)) {
          settings[key] = valid(key, config?.[key], SETTINGS[key]);
        } else {
          reject(oneLine(key, KEY_LIMIT));
        }
      }
    }
  } catch {
    reject("the configuration");
  }
  const namespace = env[NAMESPACE_VARIABLE]?.trim() ? env[NAMESPACE_VARIABLE] : undefined;
  settings.namespace ??= valid(NAMESPACE_VARIABLE, namespace, SETTINGS.namespace);
  const hints = env[HINTS_VARIABLE]?.trim().toLowerCase() || "on";
  settings.gitHints &&= hints === "on";
  // The host reads this variable in the same way.
  settings.debug ||= /^\s*(?:1|true|yes|on)\s*$/i.test(env.OPENCLAW_DEBUG);

  const invalid = [...names];
  const warnings = [];
  if (readSafely(() => config.routeNotice) === REMOVED_NOTICE) {
    const consequence = 'routeNotice "reply" was removed and is treated as "log"';
    warnings.push(["route-notice", consequence, 'set it to "log" or "off"']);
  }
  if (hints !== "on" && hints !== "off") {
    const reason = `${HINTS_VARIABLE} must be on or off`;
    warnings.push(["hints-variable", "requests go out without repository hints", reason]);
  }
  if (invalid.length > 0) {
    warnings.push([
      `config ${invalid}`,
      "part of the plugin's configuration is ignored, and the defaults are used instead",
      `${invalid.join(", ")}; the settings are ${Object.keys(SETTINGS).join(", ")}`,
    ]);
  }
  return { ...settings, invalid, warnings };
}
