// What the native addon offers. The build writes this file from the Rust documentation.

/** The identity of a stream wrapper's calls; only the functions below can read it. */
export interface Wrapper {}

export declare class ExternalObject<T> {
  readonly '': {
    readonly '': unique symbol
    [K: symbol]: T
  }
}

/** What stays the same for every request of this gateway. */
export declare class Gateway {
  /**
   * `plugin_version` is the package's own, `host_name` is only ever hashed, `home` is the
   * user's home directory, `git_hints` says whether workspaces' repositories are looked at,
   * `namespace` is hashed into every session id, to tell apart gateways with the same paths.
   */
  constructor(pluginVersion: string, hostName: string, home: string | undefined | null, gitHints: boolean, namespace?: string | undefined | null)
  /**
   * Decides the identity of the calls of a stream wrapper: `context` is what OpenClaw gives the hook,
   * `env` is `process.env`, read only where `context` does not say enough.
   *
   * # Errors
   * A getter of `context` throws, the workspace is relative and the current directory gone, or
   * there is neither a session source nor a home directory.
   */
  identity(context: object, env: object): Identity
  /**
   * The answer of a gateway method to `params`, both as JSON text. `facts` are what the host's
   * configuration says, as JSON text too.
   *
   * # Errors
   * With code `InvalidArg` where there is no such method or `params` are not what it accepts;
   * the message says what is.
   */
  ask(method: string, params: string, env: object, facts?: string | undefined | null): string
}

/**
 * A call begins, and its workspace is probed as by [`probe`]. `request_id` is OpenClaw's id of the request, and
 * `conversation` OpenClaw's own session id, if it gives them.
 */
export declare function beginCall(wrapper: ExternalObject<Wrapper>, requestId?: string | undefined | null, conversation?: string | undefined | null): Begun

/** What is known of a call that begins. */
export interface Begun {
  /** The number of the call, for the functions below. The last 4,096 calls are known. */
  call: number
  /** How many times its request has been sent, counting this one. */
  attempt: number
  /** The algorithm that an operator set for it, or `null`. */
  algorithm: string | null
}

/**
 * As [`capture_response`], of a request that another plugin made.
 *
 * # Errors
 * As [`capture_response`].
 */
export declare function captureObserved(request: ObservedRequest, response: string): ObservedResponse

/**
 * Remembers what a response says: its route if it succeeded and was autorouted, which `true`
 * says; else its failure, if it failed. `response` is the JSON text of an object: `status`, which may be missing,
 * `turnId` and `attempt`, which the request carried, and `headers`, those of [`response_headers`] by name. `call` is
 * the number of the call that got it.
 *
 * # Errors
 * With code `InvalidArg` where `response` is not such a text.
 */
export declare function captureResponse(wrapper: ExternalObject<Wrapper>, response: string, call?: number | undefined | null): boolean

/**
 * How full the store is, and how full it can be.
 *
 * # Errors
 * None that its limit allows.
 */
export declare function captureTableSize(): CaptureTableSize

/** How full the store is. */
export interface CaptureTableSize {
  /** Sessions with a capture. */
  sessions: number
  /** Agents with a capture. */
  agents: number
  /** How many sessions, and how many agents, it holds at most. */
  limit: number
}

/** What keeps repository hints away. It is for the log alone, as it can name a workspace. */
export interface Complaint {
  /** What requests lack. */
  consequence: string
  /** Why, and what helps. */
  reason: string
}

/**
 * Counts a call that has ended, with what its response said. `end` is the JSON text of an object:
 *
 * - `model`: the model that answered, as the message says or as it was asked for; the route's own name comes before it
 * - `failed`: whether there was no proper answer
 * - `answered`: whether there was a whole answer: after it, the next request of the run is not a retry
 * - `input`, `cached`, `written`, `output`: tokens of the prompt that were neither read from a cache nor written to one,
 *   those that were read, those that were written, and tokens of the answer
 * - `promptCost`, `uncachedCost`, `outputCost`: US dollars for the prompt, for the prompt if nothing had been cached, and
 *   for the answer; unless all three are from 0 to a million, the cost is unknown
 * - `tellRoute`: whether a change of the agent's route is worth a line of the log
 *
 * All but the booleans may be missing. Returns the change of the agent's route if there is one, at most once a minute.
 *
 * # Errors
 * With code `InvalidArg` where `end` is not such a text.
 */
export declare function endCall(wrapper: ExternalObject<Wrapper>, call: number, end: string): RouteChange | null

/** The identity of the calls of one stream wrapper. */
export interface Identity {
  /** What the functions for a call take. */
  handle: ExternalObject<Wrapper>
  /** The affinity session id, `oc:` and 16 hex digits. */
  sessionId: string
  /** The kind of source that the session id comes from. It names no value. */
  source: string
  /** The agent id, or `null`. */
  agentId: string | null
  /** The headers that every request carries, as the JSON text of an object. */
  headers: string
  /**
   * Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will decide
   * the same again, and are short enough to be remembered.
   */
  reusable: boolean
}

/**
 * The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
 * add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
 * as it is. The hints of the workspace's repository are in it: those known now or, with the number of a `call`, those
 * that the first payload of its request had.
 *
 * # Errors
 * A getter of `payload` or of its metadata throws.
 */
export declare function injectRequest(wrapper: ExternalObject<Wrapper>, payload: unknown, call?: number | undefined | null): string | null

/** The number of the interface between JavaScript and this addon. */
export declare function interfaceNumber(): number

/** Whether a value arrives unchanged when it is sent as a header. */
export declare function isHeaderSafe(value: string): boolean

/**
 * The latest capture of an agent as JSON text, or `null`.
 *
 * # Errors
 * None that a capture allows.
 */
export declare function latestByAgent(agentId: string): string | null

/** A gateway method that [`Gateway::ask`] answers. */
export interface Method {
  /** Its name. */
  name: string
  /** The scope that a client needs. */
  scope: string
}

/** Every gateway method. */
export declare function methods(): Array<Method>

/** A request that another plugin made. What is not known is left out. */
export interface ObservedRequest {
  /** The agent that it was made for. */
  agentId?: string
  /** The session that the request itself names. */
  sessionId?: string
  /** OpenClaw's own session id. */
  conversation?: string
  /** Whether a change of the agent's route is worth a line of the log. */
  tellRoute: boolean
}

/** What became of the response to an observed request. */
export interface ObservedResponse {
  /** Whether there was a route to remember. */
  captured: boolean
  /** The change of the agent's route, as [`end_call`] has it, or `null`. */
  change: RouteChange | null
}

/**
 * Has the workspace's repository probed, off this thread, unless a probe is under way or what is known is young. Never
 * waits. Returns what keeps hints away and was not returned yet, for at most 64 workspaces in a process; `null` if there is
 * nothing to say.
 */
export declare function probe(wrapper: ExternalObject<Wrapper>): Array<Complaint> | null

/** The names of the headers that every request of a wrapper can carry. */
export declare function requestHeaders(): Array<string>

/** The names, in lower case, of the response headers that [`capture_response`] reads. */
export declare function responseHeaders(): Array<string>

/** Another model than the log was told of last. */
export interface RouteChange {
  /** The model that the log was told of last; before that, the first that answered. */
  from: string
  /** The model that answers now. */
  to: string
}

/**
 * Panics, so that a test of the built binary can see that a panic reaches JavaScript as an error.
 *
 * # Panics
 * Always.
 */
export declare function selfTestPanic(): void

/** The version of the package that this binary was built for. */
export declare function version(): string
