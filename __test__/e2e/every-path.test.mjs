// The paths of the host beside an agent's turn: side questions, image description, recaps.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { assertHeaders, assertIdentity } from "../support/identity.mjs";

/** A picture of one pixel. */
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

const APIS = { responses: "openai-responses", anthropic: "anthropic-messages" };

let taas;
let gateway;

before(async () => {
  taas = await startTaas();
  const base = provider(taas.url);
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: {
      cloudsigma: {
        ...base,
        // Without a key of its own the host writes headers anew, with ours copied into them.
        apiKey: "custom-local",
        models: ["auto", ...Object.keys(APIS)].map((id) => ({
          ...base.models[0],
          id,
          name: id,
          input: ["text", "image"],
          ...(APIS[id] && { api: APIS[id] }),
        })),
      },
    },
    agents: [{ id: "main" }, ...Object.keys(APIS).map((id) => ({ id, model: `cloudsigma/${id}` }))],
    // With it, the host has a recap written after most turns.
    config: { agents: { defaults: { utilityModel: "cloudsigma/auto" } } },
  });
});

after(async () => {
  await gateway?.stop();
  await taas?.close();
});

async function speak(agent, message) {
  const result = await gateway.turn({ agent, message });
  assert.equal(result.ok, true, JSON.stringify(result));
}

test("side questions and image descriptions are pinned by their headers alone", async () => {
  const agents = ["main", "responses", "anthropic"];
  for (const agent of agents) {
    await speak(agent, `remember this, ${agent}`);
  }
  const first = taas.requests.length;
  const pixel = join(gateway.root, "pixel.png");
  writeFileSync(pixel, Buffer.from(PIXEL, "base64"));
  const described = gateway.cli([
    ...["infer", "image", "describe", "--file", pixel],
    ...["--model", "cloudsigma/auto", "--json"],
  ]);
  const asides = agents.map((agent) =>
    gateway.call("chat.send", {
      sessionKey: `agent:${agent}:main`,
      message: `/btw what does ${agent} know?`,
      idempotencyKey: `aside-${agent}`,
    }),
  );
  for (const { ok, error } of await Promise.all(asides)) {
    assert.equal(ok, true, JSON.stringify(error));
  }
  assert.equal((await described).code, 0);
  const isAside = ({ lastUserText, finished }) => finished && /side question/.test(lastUserText);
  const asked = () => taas.requests.slice(first).filter(isAside);
  for (let waited = 0; waited < 900 && asked().length < agents.length; waited += 1) {
    await sleep(100);
  }
  assert.equal(asked().length, agents.length);
  for (const agent of agents) {
    const [request, ...others] = asked().filter(({ rawBody }) =>
      rawBody.includes(`what does ${agent} know`),
    );
    assert.equal(others.length, 0);
    assertHeaders(request, agent, gateway.workspaces[agent]);
    assert.equal(request.body.metadata, undefined);
  }
  const picture = taas.requests.slice(first).find(({ rawBody }) => rawBody.includes(PIXEL));
  assertHeaders(picture, "main", gateway.workspaces.main);
  assert.equal(picture.body.metadata, undefined);
});

test("recaps of several agents at once belong to their own agents", async () => {
  const agents = ["main", "responses", "anthropic"];
  await Promise.all(agents.map((agent) => speak(agent, `recap me, ${agent}`)));
  const NAMED = /(?:remember this|recap me), (main|responses|anthropic)/g;
  // The host decides when it writes one, and for whom; it tells by what was said.
  const recaps = () =>
    taas.requests
      .filter(({ rawBody, finished }) => finished && rawBody.includes("previousRecap"))
      .map((request) => {
        const named = [...request.rawBody.matchAll(NAMED)].map(([, agent]) => agent);
        return { request, agent: named[0], isOne: new Set(named).size === 1 };
      });
  const count = () => new Set(recaps().map(({ agent }) => agent)).size;
  for (let waited = 0; waited < 900 && count() < agents.length; waited += 1) {
    await sleep(100);
  }
  assert.ok(recaps().length > 0);
  for (const { request, agent, isOne } of recaps()) {
    assert.ok(isOne, request.rawBody);
    assertIdentity(request, agent, gateway.workspaces[agent]);
  }
});

test("no call of these paths counts as another plugin's call", async () => {
  const { payload } = await gateway.call("taas.affinity.status", {});
  for (const id of ["ownership", "unseen-calls"]) {
    const { level, evidence } = payload.checks.find((check) => check.id === id);
    assert.equal(level, "ok", evidence);
  }
  assert.doesNotMatch(gateway.log(), /another plugin hooks/);
});
