// The OpenClaw host that loads the plugin.

/** The ids of the providers that the plugin always serves. */
export const OWN_PROVIDERS = ["cloudsigma", "cloudsigma-staging"];

/**
 * @typedef {object} Host
 * @property {import("../../index.js").PluginApi} api
 * @property {import("./settings.js").Settings} settings
 * @property {string[]} providers the ids of the served providers
 * @property {() => unknown} config the host's configuration as it is now
 */

/**
 * @param {import("../../index.js").PluginApi} api
 * @param {import("./settings.js").Settings} settings
 * @returns {Host}
 */
export const createHost = (api, settings) => ({
  api,
  settings,
  providers: [...OWN_PROVIDERS, ...settings.providers],
  // `api.config` is as old as the registration.
  config: () => api.runtime?.config?.current?.() ?? api.config,
});
