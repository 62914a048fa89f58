/**
 * What the native addon offers, for whoever works on the plugin. All of it is synchronous, and a panic
 * in it is a thrown `Error`.
 */

import type { HookContext } from "./index.js";

/** The interface with number 8 ({@link Native.interfaceNumber}). */
export interface Native {
  /**
   * Decides for one gateway. `home` is the user's home directory (`os.homedir()`), `null` or
   * `undefined` where there is none: `~` and the default state directory alone need it, and the
   * environment comes before it (`OPENCLAW_HOME`, `HOME`, `USERPROFILE`, as the host has it).
   * `hostName` is only ever hashed. `gitHints` says whether workspaces' repositories are looked at.
   */
  Affinity: new (
    pluginVersion: string,
    hostName: string,
    home: string | null | undefined,
    gitHints: boolean,
  ) => Affinity;

  /** Every gateway method that {@link Affinity.ask} answers, and the scope that a client needs. */
  methods(): Method[];

  /**
   * Has the workspace's git repository looked at, by git and off this thread, unless that is going on
   * or what is known is young. Never waits.
   *
   * @returns 0 where there is nothing to look at: no workspace, or the hints are switched off. Else a
   *   number that is another one where {@link injectRequest} may say something else than
   *   before; odd while an answer is awaited, so that it may change at any moment
   */
  look(requester: Handle): number;

  /**
   * What `payload.metadata` lacks, as the JSON text of an object with some of the keys
   * `session_id`, `sticky_key`, `requester_runtime` and `openclaw_correlation`, in this order.
   * `null` where there is nothing to add: the payload is no object, its metadata is present (which
   * `null` is) but no object, an array is none, or all four keys are there (only `undefined` counts as
   * absent). Prototypes are not looked at: whether an object is a plain one is for the caller to see.
   *
   * `requester_runtime` says what is known now of the workspace's repository: `repo_name`,
   * `git_branch_hint` and `git_dirty_hint`, each left out where it is not known.
   *
   * `payload` is read by reference, and nothing of it but `metadata`; it is not changed.
   *
   * @throws what a getter or a proxy of the payload throws
   */
  injectRequest(requester: Handle, payload: unknown): string | null;

  /**
   * Remembers the route of a response, where it succeeded and was autorouted; else that it failed, where its
   * status is 400 or more.
   *
   * @param values joined by line feeds: the turn id and the attempt number that the request
   *   carried, the values of {@link responseHeaders} in their order, as they came, and OpenClaw's own id of the
   *   session; empty where there is none, and the last may be left out
   * @param status of the response; where the host gives none (`null`, `undefined`), it counts as one
   *   that succeeded, and every number outside 200 to 299 as one that has no route
   * @returns whether there was a route to remember
   * @throws {Error} where `status` is something else
   */
  captureResponse(requester: Handle, values: string, status?: number | null): boolean;

  /**
   * Remembers the route of a response to a request that another plugin made, marked as observed.
   *
   * @param agentId of the agent that it was made for, where that is known
   * @param sessionId what the request itself names its session, if anything
   * @param values as for {@link captureResponse}
   * @param status as for {@link captureResponse}
   */
  captureObserved(
    agentId: string | null | undefined,
    sessionId: string | null | undefined,
    values: string,
    status?: number | null,
  ): boolean;

  /**
   * Counts a call that has ended.
   *
   * @param model that answered: the value of its header, as it came, or what the answer says
   * @param input tokens of the prompt that were neither read from a cache nor written to one. A count that is
   *   no positive number below 2 ** 53 is 0
   * @param cached tokens of the prompt that were read from a cache
   * @param written tokens of the prompt that were written to one
   * @param output tokens of the answer
   * @param status `NaN` where there was none
   * @param failed whether there was no proper answer
   * @param routed whether the autorouter chose the model
   * @param inputPrice what a million such tokens cost, in US dollars; `NaN` where it is not stated, which counts as 0 where
   *   another one is
   * @param cachedPrice likewise
   * @param writtenPrice likewise
   * @param conversation OpenClaw's own id of the session, from then on found by it; it need not be said where
   *   {@link captureResponse} has it
   * @returns whether `taas.affinity.status` may have a warning now that it had not before
   */
  recordCall(
    requester: Handle,
    model: string | null | undefined,
    input: number,
    cached: number,
    written: number,
    output: number,
    status: number,
    failed: boolean,
    routed: boolean,
    inputPrice: number,
    cachedPrice: number,
    writtenPrice: number,
    conversation?: string | null,
  ): boolean;

  /**
   * Counts a request by the host's own id of it, and says for the how manieth time it is sent now. The last 4,096 are
   * remembered.
   */
  timesSent(requestId: string): number;

  /** How many algorithms are chosen. Where none is, {@link algorithm} need not be asked. */
  choices(): number;

  /** The algorithm that somebody chose for these requests (`taas.autorouter.setAlgorithm`), or `null`. */
  algorithm(requester: Handle): string | null;

  /**
   * Notes that an agent's latest capture is an answer to the agent itself, and not to what is made beside its runs.
   */
  noteRoute(agentId: string): void;

  /**
   * Whether the latest noted answer of an agent is another model's than was told last, or than the first: told once, at
   * most once a minute, so that a change within it is told after it if it is still one, and not of an answer that is
   * older than ten minutes.
   *
   * @returns the JSON text of `{ from: string, to: string }`, or `null`
   */
  routeChange(agentId: string): string | null;

  /** The names of the headers that {@link Decided.headers} gives the values of. */
  requestHeaders(): string[];

  /**
   * The names, in lower case, of the headers that {@link captureResponse} reads, in its order.
   * Without the first, there is nothing to capture.
   */
  responseHeaders(): string[];

  /** Whether a value arrives unchanged when it is sent as a header: Latin-1, at most 200 characters. */
  isHeaderSafe(value: string): boolean;

  /**
   * Everything that this library image has captured, and what was chosen in it, as text for {@link takeOver} of another image in
   * the same process. It may be taken again and again.
   */
  snapshot(): string;

  /**
   * Takes over what another image held. For each session and each agent the newest capture and the latest
   * choice count; the same snapshot twice is one. Where there are too many captures, the oldest make room.
   *
   * @throws {Error} with `code` `"InvalidArg"` where `snapshot` is none, is damaged, or has a format
   *   that this image cannot read; nothing of it is taken over then
   */
  takeOver(snapshot: string): void;

  /** The latest capture of an agent, in whatever letter case, as the JSON text of a `Capture`. */
  latestByAgent(agentId: string): string | null;

  /** How full the store of this image is, and how full it can be. */
  captureTableSize(): CaptureTableSize;

  /**
   * The number of this interface. It is raised with every change to it that JavaScript written for
   * the number before cannot live with, whatever the version of the package.
   */
  interfaceNumber(): number;

  /**
   * What keeps repository hints away and was not said yet. Each fault is said once in a process, and no
   * more than 64 are. `null` where there is nothing to say.
   */
  complaints(): Complaint[] | null;

  /** The version of the package that the binary was built for. */
  version(): string;

  /** Panics on purpose, to show that a panic arrives as an `Error`. */
  selfTestPanic(): never;
}

export interface Method {
  name: string;
  scope: string;
}

export interface Complaint {
  /** What requests lack. */
  consequence: string;
  /** Why, and what helps. */
  reason: string;
}

export interface CaptureTableSize {
  /** Sessions with a capture. */
  sessions: number;
  /** Agents with a capture. */
  agents: number;
  /** How many sessions, and how many agents, it holds at most: those captured last. */
  limit: number;
}

/** What stays the same for every request of a gateway. */
export interface Affinity {
  /**
   * Decides whose requests a stream wrapper makes. `env` is `process.env`, read where `context` does
   * not say enough. `conversationId` is OpenClaw's own id of the session, where each of them is to be an affinity
   * session of its own. A value of `context` that is no string, or an agent id that has not the host's
   * form, counts as none.
   *
   * @throws what a getter of `context` throws
   * @throws {Error} where the workspace is a relative path and the current directory is gone
   * @throws {Error} where no session source is known: no workspace, none of the variables, and no home
   *   directory for the default state directory
   */
  requester(
    context: HookContext & { conversationId?: string },
    env: Record<string, string | undefined>,
  ): Decided;

  /**
   * The answer of a gateway method, as JSON text.
   *
   * @param method one of {@link Native.methods}
   * @param params JSON text: of an object, or `null` for no params at all. For params that
   *   `JSON.stringify` throws for, give text that is no JSON, such as `""`: it is refused as they are
   * @param facts JSON text of what `facts.js` gathers; what is no such text counts as nothing known
   * @throws {Error} with `code` `"InvalidArg"` where there is no such method, or `params` are not what it
   *   accepts: the message, of at most 600 characters, names what was wrong and what is accepted
   */
  ask(
    method: string,
    params: string,
    env: Record<string, string | undefined>,
    facts?: string | null,
  ): string;

  /**
   * What the doctor finds and costs something, as the JSON text of an array of `AffinityCheck`s (index.d.ts).
   *
   * @param facts as for `ask`
   */
  costly(env: Record<string, string | undefined>, facts: string): string;
}

/** What is decided of the requests of one stream wrapper. */
export interface Decided {
  /** What the functions that are about these requests take. */
  handle: Handle;
  /** The affinity session id, `oc:` and 16 lower-case hex digits. */
  sessionId: string;
  /** The kind of source that it comes from, for a log. It names no value. */
  sessionSource: string;
  /**
   * The agent id as it was given, letter case included: ASCII letters and digits, `_` and `-`, the first
   * a letter or a digit, at most 64. `null` where none is known.
   */
  agentId: string | null;
  /**
   * The headers that every request carries: the values of {@link Native.requestHeaders}, joined by
   * line feeds. A value that is not known or cannot be sent unchanged is empty.
   */
  headers: string;
  /**
   * Whether the same `workspaceDir`, `agentDir`, `agentId`, `conversationId`, `provider` and `modelId` will decide
   * the same again, so that it can be remembered. The environment, the current directory and `model` had no say
   * in it.
   */
  reusable: boolean;
}

declare const HANDLE: unique symbol;

/**
 * A requester of the addon, kept for as long as JavaScript has this. There is nothing else to it for JavaScript,
 * and one of another library image is refused with an `Error`.
 */
export interface Handle {
  readonly [HANDLE]: never;
}
