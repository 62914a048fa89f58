// Runs `openclaw taas` as the host does, with made-up answers of the gateway methods.

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";

import { Command } from "commander";

import { buildCommands } from "../../lib/command/tree.js";

export const STATUS = "taas.affinity.status";
export const ROUTES = "taas.affinity.routes";
export const LAST = "taas.affinity.lastRoute";
export const SET = "taas.autorouter.setAlgorithm";

export const NOW = 1_795_335_600_000;
const MINUTE = 60_000;

export const tally = (changes) => ({
  requests: 10,
  failures: 1,
  failuresByStatus: { 429: 1 },
  tokens: { input: 48_000, cached: 552_000, written: 1_000, output: 1_234 },
  hitRate: 552 / 601,
  recentHitRate: 0.71,
  firstCallHitRate: 0.2,
  laterCallHitRate: 0.95,
  saved: {
    tokens: 552_000,
    usd: 0.42,
    usdWithoutCache: 1.8,
    share: 0.42 / 1.8,
    pricedRequests: 10,
  },
  costUsd: 1.5,
  latencyMs: {
    cached: { headers: { p50: 123, p95: 340 }, end: { p50: 2345, p95: 12_345 } },
    uncached: { headers: { p50: 456, p95: 987 }, end: null },
  },
  firstUse: NOW - 90 * MINUTE,
  lastUse: NOW - 2 * MINUTE,
  ...changes,
});

export const agentRow = (changes) => ({
  agentId: "main",
  sessionId: "oc:4ae2870a2e73027c",
  source: "workspaceDir",
  model: "anthropic/claude-sonnet",
  algorithm: null,
  lastFailure: { at: NOW - 5 * MINUTE, status: 429, requestId: "req-77" },
  ...tally(),
  ...changes,
});

export const check = (changes) => ({
  id: "low-hit-rate",
  level: "warning",
  evidence: "oc:4ae2870a2e73027c of main has a hit rate of 3 % over its last 40 calls",
  advice: "see whether the model asks for caching",
  ...changes,
});

export const FINE = check({ id: "binary", level: "ok", evidence: "of one version", advice: null });

export const status = (changes) => ({
  now: NOW,
  since: NOW - 90 * MINUTE,
  pluginVersion: "0.1.0",
  affinity: "workspace",
  baseline: "as if nothing had been cached",
  totals: tally(),
  agents: [agentRow()],
  sessions: [agentRow()],
  models: [{ model: "anthropic/claude-sonnet", ...tally() }],
  algorithms: [],
  warnings: [],
  checks: [FINE],
  ...changes,
});

export const capture = (changes) => ({
  sessionId: "oc:4ae2870a2e73027c",
  capturedAt: NOW - 2 * MINUTE,
  taasRequestId: "req-81",
  taasTraceId: "341c36911b74380d",
  openclawTurnId: "04595077-b482-4d80-b84f-18dad7ca91b8",
  openclawAttempt: "1",
  autorouterModel: "anthropic/claude-sonnet",
  autorouterAlgo: "balanced",
  autorouterAlgoSource: "default",
  thinkingApplied: "low",
  routedContextWindow: 200_000,
  ...changes,
});

/** One answer for each method. */
export const ANSWERS = {
  [STATUS]: status(),
  [LAST]: { agentId: "main", sessionId: "oc:4ae2870a2e73027c", capture: capture() },
  [ROUTES]: { routes: [{ agentId: "main", status: 200, kind: "run", ...capture() }], total: 1 },
  [SET]: { agentId: "main", algorithm: "cost", previous: null },
};

export function assertFits(lines, width = 80) {
  for (const line of lines) {
    const characters = [...stripVTControlCharacters(line)].length;
    assert.ok(characters <= width, `${characters}: ${line}`);
  }
}

/** An error as the host's gateway client throws it. */
export const refusal = (gatewayCode, message) =>
  Object.assign(new Error(message), {
    name: "GatewayClientRequestError",
    gatewayCode,
    retryable: false,
  });

export const NO_GATEWAY = Object.assign(
  new Error("gateway closed (1006): no close reason\nGateway target: ws://127.0.0.1:1"),
  { name: "GatewayTransportError", kind: "closed", connectionDetails: {} },
);

function stream(settings) {
  const written = [];
  return {
    columns: undefined,
    ...settings,
    written,
    write: (text, ...rest) => {
      written.push(text);
      rest.find((each) => typeof each === "function")?.();
      return true;
    },
  };
}

/**
 * Runs `openclaw ...args`.
 *
 * @param {string[]} args
 * @param {Record<string, object | Error | ((params: object) => unknown)>} answers by method
 * @param {object} [host]
 * @param {object} [host.terminal] makes standard output a terminal with these properties
 * @param {object} [host.env]
 * @param {object | Error} [host.gateway] the host's module with the gateway client
 * @param {(times: number, emit: (signal: string) => void) => void} [host.onAsk]
 */
export async function openclaw(args, answers = {}, { terminal, env = {}, gateway, onAsk } = {}) {
  const stdout = stream(terminal && { isTTY: true, columns: 80, ...terminal });
  const stderr = stream();
  const listeners = new Map();
  const process = {
    stdout,
    stderr,
    env,
    exitCode: undefined,
    once: (name, listener) => listeners.set(name, listener),
    off: (name) => listeners.delete(name),
  };
  const requests = [];
  const client = async (method, options, params) => {
    requests.push({ method, params, options });
    onAsk?.(requests.length, (signal) => listeners.get(signal)?.());
    const answer = answers[method];
    const given = typeof answer === "function" ? answer(params, requests.length) : answer;
    if (given instanceof Error) {
      throw given;
    }
    if (given === undefined) {
      throw refusal("INVALID_REQUEST", `unknown method: ${method}`);
    }
    return given;
  };
  const sdk = {
    callGatewayFromCli: client,
    addGatewayClientOptions: (command) =>
      command.option("--url <url>", "where").option("--expect-final", "wait"),
    VERSION: "2026.9.6",
  };
  const importSdk = async (specifier) => {
    const found = specifier.endsWith("/gateway-runtime") ? (gateway ?? sdk) : sdk;
    if (found instanceof Error) {
      throw found;
    }
    return found;
  };
  const program = new Command("openclaw");
  // The host's program has this setting too.
  program.enablePositionalOptions();
  program.exitOverride();
  program.configureOutput({ writeOut: stdout.write, writeErr: stderr.write });
  program.command("other").action(() => {});
  const before = { options: [...program.options], other: program.commands[0].error };
  await buildCommands({
    program,
    descriptor: { name: "taas", description: "TaaS" },
    io: { process, importSdk, now: () => NOW, watchMs: 5, retryMs: 1 },
  });
  try {
    await program.parseAsync(["node", "openclaw", ...args]);
  } catch (error) {
    if (error.code !== "commander.helpDisplayed") {
      throw error;
    }
  }
  const out = stdout.written.join("");
  return {
    requests,
    before,
    program,
    listeners,
    code: process.exitCode ?? 0,
    stdout: out,
    stderr: stderr.written.join(""),
    lines: out.replace(/\n$/, "").split("\n"),
    written: stdout.written,
    get json() {
      return JSON.parse(out);
    },
  };
}
