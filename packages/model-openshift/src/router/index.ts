export { compileRouter, type RouterOptions } from "./compile.ts";
export { certificateLine } from "./maps.ts";
export { publicPorts, routerPods } from "./pods.ts";
export { findController, readSettings, type RouterSettings } from "./settings.ts";
