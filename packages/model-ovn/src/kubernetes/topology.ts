import { originOf } from "@hopscope/model-kubernetes";
import { isIpv6, linkLocalOfMac, macOfAddresses, nthAddress, printAddress, printSubnet, ipWord } from "./address.ts";
import type { NodeFacts } from "./node-facts.ts";
import { addAcl, CLUSTER_ROUTER, SYSTEM, type Zone } from "./zone.ts";

const limited = ["arp", "arp-resolve", "bfd", "event-elb", "icmp4-error", "icmp6-error", "reject", "svc-monitor", "tcp-reset"];

/** Address of the hairpin source of services, per family. */
export const hairpinSource = { 4: "169.254.169.5", 6: "fd69::5" } as const;

/**
 * Writes what every zone has: the distributed router, the join switch, groups, meters and the ACLs for all pods.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/master.go SetupMaster, 2023-10-31
 */
export function compileClusterTopology(zone: Zone): void {
  const { draft, config } = zone;
  draft.add("NB_Global", "", config.interconnect ? { name: zone.name, options: { name: zone.name } } : {}, SYSTEM);
  const band = draft.add("Meter_Band", "25", { action: "drop", rate: 25 }, SYSTEM);
  const logBand = draft.add("Meter_Band", "20", { action: "drop", rate: 20 }, SYSTEM);
  draft.add("Meter", "acl-logging", { name: "acl-logging", unit: "pktps", fair: true, bands: [logBand._uuid] }, SYSTEM);
  const meters: Record<string, string> = {};
  for (const protocol of limited) {
    const name = `${protocol}-rate-limiter`;
    meters[protocol] = name;
    draft.add("Meter", name, { name, unit: "pktps", fair: true, bands: [band._uuid] }, SYSTEM);
  }
  const copp = draft.add("Copp", "ovnkube-default", { name: "ovnkube-default", meters }, SYSTEM);
  for (const name of ["clusterLBGroup", "clusterRouterLBGroup", "clusterSwitchLBGroup"]) draft.add("Load_Balancer_Group", name, { name }, SYSTEM);
  const joinAddresses = config.joinSubnets.filter(({ family }) => config.families.includes(family)).map((subnet) => `${nthAddress(subnet, 1)}/${subnet.length}`);
  const router = draft.add(
    "Logical_Router",
    CLUSTER_ROUTER,
    {
      name: CLUSTER_ROUTER,
      copp: copp._uuid,
      external_ids: { "k8s-cluster-router": "yes", "k8s-ovn-topo-version": "5" },
      options: config.multicast ? { mcast_relay: "true" } : { always_learn_from_arp_request: "false" },
    },
    SYSTEM,
  );
  const join = draft.add("Logical_Switch", "join", { name: "join" }, SYSTEM);
  const routerPort = `rtoj-${CLUSTER_ROUTER}`;
  router.ports.push(draft.add("Logical_Router_Port", routerPort, { name: routerPort, mac: macOfAddresses(joinAddresses), networks: joinAddresses }, SYSTEM)._uuid);
  join.ports.push(routerSwitchPort(zone, `jtor-${CLUSTER_ROUTER}`, routerPort, SYSTEM));
  const pods = draft.add("Port_Group", "clusterPortGroup", { name: "clusterPortGroup", external_ids: { name: "clusterPortGroup" } }, SYSTEM);
  const routers = draft.add("Port_Group", "clusterRtrPortGroup", { name: "clusterRtrPortGroup", external_ids: { name: "clusterRtrPortGroup" } }, SYSTEM);
  const hairpin = config.families.map((family) => `ip${family}.src == ${hairpinSource[family]}`);
  const multicast = "(ip4.mcast || mldv1 || mldv2 || (ip6.dst[120..127] == 0xff && ip6.dst[116] == 1))";
  for (const direction of ["Egress", "Ingress"] as const) {
    const side = direction === "Egress" ? "inport" : "outport";
    const match = hairpin.length > 1 ? `(${hairpin.join(" || ")})` : (hairpin[0] ?? "");
    const keys = { "k8s.ovn.org/name": "allow-hairpinning", direction };
    pods.acls.push(addAcl(zone, { ownerType: "NetpolDefault", keys, direction, priority: 1001, match, action: "allow-related" }, SYSTEM));
    if (!config.multicast) continue;
    const owner = { ownerType: "MulticastCluster", direction } as const;
    pods.acls.push(addAcl(zone, { ...owner, keys: { type: "DefaultDeny", direction }, priority: 1011, match: multicast, action: "drop" }, SYSTEM));
    routers.acls.push(addAcl(zone, { ...owner, keys: { type: "AllowInterNode", direction }, priority: 1012, match: `${side} == @clusterRtrPortGroup && ${multicast}`, action: "allow" }, SYSTEM));
  }
}

/** Adds a switch port that leads to a router port; returns its id. */
export function routerSwitchPort(zone: Zone, name: string, routerPort: string, origin: ReturnType<typeof originOf>, options: Readonly<Record<string, string>> = {}, addresses: readonly string[] = ["router"]): string {
  return zone.draft.add("Logical_Switch_Port", name, { name, type: "router", addresses, options: { "router-port": routerPort, ...options }, up: true }, origin)._uuid;
}

/**
 * Writes a node's switch, its port on the distributed router, its management port and the policies that lead to the host.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/base_network_controller.go createNodeLogicalSwitch, 2023-10-31
 */
export function compileNodeSwitch(zone: Zone, node: NodeFacts): void {
  const { draft, config } = zone;
  const origin = originOf(node.resource, "metadata.annotations[k8s.ovn.org/node-subnets]");
  const mac = macOfAddresses(node.gateways);
  const other: Record<string, string> = {};
  if (config.multicast) Object.assign(other, { mcast_eth_src: mac, mcast_querier: "true", mcast_snoop: "true" });
  for (const [index, subnet] of node.subnets.entries()) {
    if (subnet.family === 4) other["subnet"] = printSubnet(subnet);
    else other["ipv6_prefix"] = printAddress(subnet);
    if (!config.multicast) continue;
    if (subnet.family === 4) other["mcast_ip4_src"] = node.gateways[index] ?? "";
    else other["mcast_ip6_src"] = linkLocalOfMac(mac);
  }
  const load_balancer_group = ["Load_Balancer_Group:clusterLBGroup", "Load_Balancer_Group:clusterSwitchLBGroup"];
  const nodeSwitch = draft.add("Logical_Switch", node.name, { name: node.name, load_balancer_group, other_config: other }, origin);
  const router = draft.find("Logical_Router", CLUSTER_ROUTER);
  const routerPort = `rtos-${node.name}`;
  const chassisName = `${routerPort}-${node.chassis}`;
  const chassis = draft.add("Gateway_Chassis", chassisName, { name: chassisName, chassis_name: node.chassis, priority: 1 }, origin);
  const networks = node.subnets.map((subnet) => `${nthAddress(subnet, 1)}/${subnet.length}`);
  router?.ports.push(draft.add("Logical_Router_Port", routerPort, { name: routerPort, mac, networks, gateway_chassis: [chassis._uuid] }, origin)._uuid);
  const arpProxy = ["0a:58:a9:fe:01:01", "169.254.1.1", "fe80::1", ...config.clusterSubnets.map(({ subnet }) => printSubnet(subnet))].join(" ");
  const stor = routerSwitchPort(zone, `stor-${node.name}`, routerPort, origin, { arp_proxy: arpProxy });
  nodeSwitch.ports.push(stor);
  if (config.multicast) draft.find("Port_Group", "clusterRtrPortGroup")?.ports.push(stor);
  const managementName = `k8s-${node.name}`;
  const management = draft.add("Logical_Switch_Port", managementName, { name: managementName, addresses: [[node.managementMac, ...node.management].join(" ")] }, originOf(node.resource, "metadata.annotations[k8s.ovn.org/node-mgmt-port-mac-address]"));
  nodeSwitch.ports.push(management._uuid);
  draft.find("Port_Group", "clusterPortGroup")?.ports.push(management._uuid);
  for (const ip of node.management) {
    const acl = { ownerType: "NetpolNode", keys: { "k8s.ovn.org/name": node.name, ip }, direction: "Ingress", priority: 1001, match: `${ipWord(ip)}.src==${ip}`, action: "allow-related" } as const;
    nodeSwitch.acls.push(addAcl(zone, acl, origin));
  }
  for (const address of node.hostAddresses) {
    const nexthop = node.management.find((ip) => isIpv6(ip) === isIpv6(address));
    if (nexthop === undefined) continue;
    const match = `inport == "${routerPort}" && ${ipWord(address)}.dst == ${address} /* ${node.name} */`;
    const key = `1004/${node.name}/${address}`;
    const policy = draft.add("Logical_Router_Policy", key, { priority: 1004, match, action: "reroute", nexthops: [nexthop] }, originOf(node.resource, "metadata.annotations[k8s.ovn.org/host-cidrs]"));
    router?.policies.push(policy._uuid);
  }
}
