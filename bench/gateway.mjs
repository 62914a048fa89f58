// The plugin's own time inside the real gateway: a copy of it whose hooks are timed from outside, and turns
// against the simulated TaaS. A turn takes the host half a second, so that turns themselves tell nothing.
//
//     node bench/gateway.mjs '{"turns": 40}'

import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { provider, startGateway } from "../sim/gateway.mjs";
import { commitAll } from "../sim/git.mjs";
import { stagePlugin } from "../sim/stage.mjs";
import { startTaas } from "../sim/taas.mjs";
import { quantile } from "./stats.mjs";

const { turns } = JSON.parse(process.argv[2]);
const WARM_UP = 5;

/** The plugin behind a timer. */
function stageTimed() {
  const directory = stagePlugin();
  renameSync(join(directory, "index.js"), join(directory, "plugin.js"));
  copyFileSync(
    fileURLToPath(new URL("timed.mjs", import.meta.url)),
    join(directory, "lib", "timed.js"),
  );
  writeFileSync(
    join(directory, "index.js"),
    'import plugin from "./plugin.js";\nimport { timed } from "./lib/timed.js";\nexport default timed(plugin);\n',
  );
  return directory;
}

const taas = await startTaas({ slots: 1, seed: "bench", reply });
const gateway = await startGateway({
  plugin: stageTimed(),
  providers: { cloudsigma: provider(taas.url) },
});

/** Every third turn reads a file, so that there are calls without a wrapper right before them. */
function reply({ lastUserText, isFollowUp, toolNames }) {
  if (isFollowUp || !/READ/.test(lastUserText)) return "noted";
  const read = { path: "file.txt" };
  return {
    toolCalls: [
      toolNames.includes("read")
        ? { name: "read", arguments: read }
        : { name: "tool_call", arguments: { id: "read", args: read } },
    ],
  };
}

let timings;
try {
  const workspace = gateway.workspaces.main;
  writeFileSync(join(workspace, "file.txt"), "a file\n");
  commitAll(workspace, "main");
  for (let turn = 0; turn < WARM_UP + turns; turn += 1) {
    // A session of its own for every turn, or the last turns would carry the first ones along.
    const { ok, error, payload } = await gateway.turn({
      message: turn % 3 === 0 ? "READ the file" : `turn ${turn}`,
      sessionKey: `agent:main:bench-${turn}`,
    });
    if (!ok) throw new Error(JSON.stringify(error ?? payload));
  }
  timings = (await gateway.call("bench.timings")).payload.timings;
} finally {
  await gateway.stop();
  await taas.close();
}
const steady = timings.slice(WARM_UP);
process.stdout.write(
  JSON.stringify({
    turns,
    calls: steady.length,
    own: { median: quantile(steady, 0.5), p99: quantile(steady, 0.99) },
  }),
);
