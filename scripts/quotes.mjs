// `npm run docs` writes the output that the documents quote: each ```console block is what the plugin answers here.
// The plugin runs in this process, without a gateway. Its model calls go to a small HTTP server. Times are fixed.

import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import plugin from "../index.js";
import { doctor } from "../lib/command/doctor.js";
import { status } from "../lib/command/status.js";
import { fit } from "../lib/command/text.js";
import { isMain, ROOT } from "./run.mjs";

const PROVIDER = "cloudsigma";
const HOME = "/home/cloudsigma/.openclaw";
const LAST_ROUTE = "taas.affinity.lastRoute";

const MODEL = {
  id: "auto",
  provider: PROVIDER,
  api: "openai-completions",
  cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  compat: { supportsPromptCacheKey: true, cacheControlFormat: "anthropic" },
};
const ENTRY = { baseUrl: "https://taas.example/v1", apiKey: "key", models: [MODEL] };
const CONFIG = { models: { providers: { cloudsigma: ENTRY } } };
/** The doctor has something to say about this one. */
const PINNED = {
  models: { providers: { cloudsigma: { ...ENTRY, headers: { "X-Session-Id": "mine" } } } },
};

const AGENTS = [
  {
    agentId: "ops",
    workspaceDir: `${HOME}/workspace-ops`,
    routedTo: "openai/gpt-5",
    usages: [
      { input: 9_600, cacheRead: 0, output: 310 },
      { input: 500, cacheRead: 9_600, output: 120 },
      { input: 400, cacheRead: 10_200, output: 90 },
    ],
  },
  {
    agentId: "main",
    workspaceDir: `${HOME}/workspace`,
    routedTo: "anthropic/claude-sonnet",
    usages: [
      { input: 200, cacheRead: 0, cacheWrite: 9_800, output: 420 },
      { input: 300, cacheRead: 9_800, cacheWrite: 700, output: 180 },
      { input: 100, cacheRead: 10_500, cacheWrite: 400, output: 260 },
      { input: 200, cacheRead: 10_900, cacheWrite: 0, output: 75 },
    ],
  },
];

const NOW = Date.UTC(2026, 10, 22, 9, 51, 37);
/** By key. A capture's time is the last call's. */
const TIMES = {
  now: NOW,
  since: NOW - 24 * 60_000,
  firstUse: NOW - 24 * 60_000,
  lastUse: NOW - 10_000,
  capturedAt: NOW - 10_000,
};

/** Registers the plugin as OpenClaw does. */
function gateway(config) {
  const methods = new Map();
  let provider;
  plugin.register({
    rootDir: ROOT,
    config,
    // The workspaces do not exist.
    pluginConfig: { gitHints: false },
    logger: { info() {}, warn: (line) => console.error(line) },
    registerProvider: (given) => {
      provider = given;
    },
    registerGatewayMethod: (name, handler) => methods.set(name, handler),
  });
  const ask = (method, params) =>
    new Promise((resolve, reject) => {
      const respond = (ok, answer, error) =>
        ok
          ? resolve(JSON.parse(JSON.stringify(answer), (key, value) => TIMES[key] ?? value))
          : reject(new Error(error.message));
      methods.get(method)({ params, respond });
    });
  return { provider, ask };
}

/** One model call, in OpenClaw's order. The route is in the headers of a real response. */
async function call(provider, url, { agentId, workspaceDir, routedTo }, usage) {
  const streamFn = async (model, _context, options) => {
    const turnId = "04595077-b482-4d80-b84f-18dad7ca91b8";
    const turn = { provider: PROVIDER, modelId: model.id, model, turnId, attempt: 1 };
    const state = provider.resolveTransportTurnState(turn);
    const payload = { model: model.id, messages: [] };
    const body = (await options.onPayload(payload, model)) ?? payload;
    const response = await fetch(url, {
      method: "POST",
      headers: { ...options.headers, ...state?.headers, "x-test-model": routedTo },
      body: JSON.stringify(body),
    });
    const headers = Object.fromEntries(response.headers);
    await options.onResponse?.({ status: response.status, headers }, model);
    return { result: async () => ({ stopReason: "stop", usage }) };
  };
  const context = { provider: PROVIDER, modelId: MODEL.id, model: MODEL, config: CONFIG };
  const wrapped = provider.wrapStreamFn({ ...context, agentId, workspaceDir, streamFn });
  await wrapped(MODEL, {}, { sessionId: `conversation of ${agentId}` });
  // A call is counted when its stream has ended.
  await setImmediate();
}

function taas(request, response) {
  request.resume().on("end", () => {
    response.writeHead(200, {
      "X-TaaS-Autorouted": "true",
      "X-TaaS-Autorouter-Model": request.headers["x-test-model"],
      "X-TaaS-Autorouter-Mode": "balanced",
      "X-TaaS-Autorouter-Algorithm-Source": "default",
      "X-TaaS-Thinking-Applied": "low",
      "X-TaaS-Routed-Context-Window": "200000",
      "X-Request-Id": "req-81",
      "X-Trace-Id": "341c36911b74380d",
    });
    response.end("{}");
  });
}

/** The output of each command, by the command. */
export async function quotes() {
  const server = createServer(taas).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { provider, ask } = gateway(CONFIG);
  for (const agent of AGENTS) {
    for (const usage of agent.usages) {
      await call(provider, `http://127.0.0.1:${server.address().port}`, agent, usage);
    }
  }
  server.closeAllConnections();
  server.close();
  const style = { width: 80, paint: (_, text) => text };
  const shown = async (command, { ask }) => {
    const importSdk = async () => ({});
    const { lines } = await command({
      ask,
      options: {},
      params: {},
      args: [],
      importSdk,
      report: {},
    });
    return fit(lines(style), style.width).join("\n");
  };
  const answer = await ask(LAST_ROUTE, { agentId: "main" });
  return new Map([
    ["openclaw taas status", await shown(status, { ask })],
    ["openclaw taas doctor", await shown(doctor, gateway(PINNED))],
    [
      `openclaw gateway call ${LAST_ROUTE} --params '{"agentId":"main"}' --json`,
      JSON.stringify(answer, null, 2),
    ],
  ]);
}

/** Every document that people read in the repository. */
export const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Calls `see` with the command and the output of each quote of a document, and returns the document with what it returns. */
export const withQuotes = (text, see) =>
  text.replace(/^```console\n\$ ([^\n]*)\n(.*?)^```$/gms, (_, command, output) => {
    const given = see(command, output.replace(/\n$/, ""));
    return `\`\`\`console\n$ ${command}\n${given}\n\`\`\``;
  });

if (isMain(import.meta.url)) {
  const outputs = await quotes();
  for (const name of DOCUMENTS) {
    const path = join(ROOT, name);
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      withQuotes(text, (command, output) => outputs.get(command) ?? output),
    );
  }
}
