// The demo's conversations on the real gateway, and how many of their requests told of the repository.
//
//     node bench/demo.mjs '{}'

import { converse, prepare } from "../demo/phase.mjs";
import { countHints } from "../sim/hints.mjs";
import { stagePlugin } from "../sim/stage.mjs";

const { taas, gateway } = await prepare({
  plugin: stagePlugin(),
  anonymous: "random",
  repositories: true,
});
try {
  await converse(gateway);
} finally {
  await gateway.stop();
  await taas.close();
}
process.stdout.write(JSON.stringify(countHints(taas.requests)));
