// A real Prometheus for tests: the programs of the package `prometheus`, and a server on loopback.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../sim/gateway.mjs";

const READY_WITHIN_MS = 30_000;

const explained = (program, error) =>
  error.code === "ENOENT"
    ? new Error(`${program} is not installed. On Debian and Ubuntu: apt-get install prometheus`)
    : error;

/** Runs `promtool`, and returns what it printed. The test fails if it finds a problem. */
export function promtool(args, input) {
  const { error, status, stdout, stderr } = spawnSync("promtool", args, {
    input,
    encoding: "utf8",
  });
  if (error) throw explained("promtool", error);
  assert.equal(status, 0, `promtool ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/**
 * Starts Prometheus with `config` in a new directory.
 *
 * @param {string} directory
 * @param {string} config the text of `prometheus.yml`
 */
export async function startPrometheus(directory, config) {
  mkdirSync(directory);
  const file = join(directory, "prometheus.yml");
  writeFileSync(file, config);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn("prometheus", options, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  let failed;
  child.stderr.on("data", (text) => (log += text));
  const closed = new Promise((resolve) => {
    const fail = (error) => {
      failed ??= error;
      resolve();
    };
    child.once("error", (error) => fail(explained("prometheus", error)));
    child.once("close", () => fail(new Error(`Prometheus ended:\n${log}`)));
  });

  async function stop() {
    child.kill();
    await closed;
  }

  const get = async (path) => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = await response.json();
    assert.equal(status, "success", `${path}: ${error}`);
    return data;
  };

  const deadline = Date.now() + READY_WITHIN_MS;
  while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.status !== 200) {
    if (failed === undefined && Date.now() > deadline) {
      await stop();
    }
    if (failed !== undefined) throw failed;
    await sleep(100);
  }
  return {
    stop,
    /** The samples of an instant query: `{ metric, value }`, with the value as a number. */
    async query(promql) {
      const { result } = await get(`query?query=${encodeURIComponent(promql)}`);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    targets: async () => (await get("targets")).activeTargets,
    alerts: async () => (await get("alerts")).alerts,
  };
}
