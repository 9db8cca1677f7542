import { originOf } from "@hopscope/model-kubernetes";
import { contains, isIpv6, macOfAddress, macOfAddresses, printSubnet, withoutLength } from "./address.ts";
import type { NodeFacts } from "./node-facts.ts";
import { routerSwitchPort } from "./topology.ts";
import { CLUSTER_ROUTER, gatewayRouter, ofFamily, type Zone } from "./zone.ts";

/** The subnet between host and OVN, and the next hop nobody has, per family. */
const masquerade = { 4: { subnet: "169.254.169.0/29", dummy: "169.254.169.4" }, 6: { subnet: "fd69::/125", dummy: "fd69::4" } } as const;

/**
 * Writes a node's gateway router, its external switch and the routes between it and the distributed router.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/gateway_init.go gatewayInit, 2023-10-31
 */
export function compileGateway(zone: Zone, node: NodeFacts): void {
  const { draft, config } = zone;
  const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/l3-gateway-config]");
  const name = gatewayRouter(node);
  const physical = node.gateway.addresses.map(withoutLength);
  const router = draft.add(
    "Logical_Router",
    name,
    {
      name,
      copp: "Copp:ovnkube-default",
      external_ids: { physical_ip: physical[0] ?? "", physical_ips: physical.join(",") },
      load_balancer_group: ["Load_Balancer_Group:clusterLBGroup", "Load_Balancer_Group:clusterRouterLBGroup"],
      options: {
        always_learn_from_arp_request: "false",
        chassis: node.chassis,
        dynamic_neigh_routers: "true",
        lb_force_snat_ip: "router_ip",
        mac_binding_age_threshold: "300",
        "snat-ct-zone": "0",
      },
    },
    origin,
  );
  const mtu: Readonly<Record<string, string>> = node.gatewayMtu ? { gateway_mtu: String(config.mtu) } : {};
  const joinPort = `rtoj-${name}`;
  router.ports.push(draft.add("Logical_Router_Port", joinPort, { name: joinPort, mac: macOfAddresses(node.join), networks: node.join, options: mtu }, origin)._uuid);
  draft.find("Logical_Switch", "join")?.ports.push(routerSwitchPort(zone, `jtor-${name}`, joinPort, origin));
  const announce: Readonly<Record<string, string>> = config.egressIp ? { "nat-addresses": "router", "exclude-lb-vips-from-garp": "true" } : {};
  const external = { prefix: "", network: "physnet", interfaceId: node.gateway.interfaceId, mac: node.gateway.mac, addresses: node.gateway.addresses, options: announce, vlan: node.gateway.vlan };
  const second = node.gateway.external;
  const bridges = second === undefined ? [external] : [external, { prefix: "exgw-", network: "exgwphysnet", ...second, options: {}, vlan: undefined }];
  for (const bridge of bridges) {
    const outPort = `${bridge.prefix}rtoe-${name}`;
    const row = { name: outPort, mac: bridge.mac, networks: bridge.addresses, options: mtu, external_ids: { "gateway-physical-ip": "yes" } };
    router.ports.push(draft.add("Logical_Router_Port", outPort, row, origin)._uuid);
    const switchName = `${bridge.prefix}ext_${node.name}`;
    const localnet = draft.add("Logical_Switch_Port", bridge.interfaceId, { name: bridge.interfaceId, type: "localnet", addresses: ["unknown"], options: { network_name: bridge.network }, tag_request: bridge.vlan }, origin);
    const toRouter = routerSwitchPort(zone, `${bridge.prefix}etor-${name}`, outPort, origin, bridge.options, [bridge.mac]);
    draft.add("Logical_Switch", switchName, { name: switchName, ports: [localnet._uuid, toRouter] }, origin);
  }
  compileGatewayRoutes(zone, node);
}

function compileGatewayRoutes(zone: Zone, node: NodeFacts): void {
  const { draft, config } = zone;
  const name = gatewayRouter(node);
  const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/l3-gateway-config]");
  const router = draft.find("Logical_Router", name);
  const cluster = draft.find("Logical_Router", CLUSTER_ROUTER);
  const output_port = `rtoe-${name}`;
  const route = (on: typeof router, row: { ip_prefix: string; nexthop: string; output_port?: string; policy?: "src-ip" }): void => {
    const key = `${on?.name}/${row.policy ?? "dst-ip"}/${row.ip_prefix}/${row.nexthop}`;
    on?.static_routes.push(draft.add("Logical_Router_Static_Route", key, row, origin)._uuid);
  };
  for (const { subnet } of config.clusterSubnets) {
    const six = subnet.family === 6;
    const clusterJoin = ofFamily(draft.find("Logical_Router_Port", `rtoj-${CLUSTER_ROUTER}`)?.networks ?? [], six);
    if (clusterJoin !== undefined) route(router, { ip_prefix: printSubnet(subnet), nexthop: clusterJoin });
  }
  for (const family of config.families) {
    const { subnet, dummy } = masquerade[family];
    route(router, { ip_prefix: subnet, nexthop: dummy, output_port });
    draft.add("Static_MAC_Binding", `${output_port}/${dummy}`, { logical_port: output_port, ip: dummy, mac: macOfAddress(dummy), override_dynamic_mac: true }, origin);
    // Every next hop replaces the row of the one before: the last one stays.
    const nexthop = node.gateway.nextHops.filter((hop) => isIpv6(hop) === (family === 6)).at(-1);
    if (nexthop !== undefined) route(router, { ip_prefix: family === 6 ? "::/0" : "0.0.0.0/0", nexthop, output_port });
  }
  for (const address of node.join.map(withoutLength)) route(cluster, { ip_prefix: address, nexthop: address });
  const catchAll = config.interconnect && config.egressIp ? config.clusterSubnets.map(({ subnet }) => subnet) : [];
  for (const subnet of node.subnets) {
    const join = ofFamily(node.join, subnet.family === 6);
    const management = ofFamily(node.management, subnet.family === 6);
    const nexthop = node.gateway.mode === "local" ? management : join;
    const replaced = node.gateway.mode !== "local" && catchAll.some((wide) => contains(wide, subnet));
    if (nexthop !== undefined && !replaced) route(cluster, { ip_prefix: printSubnet(subnet), nexthop, policy: "src-ip" });
  }
  for (const subnet of catchAll) {
    const nexthop = ofFamily(node.join, subnet.family === 6);
    if (nexthop !== undefined) route(cluster, { ip_prefix: printSubnet(subnet), nexthop, policy: "src-ip" });
  }
  if (!config.disableSnatMultipleGateways) {
    for (const { subnet } of config.clusterSubnets) {
      const external_ip = ofFamily(node.gateway.addresses, subnet.family === 6);
      if (external_ip === undefined) continue;
      const logical_ip = printSubnet(subnet);
      router?.nat.push(draft.add("NAT", `${name}/${logical_ip}`, { type: "snat", external_ip, logical_ip, options: { stateless: "false" } }, origin)._uuid);
    }
  }
}
