// The hints about the workspace's git repository, as requests get them. What the probe answers for
// which repository is tested beside the probe, against git itself.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { agentContext, forgetWarnings, modelCall, ROOT, register } from "./support/plugin.mjs";

beforeEach(forgetWarnings);

const base = mkdtempSync(join(tmpdir(), "taas-hints-"));
after(() => rmSync(base, { recursive: true }));

// Nothing of this user's own git settings.
const env = {
  ...process.env,
  HOME: base,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.com",
};
const git = (dir, ...args) => execFileSync("git", args, { cwd: dir, env, encoding: "utf8" });

function repository(name, branch = "dev") {
  const dir = join(base, name);
  mkdirSync(join(dir, "sub"), { recursive: true });
  git(dir, "init", "-q", "-b", branch);
  writeFileSync(join(dir, "file.txt"), "one\n");
  git(dir, "add", "-A");
  git(dir, "commit", "-q", "-m", "first");
  return dir;
}

const { provider } = register();

async function hintsOf(workspaceDir, { from = provider, calls = 1 } = {}) {
  let runtime;
  for (let call = 0; call < calls; call += 1) {
    const { payload } = await modelCall(from, { context: agentContext({ workspaceDir }) });
    runtime = payload.metadata.requester_runtime;
  }
  const keys = Object.keys(runtime);
  return {
    keys,
    repo: runtime.repo_name,
    branch: runtime.git_branch_hint,
    dirty: runtime.git_dirty_hint,
  };
}

describe("repository hints", () => {
  test("name, branch and state, in their place", async () => {
    const dir = repository("example-repo");
    const clean = await hintsOf(join(dir, "sub"));
    assert.deepEqual(clean.keys.slice(4, 9), [
      "requester_host_id",
      "repo_name",
      "git_branch_hint",
      "git_dirty_hint",
      "provider",
    ]);
    assert.deepEqual([clean.repo, clean.branch, clean.dirty], ["example-repo", "dev", false]);

    writeFileSync(join(dir, "file.txt"), "two\n");
    assert.equal((await hintsOf(dir)).dirty, true);
    git(dir, "checkout", "-q", "-b", "feature/ü", "--");
    git(dir, "commit", "-q", "-a", "-m", "second");
    const later = await hintsOf(dir);
    assert.deepEqual([later.branch, later.dirty], ["feature/ü", false]);
    writeFileSync(join(dir, "untracked.txt"), "x");
    assert.equal((await hintsOf(dir)).dirty, false, "untracked files do not count");
  });

  test("every request of one wrapper sees the state of its own time", async () => {
    const dir = repository("edited");
    const seen = [];
    const wrapped = provider.wrapStreamFn(
      agentContext({
        workspaceDir: dir,
        streamFn: async (_model, _context, options) => {
          const { metadata } = await options.onPayload({ messages: [] });
          seen.push(metadata.requester_runtime.git_dirty_hint);
        },
      }),
    );
    await wrapped({}, {}, {});
    writeFileSync(join(dir, "file.txt"), "changed by a tool\n");
    await wrapped({}, {}, {});
    git(dir, "checkout", "-q", "--", ".");
    await wrapped({}, {}, {});
    assert.deepEqual(seen, [false, true, false]);
  });

  test("what is not known is left out", async () => {
    const detached = repository("detached");
    git(detached, "checkout", "-q", "--detach");
    const { repo, keys, dirty } = await hintsOf(detached);
    assert.equal(repo, "detached");
    assert.equal(keys.includes("git_branch_hint"), false);
    assert.equal(dirty, false);

    const plain = join(base, "plain");
    mkdirSync(plain);
    for (const dir of [plain, join(base, "not", "there")]) {
      const { keys: none } = await hintsOf(dir);
      assert.deepEqual(
        none.filter((key) => ["repo_name", "git_branch_hint", "git_dirty_hint"].includes(key)),
        [],
      );
    }
  });

  test("another repository's names never go out through a planted .git", async () => {
    const secret = repository("secret", "secret-branch");
    const planted = join(base, "planted");
    mkdirSync(planted);
    writeFileSync(join(planted, ".git"), `gitdir: ${secret}/.git\n`);
    assert.equal((await hintsOf(planted)).branch, undefined);
    const linked = join(base, "linked");
    mkdirSync(linked);
    symlinkSync(join(secret, ".git"), join(linked, ".git"));
    assert.equal((await hintsOf(linked)).branch, undefined);
  });

  test("nothing that a repository configures is run", async () => {
    const dir = repository("trap");
    const witness = join(base, "it-ran");
    const trap = join(dir, "trap.sh");
    writeFileSync(trap, `#!/bin/sh\ntouch '${witness}'\ncat\n`);
    chmodSync(trap, 0o755);
    git(dir, "config", "core.fsmonitor", trap);
    git(dir, "config", "filter.trap.clean", trap);
    git(dir, "config", "core.hooksPath", dir);
    writeFileSync(join(dir, ".gitattributes"), "* filter=trap\n");
    writeFileSync(join(dir, "file.txt"), "touched\n");
    const { branch } = await hintsOf(dir, { calls: 3 });
    assert.equal(branch, "dev");
    assert.throws(() => execFileSync("ls", [witness], { stdio: "ignore" }), "nothing ran");
    // The trap does spring for git itself.
    spawnSync("git", ["status", "--porcelain"], { cwd: dir, env });
    execFileSync("ls", [witness]);
  });

  for (const [how, options, variable] of [
    ["the plugin's configuration", { pluginConfig: { gitHints: false } }, undefined],
    ["the environment", {}, "off"],
    ["a value that is not understood, with one warning", {}, "never"],
  ]) {
    test(`switched off by ${how}`, async (t) => {
      const dir = repository(`off-${variable}`);
      if (variable) {
        process.env.OPENCLAW_TAAS_GIT_HINTS = variable;
        t.after(() => delete process.env.OPENCLAW_TAAS_GIT_HINTS);
      }
      const host = register(options);
      const { repo, branch, dirty } = await hintsOf(dir, { from: host.provider });
      assert.deepEqual([repo, branch, dirty], [undefined, undefined, undefined]);
      assert.equal(host.warnings.length, variable === "never" ? 1 : 0);
      for (const warning of host.warnings) {
        assert.match(warning, /OPENCLAW_TAAS_GIT_HINTS is "never"; accepted is on or off/);
      }
    });
  }

  /** A clean repository with a file as large as a probe may read, and a stat that says nothing. */
  function slowRepository(name) {
    const dir = repository(name);
    const large = Buffer.alloc(60 << 20);
    writeFileSync(join(dir, "large.bin"), large);
    git(dir, "add", "-A");
    git(dir, "commit", "-q", "-m", "large");
    writeFileSync(join(dir, "large.bin"), large);
    return dir;
  }

  test("what takes too long is left out, and is there for the next request", async () => {
    const seen = [];
    const wrapped = provider.wrapStreamFn(
      agentContext({
        workspaceDir: slowRepository("slow"),
        streamFn: async (_model, _context, options) => {
          const { metadata } = await options.onPayload({ messages: [] });
          const { repo_name, git_branch_hint, git_dirty_hint } = metadata.requester_runtime;
          seen.push([repo_name, git_branch_hint, git_dirty_hint]);
        },
      }),
    );
    await wrapped({}, {}, {});
    assert.deepEqual(seen.at(-1), ["slow", "dev", undefined], "the names are quick");
    for (let round = 0; round < 100 && seen.at(-1)[2] === undefined; round += 1) {
      await sleep(50);
      await wrapped({}, {}, {});
    }
    assert.deepEqual(seen.at(-1), ["slow", "dev", false]);
  });

  const PLUGIN = JSON.stringify(pathToFileURL(join(ROOT, "__test__/support/plugin.mjs")).href);
  const runScript = (script) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
      env,
    });

  test("the process ends while a probe runs", () => {
    const dir = slowRepository("exit");
    const { status, stdout } = runScript(`
      import { register } from ${PLUGIN};
      const { provider } = register();
      provider.wrapStreamFn({ provider: "cloudsigma", workspaceDir: ${JSON.stringify(dir)}, streamFn() {} });
      process.on("exit", () => console.log(Date.now()));`);
    const late = Date.now() - Number(stdout);
    assert.equal(status, 0);
    assert.ok(late < 1500, `${late} ms after the exit event`);
  });

  test("a process whose only work is a waiting request does not end before it", () => {
    const dir = slowRepository("alive");
    const { status, stdout, stderr } = runScript(`
      import { agentContext, modelCall, register } from ${PLUGIN};
      const { payload } = await modelCall(register().provider, {
        context: agentContext({ workspaceDir: ${JSON.stringify(dir)} }),
      });
      console.log(payload.metadata.requester_runtime.repo_name);`);
    assert.deepEqual([status, stdout], [0, "alive\n"], stderr);
  });

  test("threads may end while their requests wait", () => {
    const dir = repository("threads");
    const { status, signal, stdout, stderr } = runScript(`
      import { Worker } from "node:worker_threads";
      const work = \`
        import { agentContext, modelCall, register } from ${PLUGIN};
        import { parentPort } from "node:worker_threads";
        const { provider } = register();
        parentPort.postMessage("ready");
        for (;;) {
          await modelCall(provider, { context: agentContext({ workspaceDir: ${JSON.stringify(dir)} }) });
        }\`;
      const url = new URL("data:text/javascript," + encodeURIComponent(work));
      for (let round = 0; round < 20; round += 1) {
        const worker = new Worker(url);
        await new Promise((resolve) => worker.once("message", resolve));
        await new Promise((resolve) => setTimeout(resolve, round));
        await worker.terminate();
      }
      console.log("done");`);
    assert.deepEqual([status, signal, stdout], [0, null, "done\n"], stderr);
  });
});
