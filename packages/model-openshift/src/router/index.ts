export { compileRouter, type RouterOptions } from "./compile.ts";
export { certificateLine } from "./maps.ts";
export { readSettings, type RouterSettings } from "./settings.ts";
