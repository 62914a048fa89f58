// The configuration that the README tells people to begin with: on the real gateway, every API caches.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startGateway } from "../../sim/gateway.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { assertIdentity } from "../support/identity.mjs";
import { ROOT } from "../support/plugin.mjs";

// The host's own reader of its configuration.
const JSON5 = createRequire(join(ROOT, "sim", "host", "package.json"))("json5");
const text = readFileSync(join(ROOT, "examples", "openclaw.json5"), "utf8");

let taas;
let gateway;

before(async () => {
  taas = await startTaas();
  const config = JSON5.parse(
    text
      .replaceAll("https://your-taas.example", taas.url)
      .replaceAll("$" + "{TAAS_API_KEY}", "not-a-real-key"),
  );
  const { models, agents, plugins } = config;
  const [{ id }] = Object.entries(agents.entries).map(([name]) => ({ id: name }));
  gateway = await startGateway({
    plugin: stagePlugin(),
    providers: models.providers,
    agents: [
      { id },
      ...models.providers.cloudsigma.models.map((model) => ({
        id: `of-${model.id}`,
        model: `cloudsigma/${model.id}`,
      })),
    ],
    config: { agents: { defaults: agents.defaults }, plugins },
  });
});

after(async () => {
  await gateway?.stop();
  await taas?.close();
});

const KEY = /"prompt_cache_key":"[^"]+"/;
const CONTROL = /"cache_control":\{"type":"ephemeral"/;
const MARKERS = {
  auto: [KEY, CONTROL],
  "claude-sonnet": [CONTROL],
  "claude-messages": [CONTROL],
  "gpt-responses": [KEY],
};

for (const [model, markers] of Object.entries(MARKERS)) {
  test(`the example's ${model} sends its cache markers, is pinned and caches`, async () => {
    const agent = `of-${model}`;
    const first = taas.requests.length;
    for (const message of ["hello", "and again"]) {
      const result = await gateway.turn({ agent, message });
      assert.equal(result.ok, true, JSON.stringify(result));
    }
    const requests = taas.requests.slice(first);
    assert.equal(requests.length, 2);
    for (const request of requests) {
      assert.equal(request.model, model);
      for (const marker of [KEY, CONTROL]) {
        assert.equal(marker.test(request.rawBody), markers.includes(marker), String(marker));
      }
      assertIdentity(request, agent, gateway.workspaces[agent]);
    }
    assert.ok(requests[1].cachedTokens > 0.8 * requests[1].inputTokens);
  });
}
