import type { NorthboundDb } from "../../src/northbound.ts";
import { clusterNetwork } from "./cluster-network.ts";
import { clusterPolicies } from "./cluster-policies.ts";
import { clusterRouting } from "./cluster-routing.ts";
import { clusterServices } from "./cluster-services.ts";
import { growthOf } from "./growth.ts";
import { planCluster, type ClusterPlan } from "./plan.ts";

/** A random cluster: its Northbound database, and the facts packets can be made of. */
export interface RandomCluster {
  readonly plan: ClusterPlan;
  readonly northbound: NorthboundDb;
}

/**
 * A random cluster as OVN-Kubernetes would write it, the same one for the same seed.
 *
 * It goes to the edges of what OVN-Kubernetes uses, and in a second network beyond them: DHCP, DNS, floating addresses,
 * virtual ports, forwarding groups.
 */
export function randomCluster(seed: number): RandomCluster {
  const grow = growthOf(Math.imul(seed, 0x9e3779b1));
  const plan = planCluster(grow.dice);
  const rows = clusterNetwork(grow, plan);
  clusterServices(grow, plan, rows);
  clusterPolicies(grow, plan, rows);
  clusterRouting(grow, plan, rows);
  return { plan, northbound: grow.database() };
}
