// `openclaw taas doctor`: what is looked at, what was found, and what to do.

import { createRequire } from "node:module";

import { machine } from "../addon/native.js";
import { checkLines, summary } from "./checks.js";
import { EXIT } from "./errors.js";
import { wrapped } from "./text.js";

const { version } = createRequire(import.meta.url)("../../package.json");

/** For a bug report, whether there is an answer or not: of which versions, and on which machine. */
async function surroundings(importSdk) {
  const sdk = await importSdk("openclaw/plugin-sdk/cli-runtime").catch(() => ({}));
  const versions = { plugin: version, openclaw: sdk.VERSION ?? null, node: process.versions.node };
  return { versions, platform: machine() };
}

/** @type {import("./tree.js").View} */
export const view = {
  async run({ ask, importSdk }) {
    const around = await surroundings(importSdk);
    try {
      return found(await ask("taas.affinity.status", {}), around);
    } catch (error) {
      throw Object.assign(error, { report: around });
    }
  },
};

function found({ pluginVersion, affinity, totals, checks }, around) {
  if (!Array.isArray(checks)) {
    throw new TypeError("it has no checks");
  }
  // The gateway's plugin may be of another version than this one.
  const versions = { ...around.versions, plugin: pluginVersion };
  return {
    answer: { ...around, versions, affinity, totals, checks },
    lines: (style) => [
      ...checks.flatMap((check) => checkLines(check, style)),
      "",
      ...wrapped(`${summary(checks)}. For a bug report: openclaw taas doctor --json`, style.width),
    ],
    exit: checks.every(({ level }) => level === "ok") ? EXIT.fine : EXIT.wrong,
  };
}
