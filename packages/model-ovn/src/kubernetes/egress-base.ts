import { printSubnet, withoutLength } from "./address.ts";
import { addressSetName, CLUSTER_ROUTER, ensureAddressSets, SYSTEM, type Zone } from "./zone.ts";

/**
 * Writes what EgressIP and EgressService need before there is any object: address sets, and the policies that keep cluster traffic inside.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/egressip.go InitClusterEgressPolicies, 2023-10-31
 */
export function compileEgressBase(zone: Zone): void {
  const { config, draft } = zone;
  if (!config.egressIp && !config.egressService) return;
  ensureAddressSets(zone, "EgressIP", "egressip-served-pods", [], SYSTEM);
  ensureAddressSets(zone, "EgressService", "egresssvc-served-pods", [], SYSTEM);
  const nodeAddresses = zone.nodes.filter((node) => node.joined).flatMap((node) => node.hostAddresses.map(withoutLength));
  ensureAddressSets(zone, "EgressIP", "node-ips", nodeAddresses, SYSTEM);
  const router = draft.find("Logical_Router", CLUSTER_ROUTER);
  const allow = (match: string, options: Readonly<Record<string, string>> = {}): void => {
    router?.policies.push(draft.add("Logical_Router_Policy", `102/${match}`, { priority: 102, action: "allow", match, options }, SYSTEM)._uuid);
  };
  for (const family of config.families) {
    const ip = `ip${family}`;
    const own = config.clusterSubnets.filter(({ subnet }) => subnet.family === family).map(({ subnet }) => printSubnet(subnet));
    const join = config.joinSubnets.filter((subnet) => subnet.family === family).map(printSubnet);
    for (const source of own) for (const target of [...own, ...join]) allow(`${ip}.src == ${source} && ${ip}.dst == ${target}`);
    const set = (owner: string, name: string): string => `$${addressSetName(owner, name, family)}`;
    const served = `${ip}.src == ${set("EgressIP", "egressip-served-pods")} || ${ip}.src == ${set("EgressService", "egresssvc-served-pods")}`;
    allow(`(${served}) && ${ip}.dst == ${set("EgressIP", "node-ips")}`, { pkt_mark: "1008" });
  }
}
