// What the native addon offers. The build writes this file from the Rust documentation.

/** What one stream wrapper's requests are given; only the functions below can read it. */
export interface Requester {}

export declare class ExternalObject<T> {
  readonly '': {
    readonly '': unique symbol
    [K: symbol]: T
  }
}

/** What stays the same for every request of this gateway. */
export declare class Affinity {
  /**
   * `plugin_version` is the package's own, `host_name` is only ever hashed, `home` is the
   * user's home directory, `git_hints` says whether workspaces' repositories are looked at,
   * `namespace` is hashed into every session id, to tell apart gateways with the same paths.
   */
  constructor(pluginVersion: string, hostName: string, home: string | undefined | null, gitHints: boolean, namespace?: string | undefined | null)
  /**
   * Decides whose requests a stream wrapper makes: `context` is what OpenClaw gives the hook,
   * `env` is `process.env`, read only where `context` does not say enough.
   *
   * # Errors
   * A getter of `context` throws, the workspace is relative and the current directory gone, or
   * there is neither a session source nor a home directory.
   */
  requester(context: object, env: object): Decided
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
 * A call begins. `request_id` is the host's id of its request, or one that no other request has. The workspace's
 * repository is looked at as by [`look`].
 */
export declare function beginCall(requester: ExternalObject<Requester>, requestId: string): Begun

/** What is known of a call's request when the call begins. */
export interface Begun {
  /** How many times the request has been sent, counting this one. */
  times: number
  /** The algorithm that somebody chose for it, or `null`. */
  algorithm: string | null
}

/**
 * As [`capture_response`], of a request that another plugin made for `agent_id`, and in which
 * `session_id` names the session.
 */
export declare function captureObserved(agentId: string | undefined | null, sessionId: string | undefined | null, values: string, status?: number | undefined | null): boolean

/**
 * Remembers what a response says: its route, where it succeeded and was autorouted, which `true`
 * says, else that it failed. `values` are joined by line feeds: the turn id and the attempt that the
 * request carried, the values of [`response_headers`] in their order, and OpenClaw's own id of the
 * session. What is not there is empty. A response without `status` counts as one that succeeded.
 */
export declare function captureResponse(requester: ExternalObject<Requester>, values: string, status?: number | undefined | null): boolean

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

/**
 * What keeps repository hints away: what requests lack, and why. It is for the log alone, as it can
 * name a workspace.
 */
export interface Complaint {
  /** What requests lack. */
  consequence: string
  /** Why, and what helps. */
  reason: string
}

/**
 * What keeps repository hints away and was not said yet. Each fault is said once in a process, and no
 * more than 64 are. `null` where there is nothing to say.
 */
export declare function complaints(): Array<Complaint> | null

/** What is decided of the requests of one stream wrapper, for JavaScript to keep. */
export interface Decided {
  /** What the functions of this module take. */
  handle: ExternalObject<Requester>
  /** The affinity session id, `oc:` and 16 hex digits. */
  sessionId: string
  /** The kind of source that the session id comes from. It names no value. */
  sessionSource: string
  /** The agent id, or `null`. */
  agentId: string | null
  /**
   * The headers that every request carries: the values of [`request_headers`], joined by line
   * feeds. One that is not known or cannot be sent is empty.
   */
  headers: string
  /**
   * Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will decide
   * the same again, and are short enough to be remembered.
   */
  reusable: boolean
}

/** A call that has ended. What is not known is left out. */
export interface EndedCall {
  /** The model that answered: the value of its header, or what the answer says. */
  model?: string
  /** OpenClaw's own id of the session. It can be left out if [`capture_response`] has it. */
  conversation?: string
  /** The status of the last response. */
  status?: number
  /** Whether there was no proper answer. */
  failed: boolean
  /** Whether the autorouter chose the model. */
  routed: boolean
  /** Tokens of the prompt that were neither read from a cache nor written to one. */
  input?: number
  /** Tokens of the prompt that were read from a cache. */
  cached?: number
  /** Tokens of the prompt that were written to a cache. */
  written?: number
  /** Tokens of the answer. */
  output?: number
  /** What the prompt cost, in US dollars. */
  promptCost?: number
  /** What the prompt would have cost if nothing had been cached, in US dollars. */
  uncachedCost?: number
  /** What the answer cost, in US dollars. */
  outputCost?: number
}

/**
 * The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
 * add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
 * as it is. What is known of the workspace's repository is in it; with a `request_id`, as [`begin_call`] has it, what
 * was known at the first payload of that request.
 *
 * # Errors
 * A getter of `payload` or of its metadata throws.
 */
export declare function injectRequest(requester: ExternalObject<Requester>, payload: unknown, requestId?: string | undefined | null): string | null

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

/**
 * Has the workspace's repository looked at, off this thread, unless that is going on or what is
 * known is young. Returns whether an answer is awaited. Never waits.
 */
export declare function look(requester: ExternalObject<Requester>): boolean

/** A gateway method that [`Affinity::ask`] answers. */
export interface Method {
  /** Its name. */
  name: string
  /** The scope that a client needs. */
  scope: string
}

/** Every gateway method. */
export declare function methods(): Array<Method>

/** Counts a call that has ended. */
export declare function recordCall(requester: ExternalObject<Requester>, call: EndedCall): void

/** A call's request has a good answer: the next request of the same run is sent for the first time. */
export declare function requestAnswered(requester: ExternalObject<Requester>, requestId: string): void

/** The names of the headers that [`Decided::headers`] gives the values of. */
export declare function requestHeaders(): Array<string>

/** The names, in lower case, of the response headers that [`capture_response`] reads. */
export declare function responseHeaders(): Array<string>

/**
 * Another model than was told last of an agent, as JSON text.
 *
 * # Errors
 * None that two names allow.
 */
export declare function routeChange(agentId: string): string | null

/**
 * Panics, so that a test of the built binary can see that a panic reaches JavaScript as an error.
 *
 * # Panics
 * Always.
 */
export declare function selfTestPanic(): void

/** The version of the package that this binary was built for. */
export declare function version(): string
