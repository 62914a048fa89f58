// What is silent today, provoked on the real gateway and read by `openclaw taas doctor`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";

const KEY = "a-key-that-nobody-else-has";
const TURNS = 20;

/** Another plugin, whose completions are nobody's. */
const OTHER = fileURLToPath(new URL("../support/bare-completion", import.meta.url));

let taas;
let gateway;
/** Whether TaaS says which model it routed to. */
let autorouted = false;

/** The plugin with the binary of a version before. */
function outdated() {
  const plugin = stagePlugin();
  const file = join(plugin, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...manifest, version: "99.0.0" }));
  return plugin;
}

before(async () => {
  // No cache at all, and Claude behind the autorouter.
  taas = await startTaas({
    blocksPerSlot: 0,
    reply: () => ({
      text: "Done.",
      headers: autorouted
        ? { "X-TaaS-Autorouter-Model": "anthropic/claude-sim" }
        : { "X-TaaS-Autorouted": null },
    }),
  });
  const staging = {
    ...provider(taas.url),
    apiKey: undefined,
    headers: { "X-OpenClaw-Session-Id": "mine" },
  };
  const plugin = outdated();
  gateway = await startGateway({
    plugin,
    providers: {
      cloudsigma: { ...provider(taas.url), apiKey: KEY },
      "cloudsigma-staging": staging,
    },
    agents: [{ id: "main" }, { id: "ops" }],
    config: {
      plugins: {
        load: { paths: [OTHER, plugin] },
        entries: {
          "bare-completion": { enabled: true },
          "openclaw-taas-affinity": { config: { gitHint: true } },
        },
      },
    },
    env: { OPENCLAW_SESSION_ID: "for-all", TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED: "1" },
  });
});
after(async () => {
  await gateway?.stop();
  await taas?.close();
});

async function turn(agent = "main", sessionKey = undefined) {
  const answer = await gateway.turn({ agent, message: "hello", sessionKey });
  assert.equal(answer.ok, true, JSON.stringify(answer) + gateway.log());
}

async function checks() {
  let payload;
  // While the host imports the plugin anew, there may be no answer.
  for (let tries = 0; tries < 40 && payload === undefined; tries += 1) {
    ({ payload } = await gateway.call("taas.affinity.status", {}));
    if (payload === undefined) await sleep(250);
  }
  return payload.checks;
}

const levels = async () => Object.fromEntries((await checks()).map(({ id, level }) => [id, level]));

test("at the start of a gateway the doctor checks configuration and environment", async () => {
  const all = await levels();
  const wrong = Object.keys(all).filter((id) => all[id] !== "ok");
  assert.deepEqual(wrong.toSorted(), [
    "binary",
    "config",
    "obsolete-variables",
    "pinned-headers",
    "provider-entry",
    "session-variable",
  ]);
});

test("the doctor reports responses without a route until a response has a route", async () => {
  await turn();
  assert.equal((await levels()).autorouter, "warning");
  autorouted = true;
  await turn();
  assert.equal((await levels()).autorouter, "ok");
});

test("the doctor reports a completion without an agent on a gateway with several agents", async () => {
  assert.equal((await levels()).anonymous, "ok");
  const { ok, payload, error } = await gateway.call("bare.complete");
  assert.equal(ok, true, JSON.stringify(error));
  assert.equal(payload.stopReason, "stop");
  assert.equal(taas.requests.at(-1).headers["x-openclaw-agent-id"], undefined);
  assert.equal((await levels()).anonymous, "warning");
});

test("the doctor reports expensive calls, and the log does not", async () => {
  for (let count = 0; count < TURNS; count += 1) {
    await turn();
  }
  const all = await levels();
  for (const id of ["cache-markers", "low-hit-rate"]) {
    assert.equal(all[id], "warning", `${id}\n${gateway.log()}`);
  }
  for (const id of ["ownership", "unseen-calls", "autorouter", "two-workspaces"]) {
    assert.equal(all[id], "ok", id);
  }
  const { advice } = (await checks()).find(({ id }) => id === "cache-markers");
  assert.match(
    advice,
    /openclaw\.json, give the model "auto" in models\.providers\.cloudsigma compat: \{ supportsPromptCacheKey: true, cacheControlFormat: "anthropic" \}, because/,
  );
  const said = gateway.log().split("\n");
  const lines = (part) => said.filter((line) => part.test(line)).length;
  assert.equal(lines(/taas-affinity: the native addon and the package have different versions/), 1);
  assert.equal(lines(/came from a cache|hit rate|moved .* between|without an agent id/), 0);
});

test("the doctor reports a moving pin only if an agent alternates between workspaces", async () => {
  const main = gateway.workspaces.main;
  for (const args of [["init"], ["add", "."], ["commit", "--allow-empty", "-m", "first"]]) {
    const identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
    execFileSync("git", ["-C", main, ...identity, ...args]);
  }
  const { ok, payload, error } = await gateway.call("sessions.create", {
    agentId: "main",
    worktree: true,
    worktreeName: "aside",
  });
  assert.ok(ok, JSON.stringify(error));
  const sessionOf = async (sessionKey) => {
    await turn("main", sessionKey);
    return taas.requests.at(-1).headers["x-session-id"];
  };
  const first = await sessionOf();
  const aside = await sessionOf(payload.key);
  assert.notEqual(aside, first, "a worktree has a pin of its own");
  assert.equal(await sessionOf(), first);
  assert.equal(await sessionOf(payload.key), aside);
  assert.equal((await levels())["two-workspaces"], "ok");

  /** Has main work in `workspace`, and takes turns until it does: the host takes a while with an edit. */
  const move = async (workspace) => {
    const before = await sessionOf();
    const path = "agents.entries.main.workspace";
    const { code, stderr } = await gateway.cli(["config", "set", path, JSON.stringify(workspace)]);
    assert.equal(code, 0, stderr);
    for (let tries = 0; tries < 40; tries += 1) {
      if ((await sessionOf()) !== before) return;
      await sleep(500);
    }
    assert.fail(gateway.log());
  };
  const elsewhere = join(gateway.root, "workspaces", "elsewhere");
  mkdirSync(elsewhere);
  await move(elsewhere);
  assert.equal((await levels())["two-workspaces"], "ok");
  await move(main);
  assert.equal((await levels())["two-workspaces"], "warning");
});

test("the doctor's report contains no path, key, host or prompt", async () => {
  const { code, stdout, json } = await gateway.cli(["taas", "doctor", "--json"]);
  assert.equal(code, 1, "something is wrong");
  assert.equal(json.checks.length, 13);
  for (const { level, evidence, advice } of json.checks) {
    assert.ok(evidence.length > 0);
    assert.equal(advice === null, level === "ok");
  }
  for (const secret of [KEY, gateway.root, "127.0.0.1", "hello", "for-all", '"mine"']) {
    assert.equal(stdout.includes(secret), false, secret);
  }
});

test("a plugin from a bare load path is uninstalled by hand, as docs/hosts.md says", async () => {
  const plugin = "openclaw-taas-affinity";
  const refused = await gateway.cli(["plugins", "uninstall", plugin, "--force"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, /has no authoritative package-owner metadata/);
  const config = JSON.parse(readFileSync(gateway.configPath, "utf8"));
  config.plugins.load.paths = [OTHER];
  delete config.plugins.entries[plugin];
  writeFileSync(gateway.configPath, JSON.stringify(config));
  const { code, stderr } = await gateway.cli(["plugins", "registry", "--refresh"]);
  assert.equal(code, 0, stderr);
  await gateway.restart();
  await turn();
  assert.equal(taas.requests.at(-1).headers["x-openclaw-agent-id"], undefined);
  const { error } = await gateway.call("taas.affinity.status", {});
  assert.match(error.message, /unknown method|missing scope/);
});
