// Publishes the tarballs of a directory: the platform packages first, so that the main package is
// never there without them. What the registry already has is left out, so that a run that broke half
// way can be repeated.
//
// It publishes from the release workflow, with provenance, or to a registry on this very machine, and
// nowhere else. `npm publish` by hand asks for provenance too, by `publishConfig`, and fails without.

import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { readJson } from "./platforms.mjs";
import { isMain, ROOT, run } from "./run.mjs";

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** npm's settings for a registry, with the token that the environment may have for it. */
function settings(registry) {
  const token = process.env.NPM_TOKEN;
  const { host, pathname } = new URL(registry);
  return {
    npm_config_registry: registry,
    ...(token && { [`npm_config_//${host}${pathname}:_authToken`]: token }),
  };
}

/**
 * @param {{ directory: string, registry: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<string[]>} what was published now
 * @throws {Error} where this is neither the release workflow nor a registry on this machine
 */
export async function publish({ directory, registry, env: extra = {} }) {
  const env = { ...settings(registry), ...extra };
  const rehearsal = LOOPBACK.has(new URL(registry).hostname);
  if (!rehearsal && !process.env.ACTIONS_ID_TOKEN_REQUEST_URL) {
    throw new Error("only the release workflow publishes: push a tag");
  }
  const { name } = readJson(join(ROOT, "package.json"));
  // The main package's tarball has the version right after the name.
  const isMainTarball = (file) => /^\d/.test(file.slice(name.length + 1));
  const tarballs = readdirSync(directory)
    .filter((file) => file.endsWith(".tgz"))
    .sort((one, other) => isMainTarball(one) - isMainTarball(other) || one.localeCompare(other));
  const published = [];
  for (const tarball of tarballs) {
    const version = /-(\d+\.\d+\.\d+.*)\.tgz$/.exec(tarball)[1];
    const spec = `${tarball.slice(0, -`-${version}.tgz`.length)}@${version}`;
    const view = ["view", spec, "version", "--loglevel=silent"];
    const there = await run("npm", view, { env, quiet: true }).catch(() => "");
    if (there.trim() === version) {
      console.error(`${spec} is there already`);
      continue;
    }
    // A version such as 1.0.0-beta.1 must not become what a plain `npm install` brings.
    const tag = version.includes("-") ? "next" : "latest";
    const provenance = rehearsal ? "--no-provenance" : "--provenance";
    const options = [provenance, `--tag=${tag}`, "--loglevel=error"];
    await run("npm", ["publish", resolve(directory, tarball), ...options], { env, quiet: true });
    console.error(`${spec} is published`);
    published.push(spec);
  }
  return published;
}

if (isMain(import.meta.url)) {
  const [directory = "dist"] = process.argv.slice(2);
  const registry = await run("npm", ["config", "get", "registry"], { quiet: true });
  await publish({ directory, registry: registry.trim() });
}
