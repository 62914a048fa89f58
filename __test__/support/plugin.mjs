// A host in miniature: registers the plugin as OpenClaw does and makes model calls in OpenClaw's
// order. What the real host does is tested end to end; here every corner can be reached.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import plugin from "../../index.js";
import { loadNative } from "../../lib/addon/native.js";
import { shared } from "../../lib/addon/shared.js";

// Without a trailing separator: it is a path that the host is configured with.
export const ROOT = resolve(fileURLToPath(new URL("../..", import.meta.url)));
export const { version: VERSION } = createRequire(import.meta.url)("../../package.json");
export const METHOD = "taas.autorouter.lastRoute";
export const WORKSPACE = "/home/cloudsigma/.openclaw/workspace-new-agent-2";
export const SESSION = "oc:4ae2870a2e73027c";

/** The addon that the plugin loads, for a look into the capture table. */
export const native = loadNative(ROOT);

/** Warnings are said once in a process; a test that expects one starts afresh. */
export function forgetWarnings() {
  shared.warned.clear();
}

/** As if no call had been seen of any plugin. */
export function forgetCalls() {
  const { begun, untouched, providers } = shared.ownership;
  for (const seen of [begun.young, begun.old, untouched.young, untouched.old, providers]) {
    seen.clear();
  }
}

/** Registers a copy of the plugin and returns what it registered. */
export function register({ entry = plugin, rootDir = ROOT, pluginConfig, runtime, ...more } = {}) {
  const host = { providers: [], methods: new Map(), warnings: [], lines: [] };
  entry.register({
    rootDir,
    pluginConfig,
    runtime,
    ...more,
    logger: {
      info: (line) => host.lines.push(line),
      warn: (line) => host.warnings.push(line),
    },
    registerProvider: (provider) => host.providers.push(provider),
    registerGatewayMethod: (name, handler, options) => host.methods.set(name, { handler, options }),
  });
  [host.provider] = host.providers;
  host.ask = (params) => {
    const answers = [];
    host.methods.get(METHOD).handler({
      params,
      respond: (ok, payload, error) => answers.push({ ok, payload, error }),
    });
    if (answers.length !== 1) {
      throw new Error(`answered ${answers.length} times`);
    }
    return answers[0];
  };
  return host;
}

/** What OpenClaw tells the stream hook of an agent. */
export function agentContext(changes) {
  return {
    provider: "cloudsigma",
    modelId: "cloudsigma/auto",
    workspaceDir: WORKSPACE,
    agentDir: "/home/cloudsigma/.openclaw/agents/new-agent-2/agent",
    agentId: "new-agent-2",
    ...changes,
  };
}

/** The response of an autorouted call. */
export function routed(headers) {
  return { status: 200, headers: { "x-taas-autorouted": "true", ...headers } };
}

/**
 * One model call, in the host's order, over the API whose turn state wins over options.
 *
 * @returns what reached the wire: `headers`, `turnState`, `payload`, and what the hooks returned
 */
export async function modelCall(
  provider,
  {
    context = agentContext(),
    hook = "wrapStreamFn",
    model = {},
    options = {},
    payload = { model: "auto", messages: [{ role: "user", content: "hi" }] },
    response,
    turn = { provider: "cloudsigma", turnId: "turn-1", attempt: 1 },
  } = {},
) {
  const seen = {};
  const streamFn = async (givenModel, givenContext, givenOptions) => {
    // Lets other calls in between, so that a mix-up would show.
    await null;
    seen.model = givenModel;
    seen.context = givenContext;
    seen.options = givenOptions;
    seen.turnState = turn && provider.resolveTransportTurnState(turn);
    await null;
    seen.payloadResult = await givenOptions?.onPayload?.(payload, givenModel);
    seen.payload = seen.payloadResult ?? payload;
    await null;
    if (response) {
      seen.responseResult = await givenOptions?.onResponse?.(response, givenModel);
    }
    return "stream";
  };
  const wrapped = provider[hook]({ ...context, streamFn });
  seen.wrapped = wrapped !== undefined && wrapped !== null;
  seen.result = await (wrapped ?? streamFn)(model, "context", options);
  seen.headers = { ...seen.options?.headers, ...seen.turnState?.headers };
  return seen;
}
