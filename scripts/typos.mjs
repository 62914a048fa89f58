// Looks for words that are misspelt, in all that is checked in: `node scripts/typos.mjs`.

import { pythonTool } from "./python-tool.mjs";
import { run } from "./run.mjs";

await run(await pythonTool("typos", "1.52.0", "bin/typos"), [], { stdout: true });
