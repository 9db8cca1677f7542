import { originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { contains, ipWord, isIpv6, parseAddress } from "./address.ts";
import type { NodeFacts } from "./node-facts.ts";
import { backendsOf, type ServiceSpec, slicesOf } from "./service-config.ts";
import { addressSetName, CLUSTER_ROUTER, ofFamily, ovnObjects, type Zone } from "./zone.ts";

/**
 * Sends the backends of EgressService objects out over the service's host node.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/egressservice, 2023-10-31
 */
export function compileEgressServices(zone: Zone): void {
  if (!zone.config.egressService) return;
  const router = zone.draft.find("Logical_Router", CLUSTER_ROUTER);
  for (const object of ovnObjects(zone, "EgressService")) {
    const { namespace = "default", name } = object.metadata;
    const { host } = (object.status ?? {}) as { host?: string };
    const { sourceIPBy } = (object.spec ?? {}) as { sourceIPBy?: string };
    const node = zone.nodes.find((known) => known.name === host);
    const service = resourcesOf(zone.snapshot, "Service", { namespace }).find(({ metadata }) => metadata.name === name);
    if (sourceIPBy === "Network" || node === undefined || service === undefined) continue;
    const spec = (service.spec ?? {}) as ServiceSpec;
    const slices = slicesOf(zone, service);
    const all = (spec.ports ?? []).map((port) => backendsOf(slices, port, spec.publishNotReadyAddresses === true));
    for (const endpoint of new Set(all.flatMap(({ v4, v6 }) => [...v4, ...v6]))) {
      const address = parseAddress(endpoint);
      if (address === undefined || !zone.config.clusterSubnets.some(({ subnet }) => contains(subnet, address))) continue;
      const six = isIpv6(endpoint);
      const own = zone.local.some((local: NodeFacts) => local.subnets.some((subnet) => contains(subnet, address)));
      if (own) {
        const set = zone.draft.find("Address_Set", addressSetName("EgressService", "egresssvc-served-pods", six ? 6 : 4));
        if (set !== undefined && !set.addresses.includes(endpoint)) set.addresses.push(endpoint);
      } else if (!node.local) continue;
      const nexthop = ofFamily(node.local ? node.management : node.transit, six);
      if (nexthop === undefined) continue;
      const row = { priority: 101, match: `${ipWord(endpoint)}.src == ${endpoint}`, action: "reroute", nexthops: [nexthop], external_ids: { EgressSVC: `${namespace}/${name}${own ? "" : ":ic"}` } } as const;
      router?.policies.push(zone.draft.add("Logical_Router_Policy", `101/${namespace}/${name}/${endpoint}`, row, originOf(object, "status.host"))._uuid);
    }
  }
}
