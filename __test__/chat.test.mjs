// `/taas` in a chat.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { chatHandler } from "../lib/command/register.js";
import { settingsOf } from "../lib/host/settings.js";
import { PublicError } from "../lib/log.js";
import { createMethods } from "../lib/methods.js";
import { ANSWERS, capture, check, FINE, ROUTES, STATUS, status } from "./support/commands.mjs";
import { register } from "./support/plugin.mjs";

describe("/taas", () => {
  const chat = async (args, given = ANSWERS, agentId = "main") => {
    const requests = [];
    const ask = async (method, params) => {
      requests.push([method, params]);
      return given[method] ?? Promise.reject(new PublicError("not here"));
    };
    const warnings = [];
    const handler = chatHandler(ask, (...warning) => warnings.push(warning));
    return { ...(await handler({ agentId, args })), requests, warnings };
  };

  test("/taas answers about the agent of the chat", async () => {
    const { text, requests } = await chat(undefined, {
      ...ANSWERS,
      [STATUS]: status({ warnings: [check()] }),
    });
    assert.match(text, /^main: answered by anthropic\/claude-sonnet, 2 min ago$/m);
    assert.match(
      text,
      /^92 % of the prompt cached in 10 calls, saved \$0\.42 of \$1\.80 on input, 23 %$/m,
    );
    assert.match(text, /^1 warning: use \/taas doctor$/m);
    assert.ok(requests.every(([, { agentId }]) => agentId === "main"));
  });

  test("/taas routes and /taas doctor answer, and an unknown command gets the list", async () => {
    const failed = { agentId: "main", status: 503, ...capture({ autorouterModel: null }) };
    const { text, requests } = await chat("routes", { [ROUTES]: { routes: [failed], total: 1 } });
    assert.match(text, /failed with 503/);
    const titled = { ...failed, status: 200, kind: "completion", autorouterModel: "mistral/tiny" };
    const marked = await chat("routes", { [ROUTES]: { routes: [titled], total: 1 } });
    assert.equal(marked.text, `${text.split(":")[0]}: mistral/tiny (completion)`);
    assert.deepEqual(requests, [[ROUTES, { agentId: "main", limit: 5 }]]);
    const doctor = await chat(" Doctor ", { [STATUS]: status({ checks: [FINE, check()] }) });
    assert.match(doctor.text, /^1 ok, 1 warning\nwarning +low-hit-rate$/m);
    assert.match((await chat("nonsense")).text, /\/taas routes/);
    assert.match((await chat("constructor")).text, /\/taas routes/);
  });

  test("/taas answers with the message of an error", async () => {
    assert.match((await chat("", {})).text, /cannot answer: not here/);
  });

  test("only the log has the message of a foreign error", async () => {
    const failing = new Error(`ENOENT: no such file, open '/home/secret/x'`);
    const { text, warnings } = await chat("", { [STATUS]: Promise.reject(failing) });
    assert.equal(
      text,
      "TaaS affinity cannot answer: something went wrong in the plugin; the gateway's log says why",
    );
    assert.deepEqual(warnings, [["chat", "`/taas` cannot answer", failing]]);
  });

  test("a failing method answers without the error, and the log has the error", () => {
    const failing = new Error("EACCES: permission denied, open '/home/secret/x'");
    const warnings = [];
    const [{ handler }] = createMethods({
      addon: {
        native: { methods: () => [{ name: STATUS, scope: "operator.read" }] },
        gateway: { ask: () => assert.fail(failing) },
      },
      host: { config: () => ({}), settings: settingsOf({}, {}), providers: [] },
      log: { warn: (...warning) => warnings.push(warning) },
    });
    handler({
      params: {},
      respond: (ok, _, { code, message }) => {
        assert.equal(ok, false);
        assert.equal(code, "UNAVAILABLE");
        assert.match(message, /the gateway's log says why$/);
        assert.doesNotMatch(message, /secret/);
      },
    });
    assert.equal(warnings[0][2], failing);
  });

  test("an unreadable context or error still gets an answer", async () => {
    const boom = () => assert.fail("boom");
    const trapped = new Proxy({}, { get: boom, getPrototypeOf: boom });
    for (const context of [
      undefined,
      null,
      7,
      { args: 5 },
      { args: {} },
      { args: null },
      trapped,
    ]) {
      const handler = chatHandler(
        async () => ({}),
        () => {},
      );
      const { text } = await handler(context);
      assert.ok(text.length > 0);
    }
    const nasty = { [STATUS]: Promise.reject(trapped) };
    assert.match((await chat("doctor", nasty)).text, /cannot answer/);
  });

  test("/taas calls the methods of its own process", async () => {
    const commands = [];
    register({ registerCommand: (command) => commands.push(command) });
    const [{ name, handler }] = commands;
    assert.equal(name, "taas");
    const { text } = await handler({ agentId: "newcomer", args: "" });
    assert.match(text, /^newcomer: no route recorded yet\nno calls recorded yet/);
  });
});
