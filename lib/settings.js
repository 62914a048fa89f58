// What the user may set.

/** Whether calls that another plugin answers for may be looked at. */
export const observingWanted = (config) => config?.observe !== false;

const HINTS_VARIABLE = "OPENCLAW_TAAS_GIT_HINTS";

/**
 * Whether workspaces' repositories may be looked at. What is not understood switches it off.
 *
 * @param {{ gitHints?: boolean } | undefined} config `plugins.entries.openclaw-taas-affinity.config`
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./faults.js").Warn} warn
 */
export function gitHintsWanted(config, env, warn) {
  const value = (env[HINTS_VARIABLE] ?? "").trim().toLowerCase();
  if (!["", "on", "off"].includes(value)) {
    const accepted = new Error(
      `${HINTS_VARIABLE} is ${JSON.stringify(value)}; accepted is on or off`,
    );
    warn("hints-variable", "requests go out without repository hints", accepted);
    return false;
  }
  return value !== "off" && config?.gitHints !== false;
}
