// `npm run ready`, before a push: everything that CI runs and this machine can run, the cheapest first. The first
// failure ends the run. Steps whose tool is missing are left out and named at the end.

import { spawnSync } from "node:child_process";

import { PYTHON } from "./python-tool.mjs";
import { isMain, run } from "./run.mjs";
import { wrap } from "./terminal.mjs";

/**
 * What CI runs. `needs` is a command that succeeds if the tool for the step is installed. `get` says how to install it.
 *
 * @type {{ what: string, command: string, env?: NodeJS.ProcessEnv, needs?: string, get?: string }[]}
 */
export const STEPS = [
  { what: "the size of the product code", command: "node scripts/lines.mjs" },
  {
    what: "spelling",
    command: "node scripts/typos.mjs",
    needs: `${PYTHON} -m pip --version`,
    get: "install Python with pip",
  },
  { what: "formatting and lints", command: "npm test -- lint" },
  { what: "native.d.ts is what the build writes", command: "git diff --exit-code native.d.ts" },
  {
    what: "the documentation of the Rust crates",
    command: "cargo doc --workspace --no-deps --locked",
    env: { RUSTDOCFLAGS: "-D warnings" },
  },
  {
    what: "the oldest Rust that is supported",
    command: "cargo +1.88 check --workspace --all-targets --locked",
    needs: "rustup run 1.88 cargo --version",
    get: "rustup toolchain install 1.88 --profile minimal",
  },
  { what: "unit tests", command: "npm run test:unit" },
  { what: "the addon, for the leaks", command: "npm run setup -- --without-host" },
  { what: "leaks", command: "node --expose-gc --max-semi-space-size=1 bench/leaks.mjs" },
  { what: "real repositories and the real gateway", command: "npm test -- repositories gateway" },
  { what: "every way to install", command: "npm run test:install" },
  { what: "the oldest and the newest host", command: "npm run test:hosts -- oldest newest" },
];

const say = (text) => console.log(wrap(text));

const works = (command) => {
  const [program, ...args] = command.split(" ");
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
};

async function ready() {
  const leftOut = [];
  for (const { what, command, env, needs, get } of STEPS) {
    say(`\n=== ${what}: ${command}`);
    if (needs && !works(needs)) {
      say(`left out, because \`${needs}\` fails here: ${get}`);
      leftOut.push(what);
      continue;
    }
    const [program, ...args] = command.split(" ");
    try {
      await run(program, args, { env, stdout: true });
    } catch (error) {
      say(`\n${what}: ${error.message}; the steps after it did not run`);
      process.exitCode = 1;
      return;
    }
  }
  say(`\nready${leftOut.length > 0 ? `, but not run: ${leftOut.join("; ")}` : ""}`);
}

if (isMain(import.meta.url)) {
  await ready();
}
