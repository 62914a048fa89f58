// `npm run licenses` writes THIRD-PARTY-LICENSES.txt, which lies beside every binary: the licences of
// all that is linked into it. It is checked in, so that a release needs no tool for it, and a test
// says when a dependency is missing in it.

import { join } from "node:path";

import { cargoTool } from "./cargo-tool.mjs";
import { ROOT, run } from "./run.mjs";

const program = await cargoTool("cargo-about", "0.9.3", "--features", "cli");
await run(program, [
  "generate",
  // What is asked of the network may be answered otherwise tomorrow.
  "--offline",
  "--locked",
  "--output-file",
  join(ROOT, "THIRD-PARTY-LICENSES.txt"),
  "about.hbs",
]);
