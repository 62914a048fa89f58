// Module hooks of `redirect.mjs`.

const INSTEAD = new Map([
  [new URL("../../index.js", import.meta.url).href, "../rivals/ideal.mjs"],
  [new URL("../../lib/addon/native.js", import.meta.url).href, "./addon.mjs"],
]);

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const instead = INSTEAD.get(found.url);
  return instead === undefined ? found : { ...found, url: new URL(instead, import.meta.url).href };
}
