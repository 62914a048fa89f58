// Stands for the addon when the plugin's own tests run against the ideal rival, which has none.

export const loadNative = () => ({});
