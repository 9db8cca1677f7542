export { loadEnvoyConfig, type EnvoyConfig } from "./load.ts";
export type { ClientTls, Downstream, WireRequest } from "./downstream.ts";
export { admit, serve, managerOf, type Admission } from "./machine.ts";
export { pickListener, type PickedListener } from "./listener.ts";
export { pickFilterChain, type ChainFacts, type PickedChain } from "./filter-chain.ts";
export { findRoute, findVirtualHost, pickCluster, routeMatches } from "./route-match.ts";
export { balance } from "./balance.ts";
export type { Attempt, AttemptResult, Run, Verdict } from "./run.ts";
