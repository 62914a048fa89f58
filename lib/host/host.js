// What the plugin knows of the OpenClaw that loads it.

/** The provider ids that the plugin serves in any case. */
export const OWN_PROVIDERS = ["cloudsigma", "cloudsigma-staging"];

/**
 * @typedef {object} Host
 * @property {import("../../index.js").PluginApi} api
 * @property {import("./settings.js").Settings} settings
 * @property {string[]} providers the ids that are served
 * @property {() => unknown} config the host's configuration, as it is now
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
  // What the plugin was registered with may be older than the latest edit.
  config: () => api.runtime?.config?.current?.() ?? api.config,
});
