// Turns on the real gateway, without a plugin, with one that does nothing, and with ours, one after
// the other, against the simulated TaaS. A turn's time is the host's own for nearly all of it, so this
// tells whether anybody would notice; the host does more for a provider that any plugin hooks into.
//
//     node bench/gateway.mjs '{"turns": 40}'

import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { provider, startGateway } from "../sim/gateway.mjs";
import { stagePlugin } from "../sim/stage.mjs";
import { startTaas } from "../sim/taas.mjs";
import { spread } from "./stats.mjs";

const { turns } = JSON.parse(process.argv[2]);
const WARM_UP = 5;

/** The rival that does nothing, in our package's place. */
function stageNothing() {
  const directory = stagePlugin({ binary: false });
  const rival = fileURLToPath(new URL("rivals/nothing.mjs", import.meta.url));
  copyFileSync(rival, join(directory, "lib", "nothing.js"));
  const entry = `import nothing from "./lib/nothing.js";
    export default { ...nothing, id: "openclaw-taas-affinity" };`;
  writeFileSync(join(directory, "index.js"), entry);
  return directory;
}

async function prepare(plugin) {
  const taas = await startTaas({ slots: 1, seed: "bench" });
  const gateway = await startGateway({ plugin, providers: { cloudsigma: provider(taas.url) } });
  return { taas, gateway };
}

const sides = {
  without: await prepare(null),
  nothing: await prepare(stageNothing()),
  plugin: await prepare(stagePlugin()),
};
const names = Object.keys(sides);
const times = Object.fromEntries(names.map((name) => [name, []]));
try {
  for (let turn = -WARM_UP; turn < turns; turn += 1) {
    for (const side of turn % 2 === 0 ? names : names.toReversed()) {
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
  for (const side of names) {
    const marked = sides[side].taas.requests.some(({ headers }) => headers?.["x-session-id"]);
    if (marked !== (side === "plugin")) throw new Error(`${side}: the wrong thing was measured`);
  }
} finally {
  for (const { gateway, taas } of Object.values(sides)) {
    await gateway.stop();
    await taas.close();
  }
}
const difference = (one, other) =>
  spread(times[one].map((time, turn) => time - times[other][turn]));
process.stdout.write(
  JSON.stringify({
    turns,
    warmUp: WARM_UP,
    ...Object.fromEntries(names.map((name) => [name, spread(times[name])])),
    overWithout: difference("plugin", "without"),
    overNothing: difference("plugin", "nothing"),
  }),
);
