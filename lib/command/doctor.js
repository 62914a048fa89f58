// `openclaw taas doctor`: runs all checks and prints evidence and advice.

import { createRequire } from "node:module";

import { machine } from "../addon/native.js";
import { checkLines, summary } from "./checks.js";
import { EXIT } from "./errors.js";
import { wrapped } from "./text.js";

const { version } = createRequire(import.meta.url)("../../package.json");

/** Versions and platform for a bug report, which are known even if the gateway does not answer. */
async function environment(importSdk) {
  const sdk = await importSdk("openclaw/plugin-sdk/cli-runtime").catch(() => ({}));
  const versions = { plugin: version, openclaw: sdk.VERSION ?? null, node: process.versions.node };
  return { versions, platform: machine() };
}

/** @type {import("./tree.js").View} */
export const view = {
  async run({ ask, importSdk }) {
    const report = await environment(importSdk);
    try {
      return shown(await ask("taas.affinity.status", {}), report);
    } catch (error) {
      throw Object.assign(error, { report });
    }
  },
};

function shown({ pluginVersion, affinity, totals, checks }, report) {
  if (!Array.isArray(checks)) {
    throw new TypeError("checks are missing");
  }
  // The gateway may run another version of the plugin than this command.
  const versions = { ...report.versions, plugin: pluginVersion };
  return {
    answer: { ...report, versions, affinity, totals, checks },
    lines: (style) => [
      ...checks.flatMap((check) => checkLines(check, style)),
      "",
      ...wrapped(
        `${summary(checks)}. For a bug report: \`openclaw taas doctor --json\``,
        style.width,
      ),
    ],
    exit: checks.every(({ level }) => level === "ok") ? EXIT.ok : EXIT.problem,
  };
}
