// What the native addon offers. The build writes this file from the Rust documentation.

/** The identity of a stream wrapper's calls; only the functions below can read it. */
export interface Wrapper {}

export declare class ExternalObject<T> {
  readonly '': {
    readonly '': unique symbol
    [K: symbol]: T
  }
}

/** The values that all requests of this gateway share. */
export declare class Gateway {
  /**
   * `host_name` leaves the process as a hash only. `home` is the user's home directory. `git_hints` enables repository
   * hints. `namespace` becomes part of every session id and separates gateways with the same paths.
   */
  constructor(pluginVersion: string, hostName: string, home: string | undefined | null, gitHints: boolean, namespace?: string | undefined | null)
  /**
   * Decides the identity of a stream wrapper's calls. `context` is the hook's context, with the model's id as `modelId`. `env` is `process.env`, and is read
   * only if the context is not enough.
   *
   * # Errors
   * A getter of `context` throws. The workspace is relative and the current directory is missing. There is neither a
   * session source nor a home directory.
   */
  identity(context: object, env: object): Identity
  /**
   * Answers a gateway method. `params`, `facts` and the answer are JSON texts. `facts` describe the host's configuration.
   *
   * # Errors
   * The error has the code `InvalidArg` if the method does not exist or does not accept `params`. The message says what
   * the method accepts.
   */
  ask(method: string, params: string, env: object, facts?: string | undefined | null): string
}

/**
 * Begins a call and probes its workspace as `probe` does. `request_id` is OpenClaw's id of the request. `conversation` is
 * OpenClaw's own session id. `is_run` tells an agent's run from a completion, such as a title.
 */
export declare function beginCall(wrapper: ExternalObject<Wrapper>, isRun: boolean, requestId?: string | undefined | null, conversation?: string | undefined | null): Begun

/** A call that begins. */
export interface Begun {
  /** The number of the call, for the other functions. The addon remembers the last 4,096 calls. */
  call: number
  /** How many times the request has been sent, counting this one. Missing at the first time. */
  attempt?: number
  /** The algorithm that an operator set for the call, if there is one. */
  algorithm?: string
}

/**
 * Captures the response to another plugin's request. `response` is as in `capture_response`.
 *
 * # Errors
 * The error has the code `InvalidArg` if `response` is not a valid JSON object.
 */
export declare function captureObserved(request: ObservedRequest, response: string): ObservedResponse

/**
 * Captures the route or the failure that a response reports. Returns whether the response reported a route.
 *
 * `response` is the JSON text of an object. `status` may be missing. `turnId` and `attempt` are those that the request
 * carried. `headers` are those of [`response_headers`], by name. `call` is the number of the call.
 *
 * # Errors
 * The error has the code `InvalidArg` if `response` is not such a text.
 */
export declare function captureResponse(wrapper: ExternalObject<Wrapper>, response: string, call?: number | undefined | null): boolean

/** A reason for missing repository hints. It is for the log only, because it can contain a path. */
export interface Complaint {
  /** The consequence for requests. */
  consequence: string
  /** The cause and the remedy. */
  reason: string
}

/**
 * Counts a call that has ended. Returns a change of the agent's route, at most once a minute for each agent. `end` is the
 * JSON text of an object:
 *
 * - `model`: the model that the message names, or the requested model; the model of a captured route has priority
 * - `failed`: whether the call failed
 * - `answered`: whether the answer is complete; after a complete answer, the run's next request is not a retry
 * - `cached`, `written`: tokens of the prompt that were read from a cache, or written to a cache
 * - `input`: the other tokens of the prompt
 * - `output`: tokens of the answer
 * - `promptCost`, `uncachedCost`, `outputCost`: US dollars for the prompt, for the same prompt without a cache, and for the
 *   answer; unless all three are from 0 to a million, the cost is unknown
 * - `tellRoute`: whether to return a change of the agent's route
 *
 * All members except the booleans may be missing.
 *
 * # Errors
 * The error has the code `InvalidArg` if `end` is not such a text.
 */
export declare function endCall(wrapper: ExternalObject<Wrapper>, call: number, end: string): RouteChange | null

/** The identity of a stream wrapper's calls. */
export interface Identity {
  /** Stands for the identity in the functions for a call. */
  handle: ExternalObject<Wrapper>
  /** The affinity session id, `oc:` and 16 hex digits. */
  sessionId: string
  /** The kind of source of the session id, without its value. */
  source: string
  /** The agent id, or `null`. */
  agentId: string | null
  /** The headers of every request, as the JSON text of an object. */
  headers: string
  /**
   * Whether the same `workspaceDir`, `agentDir`, `agentId`, `conversationId`, `provider` and `modelId` always have this
   * identity, and are short enough to be remembered.
   */
  reusable: boolean
}

/**
 * Returns the missing keys of `payload.metadata` as the JSON text of an object, or `null` if no key is missing. Reads only
 * the metadata and changes nothing. The keys include the repository hints. With the number of a `call`, the hints are those
 * of the first payload of the same request.
 *
 * # Errors
 * A getter of `payload` or of its metadata throws.
 */
export declare function injectRequest(wrapper: ExternalObject<Wrapper>, payload: unknown, call?: number | undefined | null): string | null

/** The number of the interface between JavaScript and this addon. */
export declare function interfaceNumber(): number

/** Whether a header carries `value` unchanged. */
export declare function isHeaderSafe(value: string): boolean

/** A gateway method that [`Gateway::ask`] answers. */
export interface Method {
  /** Its name. */
  name: string
  /** The scope that a client must have. */
  scope: string
}

/** Every gateway method. */
export declare function methods(): Array<Method>

/** A request of another plugin. Unknown values are missing. */
export interface ObservedRequest {
  /** The id of the agent that makes the call. */
  agentId?: string
  /** The session id in the request's headers. */
  sessionId?: string
  /** OpenClaw's own session id. */
  conversation?: string
  /** Whether to return a change of the agent's route. */
  tellRoute: boolean
}

/** The result of a response to an observed request. */
export interface ObservedResponse {
  /** Whether the response reported a route. */
  captured: boolean
  /** A change of the agent's route, as `end_call` returns it, or `null`. */
  change: RouteChange | null
}

/**
 * Starts a probe of the workspace's repository on another thread and never waits. Does nothing while a probe runs or its
 * result is fresh. Returns the new reasons for missing hints, or `null`. One process returns reasons for at most 64 workspaces.
 */
export declare function probe(wrapper: ExternalObject<Wrapper>): Array<Complaint> | null

/** The names of the headers that every request of a wrapper can carry. */
export declare function requestHeaders(): Array<string>

/** The names, in lower case, of the response headers that [`capture_response`] reads. */
export declare function responseHeaders(): Array<string>

/** A change of the model that answers an agent. */
export interface RouteChange {
  /** The model that the latest notice named. Before the first notice, the first model that answered. */
  from: string
  /** The model that answers now. */
  to: string
}

/**
 * Panics. A test of the built binary uses this to check that a panic becomes a JavaScript error.
 *
 * # Panics
 * Always.
 */
export declare function selfTestPanic(): void

/** The version of the package that this binary was built for. */
export declare function version(): string
