// Help texts, and the registration of `openclaw taas` and `/taas` with the host.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import plugin from "../index.js";
import { ALGORITHMS, ROUTES as ROWS } from "../lib/command/accepted.js";
import { ANSWERS, openclaw, ROUTES, SET } from "./support/commands.mjs";
import { forgetWarnings, register } from "./support/plugin.mjs";

describe("help", () => {
  test("openclaw taas without a command prints the help", async () => {
    const { code, stdout } = await openclaw(["taas"], ANSWERS);
    assert.equal(code, 0);
    assert.match(stdout, /Usage: openclaw taas/);
    for (const name of ["status", "route", "routes", "algorithm", "doctor"]) {
      assert.match(stdout, new RegExp(`^ +${name} `, "m"));
    }
    assert.match(stdout, /Exit codes:\n {2}0 {2}success\n/);
  });

  const refusalOf = (method, params) => {
    let refusal;
    const { handler } = register().methods.get(method);
    handler({ params, respond: (_, __, error) => (refusal = error?.message) });
    return refusal;
  };

  test("the help names exactly the algorithms that the gateway method accepts", async () => {
    for (const algorithm of ALGORITHMS) {
      assert.equal(refusalOf(SET, { agentId: "help", algorithm }), undefined);
    }
    refusalOf(SET, { agentId: "help", algorithm: null });
    const refused = refusalOf(SET, { agentId: "help", algorithm: "x" }).replaceAll(/[`"]/g, "");
    assert.ok(refused.includes(ALGORITHMS.join(", ")), refused);
    const { stdout } = await openclaw(["taas", "algorithm", "--help"], ANSWERS);
    assert.ok(stdout.replaceAll(/\s+/g, " ").includes(`${ALGORITHMS.join(", ")}, or none`));
  });

  test("the help names the highest limit that the gateway method accepts", async () => {
    const { usual, highest } = ROWS;
    assert.equal(refusalOf(ROUTES, { limit: highest }), undefined);
    assert.match(refusalOf(ROUTES, { limit: highest + 1 }), /limit/);
    const { stdout } = await openclaw(["taas", "routes", "--help"], ANSWERS);
    assert.ok(stdout.includes(`1 to ${highest} (default: ${usual})`));
  });
});

describe("registration", () => {
  test("the host's program keeps its options and other commands", async () => {
    const { program, before } = await openclaw(["taas", "status"], ANSWERS);
    assert.deepEqual(program.options, before.options);
    assert.equal(program.commands[0].error, before.other);
    assert.deepEqual(
      program.commands.map((command) => command.name()),
      ["other", "taas"],
    );
  });

  test("the manifest and the registration describe the same command", () => {
    const registered = [];
    register({ registerCli: (_, options) => registered.push(options) });
    const { cliCommands } = JSON.parse(
      readFileSync(new URL("../openclaw.plugin.json", import.meta.url), "utf8"),
    );
    assert.deepEqual(registered, [{ commands: ["taas"], descriptors: cliCommands }]);
  });

  test("registration mode cli-metadata registers only the command", () => {
    const touched = [];
    const api = new Proxy(
      { registrationMode: "cli-metadata", logger: { warn: (line) => touched.push(line) } },
      { get: (given, key) => given[key] ?? (() => touched.push(key)) },
    );
    plugin.register(api);
    assert.deepEqual(touched, ["registerCli"]);
  });

  test("a host without commands gets everything else, without a warning", () => {
    forgetWarnings();
    for (const missing of [{}, { registerCli: undefined, registerCommand: null }]) {
      const host = register(missing);
      assert.deepEqual(host.warnings, []);
      assert.ok(host.provider);
      assert.ok(host.methods.size > 0);
    }
  });

  test("a host that refuses commands gets everything else, and one warning for each command", () => {
    forgetWarnings();
    const refuse = () => {
      throw new Error("not here");
    };
    const host = register({ registerCli: refuse, registerCommand: refuse });
    assert.deepEqual(host.warnings, [
      "taas-affinity: `openclaw taas` is missing: not here (said once)",
      "taas-affinity: `/taas` is missing: not here (said once)",
    ]);
    assert.ok(host.provider);
    assert.ok(host.methods.size > 0);
    assert.deepEqual(register({ registerCli: refuse, registerCommand: refuse }).warnings, []);
  });
});
