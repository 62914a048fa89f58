/**
 * Runs the real OpenClaw gateway in a temporary directory and talks to it over its own WebSocket
 * protocol, because a start of the command line for each turn would take seconds.
 *
 * The gateway gets its own home, state directory and environment. The user's OpenClaw, keys and proxies have no effect,
 * and the gateway leaves no files behind. It runs in its own process group. `stop()`, Ctrl-C, SIGTERM and the end of this
 * process end the group.
 *
 * `hosts.mjs` names the host and its Node. OpenClaw may need a newer Node than the one that runs this file.
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

// Functions that end child processes when this process ends. A stopped gateway removes its entry.
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
      // Our handler is removed, so the signal now ends this process, and the parent sees the real cause.
      process.kill(process.pid, signal);
    });
  }
  // For `process.exit()` and uncaught errors. Waiting is not possible here.
  process.on("exit", () => {
    for (const entry of running) entry.killNow();
  });
}

/** Signals a child's process group. Returns false if the group no longer exists. */
function signalGroup(child, signal) {
  if (child.pid === undefined) return false;
  try {
    // Windows has no process groups, so only the child itself gets the signal.
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

/** A free port. The gateway cannot choose a port itself. */
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

/** Merges objects recursively. Any other value replaces the old value. */
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
        // Switches off model calls that no test asked for.
        heartbeat: { every: "0m", agentId: agents[0].id },
        systemAgent: { agentId: agents[0].id },
      },
      // Without this, a host with several agents rewrites the configuration at the start, which takes seconds.
      ownership: "explicit",
      entries,
    },
    // By default the host starts a thread after every turn that removes old sessions. On a busy machine, this thread
    // blocks the databases of other agents for so long that their turns fail.
    session: { maintenance: { mode: "warn" } },
    // Keeps everything on this machine and in this directory: no update check, no catalogue download, no network
    // announcement, no log in the system's temporary directory.
    update: { checkOnStart: false },
    discovery: { mdns: { mode: "off" } },
    logging: { file: join(root, "gateway.log") },
    plugins:
      plugin === null
        ? {}
        : {
            load: { paths: [plugin] },
            // A plugin that is only on a load path gets provider hooks but no gateway methods.
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
    // Runs share the cache of compiled code, because compiling the host's modules takes about twenty seconds on a small
    // machine. The cache is in the host's installation. The second variable saves a restart that only sets the first.
    NODE_COMPILE_CACHE: join(host.modules, ".cache", "compiled"),
    OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED: "1",
    NO_COLOR: "1",
    ...env,
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** A client for the gateway's WebSocket protocol, in which answers carry the id of the request. */
class Connection {
  #socket;
  #pending = new Map();
  #nextId = 1;

  /** Resolves when the gateway has accepted the connection. Rejects if the gateway is not ready or refuses. */
  static async open({ host, port, token, caps }) {
    // `ws` is a dependency of the host. Node 20 has no WebSocket.
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
    // An agent request gets two answers: first that it was accepted, then its result.
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
 * The host accepts a local backend with the shared token, without a device key or pairing, and grants the scopes that it
 * requests.
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

async function within(promise, ms, action) {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(ms, undefined, { signal: timer.signal }).then(() => {
        throw new Error(`${action} took more than ${ms} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}

/**
 * @typedef {object} Turn
 * @property {boolean} ok  Whether the run ended well.
 * @property {string | null} text  The agent's reply.
 * @property {object | undefined} payload  The gateway's whole answer: `runId`, `status`, `result`, …
 * @property {object | undefined} error  The gateway's error, if any.
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
 * @param {string[]} [options.caps]  The client's capabilities, such as `inline-widgets` of the Control UI.
 * @param {(before: {root: string, stateDir: string, cli: Function}) => Promise<void>} [options.prepare]
 *   Called before the gateway starts.
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
  // A gateway that starts while the others are being ended would stay behind.
  if (interrupted) throw new Error("interrupted");
  const host = hostPaths();
  const startedAt = Date.now();
  // The session id depends on the workspace's real path, and the temporary directory may be a symbolic link.
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
   *   the parsed standard output, or undefined if it is not JSON.
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

  /** Connects again after the connection was lost, for example when a gateway restarts in place. */
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
        // The gateway is not listening yet or still starting.
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

  // The host creates an agent's databases in the agent's first turn. If it creates several at once on a busy machine, it
  // may refuse all later turns of an agent. So first turns run one after another.
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

  /** Sends one request to the gateway. A refused request resolves with `ok: false`. */
  async function call(method, params = {}, { timeoutMs = 60_000, untilFinal = false } = {}) {
    const request = (await connected()).request(method, params, { untilFinal });
    return within(request, timeoutMs, method);
  }

  return {
    /** The OpenClaw of this gateway, see `hosts.mjs`. */
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
    /** The duration of the start in ms. */
    startupMs: Date.now() - startedAt,
    log: () => log,
    isAlive: () => exit === null,
    call,

    /**
     * Runs one agent turn with all its model calls and tools. An agent's first turn waits for the first turns of other
     * agents. Turns that the host refuses are repeated, see `refusals.mjs`.
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

    /** What `/status` in a chat with an agent says about usage: the text after its label, or `undefined`. */
    async statusLine(agent) {
      const sessionKey = `agent:${agent}:main`;
      const message = "/status";
      await call("chat.send", { sessionKey, message, idempotencyKey: randomUUID() });
      const until = Date.now() + 20_000;
      while (Date.now() < until) {
        await sleep(100);
        const { payload } = await call("chat.history", { sessionKey, limit: 5 });
        const said = JSON.stringify(payload?.messages ?? "");
        if (said.includes("Session: ")) {
          return /Usage: (.*?)(?:\\n|")/.exec(said)?.[1];
        }
      }
      throw new Error(`/status of ${agent} was not answered`);
    },

    /** Reloads plugins in the running gateway, as `openclaw plugins reload` does. */
    reloadPlugin: (pluginId) => call("plugins.reload", { plugins: [{ pluginId }] }),

    /** Restarts the gateway in another process, as `openclaw gateway restart` does for a service. */
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
