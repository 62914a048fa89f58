// What the user may set. Nothing of it can fail: what is not understood is named, and is as by default.

import { OWN_PROVIDERS } from "./host.js";
import { reading } from "./lenient.js";

const HINTS_VARIABLE = "OPENCLAW_TAAS_GIT_HINTS";
const NAMESPACE_VARIABLE = "OPENCLAW_TAAS_NAMESPACE";

/** How many further providers are served, and how long an id may be. */
const PROVIDER_LIMIT = 16;
const ID_LIMIT = 100;

/** How much is told of what is not understood: how many, and characters of each key. */
const NAMED_LIMIT = 16;
const TEXT_LIMIT = 40;

/** @returns {(value: unknown) => unknown} `value` where it is one of `accepted`, else `undefined` */
const oneOf =
  (...accepted) =>
  (value) =>
    accepted.includes(value) ? value : undefined;

/** `text` as it may stand in a log and in a bug report. */
const short = (text) => text.slice(0, TEXT_LIMIT).replace(/[\p{C}\p{Z}]+/gu, " ");

/** What a value is. It may be a secret or a path, so that it is never told itself. */
const KINDS = { object: "an object", undefined: "nothing", bigint: "a bigint" };
function kindOf(value) {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value) ? "an array" : (KINDS[typeof value] ?? `a ${typeof value}`);
}

/** A setting that is not understood. */
const named = (key, value, accepted) => `${key} (${kindOf(value)}, not ${accepted})`;

/** A provider id as the host compares it; with half a character in it, no text that the addon could read. */
const idOf = (value) =>
  typeof value === "string" ? value.trim().toLowerCase().toWellFormed() : "";

function providersIn(list, misunderstand) {
  if (!Array.isArray(list)) {
    return undefined;
  }
  const ids = new Set(OWN_PROVIDERS);
  // No more than that is looked at, however long the list is.
  for (const value of list.slice(0, NAMED_LIMIT * PROVIDER_LIMIT)) {
    const id = idOf(value);
    if (id === "" || id.length > ID_LIMIT) {
      misunderstand(named("a provider id", value, `text of 1 to ${ID_LIMIT} characters`));
    } else if (ids.size < OWN_PROVIDERS.length + PROVIDER_LIMIT) {
      ids.add(id);
    } else if (!ids.has(id)) {
      misunderstand(`more than ${PROVIDER_LIMIT} providers`);
      break;
    }
  }
  return [...ids].slice(OWN_PROVIDERS.length);
}

/** Other values of `routeNotice`, and which one they are treated as. */
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

/** In the order in which they are told. `read` gives `undefined` for what is not understood. */
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
  // By default, the environment may set it.
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

/** Whether the environment lets repositories be looked at. What is not understood switches it off. */
function hintsOf(env) {
  const value = (env[HINTS_VARIABLE] ?? "").trim().toLowerCase();
  const isUnderstood = ["", "on", "off"].includes(value);
  return { wanted: isUnderstood && value !== "off", isOdd: !isUnderstood };
}

/** The namespace that the environment sets, or `null`. A blank variable counts as not set. */
function namespaceOf(env, misunderstand) {
  const value = env[NAMESPACE_VARIABLE] ?? "";
  if (value.trim() === "") {
    return null;
  }
  const namespace = NAMESPACE.read(value) ?? null;
  if (namespace === null) {
    misunderstand(named(NAMESPACE_VARIABLE, value, NAMESPACE.accepted));
  }
  return namespace;
}

/** Whether the environment wants debug lines, as the host understands it. */
const debugsBy = (env) => /^\s*(?:1|true|yes|on)\s*$/i.test(env.OPENCLAW_DEBUG ?? "");

/** `config`, where settings can be in it. */
function holding(config, misunderstand) {
  if (config === undefined || config === null) {
    return {};
  }
  try {
    if (Object.prototype.toString.call(config) === "[object Object]") {
      return config;
    }
    const accepted =
      typeof config === "object" && !Array.isArray(config) ? "a plain object" : "an object";
    misunderstand(named("the configuration", config, accepted));
  } catch {
    misunderstand("the configuration");
  }
  return {};
}

/**
 * @typedef {object} Settings
 * @property {"workspace" | "conversation"} affinity
 * @property {string[]} providers ids of further providers, as the host compares them
 * @property {string | null} namespace what tells this gateway apart from others with the same paths
 * @property {boolean} gitHints
 * @property {boolean} observe whether calls that another plugin answers for may be looked at
 * @property {"off" | "log"} routeNotice
 * @property {boolean} debug
 * @property {string[]} notUnderstood names of keys, with what known ones are and are not
 * @property {boolean} hasOddHints whether the environment says of hints what is not understood
 * @property {boolean} wantsReplies whether `routeNotice` is still `"reply"`, which is treated as `"log"`
 */

/**
 * @param {unknown} config `plugins.entries.openclaw-taas-affinity.config`, whatever it is
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsOf(config, env) {
  const notUnderstood = [];
  const misunderstand = (name) => {
    if (notUnderstood.length < NAMED_LIMIT && !notUnderstood.includes(name)) {
      notUnderstood.push(name);
    }
  };
  const given = holding(config, misunderstand);
  const settings = {};
  for (const [key, { read, accepted, byDefault }] of Object.entries(KNOWN)) {
    settings[key] = byDefault;
    try {
      const value = given[key];
      const understood = value === undefined ? byDefault : read(value, misunderstand);
      if (understood === undefined) {
        misunderstand(named(key, value, accepted));
      } else {
        settings[key] = understood;
      }
    } catch {
      misunderstand(key);
    }
  }
  try {
    // Of an unknown key nothing but the name is told: the value may be a secret.
    for (const key of Object.keys(given).filter((name) => !Object.hasOwn(KNOWN, name))) {
      misunderstand(short(key));
    }
  } catch {
    misunderstand("the configuration");
  }
  const { wanted, isOdd } = hintsOf(env);
  return {
    ...settings,
    namespace: settings.namespace ?? namespaceOf(env, misunderstand),
    gitHints: settings.gitHints && wanted,
    debug: settings.debug || debugsBy(env),
    notUnderstood,
    hasOddHints: isOdd,
    wantsReplies: reading(() => given.routeNotice, undefined) === "reply",
  };
}

/**
 * Says once what is not understood, and again where that is something else.
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
    const said = `${HINTS_VARIABLE} is neither on nor off`;
    warn("hints-variable", "requests go out without repository hints", said);
  }
  if (notUnderstood.length > 0) {
    const list = notUnderstood.join(", ");
    warn(
      `config ${list}`,
      "the plugin's configuration is not understood in part, and that part is as by default",
      `${list}; accepted are ${Object.keys(KNOWN).join(", ")}`,
    );
  }
}
