export { loadScenario, loadSnapshot } from "./load.ts";
export { buildNetwork, type BuiltNetwork, type ClusterNetwork } from "./build/build-network.ts";
export { parseChoose, simulate, type Request, type TraceOptions } from "./simulate.ts";
export { observersOf, observabilityOf } from "./observe/observers.ts";
export { replay as replayScenarios } from "./cli/replay.ts";
export { codes } from "./cli/codes.ts";
export * from "@hopscope/viz";
export type { Journey, Leg, Hop, Finding, Caveat, Seen } from "@hopscope/core";
export { clusterSchema, scenarioSchema, type Snapshot } from "@hopscope/model-kubernetes";
