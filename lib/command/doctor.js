// `openclaw taas doctor`: runs all checks and prints evidence and advice.

import { MANIFEST, machine } from "../addon/native.js";
import { checkLines, summary } from "./checks.js";
import { EXIT } from "./errors.js";

/** @type {import("./tree.js").Command} */
export async function doctor({ ask, importSdk, report }) {
  const sdk = await importSdk("openclaw/plugin-sdk/cli-runtime").catch(() => ({}));
  const { node } = process.versions;
  const versions = { plugin: MANIFEST.version, openclaw: sdk.VERSION ?? null, node };
  // A bug report has these also if the gateway does not answer.
  Object.assign(report, { versions, platform: machine() });
  const { pluginVersion, affinity, totals, checks } = await ask("taas.affinity.status", {});
  return {
    // The gateway may run another version of the plugin than this command.
    answer: {
      ...report,
      versions: { ...versions, plugin: pluginVersion },
      affinity,
      totals,
      checks,
    },
    lines: (style) => [
      ...checks.flatMap((check) => checkLines(check, style)),
      "",
      `${summary(checks)}. For a bug report: \`openclaw taas doctor --json\``,
    ],
    exit: checks.every(({ level }) => level === "ok") ? EXIT.ok : EXIT.problem,
  };
}
