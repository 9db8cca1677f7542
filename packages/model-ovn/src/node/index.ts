export { type BridgeAction, type BridgeMatch, type BridgePort, type BridgeRule, printBridgeRule } from "./bridge-rule.ts";
export { type BridgeExSpec, bridgeExRules, type BridgeService, bridgeZones } from "./bridge-rules.ts";
export { bridgeExStage, type BridgeState } from "./bridge-stage.ts";
export { bridgeExOf, type BridgeExOptions, nodeServices } from "./node-services.ts";
export { hostNamespace, type HostNamespaceOptions } from "./host-namespace.ts";
export { podNeighbours, podNetwork, type PodNetwork } from "./pod-network.ts";
