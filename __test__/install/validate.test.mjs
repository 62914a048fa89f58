// What is published passes ClawHub's judgement, which needs no network where it is told which OpenClaw
// to judge against.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { packAll } from "../../scripts/packages.mjs";
import { run } from "../../scripts/run.mjs";
import { hostPaths } from "../../sim/hosts.mjs";

const CLAWHUB = fileURLToPath(
  new URL("../registry/node_modules/clawhub/bin/clawdhub.js", import.meta.url),
);

test("clawhub package validate accepts the main tarball", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { mainTarball } = await packAll({ destination: join(directory, "dist"), made: [] });
  await run("tar", ["-xzf", mainTarball], { cwd: directory });
  const { entry, node } = hostPaths();
  const options = ["--openclaw", dirname(entry), "--out", join(directory, "reports")];
  const { status, stdout, stderr } = spawnSync(
    node,
    [CLAWHUB, "package", "validate", ".", ...options],
    { cwd: join(directory, "package"), encoding: "utf8", env: { ...process.env, HOME: directory } },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^Plugin Inspector: PASS$/m);
  assert.match(stdout, /^Breakages: 0$/m);
  assert.match(stdout, /^Warnings: 0$/m);
});
