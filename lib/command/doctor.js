// `openclaw taas doctor`: runs all checks and prints evidence and advice.

import { MANIFEST, machine } from "../addon/native.js";
import { checkLines, summary } from "./checks.js";
import { EXIT } from "./errors.js";

const ALL = "Also show the checks that are ok: `openclaw taas doctor --all`";

/** @type {import("./tree.js").Command} */
export async function doctor({ ask, options, importSdk, report }) {
  const sdk = await importSdk("openclaw/plugin-sdk/cli-runtime").catch(() => ({}));
  const { node } = process.versions;
  const versions = { plugin: MANIFEST.version, openclaw: sdk.VERSION ?? null, node };
  // A bug report has these also if the gateway does not answer.
  Object.assign(report, { versions, platform: machine() });
  const { pluginVersion, affinity, totals, checks } = await ask("taas.affinity.status", {});
  const shown = options.all ? checks : checks.filter(({ level }) => level !== "ok");
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
      style.paint("bold", summary(checks)),
      "",
      ...shown.flatMap((check) => [...checkLines(check, style), ""]),
      ...(options.all ? [] : [ALL]),
      "For a bug report: `openclaw taas doctor --json`",
    ],
    exit: checks.every(({ level }) => level === "ok") ? EXIT.ok : EXIT.problem,
  };
}
