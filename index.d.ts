/**
 * `openclaw-taas-affinity`: an OpenClaw plugin for agents on CloudSigma TaaS.
 *
 * The package's only export is the plugin, which OpenClaw loads by the `openclaw.extensions` of
 * `package.json`. The other types are what it takes from the host and what its methods answer.
 */

/** The part of OpenClaw's plugin API that `register` uses. */
export interface PluginApi {
  /** The package's real directory. The addon is loaded from there, once for the process. */
  rootDir?: string;
  /** What is not understood in it is as by default, and named in a warning. */
  pluginConfig?: PluginConfig;
  /** Gets one warning for each kind of fault and, where they are wanted, the debug lines and changes of route. */
  logger: { info(message: string): void; warn(message: string): void };
  registerProvider(provider: ProviderHooks): void;
  registerGatewayMethod(
    method: string,
    handler: (request: GatewayRequest) => void,
    options: { scope: string },
  ): void;
  /** The host's configuration as it was when the plugin was registered. */
  config?: object;
  /**
   * `config.current` gives the host's configuration as it is now, for what the doctor judges; `agent` resolves the
   * directories of configured agents. `version` is the host's, such as `2026.9.6`: the tab needs 2026.8.1.
   */
  runtime?: {
    version?: string;
    config?: { current?(): object };
    agent?: {
      resolveAgentDir?(config: object, agentId: string): string;
      resolveAgentWorkspaceDir?(config: object, agentId: string): string;
    };
  };
  /** Where it is `"cli-metadata"`, `openclaw taas` is registered and nothing else. */
  registrationMode?: string;
  /** Adds `openclaw taas` to the host's command line; `program` is the host's own, of commander. */
  registerCli?(
    registrar: (host: { program: object }) => Promise<void>,
    options: { commands: string[]; descriptors: object[] },
  ): void;
  /** Adds the routes of the plugin, which the host serves to clients with the gateway's token. */
  registerHttpRoute?(route: HttpRoute): void;
  /** Adds the tab to the Control UI. */
  session?: { controls?: { registerControlUiDescriptor?(descriptor: Tab): void } };
  /** Adds `/taas` to chats. */
  registerCommand?(command: ChatCommand): void;
  /**
   * Listens to `gateway_start`, `model_call_started` and `model_call_ended`.
   */
  on?(event: string, listener: (event: unknown, context: unknown) => unknown): void;
}

/** `plugins.entries.openclaw-taas-affinity.config`. */
export interface PluginConfig {
  /** Whether agents of one workspace share an affinity session (the default), or each conversation has its own. */
  affinity?: "workspace" | "conversation";
  /** At most 16 ids of further providers to serve. */
  providers?: string[];
  /**
   * 1 to 64 of `A-Z a-z 0-9 . _ -`, hashed into every session id. Gateways in containers need it to tell them
   * apart, because their workspaces have the same path. Without it, `OPENCLAW_TAAS_NAMESPACE` counts.
   */
  namespace?: string;
  /** `false` switches the repository hints off, as `OPENCLAW_TAAS_GIT_HINTS=off` does. */
  gitHints?: boolean;
  /** `false` leaves calls unseen that another plugin of the provider makes. */
  observe?: boolean;
  /** Whether the log says that another model answers an agent than before; `false` is `"off"`, the default. */
  routeNotice?: "off" | "log" | false;
  /** `false` removes the line about savings from the host's `/status`, `session_status` and usage pages. */
  statusLine?: boolean;
  /** Whether the log has a line for each request and capture, as with `OPENCLAW_DEBUG=1`. */
  debug?: boolean;
}

/** A route of the plugin. Its handler answers GET and HEAD, and refuses other methods with 405. */
export interface HttpRoute {
  path: string;
  match: "exact" | "prefix";
  auth: "gateway";
  gatewayRuntimeScopeSurface: "trusted-operator";
  handler(
    request: import("node:http").IncomingMessage,
    response: import("node:http").ServerResponse,
  ): boolean;
}

/** A tab in the Control UI, which shows the page of `path` in a sandboxed frame. */
export interface Tab {
  surface: "tab";
  id: string;
  slug: string;
  label: string;
  icon: string;
  path: string;
  requiredScopes: string[];
}

/** A command in a chat. The handler's promise is never rejected. */
export interface ChatCommand {
  name: string;
  description: string;
  acceptsArgs: boolean;
  requiredScopes: string[];
  /** `agentId` is the agent of the chat; without one, the answer is about all. */
  handler(context: { agentId?: string; args?: string }): Promise<{ text: string }>;
}

/** A call of a gateway method. `params` is whatever the client sent. */
export interface GatewayRequest {
  params?: unknown;
  respond(ok: true, answer: LastRoute | Status | Routes | Choice): void;
  respond(
    ok: false,
    answer: undefined,
    /** `details.addon` is `false` where the native addon is missing or does not load. */
    error: { code: string; message: string; details?: { addon: false } },
  ): void;
}

/** What the plugin registers with OpenClaw for the providers in `hookAliases`. None of it throws. */
export interface ProviderHooks {
  id: "taas-affinity";
  label: string;
  hookAliases: string[];
  auth: [];
  /** A constant, so that OpenClaw hands no API key to `fetchUsageSnapshot`. */
  resolveUsageAuth(): { token: "none" };
  /**
   * What caching saved: of one agent where the context names a workspace, else of all calls. In a process other than the
   * gateway, a promise, which is never rejected.
   */
  fetchUsageSnapshot(context: HookContext): UsageSnapshot | Promise<UsageSnapshot>;
  /**
   * `context.model` with headers that say whose it is, which reach the wire on every path of the
   * host; `undefined` where the provider is none of ours.
   */
  normalizeResolvedModel(context: HookContext): object | undefined;
  /**
   * Wraps `context.streamFn` for an agent run; `undefined` where the call is none of ours, or the
   * model needs a repair that this host would leave out behind a wrapper and does not offer.
   */
  wrapStreamFn(context: HookContext): StreamFn | undefined;
  /** The same for simple and background completions, which the host repairs in any case. */
  wrapSimpleCompletionStreamFn(context: HookContext): StreamFn | undefined;
  /** Headers of a transport turn: all of the call that it belongs to, outside of any turn and attempt. */
  resolveTransportTurnState(context: TurnContext): { headers: Record<string, string> } | undefined;
}

/** `summary`, or an error that OpenClaw does not show. */
export interface UsageSnapshot {
  provider: string;
  displayName: string;
  windows: [];
  summary?: string;
  error?: "No token";
}

/** What OpenClaw tells a hook. Everything may be missing. */
export interface HookContext {
  provider?: string;
  modelId?: string;
  model?: { id?: string; headers?: Record<string, string> };
  /** The directory that the affinity session id is made from. */
  workspaceDir?: string;
  /** `…/agents/<id>/agent`. */
  agentDir?: string;
  agentId?: string;
  /** OpenClaw's configuration; asked for the only agent there is, where nothing else names one. */
  config?: object;
  streamFn?: StreamFn;
}

/** What OpenClaw tells of a transport turn. */
export interface TurnContext {
  provider?: string;
  modelId?: string;
  model?: object;
  /** OpenClaw's own session id. */
  sessionId?: string;
  turnId?: unknown;
  /** A positive integer; anything else is not sent. */
  attempt?: unknown;
}

export type StreamFn = (model: unknown, context: unknown, options?: unknown) => unknown;

/** The plugin: `register` may be called any number of times, in any number of module copies. */
declare const plugin: {
  id: "openclaw-taas-affinity";
  name: string;
  description: string;
  register(api: PluginApi): void;
};
export default plugin;

/** What an autorouted response said. Strings are at most 256 characters, without controls. */
export interface Capture {
  /**
   * The affinity session id of the request, `oc:` and 16 lower-case hex digits; of an observed one what its
   * own `X-Session-Id` says, `null` without one.
   */
  sessionId: string | null;
  /** When it was captured, in integer milliseconds since 1970. */
  capturedAt: number;
  /** `X-Request-Id`, else `X-TaaS-Request-Id`. */
  taasRequestId: string | null;
  /** `X-Trace-Id`, else `X-TaaS-Trace-Id`. */
  taasTraceId: string | null;
  /** The turn id that the request carried, else the echoed `X-OpenClaw-Turn-Id`. */
  openclawTurnId: string | null;
  /** The attempt that the request carried, else the echoed `X-OpenClaw-Attempt`. */
  openclawAttempt: string | null;
  /** `X-TaaS-Autorouter-Model`: the model that answered. */
  autorouterModel: string | null;
  /** `X-TaaS-Autorouter-Mode`. */
  autorouterAlgo: string | null;
  /** `X-TaaS-Autorouter-Algorithm-Source`. */
  autorouterAlgoSource: string | null;
  /** `X-TaaS-Thinking-Applied`. */
  thinkingApplied: string | null;
  /** `X-TaaS-Routed-Context-Window`, a positive integer of tokens. */
  routedContextWindow: number | null;
  /** There where the request was another plugin's, and only looked at. */
  observed?: true;
}

/** The answer of `taas.autorouter.lastRoute` and `taas.affinity.lastRoute`. A miss is no error: `capture` is `null`. */
export interface LastRoute {
  /** There where the question was about an agent. */
  agentId?: string;
  /** There where the question was about a conversation, under the name that it was asked for by. */
  conversationId?: string;
  localSessionId?: string;
  sessionId: string | null;
  capture: Capture | null;
}

/** What many calls used. Times are integer milliseconds since 1970. */
export interface Tally {
  /** Calls that have ended, whatever became of them. */
  requests: number;
  /** Calls without a proper answer. A call that its caller gave up is not one. See docs/status.md, "What a failure is". */
  failures: number;
  /** The same by HTTP status; `none` where no status from 400 on was seen: a reset, a stream that was cut. */
  failuresByStatus: Record<string, number>;
  tokens: Tokens;
  /** `cached / (input + cached + written)`, from 0 to 1; `null` without a prompt. */
  hitRate: number | null;
  /** The hit rate of the latest 32 calls with a prompt. */
  recentHitRate: number | null;
  /** The hit rate of the first calls of conversations, and that of their later calls; `null` without such calls. */
  firstCallHitRate: number | null;
  laterCallHitRate: number | null;
  saved: Saved;
  /** US dollars for prompts and answers of the calls whose prices are known; `null` if no price is known. */
  costUsd: number | null;
  /** Calls with a prompt, by whether some of it came from a cache. */
  latencyMs: { cached: Durations; uncached: Durations };
  firstUse: number | null;
  lastUse: number | null;
}

/** Percentiles in milliseconds, at most 9 % off; `null` without such calls. */
export interface Durations {
  /** From the beginning of the call until the headers of its last response arrive. */
  headers: { p50: number; p95: number } | null;
  /** From the beginning of the call until its stream ends. */
  end: { p50: number; p95: number } | null;
}

/** Tokens as OpenClaw counts them. What was read from a cache or written to one is no part of `input`. */
export interface Tokens {
  input: number;
  cached: number;
  written: number;
  output: number;
}

/** What caching saved against {@link Status.baseline}. */
export interface Saved {
  /** Tokens of prompts that were read from a cache. */
  tokens: number;
  /**
   * US dollars, by the prices of the model that answered, or else of the model that was asked for, in OpenClaw's
   * configuration and with its arithmetic (tiers, one-hour writes). Negative if writing cost more than reading
   * saved; `null` if no price is known.
   */
  usd: number | null;
  /** What the same prompts would have cost, in US dollars. */
  usdWithoutCache: number | null;
  /** `usd / usdWithoutCache`; `null` if no price is known. */
  share: number | null;
  /** Calls whose prices are known. */
  pricedRequests: number;
}

/** What is known of an agent or a session beside its tally. */
export interface Row extends Tally {
  /** The affinity session id, of an agent that of its latest call. */
  sessionId: string;
  /** The kind of source that it comes from: `workspaceDir`, `conversation`, `stateDir` or a variable's name. */
  source: string;
  /**
   * The model of the latest run, or without a run, of the latest completion, such as a title: the autorouter's, else
   * what the answer says, else what was asked for.
   */
  model: string | null;
  /** `status` and `requestId` are those of its last response, if they are known. */
  lastFailure: { at: number; status: number | null; requestId: string | null } | null;
  /**
   * What was chosen by `taas.autorouter.setAlgorithm` and its next request will carry, unless the caller sets another:
   * its session's, else its workspace's, else its agent's.
   */
  algorithm: Algorithm | null;
}

/** One call of a session. */
export interface Call {
  at: number;
  /** Of its last answer. */
  status: number | null;
  failed: boolean;
  model: string | null;
  tokens: Tokens;
}

/** One thing that the doctor looked at. Its texts name no path, key, host or prompt. */
export interface Check {
  id: string;
  level: "ok" | "warning" | "fault";
  /** Whether it makes model calls more expensive than they have to be. */
  costs: boolean;
  evidence: string;
  advice: string | null;
}

export type Algorithm =
  | "best_fit"
  | "price_performance"
  | "savings_curve"
  | "cost"
  | "ttft"
  | "tps";

/**
 * The answer of `taas.affinity.status`: what was used since the gateway started, the latest first. At most 256 agents,
 * 256 sessions and 64 models; what made room stays in `totals`.
 */
export interface Status {
  now: number;
  /** When the first call ended; `null` before that. */
  since: number | null;
  pluginVersion: string | null;
  affinity: "workspace" | "conversation";
  baseline: string;
  totals: Tally;
  /** The totals as usage pages show them, or `null` before the first call and beside another plugin of a provider. */
  usageLine: string | null;
  agents: (Row & { agentId: string })[];
  /** `calls`, at most 32, are there where the question was about one session. */
  sessions: (Row & { agentId: string | null; calls?: Call[] })[];
  models: (Tally & { model: string })[];
  /** What was chosen, of what was asked for, whether it was seen or not. */
  algorithms: (({ agentId: string } | { sessionId: string }) & { algorithm: Algorithm })[];
  /** The checks that are not ok. */
  warnings: Check[];
  checks: Check[];
  /**
   * At most 64 ids of agents that called or are configured. Only there where the question was about an agent that is
   * not one of them.
   */
  knownAgents?: string[];
}

/**
 * The answer of `taas.affinity.routes`: what was routed and what failed, the latest first, 16 of a session and 4,096
 * in all.
 */
export interface Routes {
  routes: (Capture & {
    agentId: string | null;
    /** OpenClaw's own session id. */
    conversationId: string | null;
    /** From 400 on where the request failed, which is no route; `null` where the host gave none. */
    status: number | null;
    /** A run of the agent, or a completion, such as a title or a recap. Another plugin's calls count as runs. */
    kind: "run" | "completion";
  })[];
  /** How many there are of what was asked for. */
  total: number;
}

/** The answer of `taas.autorouter.setAlgorithm`. */
export interface Choice {
  agentId?: string;
  sessionId?: string;
  algorithm: Algorithm | null;
  previous: Algorithm | null;
}
