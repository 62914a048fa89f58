// `npm run ready`, before a push: all that CI does and this machine can, the cheapest first. It stops at
// what fails; what there is no tool for is left out, and said at the end.

import { spawnSync } from "node:child_process";

import { PYTHON } from "./python-tool.mjs";
import { isMain, run } from "./run.mjs";
import { wrap } from "./terminal.mjs";

/**
 * What CI runs. `needs` is a command that works where the tool for it is there, `get` how to get that.
 *
 * @type {{ what: string, command: string, env?: NodeJS.ProcessEnv, needs?: string, get?: string }[]}
 */
export const STEPS = [
  {
    what: "spelling",
    command: "node scripts/typos.mjs",
    needs: `${PYTHON} -m pip --version`,
    get: "install Python with pip",
  },
  {
    what: "the documents of the Rust crates",
    command: "cargo doc --workspace --no-deps --locked",
    env: { RUSTDOCFLAGS: "-D warnings" },
  },
  {
    what: "the oldest Rust that is supported",
    command: "cargo +1.88 check --workspace --all-targets --locked",
    needs: "rustup run 1.88 cargo --version",
    get: "rustup toolchain install 1.88 --profile minimal",
  },
  { what: "the addon, for the leaks", command: "npm run setup -- --without-host" },
  { what: "leaks", command: "node --expose-gc --max-semi-space-size=1 bench/leaks.mjs" },
  { what: "lints and tests", command: "npm test" },
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
      say(`left out, for there is no \`${needs}\` here: ${get}`);
      leftOut.push(what);
      continue;
    }
    const [program, ...args] = command.split(" ");
    try {
      await run(program, args, { env, stdout: true });
    } catch (error) {
      say(`\n${what}: ${error.message}; nothing after it was run`);
      process.exitCode = 1;
      return;
    }
  }
  say(`\nready${leftOut.length > 0 ? `, but not run: ${leftOut.join("; ")}` : ""}`);
}

if (isMain(import.meta.url)) {
  await ready();
}
