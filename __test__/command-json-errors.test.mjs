// The errors of `openclaw taas … --json`, which users paste into bug reports.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { machine } from "../lib/addon/native.js";
import { PublicError } from "../lib/log.js";
import { unavailableMethods } from "../lib/methods.js";
import {
  ANSWERS,
  LAST,
  NO_GATEWAY,
  openclaw,
  refusal,
  SET,
  STATUS,
  status,
} from "./support/commands.mjs";

describe("an error in JSON", () => {
  const failed = (message, more) => Object.assign(new Error(message), more);
  const LEAKY =
    "ws://gw.corp.example:18789/?token=sk-secret-1 10.20.30.40 /home/secret/.openclaw/x";
  for (const [description, args, given, expected] of [
    [
      "a gateway that refuses a connection",
      ["doctor"],
      { [STATUS]: failed("connect ECONNREFUSED 10.20.30.40:18789", { code: "ECONNREFUSED" }) },
      "the gateway did not answer (ECONNREFUSED)",
    ],
    [
      "a host name that does not resolve",
      ["status"],
      {
        [STATUS]: failed("fetch failed", {
          cause: failed("getaddrinfo ENOTFOUND gw.corp.example", { code: "ENOTFOUND" }),
        }),
      },
      "the gateway did not answer (ENOTFOUND)",
    ],
    [
      "a missing file",
      ["doctor"],
      {
        [STATUS]: failed("ENOENT: no such file or directory, open '/home/secret/.openclaw/x'", {
          code: "ENOENT",
        }),
      },
      "the gateway did not answer (ENOENT)",
    ],
    [
      "a closed connection",
      ["doctor"],
      { [STATUS]: failed(`gateway closed (1006): ${LEAKY}`, { code: 1006 }) },
      "the gateway did not answer (1006)",
    ],
    [
      "missing credentials",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { name: "GatewayCredentialsRequiredError" }) },
      "the credentials for the gateway are missing or wrong (GatewayCredentialsRequiredError)",
    ],
    [
      "an error whose code is a sentence",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { code: LEAKY }) },
      "the gateway did not answer",
    ],
    [
      "unusable credentials",
      ["doctor"],
      { [STATUS]: failed(LEAKY, { name: "GatewayExplicitAuthRequiredError" }) },
      "the credentials for the gateway are missing or wrong (GatewayExplicitAuthRequiredError)",
    ],
    [
      "an unavailable method",
      ["doctor"],
      { [STATUS]: refusal("UNAVAILABLE", `${LEAKY} does not load`) },
      "the gateway cannot answer",
    ],
    [
      "a gateway code that is a sentence",
      ["doctor"],
      { [STATUS]: refusal(LEAKY, LEAKY) },
      "the gateway cannot answer",
    ],
    [
      "params that the method refuses",
      ["route", "--workspace", "/home/secret"],
      {
        [LAST]: refusal(
          "INVALID_REQUEST",
          `${LAST}: unknown key ${JSON.stringify(LEAKY)}; accepted is x`,
        ),
      },
      'unknown key "…"; accepted is x',
    ],
    [
      "params that the host refuses",
      ["route", "--workspace", "/home/secret"],
      { [LAST]: refusal("INVALID_REQUEST", `no device at ${LEAKY}`) },
      "OpenClaw refused the request",
    ],
    [
      "an answer of unexpected form",
      ["doctor"],
      {
        [STATUS]: {
          get checks() {
            throw failed(LEAKY, { code: "ERR_MODULE_NOT_FOUND" });
          },
        },
      },
      "the gateway's answer has an unexpected form (ERR_MODULE_NOT_FOUND)",
    ],
    ["an unknown command", ["/home/secret"], ANSWERS, "unknown command"],
    ["an unknown option", ["--token=sk-secret"], ANSWERS, "unknown option"],
    [
      "an unknown option of a command",
      ["status", "--key=sk-secret"],
      ANSWERS,
      "the arguments are invalid (commander.unknownOption)",
    ],
    [
      "an unknown algorithm",
      ["algorithm", "sk-secret", "--agent", "/home/secret"],
      { ...ANSWERS, [SET]: refusal("INVALID_REQUEST", `${SET}: agentId is "/home/secret"`) },
      'agentId is "…"',
    ],
    [
      "a limit that is not a number",
      ["routes", "--limit", "/home/secret"],
      ANSWERS,
      /^--limit must be a whole number/,
    ],
    [
      "a wrong token",
      ["status"],
      { [STATUS]: refusal("INVALID_REQUEST", `unauthorized: ${LEAKY}`) },
      "the credentials for the gateway are missing or wrong",
    ],
    [
      "an option that took `--json` as its value",
      ["status", "--agent"],
      ANSWERS,
      /^--agent needs a value/,
    ],
  ]) {
    test(`the JSON has only our own words for ${description}`, async () => {
      const { stdout, json } = await openclaw(["taas", ...args, "--json"], given);
      assert.doesNotMatch(stdout, /secret|corp|10\.20|token=/);
      const { message } = json.error;
      assert.ok(
        typeof expected === "string" ? message === expected : expected.test(message),
        message,
      );
    });
  }

  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const here = {
    versions: { plugin: version, openclaw: "2026.9.6", node: process.versions.node },
    platform: machine(),
  };

  test("the doctor without an addon still names versions and platform", async () => {
    const cause = new Error(`${LEAKY} does not load`);
    const [{ handler }] = unavailableMethods(
      new PublicError("the binary does not load", { cause }),
    );
    let refused;
    handler({ params: {}, respond: (_, __, error) => (refused = error) });
    const given = {
      [STATUS]: Object.assign(refusal(refused.code, refused.message), { details: refused.details }),
    };
    const { code, json, stdout } = await openclaw(["taas", "doctor", "--json"], given);
    assert.equal(code, 1);
    const message = "the plugin's native addon is missing or does not load";
    const { advice } = json.error;
    assert.deepEqual(json, {
      ok: false,
      error: { code: "UNAVAILABLE", message, advice },
      ...here,
    });
    assert.match(advice, /install the package again without --omit=optional.*docs\/install\.md/);
    assert.doesNotMatch(stdout, /secret|corp/);
    assert.match(here.platform, /^\w+-\w+( \((glibc|musl)\))?$/);
    const person = await openclaw(["taas", "doctor"], given);
    assert.match(
      person.stderr.replaceAll("\n", " "),
      /the binary does not load; the gateway's log says why To do: install the package again/,
    );
  });

  test("the doctor without a gateway names versions and platform, and status does not", async () => {
    const doctor = await openclaw(["taas", "doctor", "--json"], { [STATUS]: NO_GATEWAY });
    assert.equal(doctor.code, 3);
    const { ok, error, ...rest } = doctor.json;
    assert.equal(error.code, "UNREACHABLE");
    assert.deepEqual(rest, here);
    const { json } = await openclaw(["taas", "status", "--json"], { [STATUS]: NO_GATEWAY });
    assert.deepEqual(Object.keys(json), ["ok", "error"]);
  });

  test("the doctor names versions and platform after an answer of unexpected form", async () => {
    for (const answer of [null, 7, {}, { checks: [null] }]) {
      const { code, json } = await openclaw(["taas", "doctor", "--json"], { [STATUS]: answer });
      assert.equal(code, 1);
      const { ok, error, ...rest } = json;
      assert.equal(error.code, "UNEXPECTED");
      assert.deepEqual(rest, here);
    }
  });

  test("a host without a gateway client is named as the reason", async () => {
    const missing = Object.assign(new Error(LEAKY), { code: "ERR_MODULE_NOT_FOUND" });
    for (const gateway of [missing, {}]) {
      const doctor = await openclaw(["taas", "doctor", "--json"], ANSWERS, { gateway });
      assert.equal(doctor.code, 3);
      const { ok, error, ...rest } = doctor.json;
      assert.equal(error.code, "NO_CLIENT");
      assert.equal(error.message, "this OpenClaw has no gateway client for plugins");
      assert.match(error.advice, /update/);
      assert.deepEqual(rest, here);
      const { code, stderr } = await openclaw(["taas", "status"], ANSWERS, { gateway });
      assert.equal(code, 3);
      assert.match(stderr, /has no gateway client for plugins/);
    }
  });

  test("a person reads the host's own words, with the address", async () => {
    const { stderr } = await openclaw(["taas", "status"], {
      [STATUS]: failed("connect ECONNREFUSED 10.20.30.40:18789", { code: "ECONNREFUSED" }),
    });
    assert.match(stderr, /10\.20\.30\.40:18789/);
  });

  test("the command asks again while the host reloads the plugin, and at most five times", async () => {
    const away = refusal("UNAVAILABLE", "PluginInstanceUnavailableError: reloading");
    const asked = async (error, ends) => {
      const answer = (_, time) => (time < ends ? error : status());
      const { code, requests } = await openclaw(["taas", "status"], { [STATUS]: answer });
      return [code, requests.length];
    };
    assert.deepEqual(await asked(away, 2), [0, 2]);
    assert.deepEqual(await asked(away, 5), [0, 5]);
    assert.deepEqual(await asked(away, 6), [3, 5]);
    const broken = refusal("UNAVAILABLE", "no binary for this machine");
    assert.deepEqual(await asked(broken, 2), [1, 1], "another failure is final");
  });
});
