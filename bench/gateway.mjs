// Turns on the real gateway, with and without the plugin in alternation, against the simulated TaaS.
// A turn's time is the host's own for nearly all of it, so this tells whether anybody would notice.
//
//     node bench/gateway.mjs '{"turns": 40}'

import { provider, startGateway } from "../__test__/support/gateway.mjs";
import { stagePlugin } from "../__test__/support/stage.mjs";
import { startTaas } from "../__test__/support/taas.mjs";
import { spread } from "./stats.mjs";

const { turns } = JSON.parse(process.argv[2]);
const WARM_UP = 5;

async function prepare(plugin) {
  const taas = await startTaas({ slots: 1, seed: "bench" });
  const gateway = await startGateway({ plugin, providers: { cloudsigma: provider(taas.url) } });
  return { taas, gateway };
}

const sides = { without: await prepare(null), with: await prepare(stagePlugin()) };
const times = { without: [], with: [] };
try {
  for (let turn = -WARM_UP; turn < turns; turn += 1) {
    for (const side of turn % 2 === 0 ? ["without", "with"] : ["with", "without"]) {
      const began = performance.now();
      // A session of its own for every turn, or the last turns would carry the first ones along.
      const answer = await sides[side].gateway.turn({
        message: `turn ${turn}`,
        sessionKey: `agent:main:bench-${turn}`,
      });
      if (!answer.ok) throw new Error(JSON.stringify(answer.error ?? answer.payload));
      if (turn >= 0) times[side].push(performance.now() - began);
    }
  }
  const marked = sides.with.taas.requests.filter((request) => request.headers?.["x-session-id"]);
  if (marked.length === 0) throw new Error("the plugin marked no request: nothing was compared");
} finally {
  for (const { gateway, taas } of Object.values(sides)) {
    await gateway.stop();
    await taas.close();
  }
}
const difference = spread(times.with.map((time, index) => time - times.without[index]));
process.stdout.write(
  JSON.stringify({
    turns,
    warmUp: WARM_UP,
    without: spread(times.without),
    with: spread(times.with),
    difference,
  }),
);
