export * from "./kubernetes/index.ts";
export * from "./node/index.ts";
export * from "./northbound.ts";
export * from "./northd/index.ts";
export * from "./southbound.ts";
export { chassisStage, localnetPort, TUNNEL, type ChassisOptions, type ChassisState } from "./pipeline/chassis-stage.ts";
export { type NodeFacts, nodeFacts } from "./kubernetes/node-facts.ts";
export { type PodFacts, podFacts, portOfPod } from "./kubernetes/pod-facts.ts";
export { resolveConfig } from "./kubernetes/options.ts";
