export { northd, northdCaveats } from "./northd.ts";
export type { ChassisInput, NorthdOptions } from "./options.ts";
export { printLflows } from "./print-lflows.ts";
export type { OvnVersion } from "./stage.ts";
