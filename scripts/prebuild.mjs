// Builds the addon for other platforms: `npm run prebuild` for all that can be built here,
// `npm run prebuild TARGET…` for some. The binaries go to `artifacts/` and, as packages, to `npm/`.
//
// Where rustup has the target's standard library, as on the machines of the release workflow, it is
// used. Where it cannot be had, as behind a mirror of Debian's packages alone, Debian's own Rust takes
// its place: it builds the standard library from source, for which Debian ships that too.
//
// Zig links for Linux and macOS: it has the C library of each, and for glibc that of any version.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { inspectBinary } from "./inspect-binary.mjs";
import { makePlatformPackages } from "./packages.mjs";
import { platforms, readJson } from "./platforms.mjs";
import { isMain, ROOT, run } from "./run.mjs";
import { terminalTable, wrap } from "./terminal.mjs";

export const ARTIFACTS = join(ROOT, "artifacts");
export const CACHE = join(ROOT, "node_modules", ".cache", "prebuild");
export const RESULTS = join(CACHE, "built.json");

/** Versions that are known to work together. Zig's newest may not know a newer Rust's flags. */
const PYTHON_TOOLS = ["ziglang==0.15.2", "cargo-zigbuild==0.23.4"];
const GLIBC = "2.17";
const MACOS = "13.5";

export const step = (text) => console.error(wrap(`\n=== ${text}`));

const probe = (command, args) => {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
};

/** Installs Debian packages, where they are not there. */
export async function aptInstall(packages, why) {
  const architecture = probe("dpkg", ["--print-architecture"]);
  // A name alone is not understood where a package is there for two architectures.
  const isInstalled = (name) =>
    [name, `${name}:${architecture}`].some((one) =>
      / installed$/m.test(probe("dpkg-query", ["-s", one]) ?? ""),
    );
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) {
    return;
  }
  step(`${why}: installing ${missing.join(", ")}`);
  const asRoot = (args) => (process.getuid() === 0 ? args : ["sudo", ...args]);
  const apt = async (...args) => {
    const [command, ...rest] = asRoot(["apt-get", "-q", "-y", ...args]);
    await run(command, rest, { env: { DEBIAN_FRONTEND: "noninteractive" }, quiet: true });
  };
  const foreign = missing.find((name) => name.includes(":"))?.split(":")[1];
  if (foreign && !probe("dpkg", ["--print-foreign-architectures"])?.includes(foreign)) {
    const [command, ...rest] = asRoot(["dpkg", "--add-architecture", foreign]);
    await run(command, rest);
  }
  await apt("update");
  await apt("install", "--no-install-recommends", ...missing);
}

/** A Python environment with Zig and cargo's front end for it; its directory of programs. */
async function zig() {
  const environment = join(CACHE, "python");
  const programs = join(environment, process.platform === "win32" ? "Scripts" : "bin");
  if (!existsSync(join(programs, "cargo-zigbuild"))) {
    step(`installing ${PYTHON_TOOLS.join(" and ")}`);
    await run("python3", ["-m", "venv", "--clear", environment]);
    const options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
    await run(join(programs, "python3"), ["-m", "pip", "install", ...options, ...PYTHON_TOOLS]);
  }
  return programs;
}

/** An import library wants something to import from: what Node's own name is does not matter. */
async function nodeLibrary() {
  const directory = join(CACHE, "libnode");
  mkdirSync(directory, { recursive: true });
  const source = join(directory, "empty.c");
  writeFileSync(source, "");
  const library = join(directory, "libnode.dll");
  await run("x86_64-w64-mingw32-gcc", ["-shared", "-o", library, source]);
  return directory;
}

/** Whether the Rust that is installed can build for a target as it is. */
function hasStandardLibrary(target) {
  const directory = probe("rustc", ["--print", "target-libdir", "--target", target]);
  return directory !== undefined && existsSync(directory);
}

const DEBIAN_RUST = { CARGO: "/usr/bin/cargo", RUSTC: "/usr/bin/rustc" };

/**
 * How a target is built on this machine.
 *
 * @returns {Promise<{ cargo: string, args: string[], env: NodeJS.ProcessEnv, how: string,
 *   target: string } | { reason: string }>}
 */
async function recipe({ target, os, cpu, libc }) {
  const native = hasStandardLibrary(target);
  const host = process.platform === os;
  if (os === "win32" || os === "darwin") {
    if (native && host) {
      return {
        cargo: "cargo",
        args: ["build"],
        target,
        env:
          os === "darwin"
            ? { MACOSX_DEPLOYMENT_TARGET: MACOS }
            : // Without it the binary needs a C runtime that a machine may not have.
              { RUSTFLAGS: "-C target-feature=+crt-static" },
        how: "cargo",
      };
    }
    if (os === "win32" && cpu === "arm64") {
      return { reason: "needs Microsoft's linker: built on Windows" };
    }
  }
  if (process.platform !== "linux") {
    return { reason: `built on ${os === "win32" ? "Windows" : os}` };
  }

  const debian = native ? [] : ["rustc-web", "cargo-web", "rust-web-src", "libstd-rust-web-dev"];
  const env = native ? {} : { ...DEBIAN_RUST };
  const how = [native ? "cargo" : "Debian's cargo"];
  const args = [];
  const flags = [];
  if (os === "win32") {
    await aptInstall([...debian, "gcc-mingw-w64-x86-64"], `for ${target}`);
    how.push("mingw-w64");
    if (!native) {
      how.push("its standard library from source");
    }
    env.LIBNODE_PATH = await nodeLibrary();
    args.push("build");
    if (!native) {
      args.push("-Zbuild-std=std,panic_unwind");
    }
    return {
      cargo: native ? "cargo" : DEBIAN_RUST.CARGO,
      args,
      target: "x86_64-pc-windows-gnu",
      env: { ...env, RUSTC_BOOTSTRAP: "1" },
      how: how.join(", "),
    };
  }

  args.push("zigbuild");
  how.push("zig");
  if (!native && libc === "glibc") {
    await aptInstall(
      [...debian, `libstd-rust-web-dev:${cpu}`, "gcc-aarch64-linux-gnu"],
      `for ${target}`,
    );
  } else if (!native) {
    await aptInstall(debian, `for ${target}`);
    how.push("its standard library from source");
    args.push("-Zbuild-std=std,panic_unwind");
    env.RUSTC_BOOTSTRAP = "1";
  }
  if (libc === "musl") {
    // Node's own C library, not a copy of it in the binary.
    flags.push("-C", "target-feature=-crt-static");
  }
  if (os === "darwin") {
    env.MACOSX_DEPLOYMENT_TARGET = MACOS;
  }
  const programs = await zig();
  return {
    cargo: native ? "cargo" : DEBIAN_RUST.CARGO,
    args,
    target: libc === "glibc" ? `${target}.${GLIBC}` : target,
    env: {
      ...env,
      ...(flags.length > 0 && { RUSTFLAGS: flags.join(" ") }),
      PATH: programs + delimiter + process.env.PATH,
    },
    how: how.join(", "),
  };
}

const LIBRARIES = {
  linux: "libopenclaw_taas_affinity.so",
  darwin: "libopenclaw_taas_affinity.dylib",
  win32: "openclaw_taas_affinity.dll",
};

/** Builds one platform; what there is to say of it, for the table. */
async function build(platform) {
  const plan = await recipe(platform);
  if (plan.reason) {
    return { build: platform.build, built: "no", how: plan.reason };
  }
  step(`building ${platform.build}: ${plan.how}`);
  // One directory for each way, since each rebuilds what another has built.
  const { CARGO, RUSTC_BOOTSTRAP } = plan.env;
  const directory = join(
    CACHE,
    ["cargo", CARGO && "debian", RUSTC_BOOTSTRAP && "std"].filter(Boolean).join("-"),
  );
  const options = ["--release", "--lib", "--locked", "--target", plan.target];
  await run(plan.cargo, [...plan.args, ...options], {
    env: { ...plan.env, CARGO_TARGET_DIR: directory },
  });
  const triple = plan.target.replace(`.${GLIBC}`, "");
  const binary = join(ARTIFACTS, platform.file);
  copyFileSync(join(directory, triple, "release", LIBRARIES[platform.os]), binary);
  const { size } = statSync(binary);
  const found = await inspectBinary(binary);
  return { build: platform.build, built: "yes", how: plan.how, size, ...found };
}

if (isMain(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const all = platforms(readJson(join(ROOT, "package.json")));
  for (const target of wanted) {
    if (!all.some((platform) => platform.target === target)) {
      throw new Error(
        `no platform: ${target}; there are ${all.map((one) => one.target).join(", ")}`,
      );
    }
  }
  mkdirSync(ARTIFACTS, { recursive: true });
  mkdirSync(CACHE, { recursive: true });
  const before = existsSync(RESULTS) ? readJson(RESULTS) : [];
  const results = [];
  for (const platform of all) {
    if (wanted.length > 0 && !wanted.includes(platform.target)) {
      const kept = before.find((result) => result.build === platform.build);
      if (kept) {
        results.push(kept);
      }
      continue;
    }
    rmSync(join(ARTIFACTS, platform.file), { force: true });
    try {
      results.push(await build(platform));
    } catch (error) {
      console.error(wrap(error.message));
      results.push({ build: platform.build, built: "FAILED", how: error.message });
      process.exitCode = 1;
    }
  }
  writeFileSync(RESULTS, JSON.stringify(results, null, 2));
  await makePlatformPackages({ binaries: ARTIFACTS });
  const rows = results.map(({ build: name, built, size, format, needs, how }) => [
    name,
    built,
    size ? `${Math.ceil(size / 1024)} KB` : "",
    format ?? "",
    needs ?? "",
    how,
  ]);
  const head = ["platform", "built", "size", "format", "needs at least", "how"];
  console.log(`\n${terminalTable(head, rows)}`);
}
