// No configuration of the plugin keeps the real gateway from starting, and an edit takes effect in it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { assertHeaders, assertIdentity, sessionOf } from "../support/identity.mjs";

const OURS = "openclaw-taas-affinity";
const APIS = ["openai-completions", "openai-responses", "anthropic-messages"];

/** Every key of a wrong type, one of another name, and one that a newer version may have. */
const ODD = {
  affinity: 7,
  providers: "x",
  gitHints: "yes",
  observe: null,
  routeNotice: ["log"],
  debug: {},
  gitHint: "a-secret",
  ofTheFuture: { enabled: true },
};

let taas;
let gateway;
let routedTo = "sim/first";

before(async () => {
  taas = await startTaas({
    reply: () => ({ text: "Done.", headers: { "X-TaaS-Autorouter-Model": routedTo } }),
  });
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: {
      cloudsigma: provider(taas.url),
      ...Object.fromEntries(APIS.map((api) => [`Third-${api}`, provider(taas.url, api)])),
    },
    config: { plugins: { entries: { [OURS]: { config: ODD } } } },
  });
});
after(async () => {
  await gateway?.stop();
  await taas?.close();
});

const said = (text) =>
  gateway
    .log()
    .split("\n")
    .filter((line) => line.includes(text));

/** Edits the configuration by hand, which is done at once. */
function byHand(path, value) {
  const config = JSON.parse(readFileSync(gateway.configPath, "utf8"));
  const names = path.split(".");
  const parent = names.slice(0, -1).reduce((part, name) => part[name], config);
  parent[names.at(-1)] = value;
  writeFileSync(`${gateway.configPath}.new`, JSON.stringify(config, null, 2));
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
}

/** The same as the host does it, which takes seconds. */
async function byCommand(path, value) {
  const { code, stderr } = await gateway.cli(["config", "set", path, JSON.stringify(value)]);
  assert.equal(code, 0, stderr);
}

/** Sets the plugin's configuration. The host gives an edit up that meets a run, so that none is begun meanwhile. */
async function edit(config, set = byHand) {
  const applied = () => said("config hot reload applied").length;
  const earlier = applied();
  await set(`plugins.entries.${OURS}.config`, config);
  for (let waits = 0; waits < 200 && applied() === earlier; waits += 1) {
    await sleep(100);
  }
  assert.ok(applied() > earlier, gateway.log());
}

async function turn(message = "hello", model = undefined) {
  const answer = await gateway.turn({ message, ...(model && { model }) });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  return taas.requests.at(-1);
}

/** Takes turns until one's request is as wanted: the host imports the plugin anew after an edit. */
async function turnsUntil(isWanted, model) {
  for (let turns = 0; turns < 15; turns += 1) {
    const request = await turn("again", model);
    if (isWanted(request)) {
      return request;
    }
    await sleep(1000);
  }
  throw new Error(`the edit had no effect\n${gateway.log()}`);
}

const hinted = ({ body }) => body.metadata.requester_runtime.git_branch_hint !== undefined;

test("a gateway starts with a configuration that has no valid setting, and logs one warning", async () => {
  const request = await turn();
  assertHeaders(request, "main", gateway.workspaces.main);
  const warnings = said("configuration is ignored");
  assert.equal(warnings.length, 1, gateway.log());
  for (const name of [
    "affinity (a number, not",
    "providers (a string, not",
    "observe (null, not",
    "gitHint,",
    "ofTheFuture",
  ]) {
    assert.ok(warnings[0].includes(name), name);
  }
  assert.ok(!gateway.log().includes("a-secret"));
});

test("the running gateway applies an edit of hints, debug lines and further providers", async () => {
  const { pid } = gateway;
  execFileSync("git", ["init", "-q", "-b", "dev"], {
    cwd: gateway.workspaces.main,
    env: gateway.environment,
  });
  assert.ok(await turnsUntil(hinted));
  const isServed = ({ headers }) => headers["x-openclaw-plugin-version"] !== undefined;
  assert.equal(isServed(await turn("hi", `Third-${APIS[0]}/auto`)), false, "not served yet");
  assert.equal(said("taas-affinity: request session=").length, 0);

  const third = APIS.map((api) => `third-${api}`);
  await edit({ gitHints: false, debug: true, providers: third }, byCommand);
  assert.ok(await turnsUntil((request) => !hinted(request)));
  assert.ok(said("taas-affinity: request session=").length > 0);
  for (const api of APIS) {
    const request = await turnsUntil(isServed, `Third-${api}/auto`);
    assertHeaders(request, "main", gateway.workspaces.main);
  }
  assert.equal(said("configuration is ignored").length, 1, "no other");

  await edit({ gitHints: 1 });
  await turnsUntil(hinted);
  assert.equal(said("configuration is ignored").length, 2);
  assert.equal(gateway.pid, pid);
});

test("a change of the route is logged if the configuration asks for it", async () => {
  await edit({ routeNotice: "log" });
  await turn();
  routedTo = "sim/second";
  await turn();
  await turn();
  const lines = said("the model of agent");
  assert.equal(lines.length, 1, gateway.log());
  assert.match(lines[0], /the model of agent main changed from sim\/first to sim\/second/);
});

test("by conversation each of OpenClaw's sessions has its own session id and is found by it", async () => {
  const conversationOf = ({ headers }) =>
    gateway.call("taas.affinity.routes", { sessionId: headers["x-session-id"] });
  const before = await turn();
  const byWorkspace = before.headers["x-session-id"];
  // The host's own id of the session finds its route in this mode too.
  const { conversationId } = (await conversationOf(before)).payload.routes[0];
  const { payload } = await gateway.call("taas.affinity.lastRoute", {
    localSessionId: conversationId,
  });
  assert.equal(payload.capture.sessionId, byWorkspace);

  await edit({ affinity: "conversation" });
  const request = await turnsUntil(({ headers }) => headers["x-session-id"] !== byWorkspace);
  const hash = createHash("sha256").update(`session:${conversationId}`).digest("hex");
  const id = `oc:${hash.slice(0, 16)}`;
  const { session_id, sticky_key, openclaw_correlation: correlation } = request.body.metadata;
  for (const said of [request.headers["x-session-id"], session_id, sticky_key]) {
    assert.equal(said, id);
  }
  assert.equal(correlation.agent_id, "main");
  for (const params of [{ conversationId }, { workspaceDir: gateway.workspaces.main }]) {
    const answer = await gateway.call("taas.affinity.lastRoute", params);
    assert.equal(answer.payload.capture.sessionId, id);
  }
  const other = await gateway.turn({ message: "hello", sessionKey: "agent:main:another" });
  assert.equal(other.ok, true, JSON.stringify(other));
  assert.notEqual(taas.requests.at(-1).headers["x-session-id"], id, "another conversation");

  await edit({});
  await turnsUntil(({ headers }) => headers["x-session-id"] === byWorkspace);
});

test("a namespace changes the id in header, body, captures, usage and look-ups alike", async () => {
  const workspaceDir = gateway.workspaces.main;
  const plain = sessionOf(workspaceDir);
  assertIdentity(await turn(), "main", workspaceDir);
  await edit({ namespace: "cell-7" });
  const id = sessionOf(`ns:cell-7:${workspaceDir}`);
  const request = await turnsUntil(({ headers }) => headers["x-session-id"] !== plain);
  assertIdentity(request, "main", `ns:cell-7:${workspaceDir}`);
  const { requester_runtime: runtime } = request.body.metadata;
  const hint = sessionOf(`ns:cell-7:workspaceDir:${workspaceDir}`);
  assert.equal(runtime.session_source_hint, hint.replace("oc:", "source:"));
  for (const params of [{ workspaceDir }, { sessionId: id }, { agentId: "main" }]) {
    const { payload } = await gateway.call("taas.affinity.lastRoute", params);
    assert.equal(payload.capture?.sessionId, id, JSON.stringify(params));
    assert.equal(payload.capture.taasRequestId, request.routeHeaders["X-Request-Id"]);
  }
  const { payload: used } = await gateway.call("taas.affinity.status", { workspaceDir });
  assert.deepEqual(
    used.sessions.map(({ sessionId, agentId }) => [sessionId, agentId]),
    [[id, "main"]],
  );
  const shown = await gateway.cli(["taas", "route", "--workspace", workspaceDir, "--json"]);
  assert.equal(shown.json?.capture?.sessionId, id, shown.stdout + shown.stderr);

  await edit({ namespace: "cell 7" });
  assertIdentity(
    await turnsUntil(({ headers }) => headers["x-session-id"] !== id),
    "main",
    workspaceDir,
  );
  assert.equal(said("namespace (a string, not 1 to 64 of A-Z a-z 0-9 . _ -)").length, 1);
  for (const { headers, body } of taas.requests.filter(({ body }) => body.metadata)) {
    assert.equal(headers["x-session-id"], body.metadata.session_id, "also while an edit is taken");
  }
  await edit({});
});

test("the doctor judges the configuration after an edit", async () => {
  /** What is found, asked until it is not as before: while the host imports the plugin, there may be no answer. */
  const found = async (id, isBefore) => {
    let check;
    for (let waits = 0; waits < 200 && (check === undefined || isBefore(check)); waits += 1) {
      await sleep(100);
      const { payload } = await gateway.call("taas.affinity.status", {});
      check = payload?.checks.find((row) => row.id === id);
    }
    return check;
  };
  const isOk = ({ level }) => level === "ok";
  assert.equal((await found("pinned-headers", () => false)).level, "ok");
  byHand("models.providers.cloudsigma.headers", { "X-Session-Id": "mine" });
  assert.match((await found("pinned-headers", isOk)).evidence, /cloudsigma sets X-Session-Id/);
  // The command line takes a key that it does not know.
  await edit({ gitHint: true }, byCommand);
  assert.match((await found("config", isOk)).evidence, /gitHint/);
});
