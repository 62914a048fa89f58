/**
 * `openclaw-taas-affinity`: an OpenClaw plugin for agents on CloudSigma TaaS.
 *
 * The package's only export is the plugin, which OpenClaw loads by the `openclaw.extensions` of
 * `package.json`. The other types describe the native addon that the plugin loads, for whoever
 * works on it.
 */

/** The part of OpenClaw's plugin API that `register` uses. */
export interface PluginApi {
  /** The package's real directory. The addon is loaded from there, once for the process. */
  rootDir?: string;
  /** `gitHints: false` switches the repository hints off, as `OPENCLAW_TAAS_GIT_HINTS=off` does. */
  pluginConfig?: { gitHints?: boolean };
  /** Gets one warning for each kind of fault and, with `OPENCLAW_DEBUG` set, the debug lines. */
  logger: { info(message: string): void; warn(message: string): void };
  registerProvider(provider: ProviderHooks): void;
  registerGatewayMethod(
    method: string,
    handler: (request: GatewayRequest) => void,
    options: { scope: "operator.read" },
  ): void;
}

/** A call of a gateway method. `params` is whatever the client sent. */
export interface GatewayRequest {
  params?: unknown;
  respond(ok: true, answer: LastRoute): void;
  respond(ok: false, answer: undefined, error: { code: string; message: string }): void;
}

/** What the plugin registers with OpenClaw for the providers in `hookAliases`. */
export interface ProviderHooks {
  id: "taas-affinity-hook";
  label: string;
  hookAliases: string[];
  auth: [];
  /** Wraps `context.streamFn`; `undefined` where the call is none of ours. Never throws. */
  wrapStreamFn(context: HookContext): StreamFn | undefined;
  /** The same for simple and background completions. */
  wrapSimpleCompletionStreamFn(context: HookContext): StreamFn | undefined;
  /** Headers of the transport turn of the call in progress. Never throws. */
  resolveTransportTurnState(context: {
    turnId?: unknown;
    attempt?: unknown;
  }): { headers: Record<string, string> } | undefined;
}

/** What OpenClaw tells a stream hook. Everything may be missing. */
export interface HookContext {
  provider?: string;
  modelId?: string;
  model?: { id?: string };
  /** The directory that the affinity session id is made from. */
  workspaceDir?: string;
  /** `…/agents/<id>/agent`. */
  agentDir?: string;
  agentId?: string;
  streamFn?: StreamFn;
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
  /** The affinity session id of the request, `oc:` and 16 lower-case hex digits. */
  sessionId: string;
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
}

/** The answer of `taas.autorouter.lastRoute`. A miss is no error: `capture` is `null`. */
export interface LastRoute {
  /** There where the question was about an agent. */
  agentId?: string;
  sessionId: string | null;
  capture: Capture | null;
}

/** The native addon. All of it is synchronous, and a panic in it is a thrown `Error`. */
export interface Native {
  Affinity: new (
    pluginVersion: string,
    hostName: string,
    home: string,
    gitHints: boolean,
  ) => Affinity;

  /**
   * What `payload.metadata` lacks, as the JSON text of an object with some of the keys
   * `session_id`, `sticky_key`, `requester_runtime` and `openclaw_correlation`, in this order.
   * `null` where there is nothing to add: the payload is no object, its metadata is present but no
   * object, or all four keys are there (only `undefined` counts as absent).
   *
   * With `withHints`, `requester_runtime` says what {@link Requester.takeHints} found last of the
   * workspace's repository: `repo_name`, `git_branch_hint` and `git_dirty_hint`, each left out where
   * it is not known.
   *
   * `payload` is read by reference, and nothing of it but `metadata`; it is not changed.
   *
   * @throws what a getter or a proxy of the payload throws
   */
  injectRequest(requester: Requester, payload: unknown, withHints: boolean): string | null;

  /**
   * Remembers the route of a response, where it was autorouted.
   *
   * @param values joined by line feeds: the turn id and the attempt number that the request
   *   carried, then the values of {@link responseHeaders} in their order; empty where there is none
   * @returns whether there was a route to remember
   */
  captureResponse(requester: Requester, values: string): boolean;

  /** The names of the headers that {@link Requester.headers} gives the values of. */
  requestHeaders(): string[];

  /**
   * The names, in lower case, of the headers that {@link captureResponse} reads, in its order.
   * Without the first, there is nothing to capture.
   */
  responseHeaders(): string[];

  /** Whether a value arrives unchanged when it is sent as a header: Latin-1, at most 200 characters. */
  isHeaderSafe(value: string): boolean;

  /** The latest capture of an agent, as the JSON text of a {@link Capture}. */
  latestByAgent(agentId: string): string | null;
  /** The latest capture of an affinity session, as the JSON text of a {@link Capture}. */
  latestBySession(sessionId: string): string | null;
  /** The latest capture of all, as the JSON text of a {@link Capture}. */
  latest(): string | null;
  /** How full the capture table of this process is, and how full it can be. */
  captureTableSize(): CaptureTableSize;

  /** The version of the package that the binary was built for. */
  version(): string;

  /** Panics on purpose, to show that a panic arrives as an `Error`. */
  selfTestPanic(): never;
}

export interface CaptureTableSize {
  /** Sessions in the table. */
  sessions: number;
  /** Agents in the table. */
  agents: number;
  /** How many sessions, and how many agents, it holds at most: those captured last. */
  limit: number;
}

/** What stays the same for every request of a gateway. */
export interface Affinity {
  /**
   * Decides whose requests a stream wrapper makes. `env` is `process.env`.
   *
   * @throws what a getter of `context` throws
   * @throws {Error} where the workspace is a relative path and the current directory is gone
   */
  requester(context: HookContext, env: Record<string, string | undefined>): Requester;

  /**
   * Sets who is told that the repository hints of a requester are there: `listener` is called with
   * the number that {@link Requester.awaitHints} was given, in a turn of the event loop of its own.
   * It must not throw. It does not keep the process alive. Only the first listener counts.
   */
  onHints(listener: (number: number) => void): void;

  /**
   * The answer of `taas.autorouter.lastRoute` to `params`, both as JSON text ({@link LastRoute}).
   *
   * @throws {Error} with `code` `"InvalidArg"` where `params` are not what is accepted; the message
   *   names what was wrong and what is accepted
   */
  lastRoute(params: string, env: Record<string, string | undefined>): string;
}

/** Whose requests one stream wrapper makes. */
export interface Requester {
  /** The affinity session id, `oc:` and 16 lower-case hex digits. */
  readonly sessionId: string;
  /** The kind of source that it comes from, for a log. It names no value. */
  readonly sessionSource: string;
  readonly agentId: string | null;
  /**
   * Starts to look at the workspace's git repository, on a thread of the addon's own, unless that is
   * going on or its result waits for a request. Never waits.
   *
   * @returns for how many milliseconds there will be no hints, so that nobody need ask again; 0 where
   *   there may be some. For ever without a workspace or with the hints switched off; for up to two
   *   seconds where there was no repository a moment ago
   */
  startHints(): number;
  /**
   * Whether a request should wait for the repository hints, and how long. When they are there, the
   * listener of {@link Affinity.onHints} is called with `number`; a second call takes the place of
   * the first.
   *
   * @returns milliseconds to wait at most; 0 where waiting is of no use: they are there, nobody looks
   *   for them, or the repository is known to need more time than a request waits
   */
  awaitHints(number: number): number;
  /**
   * Decides what the next {@link Native.injectRequest} with hints says of the repository: what is
   * known now.
   *
   * @returns a number that is another one where that is something else than the time before
   */
  takeHints(): number;
  /**
   * The headers that every request carries: the values of {@link Native.requestHeaders}, joined by
   * line feeds. A value that is not known or cannot be sent unchanged is empty.
   */
  headers(): string;
  /**
   * Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will make the
   * same requester again, so that it can be remembered. The environment, the current directory and
   * `model` had no say in it.
   */
  readonly reusable: boolean;
}
