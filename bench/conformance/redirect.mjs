// Lets the plugin's own tests run against the ideal rival: what they import as the plugin and as its
// addon is the rival instead. `node --import` takes this file.

import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
