/** The provider ids that the plugin serves. */
export const PROVIDERS = ["cloudsigma", "cloudsigma-staging"];
