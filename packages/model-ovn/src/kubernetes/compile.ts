import type { Caveat } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { NorthboundDb } from "../northbound.ts";
import { compileAdminPolicies } from "./admin-policy.ts";
import { createDraft } from "./draft.ts";
import { compileEgressBase } from "./egress-base.ts";
import { compileEgressFirewalls } from "./egress-firewall.ts";
import { compileEgressIps } from "./egress-ip.ts";
import { compileEgressQos } from "./egress-qos.ts";
import { compileEgressServices } from "./egress-service.ts";
import { compileExternalRoutes } from "./external-routes.ts";
import { compileGateway } from "./gateway.ts";
import { compileHybridOverlay } from "./hybrid-overlay.ts";
import { compileInterconnect } from "./interconnect.ts";
import { compileMulticast } from "./multicast.ts";
import { compileNetworkPolicies } from "./network-policy.ts";
import { nodeFacts } from "./node-facts.ts";
import { type CompileNorthboundOptions, resolveConfig } from "./options.ts";
import { podFacts } from "./pod-facts.ts";
import { compilePods } from "./pods.ts";
import { compileServices } from "./services.ts";
import { compileClusterTopology, compileNodeSwitch } from "./topology.ts";
import type { Zone } from "./zone.ts";

/** A zone's Northbound database, with what had to be assumed or left out. */
export interface CompiledNorthbound {
  readonly northbound: NorthboundDb;
  readonly caveats: readonly Caveat[];
  /** The zone that was compiled. */
  readonly zone: string;
}

/**
 * Compiles Kubernetes objects to the Northbound database OVN-Kubernetes would write for one zone.
 *
 * Facts come from the annotations of nodes and pods; what is missing is derived by the allocators' rules, with a caveat.
 *
 * @see ovn-kubernetes 2023-10-31 (the code line of OpenShift 4.14)
 * @example
 * const { northbound } = compileNorthbound(snapshot, { zone: "worker-0" });
 */
export function compileNorthbound(snapshot: Snapshot, options: CompileNorthboundOptions = {}): CompiledNorthbound {
  const config = resolveConfig(snapshot, options);
  const draft = createDraft();
  const nodes = nodeFacts(snapshot, config, draft.caveats);
  const local = nodes.filter((node) => node.local);
  const zone: Zone = {
    name: config.interconnect ? (config.zone ?? local[0]?.zone ?? "global") : "global",
    snapshot,
    config,
    draft,
    nodes,
    local,
    remote: nodes.filter((node) => !node.local),
    pods: podFacts(snapshot, nodes, draft.caveats),
    namespaces: resourcesOf(snapshot, "Namespace"),
  };
  compileClusterTopology(zone);
  for (const node of local) compileNodeSwitch(zone, node);
  for (const node of local) compileGateway(zone, node);
  compileInterconnect(zone);
  compilePods(zone);
  compileEgressBase(zone);
  compileServices(zone);
  compileMulticast(zone);
  compileNetworkPolicies(zone);
  compileEgressFirewalls(zone);
  compileEgressQos(zone);
  compileEgressIps(zone);
  compileEgressServices(zone);
  compileExternalRoutes(zone);
  compileHybridOverlay(zone);
  compileAdminPolicies(zone);
  return { northbound: draft.finish(), caveats: draft.caveats, zone: zone.name };
}
