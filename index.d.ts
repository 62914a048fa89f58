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
  /**
   * `gitHints: false` switches the repository hints off, as `OPENCLAW_TAAS_GIT_HINTS=off` does;
   * `observe: false` leaves calls unseen that another plugin of the provider makes.
   */
  pluginConfig?: { gitHints?: boolean; observe?: boolean };
  /** Gets one warning for each kind of fault and, with `OPENCLAW_DEBUG` set, the debug lines. */
  logger: { info(message: string): void; warn(message: string): void };
  registerProvider(provider: ProviderHooks): void;
  registerGatewayMethod(
    method: string,
    handler: (request: GatewayRequest) => void,
    options: { scope: string },
  ): void;
  /** The host's configuration; read to see whether another plugin owns one of the providers. */
  config?: object;
  /** `agent` resolves the directories of configured agents. */
  runtime?: {
    agent?: {
      resolveAgentDir?(config: object, agentId: string): string;
      resolveAgentWorkspaceDir?(config: object, agentId: string): string;
    };
  };
  /** Listens to `gateway_start`, `model_call_started` and `model_call_ended`. */
  on?(event: string, listener: (event: unknown, context: unknown) => void): void;
}

/** A call of a gateway method. `params` is whatever the client sent. */
export interface GatewayRequest {
  params?: unknown;
  respond(ok: true, answer: LastRoute): void;
  respond(ok: false, answer: undefined, error: { code: string; message: string }): void;
}

/** What the plugin registers with OpenClaw for the providers in `hookAliases`. None of it throws. */
export interface ProviderHooks {
  id: "taas-affinity-hook";
  label: string;
  hookAliases: string[];
  auth: [];
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
  sessionId: string | null;
  capture: Capture | null;
}
