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

/** How long an answer of git is told. */
const FRESH_MS = 2000;

/** What one request says of the repository: whatever is known at that moment. */
async function hintsNow(workspaceDir, from = provider) {
  const { payload } = await modelCall(from, { context: agentContext({ workspaceDir }) });
  const runtime = payload.metadata.requester_runtime;
  return {
    keys: Object.keys(runtime),
    repo: runtime.repo_name,
    branch: runtime.git_branch_hint,
    dirty: runtime.git_dirty_hint,
  };
}

/** The same, as the host asks: a wrapper first, and the payload some time after it. */
async function hintsOf(workspaceDir, { from = provider, until = ({ repo }) => repo } = {}) {
  const end = Date.now() + FRESH_MS;
  let hints;
  do {
    hints = await hintsNow(workspaceDir, from);
    await sleep(20);
  } while (!until(hints) && Date.now() < end);
  return hints;
}

const outlive = () => sleep(FRESH_MS + 100);

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

    await outlive();
    git(dir, "checkout", "-q", "-b", "feature/ü", "--");
    writeFileSync(join(dir, "file.txt"), "two\n");
    writeFileSync(join(dir, "untracked.txt"), "x");
    const later = await hintsOf(dir);
    assert.deepEqual([later.branch, later.dirty], ["feature/ü", true]);
    await outlive();
    git(dir, "commit", "-q", "-a", "-m", "second");
    assert.equal((await hintsOf(dir)).dirty, false, "untracked files do not count");
  });

  test("a request never waits: the first says nothing, and its payload is there at once", async () => {
    const dir = repository("at-once");
    let returned;
    const streamFn = (_model, _context, options) => {
      returned = options.onPayload({ messages: [] });
    };
    provider.wrapStreamFn(agentContext({ workspaceDir: dir, streamFn }))({}, {}, {});
    assert.equal(typeof returned.metadata.session_id, "string", "no promise");
    assert.equal(returned.metadata.requester_runtime.repo_name, undefined);
    assert.equal((await hintsOf(dir)).repo, "at-once");
  });

  test("what was found more than two seconds ago is told no more", async () => {
    const dir = repository("old-news");
    assert.equal((await hintsOf(dir)).branch, "dev");
    await outlive();
    assert.equal((await hintsNow(dir)).branch, undefined);
    assert.equal((await hintsOf(dir)).branch, "dev");
  });

  test("of a request are the same each time that it is sent, whatever a probe finds meanwhile", async () => {
    const dir = repository("sent-again");
    const file = join(dir, "file.txt");
    const host = register();
    const sent = async (requestId, end) => {
      const context = agentContext({ workspaceDir: dir });
      const streamFn = (_model, _context, options) => {
        const twice = [0, 1].map(() => options.onPayload({ messages: [] }).metadata);
        assert.deepEqual(twice[0], twice[1], "of one call");
        return { result: async () => end, metadata: twice[0] };
      };
      const stream = host.provider.wrapStreamFn({ ...context, streamFn })({}, {}, { requestId });
      await stream.result();
      return stream.metadata;
    };
    const dirty = ({ requester_runtime: runtime }) => runtime.git_dirty_hint;
    const refused = { stopReason: "error" };
    await hintsOf(dir, { until: ({ dirty: isDirty }) => isDirty === false });
    const first = await sent("run-1:model:2", refused);
    assert.equal(dirty(first), false);
    writeFileSync(file, "changed\n");
    await outlive();
    await hintsOf(dir, { until: ({ dirty: isDirty }) => isDirty === true });
    assert.deepEqual(await sent("run-1:model:1", refused), first, "a retry of the run");
    assert.deepEqual(await sent("run-1:model:1", { stopReason: "stop" }), first);
    assert.equal(dirty(await sent("run-1:model:2", refused)), true, "the next request");
    assert.equal(dirty(await sent(undefined, refused)), true, "a request that the host names not");
  });

  test("that are two seconds old when a payload is made are left out, however early the call began", async () => {
    const dir = repository("late-payload");
    const host = register();
    await hintsOf(dir, { until: ({ dirty }) => dirty === false });
    const streamFn = async (_model, _context, options) => {
      await sleep(2100);
      return options.onPayload({ messages: [] }).metadata.requester_runtime;
    };
    const context = agentContext({ workspaceDir: dir, streamFn });
    const late = await host.provider.wrapStreamFn(context)({}, {}, {});
    for (const key of ["repo_name", "git_branch_hint", "git_dirty_hint"]) {
      assert.equal(key in late, false, key);
    }
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
      const { keys: none } = await hintsOf(dir, { until: () => false });
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
    assert.equal((await hintsOf(planted, { until: () => false })).branch, undefined);
    const linked = join(base, "linked");
    mkdirSync(linked);
    symlinkSync(join(secret, ".git"), join(linked, ".git"));
    assert.equal((await hintsOf(linked, { until: () => false })).branch, undefined);
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
    assert.equal((await hintsOf(dir)).branch, "dev");
    await outlive();
    assert.equal((await hintsOf(dir)).branch, "dev");
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
      const { repo, branch, dirty } = await hintsOf(dir, {
        from: host.provider,
        until: () => false,
      });
      assert.deepEqual([repo, branch, dirty], [undefined, undefined, undefined]);
      const { warnings } = host;
      assert.equal(warnings.length, variable === "never" ? 1 : 0);
      for (const warning of warnings) {
        assert.match(warning, /OPENCLAW_TAAS_GIT_HINTS must be on or off/);
      }
    });
  }

  const PLUGIN = JSON.stringify(pathToFileURL(join(ROOT, "__test__/support/plugin.mjs")).href);
  // A program in the temporary directory is never run.
  const elsewhere = join(base, "temporary");
  mkdirSync(elsewhere);
  const runScript = (script, changes = {}) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
      env: { ...env, TMPDIR: elsewhere, ...changes },
    });

  test("the process ends while git is asked, and git with it", () => {
    const dir = repository("exit");
    const slow = join(base, "slow-git");
    mkdirSync(slow);
    writeFileSync(join(slow, "git"), "#!/bin/sh\nexec sleep 60.4242\n", { mode: 0o755 });
    const { status, stdout } = runScript(
      `import { register } from ${PLUGIN};
      const { provider } = register();
      provider.wrapStreamFn({ provider: "cloudsigma", workspaceDir: ${JSON.stringify(dir)}, streamFn() {} });
      setTimeout(() => { console.log(Date.now()); process.exit(0); }, 300);`,
      { PATH: `${slow}:${process.env.PATH}` },
    );
    assert.equal(status, 0);
    assert.ok(Date.now() - Number(stdout) < 1500, "the exit waited");
  });

  test("no git, a git that hangs or one that talks nonsense: fewer hints, one warning at most", () => {
    const dir = repository("bad-git");
    for (const [what, script] of [
      ["none", undefined],
      ["hangs", "#!/bin/sh\nsleep 100\n"],
      ["nonsense", "#!/bin/sh\nhead -c 100000 /dev/urandom\n"],
    ]) {
      const bin = join(base, `git-${what}`);
      mkdirSync(bin);
      if (script !== undefined) {
        writeFileSync(join(bin, "git"), script, { mode: 0o755 });
      }
      const { status, stdout, stderr } = runScript(
        `import { agentContext, modelCall, register } from ${PLUGIN};
        const host = register();
        const end = Date.now() + 3000;
        let runtime;
        do {
          const { payload } = await modelCall(host.provider, {
            context: agentContext({ workspaceDir: ${JSON.stringify(dir)} }),
          });
          runtime = payload.metadata.requester_runtime;
          await new Promise((resolve) => setTimeout(resolve, 50));
        } while (runtime.repo_name === undefined && Date.now() < end);
        console.log(JSON.stringify([runtime.repo_name, runtime.git_branch_hint, runtime.git_dirty_hint, host.warnings.length <= 1]));`,
        { PATH: script === undefined ? bin : `${bin}:/usr/bin:/bin` },
      );
      assert.deepEqual(
        [status, stdout],
        [0, `${JSON.stringify(["bad-git", null, null, true])}\n`],
        `${what}: ${stderr}`,
      );
    }
  });

  test("a repository that git does not trust is named in the log, with the remedy, and nowhere else", () => {
    const dir = repository("not-trusted");
    const bin = join(base, "distrusting-git");
    mkdirSync(bin);
    const script = '#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec /usr/bin/git "$@"\n';
    writeFileSync(join(bin, "git"), script, { mode: 0o755 });
    const { status, stdout, stderr } = runScript(
      `import { agentContext, modelCall, register } from ${PLUGIN};
      const host = register();
      const end = Date.now() + 5000;
      let bodies = "";
      do {
        const { payload } = await modelCall(host.provider, {
          context: agentContext({ workspaceDir: ${JSON.stringify(dir)} }),
        });
        bodies += JSON.stringify(payload);
        await new Promise((resolve) => setTimeout(resolve, 20));
      } while (host.warnings.length === 0 && Date.now() < end);
      console.log(JSON.stringify([host.warnings, bodies.includes("not-trusted")]));`,
      { PATH: `${bin}:/usr/bin:/bin` },
    );
    assert.equal(status, 0, stderr);
    const [warnings, isTold] = JSON.parse(stdout);
    assert.equal(isTold, false, "no body has the path");
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0].includes(`requests of the workspace ${dir} carry no repository hints`));
    assert.ok(warnings[0].includes(`git config --global --add safe.directory '${dir}'`));
  });

  test("of a repository whose status takes too long, name and branch go out alone and the log says so", () => {
    const dir = repository("slow-verdict");
    const bin = join(base, "slow-git-of-verdicts");
    mkdirSync(bin);
    const script =
      '#!/bin/sh\ncase "$*" in *status*) exec sleep 60.4243;; esac\nexec /usr/bin/git "$@"\n';
    writeFileSync(join(bin, "git"), script, { mode: 0o755 });
    const { status, stdout, stderr } = runScript(
      `import { agentContext, modelCall, register } from ${PLUGIN};
      const host = register();
      const end = Date.now() + 8000;
      const told = [];
      while (Date.now() < end && (host.warnings.length === 0 || told.length < 200)) {
        const { payload } = await modelCall(host.provider, {
          context: agentContext({ workspaceDir: ${JSON.stringify(dir)} }),
        });
        const runtime = payload.metadata.requester_runtime;
        told.push([runtime.git_branch_hint, runtime.git_dirty_hint]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const withBranch = told.filter(([branch]) => branch === "dev").length;
      const withVerdict = told.filter(([, dirty]) => dirty !== undefined).length;
      console.log(JSON.stringify([host.warnings, withBranch / told.length, withVerdict]));`,
      { PATH: `${bin}:/usr/bin:/bin` },
    );
    assert.equal(status, 0, stderr);
    const [warnings, share, verdicts] = JSON.parse(stdout);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0],
      /slow-verdict carry no git_dirty_hint: git status and its wait take longer than/,
    );
    assert.ok(share > 0.8, `${share} of the requests have a branch`);
    assert.equal(verdicts, 0);
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
