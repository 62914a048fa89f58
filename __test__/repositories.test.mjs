// The workspaces' repositories that the demo makes, and what it says of the hints in its requests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { hints } from "../demo/report.mjs";
import { git, hasGit } from "../sim/git.mjs";
import { countHints } from "../sim/hints.mjs";
import { startTaas } from "../sim/taas.mjs";

/** Where git finds a user's configuration is for the home directory alone to say. */
const USERS = { GIT_CONFIG_GLOBAL: undefined, XDG_CONFIG_HOME: undefined };
const GIT_MODULE = new URL("../sim/git.mjs", import.meta.url).href;
const told = (repository) => ({ metadata: { requester_runtime: repository } });
const ALL = { repo_name: "shop", git_branch_hint: "main", git_dirty_hint: false };
const TOOLS = [{ type: "function", function: { name: "read", parameters: {} } }];

/** What the simulated service counts of chat requests with these bodies. */
async function counted(...bodies) {
  const taas = await startTaas();
  try {
    for (const body of bodies) {
      await fetch(`${taas.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "X-Session-Id": "oc:1", "X-OpenClaw-Agent-Id": "coder" },
        body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
      });
    }
    return countHints(taas.requests);
  } finally {
    await taas.close();
  }
}

test("a request counts as hinted with all three hints alone, and others are named", async () => {
  const { git_branch_hint: _, ...detached } = ALL;
  const count = await counted(
    { tools: TOOLS, ...told(ALL) },
    { tools: TOOLS, ...told(detached) },
    told(ALL),
    {},
  );
  assert.deepEqual(count.agentRuns, { requests: 2, hinted: 1 });
  assert.deepEqual(count.all, { requests: 4, hinted: 2 });
  const [line, ...lacking] = hints(count);
  assert.match(line, /1 of 2 agent requests \(50\.0 %\) and 2 of 4 requests in total \(50\.0 %\)/);
  assert.deepEqual(lacking, [
    "- request 2 of coder lacked git_branch_hint",
    "- request 4 of coder lacked repo_name, git_branch_hint, git_dirty_hint",
  ]);
});

test("of many requests that lack hints the first are named", async () => {
  const lines = hints(await counted(...Array.from({ length: 8 }, () => ({}))));
  assert.equal(lines.at(-1), "- and 3 more");
});

test("without git the report says so in one line", () => {
  const lines = hints(null);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /git is not installed/);
  const script = `import { hasGit } from ${JSON.stringify(GIT_MODULE)}; console.log(hasGit());`;
  const args = ["--input-type=module", "--eval", script];
  const env = { ...process.env, PATH: "/nonexistent", Path: "/nonexistent" };
  assert.equal(execFileSync(process.execPath, args, { env, encoding: "utf8" }).trim(), "false");
});

test("a repository is made whatever the user's git is told", { skip: !hasGit() }, () => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-git-"));
  try {
    const workspace = join(root, "shop");
    mkdirSync(workspace);
    writeFileSync(join(workspace, "notes.md"), "notes\n");
    const config = join(root, ".gitconfig");
    writeFileSync(
      config,
      "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n[user]\n\tname = Me\n",
    );
    const script = `import { commitAll } from ${JSON.stringify(GIT_MODULE)}; commitAll(${JSON.stringify(workspace)}, "dev");`;
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: {
        ...process.env,
        ...USERS,
        HOME: root,
        USERPROFILE: root,
        GIT_DIR: join(root, "elsewhere"),
      },
    });
    assert.equal(git(workspace, "log", "--format=%an").trim(), "Nobody");
    assert.equal(git(workspace, "symbolic-ref", "--short", "HEAD").trim(), "dev");
    assert.equal(git(workspace, "status", "--porcelain"), "");
  } finally {
    rmSync(root, { recursive: true });
  }
});
