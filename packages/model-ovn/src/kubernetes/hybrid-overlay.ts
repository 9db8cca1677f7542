import { originOf } from "@hopscope/model-kubernetes";
import { isIpv6, macOfAddress, nthAddress } from "./address.ts";
import { CLUSTER_ROUTER, gatewayRouter, ofFamily, type Zone } from "./zone.ts";

/**
 * Leads traffic for the hybrid overlay's subnets to the port that tunnels it to Windows nodes.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/hybrid.go, 2023-10-31
 */
export function compileHybridOverlay(zone: Zone): void {
  const { draft, config } = zone;
  if (config.hybridOverlaySubnets.length === 0) return;
  const cluster = draft.find("Logical_Router", CLUSTER_ROUTER);
  for (const node of zone.local) {
    const subnet = node.subnets.find(({ family }) => family === 4);
    const join = ofFamily(node.join, false);
    const clusterJoin = ofFamily(draft.find("Logical_Router_Port", `rtoj-${CLUSTER_ROUTER}`)?.networks ?? [], false);
    if (subnet === undefined || join === undefined || clusterJoin === undefined) continue;
    const { annotations = {} } = node.resource.metadata;
    const address = annotations["k8s.ovn.org/hybrid-overlay-distributed-router-gateway-ip"] ?? nthAddress(subnet, 3);
    const mac = annotations["k8s.ovn.org/hybrid-overlay-distributed-router-gateway-mac"] ?? macOfAddress(address);
    const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/hybrid-overlay-distributed-router-gateway-mac]");
    const port = `int-${node.name}`;
    draft.find("Logical_Switch", node.name)?.ports.push(draft.add("Logical_Switch_Port", port, { name: port, addresses: [mac] }, origin)._uuid);
    draft.add("Static_MAC_Binding", `rtos-${node.name}/${address}`, { logical_port: `rtos-${node.name}`, ip: address, mac, override_dynamic_mac: true }, origin);
    const names = { node: `hybrid-subnet-${node.name}`, gateway: `hybrid-subnet-${node.name}-gr` };
    for (const ip_prefix of config.hybridOverlaySubnets.map((text) => text.split("/").slice(0, 2).join("/"))) {
      if (isIpv6(ip_prefix)) continue;
      const policy = (match: string, name: string): void => {
        cluster?.policies.push(draft.add("Logical_Router_Policy", `1002/${name}/${ip_prefix}`, { priority: 1002, match, action: "reroute", nexthops: [address], external_ids: { name } }, origin)._uuid);
      };
      policy(`inport == "rtos-${node.name}" && ip4.dst == ${ip_prefix}`, names.node);
      policy(`ip4.src == ${join} && ip4.dst == ${ip_prefix}`, names.gateway);
      const route = (on: typeof cluster, nexthop: string, name: string): void => {
        on?.static_routes.push(draft.add("Logical_Router_Static_Route", `${name}/${ip_prefix}`, { ip_prefix, nexthop, external_ids: { name } }, origin)._uuid);
      };
      route(cluster, address, names.node);
      route(draft.find("Logical_Router", gatewayRouter(node)), clusterJoin, names.gateway);
    }
  }
}
