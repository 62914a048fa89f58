// A gateway whose plugin has no binary for its machine.

import assert from "node:assert/strict";
import { test } from "node:test";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { METHOD } from "../support/plugin.mjs";

test("calls go through untouched, the method says what helps, one warning", async (t) => {
  const taas = await startTaas();
  t.after(() => taas.close());
  const gateway = await startGateway({
    plugin: stagePlugin({ binary: false }),
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

  const doctor = await gateway.cli(["taas", "doctor", "--json"]);
  assert.equal(doctor.code, 1, doctor.stdout + doctor.stderr);
  assert.match(doctor.json.error.message, /native binary is missing/);
  assert.equal(doctor.json.versions.openclaw, gateway.host.version);
  assert.ok(doctor.json.platform.startsWith(`${process.platform}-${process.arch}`));

  const warnings = gateway
    .log()
    .split("\n")
    .filter((line) => line.includes("taas-affinity: "));
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0], /requests go out untouched and no route is captured/);
});
