// The exit codes and advice of `openclaw taas`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  ANSWERS,
  assertFits,
  check,
  LAST,
  NO_GATEWAY,
  openclaw,
  refusal,
  STATUS,
  status,
} from "./support/commands.mjs";

const missingScope = (scope) =>
  Object.assign(refusal("FORBIDDEN", `missing scope: ${scope}`), {
    details: { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] },
  });
const closed = (reason) =>
  Object.assign(new Error(`gateway closed (1008): ${reason}\nGateway target: ws://127.0.0.1:1`), {
    name: "GatewayTransportError",
  });
const away = (message) => Object.assign(refusal("UNAVAILABLE", message), { retryable: true });

/** The refusals of the host: a description, the error, our exit code and error code, and our advice. */
const REFUSALS = [
  [
    "an unknown method and a client that may only read",
    missingScope("operator.admin"),
    3,
    "UNKNOWN_METHOD",
    /plugins enable openclaw-taas-affinity.*gateway restart/,
  ],
  [
    "an unknown method on a host that sends no details",
    refusal("INVALID_REQUEST", "missing scope: operator.admin"),
    3,
    "UNKNOWN_METHOD",
    /plugins enable openclaw-taas-affinity.*gateway restart/,
  ],
  ["a refused read", missingScope("operator.read"), 2, "FORBIDDEN", /approve/],
  ["a refused write", missingScope("operator.write"), 2, "FORBIDDEN", /approve/],
  [
    "a refused write on a host that sends no details",
    refusal("INVALID_REQUEST", "missing scope: operator.write"),
    2,
    "FORBIDDEN",
    /approve/,
  ],
  [
    "a request from an unpaired device",
    refusal("NOT_PAIRED", "pairing required: device is not approved yet"),
    2,
    "NOT_PAIRED",
    /devices approve/,
  ],
  [
    "a connection that the host closes for an unpaired device",
    closed("pairing required: device is asking for more scopes than currently approved"),
    2,
    "NOT_PAIRED",
    /devices approve/,
  ],
  [
    "a request without a device identity",
    refusal("NOT_PAIRED", "device identity required"),
    2,
    "NOT_PAIRED",
    /devices/,
  ],
  [
    "a wrong password",
    closed("unauthorized: gateway password mismatch"),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "credentials of a node",
    refusal("INVALID_REQUEST", "unauthorized role: node"),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "too many wrong passwords",
    refusal(
      "INVALID_REQUEST",
      "unauthorized: too many failed authentication attempts (retry later)",
    ),
    2,
    "INVALID_REQUEST",
    /wait a few minutes/,
  ],
  [
    "a request without credentials",
    Object.assign(new Error("gateway x requires credentials\nConfig: /home/me/x"), {
      name: "GatewayCredentialsRequiredError",
    }),
    2,
    "INVALID_REQUEST",
    /--token/,
  ],
  [
    "a protocol mismatch",
    refusal("INVALID_REQUEST", "protocol mismatch"),
    3,
    "PROTOCOL_MISMATCH",
    /update the older/,
  ],
  [
    "a request while the gateway restarts",
    away(`${STATUS} unavailable during gateway restart`),
    3,
    "UNAVAILABLE",
    /try again/,
  ],
  [
    "a request while the gateway starts",
    away("gateway is starting"),
    3,
    "UNAVAILABLE",
    /try again/,
  ],
  [
    "a plugin reload that takes longer than the retries",
    refusal("UNAVAILABLE", "PluginInstanceUnavailableError: reloading"),
    3,
    "UNAVAILABLE",
    /try again/,
  ],
];

test("a timeout exits with 3 and advises --timeout", async () => {
  const slow = Object.assign(new Error("gateway timeout after 1ms"), {
    name: "GatewayTransportError",
  });
  const { stderr, code } = await openclaw(["taas", "status"], { [STATUS]: slow });
  assert.equal(code, 3);
  assert.match(stderr, /allow more time with `--timeout`/);
});

describe("exit codes", () => {
  const cases = [
    ["an answer", ["status"], ANSWERS, 0],
    ["checks that are all ok", ["doctor"], ANSWERS, 0],
    ["a doctor warning", ["doctor"], { [STATUS]: status({ checks: [check()] }) }, 1],
    ["a status with warnings", ["status"], { [STATUS]: status({ warnings: [check()] }) }, 0],
    [
      "an unavailable method",
      ["status"],
      { [STATUS]: refusal("UNAVAILABLE", "no binary for this machine") },
      1,
      "UNAVAILABLE",
    ],
    ["an answer of unexpected form", ["doctor"], { [STATUS]: { hello: 1 } }, 1, "UNEXPECTED"],
    ["an unknown option", ["status", "--nope"], ANSWERS, 2, "INVALID_REQUEST"],
    ["an option without a value", ["status", "--agent"], ANSWERS, 2, "INVALID_REQUEST"],
    [
      "an option in the place of a value",
      ["status", "--agent", "--sessions"],
      ANSWERS,
      2,
      "INVALID_REQUEST",
    ],
    ["an excess argument", ["status", "main", "extra"], ANSWERS, 2, "INVALID_REQUEST"],
    ["an unknown command", ["nonsense"], ANSWERS, 2, "INVALID_REQUEST"],
    ["an unknown option without a command", ["--nope"], ANSWERS, 2, "INVALID_REQUEST"],
    ["two selectors", ["route", "--agent", "a", "--session", "b"], ANSWERS, 2, "INVALID_REQUEST"],
    ["a limit that is not a number", ["routes", "--limit", "many"], ANSWERS, 2, "INVALID_REQUEST"],
    ["an empty limit", ["routes", "--limit", ""], ANSWERS, 2, "INVALID_REQUEST"],
    ["a limit in exponent notation", ["routes", "--limit=1e2"], ANSWERS, 2, "INVALID_REQUEST"],
    [
      "a wrong token",
      ["status"],
      { [STATUS]: refusal("INVALID_REQUEST", "unauthorized: gateway token mismatch") },
      2,
      "INVALID_REQUEST",
    ],
    [
      "an algorithm without an agent, session or workspace",
      ["algorithm", "cost"],
      ANSWERS,
      2,
      "INVALID_REQUEST",
    ],
    [
      "params that the method refuses",
      ["route"],
      { [LAST]: refusal("INVALID_REQUEST", `${LAST}: sessionId is "x"`) },
      2,
      "INVALID_REQUEST",
    ],
    ["a closed connection", ["status"], { [STATUS]: NO_GATEWAY }, 3, "UNREACHABLE"],
    ["an unknown method", ["status"], {}, 3, "UNKNOWN_METHOD"],
    ...REFUSALS.map(([description, error, exit, code]) => [
      description,
      ["status"],
      { [STATUS]: error },
      exit,
      code,
    ]),
  ];
  for (const [description, args, given, exit, code] of cases) {
    test(`the command exits with ${exit} after ${description}`, async () => {
      const person = await openclaw(["taas", ...args], given);
      assert.equal(person.code, exit);
      const program = await openclaw(["taas", args[0], "--json", ...args.slice(1)], given);
      assert.equal(program.code, exit);
      assert.equal(program.stderr, "");
      if (code === undefined) {
        assert.equal(person.stderr, "");
        return;
      }
      assert.equal(program.json.ok, false);
      assert.equal(program.json.error.code, code);
      assert.ok(program.json.error.message.length > 5);
      assert.equal(person.stdout, "");
      assert.match(person.stderr, /^openclaw taas/);
      if (exit > 1) {
        assert.match(person.stderr, /To do: .*(?:openclaw|--token)/s);
      }
      assertFits(person.stderr.split("\n"));
    });
  }

  for (const [description, error, , , advice] of REFUSALS) {
    test(`the advice fits the refusal: ${description}`, async () => {
      const { stderr } = await openclaw(["taas", "status"], { [STATUS]: error });
      assert.match(stderr.replaceAll("\n", " "), advice);
      assert.doesNotMatch(stderr, /Gateway target|Config:/);
      const { json } = await openclaw(["taas", "status", "--json"], { [STATUS]: error });
      assert.match(json.error.advice, advice);
    });
  }

  test("a method's message that quotes the words of a host refusal keeps its own advice", async () => {
    for (const quoted of [
      "pairing required",
      "unknown method",
      "unauthorized",
      "missing scope: x",
    ]) {
      const given = { [LAST]: refusal("INVALID_REQUEST", `${LAST}: sessionId is "${quoted}"`) };
      const { code, stderr } = await openclaw(["taas", "route", "--session", quoted], given);
      assert.equal(code, 2);
      assert.match(stderr, /^openclaw taas route: sessionId is/);
      assert.match(stderr, /To do: run `openclaw taas route --help`/);
    }
  });
});
