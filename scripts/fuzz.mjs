// A short run of every fuzz target: the parsers that read bytes from a repository must neither panic
// nor hang nor grow, whatever the bytes. `npm run fuzz -- SECONDS` sets the time for each.

import { mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { cargoTool } from "./cargo-tool.mjs";
import { ROOT, run } from "./run.mjs";

// The sanitizers come with the stable compiler, but only for those who say that they know.
const env = { RUSTC_BOOTSTRAP: "1" };

const seconds = Number(process.argv[2] ?? 5);
if (!Number.isInteger(seconds) || seconds < 1) {
  throw new Error(`${process.argv[2]} is no number of seconds; accepted is an integer from 1 on`);
}

const program = await cargoTool("cargo-fuzz", "0.13.2");
// cargo-fuzz cannot be told to keep to the lock file, and would mend one that has fallen behind.
await run("cargo", ["fetch", "--locked", "--manifest-path", join("fuzz", "Cargo.toml")]);
await run(program, ["build"], { env });
const targets = readdirSync(join(ROOT, "fuzz", "fuzz_targets")).map((file) =>
  basename(file, ".rs"),
);
for (const target of targets) {
  console.error(`fuzz: ${target}, ${seconds} s`);
  const corpus = join(ROOT, "node_modules", ".cache", "fuzz", target);
  mkdirSync(corpus, { recursive: true });
  // A limit of time and of memory for one input is what a probe promises too.
  const limits = ["-timeout=2", "-rss_limit_mb=1024", "-max_len=16384", "-verbosity=0"];
  await run(
    program,
    [
      "run",
      target,
      corpus,
      join("fuzz", "seeds", target),
      "--",
      `-max_total_time=${seconds}`,
      ...limits,
    ],
    { env },
  );
}
console.error(`fuzz: ${targets.length} targets, nothing found`);
