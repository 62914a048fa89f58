// OpenClaw's own judge of plugins, against the real host.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { hostPaths } from "../../sim/hosts.mjs";
import { stagePlugin } from "../../sim/stage.mjs";

test("plugin-inspector reports only that platform packages are dependencies", (t) => {
  const { entry, node } = hostPaths();
  const openclaw = dirname(entry);
  const reports = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(reports, { recursive: true }));
  const inspector = join(dirname(openclaw), "@openclaw", "plugin-inspector", "package.json");
  const { bin } = JSON.parse(readFileSync(inspector, "utf8"));
  const program = join(dirname(inspector), typeof bin === "string" ? bin : bin["plugin-inspector"]);
  const options = ["--plugin-root", stagePlugin(), "--openclaw", openclaw, "--out", reports];
  const run = spawnSync(
    node,
    [program, "check", ...options, "--runtime", "--real-sdk", "--allow-execute"],
    { encoding: "utf8" },
  );
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /^Status: PASS$/m);
  assert.match(run.stdout, /^Breakages: 0$/m);
  const report = JSON.parse(readFileSync(join(reports, "plugin-inspector-report.json"), "utf8"));
  assert.deepEqual(
    report.issues.map(({ code }) => code),
    // A native plugin has them; the inspector would rather see none.
    ["package-dependency-install-required"],
  );
});
