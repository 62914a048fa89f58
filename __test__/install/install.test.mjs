// Every way in, as its users go it: from a tarball or from a registry, on the real gateway. Each ends
// with a model call that is pinned and a route that is answered. Two go at once, since each waits for the
// host's command line most of the time.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { run } from "../../scripts/run.mjs";
import { provider, startGateway } from "../../sim/gateway.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { METHOD, VERSION } from "../support/plugin.mjs";
import { startRegistry } from "../support/registry.mjs";
import { copyCheckout, nextVersion, platformNames, release } from "../support/release.mjs";

const PLUGIN = "openclaw-taas-affinity";
const CONSENT = ["--force", "--accept-capabilities"];
const ENABLED = { plugins: { entries: { [PLUGIN]: { enabled: true } } } };

let registry;
let tarball;
let taas;

before(async () => {
  registry = await startRegistry();
  tarball = await release({ registry });
  taas = await startTaas();
});

after(async () => {
  await taas?.close();
  await registry?.stop();
});

const next = nextVersion();
let released;
/** The tarball of the version after this one, published too. */
const nextTarball = () => {
  released ??= release({ registry, version: next });
  return released;
};

/** A gateway of its own, with what `prepare` installs into its state directory before it starts. */
async function startWith(t, prepare, config = {}) {
  const gateway = await startGateway({
    plugin: null,
    providers: { cloudsigma: provider(taas.url) },
    env: registry.env,
    config,
    prepare,
  });
  t.after(() => gateway.stop());
  return gateway;
}

const npm = (cwd, ...args) => run("npm", args, { cwd, env: registry.env, quiet: true });

const extension = (stateDir) => {
  const directory = join(stateDir, "extensions", PLUGIN);
  mkdirSync(directory, { recursive: true });
  return directory;
};

/** Puts a version into the extensions directory from the registry, or over one that is there. */
async function installFromRegistry(directory, version, ...options) {
  const packed = await npm(directory, "pack", `${PLUGIN}@${version}`, "--loglevel=silent");
  await run("tar", ["-xzf", packed.trim(), "--strip-components=1"], { cwd: directory });
  await npm(directory, "install", "--omit=dev", "--ignore-scripts", "--loglevel=error", ...options);
}

async function openclaw(cli, ...args) {
  const result = await cli(args);
  assert.equal(result.code, 0, `openclaw ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result;
}

const warnings = (gateway) =>
  gateway
    .log()
    .split("\n")
    .filter((line) => line.includes("taas-affinity: "));

/** One turn, and the request that it made. */
async function turn(gateway) {
  const message = `hello ${randomUUID()}`;
  const result = await gateway.turn({ message });
  assert.equal(result.ok, true, JSON.stringify(result));
  return taas.requests.findLast(({ lastUserText }) => lastUserText.includes(message));
}

async function ask(gateway) {
  const { ok, payload, error } = await gateway.call(METHOD, { agentId: "main" });
  assert.equal(ok, true, JSON.stringify(error));
  return payload;
}

/** A model call is pinned to its workspace, and its route is answered. */
async function assertWorks(gateway, version = VERSION) {
  const { headers, body, placed, routeHeaders } = await turn(gateway);
  const hash = createHash("sha256").update(gateway.workspaces.main).digest("hex");
  const session = `oc:${hash.slice(0, 16)}`;
  assert.equal(headers["x-session-id"], session);
  assert.equal(headers["x-openclaw-plugin-version"], version);
  assert.equal(body.metadata.session_id, session);
  assert.equal(placed, "pinned");
  const { sessionId, capture } = await ask(gateway);
  assert.equal(sessionId, session);
  assert.equal(capture.taasRequestId, routeHeaders["X-Request-Id"]);
  assert.ok(capture.autorouterModel);
  return capture;
}

const walk = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name),
    isFile: entry.isFile(),
  }));

const pathsNaming = (directory) =>
  walk(directory)
    .map(({ path }) => path)
    .filter((path) => path.includes("taas-affinity"));

const filesMentioning = (directory) =>
  walk(directory)
    .filter(({ path, isFile }) => isFile && readFileSync(path).includes("taas-affinity"))
    .map(({ path }) => path);

/** npm brought the platform package of this machine and no other, and nothing else. */
function assertOnlyOwnPlatform(modules) {
  const installed = readdirSync(modules).filter((name) => !name.startsWith("."));
  assert.equal(installed.length, 1, installed.join(", "));
  assert.ok(platformNames.includes(installed[0]), installed[0]);
}

describe("every way to install", { concurrency: 2 }, () => {
  test("npm publish fails on a developer's machine because provenance is missing", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
    t.after(() => rmSync(directory, { recursive: true }));
    await run("tar", ["-xzf", tarball, "--strip-components=1"], { cwd: directory });
    // Another version, or the registry would refuse it for being there already.
    const version = "0.0.0-by-hand";
    await npm(directory, "version", version, "--no-git-tag-version", "--allow-same-version");
    await assert.rejects(npm(directory, "publish", "--tag=next", "--loglevel=silent"));
    const view = ["view", `${PLUGIN}@${version}`, "version", "--loglevel=silent"];
    assert.equal(await npm(directory, ...view).catch(() => ""), "");
  });

  test("1, 5: an installation from the registry into the extensions directory works, also after an update while it runs", async (t) => {
    const gateway = await startWith(t, async ({ stateDir, cli }) => {
      await installFromRegistry(extension(stateDir), VERSION);
      assertOnlyOwnPlatform(join(extension(stateDir), "node_modules"));
      await openclaw(cli, "plugins", "enable", PLUGIN);
    });
    const before = await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);

    await nextTarball();
    await installFromRegistry(extension(gateway.stateDir), next);
    // Calls go on between the two, with the version that is loaded.
    assert.equal((await turn(gateway)).headers["x-openclaw-plugin-version"], VERSION);
    const captured = (await ask(gateway)).capture;
    assert.notDeepEqual(captured, before);
    await openclaw(gateway.cli, "plugins", "reload", PLUGIN);
    assert.deepEqual((await ask(gateway)).capture, captured, "what was captured is still answered");
    await assertWorks(gateway, next);
    assert.equal(gateway.isAlive(), true);
    // The image of the old version stays in the process, and the log says so.
    assert.equal(warnings(gateway).length, 1, warnings(gateway).join("\n"));
    assert.ok(warnings(gateway)[0].includes(`addon ${VERSION}, package ${next}`));
  });

  test("2: a copied checkout in the extensions directory works after npm install there", async (t) => {
    const gateway = await startWith(
      t,
      async ({ stateDir }) => {
        const directory = copyCheckout(extension(stateDir), { lock: false });
        await npm(directory, "install", "--omit=dev", "--ignore-scripts", "--loglevel=error");
        assertOnlyOwnPlatform(join(directory, "node_modules"));
      },
      ENABLED,
    );
    await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);
  });

  test("3: openclaw plugins install <tgz> works", async (t) => {
    const gateway = await startWith(t, ({ cli }) =>
      openclaw(cli, "plugins", "install", tarball, ...CONSENT),
    );
    await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);
  });

  test("3, 7: openclaw plugins install npm-pack:<tgz> works, and so does uninstall", async (t) => {
    const gateway = await startWith(t, ({ cli }) =>
      openclaw(cli, "plugins", "install", `npm-pack:${tarball}`, ...CONSENT),
    );
    await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);

    await openclaw(gateway.cli, "plugins", "uninstall", PLUGIN, "--force");
    assert.deepEqual(pathsNaming(gateway.root), []);
    // The host remembers that it was disabled, and what it did; nothing else mentions it.
    const host = /^(openclaw\.json(\..+)?|gateway\.log|openclaw(-agent)?\.sqlite(-wal|-shm)?)$/;
    const others = filesMentioning(gateway.root).filter((path) => !host.test(basename(path)));
    assert.deepEqual(others, []);
    const { plugins } = JSON.parse(readFileSync(gateway.configPath, "utf8"));
    assert.deepEqual(plugins, { entries: { [PLUGIN]: { enabled: false } } });
    const { headers, body } = await turn(gateway);
    assert.equal(headers["x-session-id"], undefined);
    assert.equal(body.metadata, undefined);
    const { error } = await gateway.call(METHOD, {});
    assert.match(error.message, /unknown method/);
  });

  test("openclaw plugins install npm:<name> works as the README says", async (t) => {
    const gateway = await startWith(t, ({ cli }) =>
      openclaw(cli, "plugins", "install", `npm:${PLUGIN}@${VERSION}`, ...CONSENT),
    );
    await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);
  });

  test("3: openclaw plugins install npm-pack:<tgz> works, also after an update while it runs", async (t) => {
    const gateway = await startWith(t, ({ cli }) =>
      openclaw(cli, "plugins", "install", `npm-pack:${tarball}`, ...CONSENT),
    );
    const before = await assertWorks(gateway);
    // The host puts it into another directory, so that a second library is mapped.
    const update = ["plugins", "install", `npm-pack:${await nextTarball()}`, ...CONSENT];
    await openclaw(gateway.cli, ...update);
    const askAgain = async () => {
      for (let waited = 0; waited < 100; waited += 1) {
        const answer = await gateway.call(METHOD, { agentId: "main" });
        if (answer.ok) {
          return answer.payload;
        }
        assert.match(answer.error.message, /unavailable/i);
        await sleep(200);
      }
      return assert.fail("the method did not come back");
    };
    assert.deepEqual((await askAgain()).capture, before, "what was captured is still answered");
    let headers;
    for (let round = 0; round < 20; round += 1) {
      ({ headers } = await turn(gateway));
      if (headers["x-openclaw-plugin-version"] === next) {
        break;
      }
      await sleep(500);
    }
    assert.equal(headers["x-openclaw-plugin-version"], next, "the new version serves by now");
    await assertWorks(gateway, next);
    assert.equal(gateway.isAlive(), true);
    assert.deepEqual(warnings(gateway), []);
  });

  test("4: openclaw plugins install --link <checkout> works", async (t) => {
    const gateway = await startWith(t, async ({ root, cli }) => {
      const checkout = join(root, "checkout");
      mkdirSync(checkout);
      copyCheckout(checkout, { lock: false });
      await npm(checkout, "install", "--omit=dev", "--ignore-scripts", "--loglevel=error");
      await openclaw(cli, "plugins", "install", "--link", checkout, ...CONSENT);
    });
    await assertWorks(gateway);
    assert.deepEqual(warnings(gateway), []);
  });

  test("6: without its platform package calls go out, and the plugin names the missing package", async (t) => {
    const gateway = await startWith(
      t,
      ({ stateDir }) => installFromRegistry(extension(stateDir), VERSION, "--omit=optional"),
      ENABLED,
    );
    const { headers, body } = await turn(gateway);
    const added = Object.keys(headers).filter((name) => /session|openclaw/.test(name));
    assert.deepEqual(added, []);
    assert.equal(body.metadata, undefined);
    const { ok, error } = await gateway.call(METHOD, {});
    assert.equal(ok, false);
    assert.equal(error.code, "UNAVAILABLE");
    for (const text of [
      `${process.platform}-${process.arch}`,
      "--omit=optional",
      "npm run build",
    ]) {
      assert.ok(error.message.includes(text), error.message);
    }
    assert.equal(warnings(gateway).length, 1, warnings(gateway).join("\n"));
  });
});
