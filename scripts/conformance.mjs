// What every binary has to do on its platform: `node scripts/conformance.mjs FILE [DIRECTORY]`. It needs
// nothing but Node and the binary, so that it runs wherever that binary does. In DIRECTORY are the
// packages of several platforms, of which the loader has to choose the one with that binary.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Workspaces and their affinity session ids, which must stay what they are for ever. */
const WORKSPACES = {
  posix: {
    "/home/cloudsigma/.openclaw/workspace-new-agent-2": "oc:4ae2870a2e73027c",
    "/home/cloudsigma/./x/..//.openclaw/workspace-new-agent-2/": "oc:4ae2870a2e73027c",
    "/home/cloudsigma/.openclaw/workspace": "oc:583c4ba8ac9a207f",
    "/": "oc:8a5edab282632443",
    "/tmp/wörk space/日本": "oc:026906256df9bbd4",
  },
  win32: {
    "C:\\Users\\agent\\.openclaw\\workspace": "oc:c1d1e59d8b0aa68b",
    "C:\\Users\\agent\\x\\..\\.openclaw\\\\workspace\\": "oc:c1d1e59d8b0aa68b",
  },
};
const VARIABLES = {
  OPENCLAW_SESSION_ID: ["sess-123", "oc:3451aa385a62dc7b"],
  OPENCLAW_AGENT_ID: ["new-agent-2", "oc:6bd25cb6db224eaa"],
};

/**
 * @param {string} file
 * @returns {string[]} what was checked
 * @throws {Error} where something is not as it should be
 */
function checkConformance(file) {
  const native = createRequire(import.meta.url)(resolve(file));
  const isWindows = process.platform === "win32";
  const gateway = new native.Gateway(
    "1.2.3",
    "a-host",
    isWindows ? "C:\\Users\\a" : "/home/a",
    false,
  );

  assert.equal(typeof native.interfaceNumber(), "number");
  assert.match(native.version(), /^\d+\.\d+\.\d+/);
  const workspaces = Object.entries(WORKSPACES[isWindows ? "win32" : "posix"]);
  for (const [workspaceDir, id] of workspaces) {
    assert.equal(gateway.identity({ workspaceDir }, {}).sessionId, id, workspaceDir);
  }
  for (const [name, [value, id]] of Object.entries(VARIABLES)) {
    assert.equal(gateway.identity({}, { [name]: value }).sessionId, id, name);
  }

  const context = {
    provider: "cloudsigma",
    modelId: "cloudsigma/auto",
    agentId: "conformance",
    workspaceDir: workspaces[0][0],
  };
  const { handle, headers } = gateway.identity(context, {});
  const [[, session]] = workspaces;
  const payload = { model: "auto", messages: [] };
  const added = JSON.parse(native.injectRequest(handle, payload));
  assert.deepEqual(Object.keys(added), [
    "session_id",
    "sticky_key",
    "requester_runtime",
    "openclaw_correlation",
  ]);
  assert.equal(added.session_id, session);
  assert.equal(added.openclaw_correlation.agent_id, "conformance");
  assert.equal(native.injectRequest(handle, null), null);
  assert.equal(JSON.parse(headers)["X-Session-Id"], session);

  const routed = { "x-taas-autorouted": "true", "x-taas-autorouter-model": "a-model" };
  const capture = (response) => native.captureResponse(handle, JSON.stringify(response));
  assert.equal(capture({ turnId: "turn-1", attempt: "1", headers: routed }), true);
  assert.equal(capture({ turnId: "turn-2", attempt: "1" }), false);
  assert.equal(capture({ turnId: "turn-3", status: 503, headers: routed }), false);

  const [{ name: method, scope }] = native.methods();
  assert.equal(scope, "operator.read");
  const ask = (params) => JSON.parse(gateway.ask(method, JSON.stringify(params), {}));
  const answer = ask({ agentId: "conformance" });
  assert.equal(answer.sessionId, session);
  assert.equal(answer.capture.autorouterModel, "a-model");
  assert.equal(answer.capture.openclawTurnId, "turn-1");
  assert.throws(() => ask({ nonsense: 1 }), { code: "InvalidArg" });

  assert.throws(() => native.selfTestPanic(), /a panic on purpose/);
  // The store is still there.
  assert.deepEqual(ask({ sessionId: session }).capture, answer.capture);
  return ["ids", "injection", "capture", "look-up", "panic"];
}

/** What git says of a repository is there some time after it was looked at; its name, without a git. */
async function checkHints(file) {
  const native = createRequire(import.meta.url)(resolve(file));
  const root = realpathSync(mkdtempSync(join(tmpdir(), "conformance-")));
  const hasGit = spawnSync("git", ["--version"]).status === 0;
  try {
    const workspaceDir = join(root, "a-repository");
    for (const directory of ["objects", "refs"]) {
      mkdirSync(join(workspaceDir, ".git", directory), { recursive: true });
    }
    writeFileSync(join(workspaceDir, ".git", "HEAD"), "ref: refs/heads/a-branch\n");
    const gateway = new native.Gateway("1.2.3", "a-host", root, true);
    const { handle } = gateway.identity({ workspaceDir }, {});
    let runtime = {};
    for (let round = 0; round < 1000 && runtime.repo_name === undefined; round += 1) {
      native.probe(handle);
      await sleep(10);
      runtime = JSON.parse(native.injectRequest(handle, {})).requester_runtime;
    }
    assert.equal(runtime.repo_name, "a-repository");
    assert.equal(runtime.git_branch_hint, hasGit ? "a-branch" : undefined);
  } finally {
    rmSync(root, { recursive: true });
  }
  return [hasGit ? "hints by git" : "hints without a git"];
}

/** The loader takes the package of this platform, be there others beside it or not. */
async function checkLoader(file, directory) {
  const { loadNative } = await import("../lib/addon/native.js");
  const root = resolve(directory);
  assert.equal(typeof loadNative(root).version(), "string");
  const { cache } = createRequire(join(root, "package.json"));
  const loaded = Object.keys(cache).filter((path) => path.startsWith(root));
  assert.deepEqual(
    loaded.map((path) => basename(path)),
    [basename(file)],
  );
}

const [file, directory] = process.argv.slice(2);
const checked = [...checkConformance(file), ...(await checkHints(file))];
if (directory !== undefined) {
  await checkLoader(file, directory);
  checked.push("loader");
}
const where = `Node ${process.versions.node} on ${process.platform}-${process.arch}`;
console.log(`as they should be on ${where}:\n${checked.join(", ")}`);
