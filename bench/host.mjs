// A host in miniature for measuring: it makes model calls in OpenClaw's order and does as little as
// possible besides, so that what is measured is the plugin.

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");

export const ENTRIES = {
  plugin: new URL("../index.js", import.meta.url).href,
  ideal: new URL("rivals/ideal.mjs", import.meta.url).href,
  usual: new URL("rivals/usual.mjs", import.meta.url).href,
  nothing: new URL("rivals/nothing.mjs", import.meta.url).href,
};

const ignore = () => {};

/** Registers `entry` as the host does. A warning is a failed measurement, so it throws. */
export function register(entry) {
  const registered = { method: undefined, provider: undefined };
  entry.register({
    rootDir: ROOT,
    logger: {
      info: ignore,
      warn: (line) => {
        console.error(line);
        process.exitCode = 1;
      },
    },
    registerProvider: (provider) => {
      registered.provider = provider;
    },
    registerGatewayMethod: (name, handler) => {
      if (name === "taas.autorouter.lastRoute") {
        registered.method = handler;
      }
    },
  });
  return registered;
}

export async function load(names) {
  const loaded = {};
  for (const name of names) {
    loaded[name] = register((await import(ENTRIES[name])).default).provider;
  }
  return loaded;
}

/** The same text in a string of its own, since the host's strings are not the plugin's either. */
export const fresh = (text) => Buffer.from(text).toString();

/** OpenClaw's own session id; an agent goes on in one. */
const SESSION = randomUUID();

const ROUTE = {
  "x-taas-autorouted": "true",
  "x-request-id": "req_8f14e45fceea167a",
  "x-trace-id": "0af7651916cd43dd8448eb211c80319c",
  "x-taas-autorouter-model": "anthropic/claude-sonnet",
  "x-taas-autorouter-mode": "balanced",
  "x-taas-autorouter-algorithm-source": "default",
  "x-taas-thinking-applied": "low",
  "x-taas-routed-context-window": "200000",
};

/** Response headers, as many as asked for: the least that is a route, or a whole one and others. */
export function responseHeaders(count) {
  if (count <= 2) {
    return { "content-type": "text/event-stream", "x-taas-autorouted": "true" };
  }
  const headers = { "content-type": "text/event-stream", date: "Thu, 01 Jan 1970 00:00:00 GMT" };
  const others = count - 2 - Object.keys(ROUTE).length;
  for (let index = 0; index < others; index += 1) {
    const name = index % 2 === 0 ? `x-ratelimit-remaining-${index}` : `cf-cache-status-${index}`;
    headers[name] = `value-${index}`;
  }
  return { ...headers, ...ROUTE };
}

/** A history of `count` messages whose contents are `bytes` characters in all. */
export function history(count, bytes) {
  const length = Math.ceil(bytes / count);
  return Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: Buffer.alloc(length, 97 + (index % 26)).toString("latin1"),
  }));
}

/**
 * One call's inputs. All that the host makes anew for a call is made anew here, outside of what is
 * timed.
 *
 * @param {object} scenario
 */
export function input(scenario) {
  const { messages, workspace, agent, headers, callerHeaders, metadata, hook, ownHooks } = scenario;
  const isRun = hook === "wrapStreamFn";
  const model = {
    id: fresh("cloudsigma/auto"),
    provider: fresh("cloudsigma"),
    cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  };
  const call = {
    hook,
    context: {
      provider: fresh("cloudsigma"),
      modelId: fresh("cloudsigma/auto"),
      model,
      streamFn: undefined,
    },
    model,
    options: {
      // As the host makes it of a run's id.
      requestId: `${fresh(randomUUID())}:model:1`,
      headers: { ...callerHeaders },
      signal: undefined,
      apiKey: "not-a-real-key",
    },
    payload: { model: "auto", messages, stream: true, tools: [], max_tokens: 8192 },
    response: { status: 200, headers: { ...headers } },
    turn: {
      provider: "cloudsigma",
      modelId: "cloudsigma/auto",
      model,
      sessionId: undefined,
      turnId: fresh(randomUUID()),
      attempt: 1,
      transport: "stream",
    },
    message: {
      role: "assistant",
      usage: { input: 812, cacheRead: 96_344, cacheWrite: 1_204, output: 512, totalTokens: 98_872 },
      stopReason: "stop",
    },
    sent: undefined,
    wire: undefined,
  };
  if (isRun) {
    call.context.workspaceDir = fresh(workspace());
    call.context.agentId = fresh(agent());
    call.context.agentDir = `/home/me/.openclaw/agents/${call.context.agentId}/agent`;
    // Flat, as a string from a configuration is, and not a rope of its parts.
    call.context.agentDir = fresh(call.context.agentDir);
    call.options.sessionId = call.turn.sessionId = SESSION;
  }
  if (metadata !== undefined) {
    call.payload.metadata = { ...metadata };
  }
  if (ownHooks) {
    call.options.onPayload = async () => undefined;
    call.options.onResponse = ignore;
  }
  return call;
}

/** What stands in for the host's transport: the order of its calls into the plugin. */
async function transport(provider, call, options, gate) {
  const turn = provider.resolveTransportTurnState(call.turn);
  call.wire = { ...options.headers, ...turn?.headers };
  call.sent = (await options.onPayload?.(call.payload, call.model)) ?? call.payload;
  if (gate !== undefined) {
    await gate;
  }
  await options.onResponse?.(call.response, call.model);
  const result = Promise.resolve(call.message);
  return { result: () => result };
}

/**
 * Makes the stream wrapper of a model call, and returns what makes the call. `gate` holds it between
 * request and response, as the network does.
 *
 * @param {object} provider
 * @param {object} call from {@link input}
 * @param {Promise<void>} [gate]
 */
export function wrapper(provider, call, gate) {
  const streamFn = (_model, _context, options) => transport(provider, call, options, gate);
  call.context.streamFn = streamFn;
  const wrapped = provider[call.hook](call.context) ?? streamFn;
  return async () => {
    const stream = await wrapped(call.model, undefined, call.options);
    await stream.result();
    return stream;
  };
}

/** One model call, right behind its wrapper. */
export const modelCall = (provider, call, gate) => wrapper(provider, call, gate)();
