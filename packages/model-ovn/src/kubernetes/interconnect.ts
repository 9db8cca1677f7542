import { originOf } from "@hopscope/model-kubernetes";
import { isIpv6, macOfAddresses, printSubnet, withoutLength } from "./address.ts";
import { routerSwitchPort } from "./topology.ts";
import { CLUSTER_ROUTER, SYSTEM, type Zone } from "./zone.ts";

/**
 * Writes the transit switch that joins the zones, its ports, and the routes to the other zones' nodes.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/zone_interconnect/zone_ic_handler.go, 2023-10-31
 */
export function compileInterconnect(zone: Zone): void {
  const { draft } = zone;
  if (!zone.config.interconnect) return;
  const other_config = { "interconn-ts": "transit_switch", mcast_flood_unregistered: "true", mcast_querier: "false", mcast_snoop: "true", "requested-tnl-key": "16711683" };
  const transit = draft.add("Logical_Switch", "transit_switch", { name: "transit_switch", other_config }, SYSTEM);
  const router = draft.find("Logical_Router", CLUSTER_ROUTER);
  for (const node of zone.local) {
    const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/node-transit-switch-port-ifaddr]");
    const name = `rtots-${node.name}`;
    const row = { name, mac: macOfAddresses(node.transit), networks: node.transit, options: { mcast_flood: "true" } };
    router?.ports.push(draft.add("Logical_Router_Port", name, row, origin)._uuid);
    const port = `tstor-${node.name}`;
    transit.ports.push(routerSwitchPort(zone, port, name, origin, { "requested-tnl-key": String(node.id) }));
    const switchPort = draft.find("Logical_Switch_Port", port);
    if (switchPort !== undefined) switchPort.external_ids["node"] = node.name;
  }
  for (const node of zone.remote) {
    if (!node.joined) continue;
    const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/node-transit-switch-port-ifaddr]");
    const name = `tstor-${node.name}`;
    const addresses = [[macOfAddresses(node.transit), ...node.transit].join(" ")];
    const row = { name, type: "remote", addresses, options: { "requested-tnl-key": String(node.id) }, external_ids: { node: node.name }, up: true };
    transit.ports.push(draft.add("Logical_Switch_Port", name, row, origin)._uuid);
    const prefixes = [...node.subnets.map(printSubnet), ...node.join.map((address) => `${withoutLength(address)}/${isIpv6(address) ? 128 : 32}`)];
    for (const ip_prefix of prefixes) {
      const nexthop = node.transit.map(withoutLength).find((address) => isIpv6(address) === isIpv6(ip_prefix));
      if (nexthop === undefined) continue;
      const route = draft.add("Logical_Router_Static_Route", `${CLUSTER_ROUTER}/dst-ip/${ip_prefix}/${nexthop}`, { ip_prefix, nexthop, external_ids: { "ic-node": node.name } }, origin);
      router?.static_routes.push(route._uuid);
    }
  }
}
