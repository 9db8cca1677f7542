export * from "./kubernetes/index.ts";
export * from "./node/index.ts";
export * from "./northbound.ts";
export * from "./northd/index.ts";
export * from "./southbound.ts";
export { chassisStage, localnetPort, TUNNEL, type ChassisOptions, type ChassisState } from "./pipeline/chassis-stage.ts";
