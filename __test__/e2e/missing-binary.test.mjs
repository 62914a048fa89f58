// A gateway whose plugin has no binary for its machine.

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { usageEntries, usageLine } from "../support/chat.mjs";
import { METHOD, ROOT } from "../support/plugin.mjs";

/** What `/taas` answers in a chat. */
async function chat(gateway, message) {
  const sessionKey = "agent:main:main";
  const sent = await gateway.call("chat.send", { sessionKey, message, idempotencyKey: message });
  assert.equal(sent.ok, true, JSON.stringify(sent));
  for (let waits = 0; waits < 300; waits += 1) {
    const { payload } = await gateway.call("chat.history", { sessionKey, limit: 5 });
    const said = JSON.stringify(payload.messages).match(/TaaS affinity[^"]*/)?.[0];
    if (said !== undefined) return said;
    await sleep(100);
  }
  throw new Error(gateway.log());
}

test("without a binary calls go out unchanged, the method names the remedy and one warning is logged", async (t) => {
  const taas = await startTaas();
  t.after(() => taas.close());
  const plugin = stagePlugin({ binary: false });
  const gateway = await startGateway({
    plugin,
    providers: { cloudsigma: provider(taas.url) },
  });
  t.after(() => gateway.stop());

  const result = await gateway.turn({ message: "hello" });
  assert.equal(result.ok, true, JSON.stringify(result));
  const [{ headers, body }] = taas.requests;
  assert.deepEqual(
    Object.keys(headers).filter((name) => /session|openclaw/.test(name)),
    [],
  );
  assert.equal(body.metadata, undefined);

  const { ok, error } = await gateway.call(METHOD, { agentId: "main" });
  assert.equal(ok, false);
  assert.equal(error.code, "UNAVAILABLE");
  assert.ok(error.message.includes(`${process.platform}-${process.arch}`), error.message);
  assert.match(error.message, /npm ci && npm run build/);

  assert.equal(await usageLine(gateway), undefined);
  assert.deepEqual(await usageEntries(gateway), [], "usage pages show no error");

  const doctor = await gateway.cli(["taas", "doctor", "--json"]);
  assert.equal(doctor.code, 1, doctor.stdout + doctor.stderr);
  assert.match(doctor.json.error.message, /native addon is missing/);
  assert.equal(doctor.json.versions.openclaw, gateway.host.version);
  assert.ok(doctor.json.platform.startsWith(`${process.platform}-${process.arch}`));

  const warnings = () =>
    gateway
      .log()
      .split("\n")
      .filter((line) => line.includes("taas-affinity: "));
  assert.equal(warnings().length, 1, warnings().join("\n"));
  assert.match(warnings()[0], /requests go out untouched and no route is captured/);

  // With a binary that does not load, the path of the plugin is for the log alone.
  const [name] = readdirSync(ROOT).filter((file) => file.endsWith(".node"));
  writeFileSync(join(plugin, name), "no library");
  await gateway.restart();
  const refused = await gateway.call(METHOD, {});
  assert.equal(refused.error.code, "UNAVAILABLE");
  for (const said of [refused.error.message, await chat(gateway, "/taas")]) {
    assert.match(said, /the native addon does not load on [\w-]+.*the gateway's log says why/);
    assert.doesNotMatch(said.replaceAll("/taas", ""), /[/\\]/);
  }
  assert.equal(warnings().length, 2, "one for each start");
  assert.ok(warnings()[1].includes(join(plugin, name)), warnings()[1]);
});
