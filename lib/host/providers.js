/** The provider ids that the plugin serves in any case. */
export const OWN = ["cloudsigma", "cloudsigma-staging"];

/** Those, and what the user has added. @param {string[]} further as the settings have them */
export const providersServed = (further) => [...OWN, ...further];
