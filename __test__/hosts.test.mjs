// Which OpenClaw the package says that it runs on, and what it is tested with, are the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readJson } from "../scripts/platforms.mjs";
import { asKnownTo, compareVersions, consent, isSince, RELEASES } from "../sim/hosts.mjs";
import { ROOT } from "./support/plugin.mjs";

const { openclaw } = readJson(join(ROOT, "package.json"));
const text = (name) => readFileSync(join(ROOT, name), "utf8");

test("the package requires the oldest tested release and is built with the newest", () => {
  const [oldest, newest] = [RELEASES[0], RELEASES.at(-1)];
  assert.deepEqual(RELEASES, [...RELEASES].sort(compareVersions));
  assert.deepEqual(openclaw.compat, { pluginApi: `>=${oldest}`, minGatewayVersion: oldest });
  assert.equal(openclaw.install.minHostVersion, `>=${oldest}`);
  assert.deepEqual(openclaw.build, { openclawVersion: newest, pluginSdkVersion: newest });
  const { dependencies } = readJson(join(ROOT, "sim", "host", "package.json"));
  assert.equal(dependencies.openclaw, newest);
  assert.ok(text("README.md").includes(`OpenClaw ${oldest} or later`));
});

test("docs/hosts.md has a column for each release and no failure", () => {
  const [head, ...rows] = text("docs/hosts.md")
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const cells = (line) => line.split("|").map((cell) => cell.trim());
  assert.deepEqual(cells(head).slice(2, -1), RELEASES);
  assert.ok(rows.length > 15);
  assert.doesNotMatch(rows.join("\n"), /FAILED/);
});

test("the harness gives older releases only the settings that they know", () => {
  const [old, recent] = [{ version: "2026.7.35" }, { version: "2026.8.1" }];
  assert.equal(isSince({ version: "2026.10.1" }, "2026.9.6"), true);
  assert.deepEqual(consent(old), ["--force"]);
  assert.deepEqual(consent(recent), ["--force", "--accept-capabilities"]);
  const config = {
    models: { catalogRefresh: { enabled: false } },
    agents: {
      defaults: { heartbeat: { every: "0m", agentId: "a" }, systemAgent: { agentId: "a" } },
      ownership: "explicit",
      entries: { a: { workspace: "/a" } },
    },
  };
  assert.equal(asKnownTo(recent, config), config);
  assert.deepEqual(asKnownTo(old, config), {
    models: {},
    agents: {
      defaults: { heartbeat: { every: "0m" } },
      list: [{ id: "a", workspace: "/a" }],
    },
  });
});
