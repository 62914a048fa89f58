// The rival that a native addon has to justify itself against: the whole plugin but the repository
// hints in plain JavaScript, written for speed. What can be known once is decided once, nothing is
// walked that need not be, and the common case is looked at first.
//
// One thing it cannot do: its table belongs to one thread, so worker threads do not share it.

import { AsyncLocalStorage } from "node:async_hooks";
import { hash } from "node:crypto";
import { createRequire } from "node:module";
import { homedir, hostname } from "node:os";
import { basename, isAbsolute, resolve } from "node:path";

const { version } = createRequire(import.meta.url)("../../package.json");

const METHOD = "taas.autorouter.lastRoute";
const SOURCE = "openclaw-taas-affinity";
const NAME_LIMIT = 120;
const VALUE_LIMIT = 256;
const TABLE_LIMIT = 256;
/** Owners whose identity is remembered. All are forgotten at once, which is simple and rare. */
const OWNER_LIMIT = 1024;

const shortHash = (text) => hash("sha256", text, "hex").slice(0, 16);
const isText = (value) => typeof value === "string" && value.trim() !== "";

// Control characters and lone surrogates.
const NEEDS_CLEANING = /[\p{Cc}\p{Cs}]/u;
const CONTROL = /\p{Cc}/gu;

/** `value` without control characters, cut to `limit` characters; `undefined` where nothing is left. */
function bounded(value, limit) {
  if (value.length <= limit && !NEEDS_CLEANING.test(value)) {
    return value === "" ? undefined : value;
  }
  const clean = value.toWellFormed().replace(CONTROL, "");
  return [...clean].slice(0, limit).join("") || undefined;
}

const nameOf = (value) => (typeof value === "string" ? bounded(value, NAME_LIMIT) : undefined);

// At most 200 characters of one byte each, no controls, no blank at either end.
const HEADER_SAFE = /^[!-~\xa0-\xff](?:[ -~\xa0-\xff]{0,198}[!-~\xa0-\xff])?$/;

function sendable(value) {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && HEADER_SAFE.test(text) ? text : undefined;
}

// --- whose request it is ------------------------------------------------------------------------

const HOST_ID = `host:${shortHash(hostname())}`;

function expandHome(path) {
  return path === "~" || path.startsWith("~/") ? homedir() + path.slice(1) : path;
}

function agentOfAgentDir(dir) {
  const segments = dir.split("/").filter((segment) => segment !== "" && segment !== ".");
  const [parent, id, last] = segments.slice(-3);
  return last === "agent" && parent === "agents" && isText(id) ? id : undefined;
}

function agentOfWorkspace(path) {
  const name = basename(path);
  if (!isText(name)) return undefined;
  if (name === "workspace") return "main";
  const id = name.startsWith("workspace-") ? name.slice("workspace-".length) : "";
  return isText(id) ? id : name;
}

function agentFromEnv() {
  const { OPENCLAW_AGENT_ID: agent, OPENCLAW_RUN_ID: run } = process.env;
  return isText(agent) ? agent : isText(run) ? run : undefined;
}

/** The kind of source, the hashed text, and the labelled text of the hint. */
function sourceOf(workspaceDir) {
  if (isText(workspaceDir)) {
    const path = resolve(workspaceDir);
    return { kind: "workspaceDir", path, hashed: path, labelled: `workspaceDir:${path}` };
  }
  const { OPENCLAW_SESSION_ID: session, OPENCLAW_STATE_DIR: state } = process.env;
  const plain = (kind, hashed) => ({ kind, hashed, labelled: hashed });
  if (isText(session)) return plain("OPENCLAW_SESSION_ID", `env:${session}`);
  const agent = agentFromEnv();
  if (agent !== undefined) return plain("OPENCLAW_AGENT_ID or OPENCLAW_RUN_ID", `agent:${agent}`);
  const dir = resolve(expandHome(isText(state) ? state : "~/.openclaw"));
  return plain("stateDir", `stateDir:${dir}`);
}

/** An object of the entries whose value is known. */
const known = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

/** All that the requests of one owner have in common. */
class Owner {
  constructor(source, agentId, provider, modelId) {
    const sessionId = `oc:${shortHash(source.hashed)}`;
    const hint = `source:${shortHash(source.labelled)}`;
    const names = { provider: nameOf(provider), model_id: nameOf(modelId) };
    this.sessionId = sessionId;
    this.sessionSource = source.kind;
    this.path = source.path;
    this.agentId = agentId;
    /** The name that the table knows the agent by. */
    this.agentName = nameOf(agentId);
    this.runtimeHead = {
      schema_version: "2026-06-04",
      source: SOURCE,
      session_key: sessionId,
      openclaw_session_id: sessionId,
      requester_host_id: HOST_ID,
    };
    this.runtimeTail = known({
      ...names,
      session_source_hint: hint,
      tool_execution: "direction_2_gateway",
    });
    this.runtime = { ...this.runtimeHead, ...this.runtimeTail };
    this.correlation = known({
      schema_version: "2026-06-05",
      source: SOURCE,
      plugin_version: version,
      session_id: sessionId,
      sticky_key: sessionId,
      session_source_hint: hint,
      agent_id: this.agentName,
      ...names,
    });
    this.headers = known({
      "X-Session-Id": sessionId,
      "X-OpenClaw-Session-Id": sessionId,
      "X-OpenClaw-Agent-Id": agentId === undefined ? undefined : sendable(agentId),
      "X-OpenClaw-Plugin-Version": version,
    });
  }
}

/** The runtime part, anew for each request: what goes into a payload is the caller's to change. */
function runtimeOf(owner, hints) {
  const runtime =
    hints === undefined
      ? { ...owner.runtime }
      : { ...owner.runtimeHead, ...hints, ...owner.runtimeTail };
  runtime.metadata_classification = {
    identifiers: "hashed",
    repository: "name_branch_dirty_only",
    local_paths: "omitted_by_default",
  };
  runtime.redaction_policy =
    "no_secrets;no_raw_local_paths;no_env_values;no_git_remotes;no_status_or_diffs;no_extra_params";
  return runtime;
}

/** Owners by workspace directory: what the context alone decides is decided once. */
const owners = new Map();
let ownerCount = 0;

function ownerOf(context) {
  const { workspaceDir, agentDir, agentId, provider, modelId: ownModelId } = context;
  const modelId = isText(ownModelId) ? ownModelId : context.model?.id;
  const candidates = owners.get(workspaceDir);
  if (candidates !== undefined) {
    for (const entry of candidates) {
      if (
        entry.agentId === agentId &&
        entry.agentDir === agentDir &&
        entry.modelId === modelId &&
        entry.provider === provider
      ) {
        return entry.owner;
      }
    }
  }
  const source = sourceOf(workspaceDir);
  const fromContext =
    (isText(agentId) ? agentId : undefined) ??
    (typeof agentDir === "string" ? agentOfAgentDir(agentDir) : undefined) ??
    (source.path === undefined ? undefined : agentOfWorkspace(source.path));
  const owner = new Owner(source, fromContext ?? agentFromEnv(), provider, modelId);
  // What the environment or the current directory had a say in may be another the next time.
  if (fromContext !== undefined && source.path !== undefined && isAbsolute(workspaceDir)) {
    if (ownerCount >= OWNER_LIMIT) {
      owners.clear();
      ownerCount = 0;
    }
    ownerCount += 1;
    const entry = { agentId, agentDir, modelId, provider, owner };
    const others = owners.get(workspaceDir);
    if (others === undefined) owners.set(workspaceDir, [entry]);
    else others.push(entry);
  }
  return owner;
}

// --- headers of the request ---------------------------------------------------------------------

const OUR_NAMES = [
  "X-Session-Id",
  "X-OpenClaw-Session-Id",
  "X-OpenClaw-Agent-Id",
  "X-OpenClaw-Plugin-Version",
  "X-OpenClaw-Turn-Id",
  "X-OpenClaw-Attempt",
];
const OURS = new Map(OUR_NAMES.map((name) => [name.toLowerCase(), name]));
const startsWithX = (name) => (name.charCodeAt(0) | 32) === 120;

/** Adds to `set` which of our headers `headers` sets; values of others are never read. */
function noteOurs(headers, set) {
  if (headers === null || typeof headers !== "object") return set;
  const note = (name, read) => {
    const ours = startsWithX(name) ? OURS.get(name.toLowerCase()) : undefined;
    if (ours === undefined || set?.has(ours)) return;
    const value = read();
    if (value !== undefined) {
      set ??= new Map();
      set.set(ours, value);
    }
  };
  if (typeof headers[Symbol.iterator] === "function") {
    for (const [name, value] of headers) note(String(name), () => value);
    return set;
  }
  for (const name of Object.keys(headers)) {
    if (startsWithX(name)) note(name, () => headers[name]);
  }
  return set;
}

/** What is to be known of one model call. */
class Call {
  constructor(headers, set) {
    this.headers = headers;
    this.set = set;
    this.turnId = set && sendable(set.get("X-OpenClaw-Turn-Id"));
    this.attempt = set && sendable(set.get("X-OpenClaw-Attempt"));
  }
}

function startCall(owner, model, options) {
  const set = noteOurs(model?.headers, noteOurs(options?.headers, undefined));
  if (set === undefined) return new Call(owner.headers, undefined);
  const headers = { ...owner.headers };
  for (const name of set.keys()) delete headers[name];
  return new Call(headers, set);
}

// --- the payload --------------------------------------------------------------------------------

const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Gives `copy` the prototype of what it is a copy of. */
function likeOriginal(copy, original) {
  const prototype = original ? Object.getPrototypeOf(original) : Object.prototype;
  return prototype === Object.prototype ? copy : Object.setPrototypeOf(copy, prototype);
}

/** `payload` with what its metadata lacks; `undefined` where it goes out as it is. */
function inject(owner, payload, readHints) {
  if (!isRecord(payload)) return undefined;
  const { metadata } = payload;
  const hints = readHints?.(owner.path);
  if (metadata === undefined) {
    const added = {
      session_id: owner.sessionId,
      sticky_key: owner.sessionId,
      requester_runtime: runtimeOf(owner, hints),
      openclaw_correlation: { ...owner.correlation },
    };
    return likeOriginal({ ...payload, metadata: added }, payload);
  }
  if (!isRecord(metadata)) return undefined;
  const additions = {};
  if (metadata.session_id === undefined) additions.session_id = owner.sessionId;
  if (metadata.sticky_key === undefined) additions.sticky_key = owner.sessionId;
  if (metadata.requester_runtime === undefined) {
    additions.requester_runtime = runtimeOf(owner, hints);
  }
  if (metadata.openclaw_correlation === undefined) {
    additions.openclaw_correlation = { ...owner.correlation };
  }
  for (const _ in additions) {
    const extended = likeOriginal({ ...metadata, ...additions }, metadata);
    return likeOriginal({ ...payload, metadata: extended }, payload);
  }
  return undefined;
}

// --- the response -------------------------------------------------------------------------------

const RESPONSE_FIELDS = new Map(
  Object.entries({
    "x-taas-autorouted": "autorouted",
    "x-request-id": "requestId",
    "x-taas-request-id": "taasRequestId",
    "x-trace-id": "traceId",
    "x-taas-trace-id": "taasTraceId",
    "x-openclaw-turn-id": "turnId",
    "x-openclaw-attempt": "attempt",
    "x-taas-autorouter-model": "model",
    "x-taas-autorouter-mode": "mode",
    "x-taas-autorouter-algorithm-source": "source",
    "x-taas-thinking-applied": "thinking",
    "x-taas-routed-context-window": "window",
  }),
);

class Picked {
  constructor() {
    this.autorouted = undefined;
    this.requestId = undefined;
    this.taasRequestId = undefined;
    this.traceId = undefined;
    this.taasTraceId = undefined;
    this.turnId = undefined;
    this.attempt = undefined;
    this.model = undefined;
    this.mode = undefined;
    this.source = undefined;
    this.thinking = undefined;
    this.window = undefined;
  }
}

function pick(headers) {
  const picked = new Picked();
  if (headers === null || typeof headers !== "object") return picked;
  if (typeof headers[Symbol.iterator] === "function") {
    for (const [name, value] of headers) {
      const field = RESPONSE_FIELDS.get(String(name).toLowerCase());
      if (field !== undefined && picked[field] === undefined && typeof value === "string") {
        picked[field] = value;
      }
    }
    return picked;
  }
  for (const name of Object.keys(headers)) {
    if (!startsWithX(name)) continue;
    const field = RESPONSE_FIELDS.get(name) ?? RESPONSE_FIELDS.get(name.toLowerCase());
    if (field !== undefined && picked[field] === undefined) {
      const value = headers[name];
      if (typeof value === "string") picked[field] = value;
    }
  }
  return picked;
}

const clean = (value) =>
  value === undefined ? null : (bounded(value.slice(0, 1024).trim(), VALUE_LIMIT) ?? null);

function windowOf(value) {
  const text = value?.trim() ?? "";
  const number = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return number > 0 && Number.isSafeInteger(number) ? number : null;
}

const TABLE = Symbol.for("openclaw-taas-affinity.bench.ideal.table");
globalThis[TABLE] ??= { sessions: new Map(), agents: new Map(), latest: null };
const table = globalThis[TABLE];

/** The latest of each, oldest capture first, which is the order in which a Map keeps its keys. */
function remember(map, key, capture) {
  map.delete(key);
  map.set(key, capture);
  if (map.size > TABLE_LIMIT) map.delete(map.keys().next().value);
}

function capture(owner, call, response) {
  const picked = pick(response?.headers);
  if (picked.autorouted?.trim().toLowerCase() !== "true") return false;
  const captured = {
    sessionId: owner.sessionId,
    capturedAt: Date.now(),
    taasRequestId: clean(picked.requestId) ?? clean(picked.taasRequestId),
    taasTraceId: clean(picked.traceId) ?? clean(picked.taasTraceId),
    openclawTurnId: clean(call.turnId) ?? clean(picked.turnId),
    openclawAttempt: clean(call.attempt) ?? clean(picked.attempt),
    autorouterModel: clean(picked.model),
    autorouterAlgo: clean(picked.mode),
    autorouterAlgoSource: clean(picked.source),
    thinkingApplied: clean(picked.thinking),
    routedContextWindow: windowOf(picked.window),
  };
  if (owner.agentName !== undefined) remember(table.agents, owner.agentName, captured);
  remember(table.sessions, owner.sessionId, captured);
  table.latest = captured;
  return true;
}

// --- what can be asked --------------------------------------------------------------------------

const SELECTORS = ["agentId", "sessionId", "workspaceDir"];
const ACCEPTED =
  "accepted is one of agentId, sessionId (an oc:... id) or workspaceDir, a non-blank string each, " +
  "or no params at all for the latest route";

function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

class InvalidRequest extends Error {}

function lastRoute(params) {
  const copy = (found) => (found === undefined || found === null ? null : { ...found });
  let given = params;
  if (given === undefined || given === null || typeof given === "function") given = {};
  if (!isRecord(given))
    throw new InvalidRequest(`params are ${kindOf(given)}, no object; ${ACCEPTED}`);
  const unknown = Object.keys(given).find((key) => !SELECTORS.includes(key));
  if (unknown !== undefined) {
    const key = JSON.stringify(bounded(unknown, NAME_LIMIT) ?? "");
    throw new InvalidRequest(`unknown key ${key}; ${ACCEPTED}`);
  }
  for (const key of SELECTORS) {
    const value = given[key];
    if (value !== undefined && !isText(value)) {
      const found = typeof value === "string" ? "blank" : `${kindOf(value)}, no non-blank string`;
      throw new InvalidRequest(`${key} is ${found}; ${ACCEPTED}`);
    }
  }
  const { agentId, sessionId, workspaceDir } = given;
  if (agentId !== undefined) {
    const found = table.agents.get(bounded(agentId, NAME_LIMIT));
    return { agentId, sessionId: found?.sessionId ?? null, capture: copy(found) };
  }
  const asked =
    sessionId ?? (workspaceDir && `oc:${shortHash(sourceOf(expandHome(workspaceDir)).hashed)}`);
  const found = asked === undefined ? table.latest : table.sessions.get(asked);
  return { sessionId: asked ?? found?.sessionId ?? null, capture: copy(found) };
}

function answer({ params, respond }) {
  let found;
  try {
    found = lastRoute(params);
  } catch (error) {
    const code = error instanceof InvalidRequest ? "INVALID_REQUEST" : "UNAVAILABLE";
    respond(false, undefined, { code, message: `${METHOD}: ${error.message}` });
    return;
  }
  respond(true, found);
}

// --- the hooks ----------------------------------------------------------------------------------

const PROVIDERS = new Set(["cloudsigma", "cloudsigma-staging"]);
const WARNED = Symbol.for("openclaw-taas-affinity.bench.ideal.warned");
const CALLS = Symbol.for("openclaw-taas-affinity.bench.ideal.calls");

function createWarn(logger) {
  globalThis[WARNED] ??= new Set();
  const warned = globalThis[WARNED];
  return (kind, consequence, error) => {
    if (warned.has(kind)) return;
    warned.add(kind);
    try {
      logger.warn(`taas-affinity: ${consequence}: ${String(error?.message ?? error)} (said once)`);
    } catch {
      // A logger or an error that throws must not fail the call.
    }
  };
}

function createHooks(warn, debug, readHints) {
  globalThis[CALLS] ??= new AsyncLocalStorage();
  const calls = globalThis[CALLS];

  const injected = (owner, payload) => {
    try {
      return inject(owner, payload, readHints);
    } catch (error) {
      warn("payload", "a request went out without metadata", error);
      return undefined;
    }
  };

  function extendedOptions(owner, call, options) {
    const onPayload = options?.onPayload;
    const onResponse = options?.onResponse;
    const given = options?.headers;
    const plain =
      typeof given?.[Symbol.iterator] === "function" ? Object.fromEntries(given) : given;
    const own = {
      ...options,
      headers: { ...plain, ...call.headers },
      onPayload:
        typeof onPayload === "function"
          ? async (...args) => {
              const replaced = await Reflect.apply(onPayload, options, args);
              return injected(owner, replaced === undefined ? args[0] : replaced) ?? replaced;
            }
          : (payload) => injected(owner, payload),
      onResponse: (...args) => {
        try {
          const captured = capture(owner, call, args[0]);
          if (debug && captured) debug(`capture session=${owner.sessionId} agent=${owner.agentId}`);
        } catch (error) {
          warn("response", "the route of a response was not captured", error);
        }
        return typeof onResponse === "function"
          ? Reflect.apply(onResponse, options, args)
          : undefined;
      },
    };
    return likeOriginal(own, options);
  }

  function wrapStreamFn(context) {
    let owner;
    let streamFn;
    try {
      streamFn = context.streamFn;
      if (typeof streamFn !== "function" || !PROVIDERS.has(context.provider)) return undefined;
      owner = ownerOf(context);
    } catch (error) {
      warn("identity", "requests go out without identity", error);
      return undefined;
    }
    return (model, streamContext, options, ...rest) => {
      let call;
      let ownOptions;
      try {
        call = startCall(owner, model, options);
        ownOptions = extendedOptions(owner, call, options);
        debug?.(
          `request session=${owner.sessionId} source=${owner.sessionSource} agent=${owner.agentId}`,
        );
      } catch (error) {
        warn("request", "a request went out untouched", error);
        return streamFn(model, streamContext, options, ...rest);
      }
      return calls.run(call, streamFn, model, streamContext, ownOptions, ...rest);
    };
  }

  function resolveTransportTurnState(context) {
    try {
      const call = calls.getStore();
      if (call === undefined) return undefined;
      const headers = { ...call.headers };
      if (!call.set?.has("X-OpenClaw-Turn-Id")) {
        call.turnId = sendable(context.turnId);
        if (call.turnId !== undefined) headers["X-OpenClaw-Turn-Id"] = call.turnId;
      }
      if (!call.set?.has("X-OpenClaw-Attempt")) {
        call.attempt = sendable(context.attempt);
        if (call.attempt !== undefined) headers["X-OpenClaw-Attempt"] = call.attempt;
      }
      return { headers };
    } catch (error) {
      warn("turn-state", "a request went out without its turn id", error);
      return undefined;
    }
  }

  return { wrapStreamFn, wrapSimpleCompletionStreamFn: wrapStreamFn, resolveTransportTurnState };
}

/**
 * The plugin.
 *
 * @param {(workspace: string | undefined) => object | undefined} [readHints] what is known of the
 *   repository of a workspace; asked for each request
 */
export function createIdeal(readHints) {
  return {
    id: "ideal",
    register(api) {
      const debug = process.env.OPENCLAW_DEBUG
        ? (line) => api.logger.info(`taas-affinity: ${line}`)
        : undefined;
      api.registerProvider({
        id: "taas-affinity-hook",
        label: "TaaS affinity",
        hookAliases: [...PROVIDERS],
        auth: [],
        ...createHooks(createWarn(api.logger), debug, readHints),
      });
      api.registerGatewayMethod(METHOD, answer, { scope: "operator.read" });
    },
  };
}

/** Each part by itself, for a measurement without the rest. */
export const parts = { ownerOf, inject, capture, table };

export default createIdeal();
