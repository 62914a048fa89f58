/**
 * Runs the real OpenClaw gateway in a temporary directory and talks to it over its own WebSocket
 * protocol, so that a turn costs milliseconds and not a start of the command line.
 *
 * The gateway gets a home, a state directory and an environment of its own: nothing of the user's
 * OpenClaw, keys or proxies reaches it, and it leaves nothing behind. It runs in a process group of
 * its own, which `stop()` ends; so do Ctrl-C, SIGTERM and the end of this process.
 *
 * Host and Node are those of `hosts.mjs`, because OpenClaw needs a newer Node than the one that may be
 * running this file.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { asKnownTo, hostPaths } from "./hosts.mjs";
import { patiently } from "./refusals.mjs";

const READY_WITHIN_MS = 90_000;
const TERM_GRACE_MS = 8_000;
const KEPT_LOG_CHARS = 4_000_000;
const PROTOCOL = 4;

// Everything that must end with this process. Entries remove themselves when they are stopped.
const running = new Set();
let watchingSignals = false;
let interrupted = false;

function watchSignals() {
  if (watchingSignals) return;
  watchingSignals = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, async () => {
      interrupted = true;
      await Promise.allSettled([...running].map((entry) => entry.stop()));
      // With our handler gone, the signal now does what it would have done without us, so that the
      // parent sees the true cause of death.
      process.kill(process.pid, signal);
    });
  }
  // The last resort, for `process.exit()` and uncaught errors: no waiting is possible here.
  process.on("exit", () => {
    for (const entry of running) entry.killNow();
  });
}

/** Signals a child's whole process group; false where nothing of it is left. */
function signalGroup(child, signal) {
  if (child.pid === undefined) return false;
  try {
    // Windows has no process groups; there only the child itself can be told.
    return process.platform === "win32" ? child.kill(signal) : process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}

async function endGroup(child) {
  if (!signalGroup(child, "SIGTERM")) return;
  const deadline = Date.now() + TERM_GRACE_MS;
  while (Date.now() < deadline) {
    await sleep(25);
    if (!signalGroup(child, 0)) return;
  }
  signalGroup(child, "SIGKILL");
}

/** A port that is free now. The gateway needs to be told one; it cannot pick. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Objects merge, anything else replaces. */
function merge(base, override) {
  if (!isObject(base) || !isObject(override)) return override;
  const merged = { ...base };
  for (const [key, value] of Object.entries(override)) {
    merged[key] = key in base ? merge(base[key], value) : value;
  }
  return merged;
}

/**
 * A provider entry for the host's configuration that points at a simulator.
 *
 * @param {string} url  The simulator's address.
 * @param {"openai-completions" | "openai-responses" | "anthropic-messages"} [api]
 */
export function provider(url, api = "openai-completions") {
  return {
    // The Anthropic client appends `/v1/messages` itself, the other two only their own part.
    baseUrl: api === "anthropic-messages" ? url : `${url}/v1`,
    apiKey: "not-a-real-key",
    api,
    models: [
      {
        id: "auto",
        name: "auto",
        contextWindow: 262_144,
        maxTokens: 8_192,
        reasoning: false,
        input: ["text"],
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      },
    ],
  };
}

const pluginId = (directory) =>
  JSON.parse(readFileSync(join(directory, "openclaw.plugin.json"), "utf8")).id;

function configFor({ host, plugin, providers, agents, port, token, root, config }) {
  const entries = Object.fromEntries(agents.map(({ id, ...rest }) => [id, rest]));
  const base = {
    gateway: { mode: "local", port, bind: "loopback", auth: { mode: "token", token } },
    models: { providers, catalogRefresh: { enabled: false } },
    agents: {
      defaults: {
        workspace: join(root, "workspaces", "default"),
        model: { primary: `${Object.keys(providers)[0]}/auto` },
        skipBootstrap: true,
        // No model calls but those that are asked for.
        heartbeat: { every: "0m", agentId: agents[0].id },
        systemAgent: { agentId: agents[0].id },
      },
      // With several agents the host wants to be told who owns what; left out, it rewrites the
      // configuration at the start, which takes it some seconds.
      ownership: "explicit",
      entries,
    },
    // By default the host starts a thread after every turn that looks for sessions to remove, and on a busy machine
    // such a thread keeps other agents from their databases for long enough that their turns fail.
    session: { maintenance: { mode: "warn" } },
    // All of it stays on this machine and in this directory: no update check, no catalogue from
    // the network, no announcement on it, no log in the system's temporary directory.
    update: { checkOnStart: false },
    discovery: { mdns: { mode: "off" } },
    logging: { file: join(root, "gateway.log") },
    plugins:
      plugin === null
        ? {}
        : {
            load: { paths: [plugin] },
            // Found on a load path alone, a plugin gets its provider hooks but no gateway methods.
            entries: { [pluginId(plugin)]: { enabled: true } },
          },
  };
  return merge(asKnownTo(host, base), config);
}

function environmentFor({ host, root, stateDir, configPath, env }) {
  const kept = ["PATH", "LANG", "LC_ALL", "TZ", "SystemRoot", "ComSpec", "PATHEXT"];
  const inherited = Object.fromEntries(
    kept.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  );
  const home = join(root, "home");
  const merged = {
    ...inherited,
    HOME: home,
    USERPROFILE: home,
    TMPDIR: join(root, "tmp"),
    TEMP: join(root, "tmp"),
    TMP: join(root, "tmp"),
    OPENCLAW_STATE_DIR: stateDir,
    OPENCLAW_CONFIG_PATH: configPath,
    OPENCLAW_SKIP_CHANNELS: "1",
    OPENCLAW_DISABLE_BONJOUR: "1",
    OPENCLAW_NO_RESPAWN: "1",
    OPENCLAW_EXEC_SHELL_SNAPSHOT: "0",
    DO_NOT_TRACK: "1",
    // Compiling the host's modules anew costs some twenty seconds on a small machine, so the cache
    // of compiled code is the one thing that is shared between runs. It lies within the host's
    // installation; the second variable spares the host a restart of itself only to set the first.
    NODE_COMPILE_CACHE: join(host.modules, ".cache", "compiled"),
    OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED: "1",
    NO_COLOR: "1",
    ...env,
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** A client for the gateway's WebSocket protocol: requests by id, answers by id. */
class Connection {
  #socket;
  #pending = new Map();
  #nextId = 1;

  /** Resolves when the gateway has accepted us; rejects where it is not there (yet) or refuses. */
  static async open({ host, port, token, caps }) {
    // `ws` is the host's own dependency; Node has had a WebSocket of its own only since 22.
    const { WebSocket } = createRequire(host.entry)("ws");
    const connection = new Connection();
    await connection.#connect(new WebSocket(`ws://127.0.0.1:${port}`), connectParams(token, caps));
    return connection;
  }

  #connect(socket, params) {
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", (code, reason) => {
        const error = new Error(`gateway connection closed (${code} ${reason})`);
        reject(error);
        for (const { reject: fail } of this.#pending.values()) fail(error);
        this.#pending.clear();
      });
      socket.on("message", (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === "event" && frame.event === "connect.challenge") {
          this.request("connect", params).then((answer) => {
            if (answer.ok) resolve();
            else reject(new Error(`gateway refused: ${JSON.stringify(answer.error)}`));
          }, reject);
        } else if (frame.type === "res") {
          this.#settle(frame);
        }
      });
    });
  }

  #settle(frame) {
    const waiting = this.#pending.get(frame.id);
    // An agent's request is answered twice, first that it was accepted and then how it ended.
    if (waiting === undefined || (waiting.untilFinal && frame.payload?.status === "accepted"))
      return;
    this.#pending.delete(frame.id);
    const { ok, payload, error } = frame;
    waiting.resolve(ok ? { ok, payload } : { ok: false, error });
  }

  request(method, params, { untilFinal = false } = {}) {
    const id = String(this.#nextId++);
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) {
        reject(new Error("gateway connection is not open"));
        return;
      }
      this.#pending.set(id, { resolve, reject, untilFinal });
      this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  get isOpen() {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  close() {
    this.#socket.terminate();
  }
}

/**
 * The host lets a local backend in by the shared token alone, without a device key or pairing, and
 * lets it keep the scopes it asks for.
 */
const connectParams = (token, caps) => ({
  minProtocol: PROTOCOL,
  maxProtocol: PROTOCOL,
  client: { id: "gateway-client", version: "1.0.0", platform: process.platform, mode: "backend" },
  role: "operator",
  scopes: ["operator.admin", "operator.read", "operator.write"],
  caps,
  auth: { token },
});

async function within(promise, ms, what) {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(ms, undefined, { signal: timer.signal }).then(() => {
        throw new Error(`${what} took more than ${ms} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}

/**
 * @typedef {object} Turn
 * @property {boolean} ok  Whether the run ended well.
 * @property {string | null} text  What the agent said.
 * @property {object | undefined} payload  The gateway's whole answer: `runId`, `status`, `result`, …
 * @property {object | undefined} error  The gateway's error, where there is one.
 * @property {number} ms  How long the turn took.
 */

/**
 * Starts a gateway and waits until it serves requests.
 *
 * @param {object} options
 * @param {string | null} options.plugin  Directory of the plugin to load, or null for none.
 * @param {Record<string, object>} options.providers  By id; see `provider()`. The first one's model
 *   `auto` is every agent's default.
 * @param {{id: string, workspace?: string, model?: string}[]} [options.agents]  An agent without a
 *   workspace gets one in the gateway's temporary directory; all have explicit ones.
 * @param {object} [options.config]  Merged over the configuration.
 * @param {Record<string, string | undefined>} [options.env]  Merged over the environment.
 * @param {string[]} [options.caps]  What the client says it can show: `inline-widgets`, as the Control UI.
 * @param {(before: {root: string, stateDir: string, cli: Function}) => Promise<void>} [options.prepare]
 *   Called before the gateway starts, with its state directory and its command line.
 */
export async function startGateway({
  plugin,
  providers,
  agents = [{ id: "main" }],
  config = {},
  env = {},
  caps = [],
  prepare = undefined,
}) {
  // Whoever starts the next gateway while the last ones are being ended would leave an orphan.
  if (interrupted) throw new Error("interrupted");
  const host = hostPaths();
  const startedAt = Date.now();
  // The real path, because a workspace's path is an identity and the system's temporary directory
  // may be a symbolic link.
  const root = mkdtempSync(join(realpathSync(tmpdir()), "openclaw-gateway-"));
  const stateDir = join(root, "state");
  const configPath = join(root, "openclaw.json");
  const token = randomUUID();
  const port = await freePort();
  const withWorkspaces = agents.map((agent) => ({
    workspace: join(root, "workspaces", agent.id),
    ...agent,
  }));
  for (const directory of [
    stateDir,
    join(root, "home"),
    join(root, "tmp"),
    ...withWorkspaces.map((agent) => agent.workspace),
  ]) {
    mkdirSync(directory, { recursive: true });
  }
  const settings = configFor({
    host,
    plugin,
    providers,
    agents: withWorkspaces,
    port,
    token,
    root,
    config,
  });
  writeFileSync(configPath, JSON.stringify(settings, null, 2));
  const environment = environmentFor({ host, root, stateDir, configPath, env });

  let log = "";
  const children = new Set();
  let connection = null;
  let stopping = null;

  function run(args, extraEnv = {}) {
    if (stopping !== null) throw new Error("the gateway was stopped");
    const child = spawn(host.node, [host.entry, ...args], {
      cwd: root,
      env: { ...environment, ...extraEnv },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  }

  const entry = {
    stop: () => {
      stopping ??= (async () => {
        connection?.close();
        await Promise.all([...children].map(endGroup));
        rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
        running.delete(entry);
      })();
      return stopping;
    },
    killNow: () => {
      for (const child of children) signalGroup(child, "SIGKILL");
      rmSync(root, { recursive: true, force: true });
    },
  };
  running.add(entry);
  watchSignals();

  /**
   * Runs the real command line against this gateway's state and configuration.
   *
   * @returns {Promise<{code: number | null, stdout: string, stderr: string, json: any}>} `json` is
   *   the parsed standard output, undefined where it is no JSON.
   */
  async function cli(args, { timeoutMs = 120_000, env: extraEnv } = {}) {
    const child = run(args, extraEnv);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text) => (output[name] += text));
    }
    const closed = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    try {
      const code = await within(closed, timeoutMs, `openclaw ${args.join(" ")}`);
      return { code, ...output, json: parseJson(output.stdout) };
    } finally {
      await endGroup(child);
    }
  }

  try {
    await prepare?.({ root, stateDir, cli });
  } catch (error) {
    await entry.stop();
    throw error;
  }
  let gateway;
  let exit;
  function launch() {
    const child = run(["gateway", "run"]);
    gateway = child;
    exit = null;
    child.once("error", (error) => (exit = String(error)));
    child.once("exit", (code, signal) => {
      if (child === gateway) exit = `exited (${signal ?? code})`;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => (log = (log + text).slice(-KEPT_LOG_CHARS)));
    }
  }
  launch();

  /** Connects anew where the connection was lost, as it is when a gateway restarts in place. */
  async function connected(deadline = Date.now() + READY_WITHIN_MS) {
    let refusal = "";
    while (!connection?.isOpen) {
      if (exit !== null) throw new Error(`the gateway ${exit}\n${log}`);
      if (Date.now() > deadline) throw new Error(`the gateway is not ready: ${refusal}\n${log}`);
      try {
        connection = await within(
          Connection.open({ host, port, token, caps }),
          10_000,
          "connecting",
        );
      } catch (error) {
        // Not listening yet, or still starting: the host says so and asks to come back.
        refusal = String(error);
        await sleep(100);
      }
    }
    return connection;
  }

  try {
    await connected();
  } catch (error) {
    await entry.stop();
    throw error;
  }

  // The host makes an agent's databases in its first turn. Where it makes several at once on a busy machine, it may
  // refuse an agent's turns for good; so first turns are taken one after another.
  const firstTurns = new Map();
  let latestFirst = Promise.resolve();

  async function afterFirstTurns(agent, take) {
    if (firstTurns.has(agent)) {
      await firstTurns.get(agent);
      return take();
    }
    const turn = latestFirst.then(take);
    latestFirst = turn.catch(() => {});
    firstTurns.set(agent, latestFirst);
    return turn;
  }

  /** One request to the gateway. A refused request is an answer (`ok: false`), not an exception. */
  async function call(method, params = {}, { timeoutMs = 60_000, untilFinal = false } = {}) {
    const request = (await connected()).request(method, params, { untilFinal });
    return within(request, timeoutMs, method);
  }

  return {
    /** The OpenClaw that it is, see `hosts.mjs`. */
    host,
    url: `ws://127.0.0.1:${port}`,
    port,
    token,
    get pid() {
      return gateway.pid;
    },
    root,
    stateDir,
    configPath,
    config: settings,
    environment,
    /** Workspace directory by agent id. */
    workspaces: Object.fromEntries(withWorkspaces.map((agent) => [agent.id, agent.workspace])),
    /** How long the start took, ms. */
    startupMs: Date.now() - startedAt,
    log: () => log,
    isAlive: () => exit === null,
    call,

    /**
     * One agent turn, with all model calls and tools that it needs. An agent's first one waits for those of
     * others; one that the host itself refuses is asked again, see `refusals.mjs`.
     *
     * @returns {Promise<Turn>}
     */
    turn({ agent = withWorkspaces[0].id, message, sessionKey, timeoutMs = 120_000, ...rest }) {
      const params = { message, agentId: agent, ...(sessionKey && { sessionKey }), ...rest };
      const ask = () =>
        call("agent", { ...params, idempotencyKey: randomUUID() }, { timeoutMs, untilFinal: true });
      return afterFirstTurns(agent, async () => {
        const began = Date.now();
        const answer = await patiently(ask);
        const texts =
          answer.payload?.result?.payloads?.map((part) => part.text).filter(Boolean) ?? [];
        return {
          ok: answer.ok && answer.payload?.status === "ok",
          text: texts.length > 0 ? texts.join("\n") : null,
          payload: answer.payload,
          error: answer.error,
          ms: Date.now() - began,
        };
      });
    },

    cli,

    /** Reloads plugins in the running gateway, as `openclaw plugins reload` does. */
    reloadPlugin: (pluginId) => call("plugins.reload", { plugins: [{ pluginId }] }),

    /** What `openclaw gateway restart` does where the gateway is a service: another process. */
    async restart() {
      connection?.close();
      await endGroup(gateway);
      launch();
      await connected();
    },

    /** Ends the gateway and everything it started, and removes its directory. */
    stop: entry.stop,
  };
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
