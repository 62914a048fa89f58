// Runs the plugin in this process, without a gateway or network. Every model call passes the plugin's wrapper, headers,
// turn state and payload hook.

import { randomUUID } from "node:crypto";

const PROVIDER = "cloudsigma";

/**
 * @param {{ register(api: object): void }} plugin
 * @param {string} rootDir the plugin's directory
 * @param {(line: string) => void} warn
 * @returns the provider with its hooks
 */
export function registerPlugin(plugin, rootDir, warn) {
  let provider;
  const api = {
    rootDir,
    // The workspaces of a replay do not exist, so there is no repository.
    pluginConfig: { gitHints: false },
    logger: { debug() {}, info() {}, warn, error: warn },
    registerProvider: (given) => {
      provider = given;
    },
  };
  // Ignores everything else that the plugin registers.
  plugin.register(new Proxy(api, { get: (target, name) => target[name] ?? (() => {}) }));
  if (provider === undefined) throw new Error("the plugin registered no provider");
  return provider;
}

/**
 * Makes one model call in the host's order.
 *
 * @param {object | undefined} provider the plugin's; without it, the call goes out without the plugin
 * @param {{ workspaceDir: string, agentDir: string, agentId: string }} agent
 * @returns {Promise<{ headers: Record<string, string>, body: object }>} headers by lower-case name
 */
export async function send(provider, agent) {
  let sent;
  const model = { id: "cloudsigma/auto", provider: PROVIDER, api: "openai-completions" };
  const streamFn = async (_model, _context, options) => {
    const turn = { provider: PROVIDER, modelId: model.id, model, turnId: randomUUID(), attempt: 1 };
    const state = provider?.resolveTransportTurnState?.(turn);
    const payload = { model: model.id, stream: true, messages: [] };
    const body = (await options.onPayload?.(payload, model)) ?? payload;
    const headers = Object.entries({ ...state?.headers, ...options.headers });
    sent = {
      headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
      body,
    };
    return { result: async () => ({ usage: {} }) };
  };
  const context = { provider: PROVIDER, modelId: model.id, model, ...agent, streamFn };
  const wrapped = provider?.wrapStreamFn(context) ?? streamFn;
  await wrapped(model, {}, { headers: {} });
  return sent;
}
