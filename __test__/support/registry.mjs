/**
 * A registry on this machine, with the packages of this checkout in it. What it does not have it takes
 * from the registry that npm is set up with, as npm asks for development dependencies too before it
 * leaves them out.
 *
 * Install it with `npm ci --ignore-scripts --prefix __test__/registry`.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { run } from "../../scripts/run.mjs";
import { freePort } from "../../sim/gateway.mjs";
import { hostPaths } from "../../sim/hosts.mjs";

const PROGRAM = fileURLToPath(
  new URL("../registry/node_modules/verdaccio/bin/verdaccio", import.meta.url),
);
const READY_WITHIN_MS = 60_000;

/** Its settings are JSON, which is YAML too. */
const settings = (directory, uplink) => ({
  storage: join(directory, "storage"),
  uplinks: { upstream: { url: uplink, timeout: "60s", maxage: "60m" } },
  packages: {
    "openclaw-taas-affinity*": { access: "$all", publish: "$all", unpublish: "$all" },
    "**": { access: "$all", proxy: "upstream" },
  },
  max_body_size: "200mb",
  web: { enable: false },
  log: { type: "stdout", format: "json", level: "warn" },
});

/** @returns {Promise<{ url: string, env: NodeJS.ProcessEnv, stop: () => Promise<void> }>} */
export async function startRegistry() {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-registry-"));
  mkdirSync(join(directory, "storage"));
  const config = join(directory, "config.yaml");
  const uplink = (await run("npm", ["config", "get", "registry"], { quiet: true })).trim();
  writeFileSync(config, JSON.stringify(settings(directory, uplink)));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  let log = "";
  const child = spawn(hostPaths().node, [PROGRAM, "--config", config, "--listen", url], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise((resolve) => child.once("close", resolve));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      log += text;
    });
  }
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const stop = async () => {
    child.kill();
    await exited;
    process.removeListener("exit", killNow);
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await fetch(`${url}-/ping`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the registry does not start\n${log}`);
    }
    await sleep(100);
  }
  return {
    url,
    /** What makes npm use it, and nothing that npm keeps elsewhere. */
    env: {
      npm_config_registry: url,
      npm_config_cache: join(directory, "cache"),
      // npm wants a token to publish; this registry lets anybody in.
      [`npm_config_//127.0.0.1:${port}/:_authToken`]: "anybody",
    },
    stop,
  };
}
