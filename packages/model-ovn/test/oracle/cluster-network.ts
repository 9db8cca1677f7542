import type { Growth } from "./growth.ts";
import { macOf, macNumber, type Addresses, type ClusterPlan, type Family, type NodePlan } from "./plan.ts";

/** The rows other parts of the database refer to. */
export interface NetworkRows {
  readonly clusterRouter: string;
  readonly gatewayRouters: ReadonlyMap<NodePlan, string>;
  readonly switches: ReadonlyMap<NodePlan, string>;
  readonly copp: string;
  readonly allGroup: string;
  readonly switchGroup: string;
  readonly routerGroup: string;
  readonly podGroup: string;
  /** The port rows of pods and management ports by name. */
  readonly portRows: Map<string, string>;
}

const join = (id: number): Addresses => ({ v4: `100.64.0.${id}`, v6: `fd98::${id.toString(16)}` });
const transit = (id: number): Addresses => ({ v4: `100.88.0.${id}`, v6: `fd97::${id.toString(16)}` });
const only = (plan: ClusterPlan, addresses: Addresses, prefix: Readonly<Record<Family, number>>): string[] =>
  plan.families.map((family) => `${addresses[family] ?? ""}/${prefix[family]}`);

/** The address of a node's gateway router on the join switch. */
export const joinAddress = (node: NodePlan): Addresses => join(node.index + 2);
/** The address of a node's router on the transit switch. */
export const transitAddress = (node: NodePlan): Addresses => transit(node.index + 2);
/** A host of a node's pod network. */
export const hostOf = (node: NodePlan, host: number): Addresses =>
  ({ ...(node.subnet.v4 === undefined ? {} : { v4: `${node.subnet.v4}.${host}` }), ...(node.subnet.v6 === undefined ? {} : { v6: `${node.subnet.v6}::${host}` }) });
/** The network of a node's pods. */
export const subnetOf = (node: NodePlan, family: Family): string => (family === "v4" ? `${node.subnet.v4}.0/23` : `${node.subnet.v6}::/64`);

function copp(grow: Growth): string {
  const protocols = ["arp", "arp-resolve", "bfd", "event-elb", "icmp4-error", "icmp6-error", "reject", "tcp-reset", "svc-monitor"];
  for (const protocol of protocols) {
    const bands = [grow.add("Meter_Band", { action: "drop", rate: 25 })];
    grow.add("Meter", { name: `${protocol}-rate-limiter`, unit: "pktps", fair: true, bands });
  }
  grow.add("Meter", { name: "acl-logging", unit: "pktps", fair: true, bands: [grow.add("Meter_Band", { action: "drop", rate: 20 })] });
  return grow.add("Copp", { name: "ovnkube-default", meters: Object.fromEntries(protocols.map((name) => [name, `${name}-rate-limiter`])) });
}

/** A router port and the switch port it is plugged into. */
function plug(grow: Growth, router: string, onSwitch: string, names: readonly [string, string], port: { readonly mac: string; readonly networks: readonly string[]; readonly options?: Record<string, string>; readonly gateway?: readonly string[] }, switchOptions: Record<string, string> = {}): string {
  const row = grow.add("Logical_Router_Port", {
    name: names[0], mac: port.mac, networks: port.networks, options: port.options ?? {}, gateway_chassis: port.gateway ?? [],
  });
  grow.append("Logical_Router", router, "ports", [row]);
  const peer = grow.add("Logical_Switch_Port", {
    name: names[1], type: "router", addresses: [grow.dice.chance(0.7) ? "router" : port.mac], options: { "router-port": names[0], ...switchOptions },
  });
  grow.append("Logical_Switch", onSwitch, "ports", [peer]);
  return peer;
}

function gatewayRouter(grow: Growth, plan: ClusterPlan, node: NodePlan, rows: { readonly joinSwitch: string; readonly copp: string; readonly groups: readonly string[] }): string {
  const { dice } = grow;
  const router = grow.add("Logical_Router", {
    name: `GR_${node.name}`, copp: rows.copp, load_balancer_group: rows.groups,
    options: {
      chassis: node.chassis, "snat-ct-zone": "0",
      ...(dice.chance(0.8) ? { lb_force_snat_ip: "router_ip" } : {}), ...(dice.chance(0.8) ? { dynamic_neigh_routers: "true" } : {}),
      ...(dice.chance(0.8) ? { always_learn_from_arp_request: "false" } : {}),
    },
  });
  const own = joinAddress(node);
  const mtu: Record<string, string> = dice.chance(0.6) ? { gateway_mtu: "1400" } : {};
  plug(grow, router, rows.joinSwitch, [`rtoj-GR_${node.name}`, `jtor-GR_${node.name}`],
    { mac: own.v4 === undefined ? macNumber(4, node.index) : macOf(own.v4), networks: only(plan, own, { v4: 16, v6: 64 }), options: mtu });
  const outside = grow.add("Logical_Switch", { name: `ext_${node.name}` });
  const vlan = dice.chance(0.2) ? { tag: 100, tag_request: 100 } : {};
  grow.append("Logical_Switch", outside, "ports", [grow.add("Logical_Switch_Port", {
    name: `br-ex_${node.name}`, type: "localnet", addresses: ["unknown"], options: { network_name: "physnet", ...(dice.chance(0.2) ? { localnet_learn_fdb: "true" } : {}) }, ...vlan,
  })]);
  plug(grow, router, outside, [`rtoe-GR_${node.name}`, `etor-GR_${node.name}`],
    { mac: node.mac, networks: only(plan, node.ip, { v4: 24, v6: 64 }), options: mtu }, { "nat-addresses": "router", "exclude-lb-vips-from-garp": "true" });
  plan.doors.push({ port: `br-ex_${node.name}`, source: macNumber(0, 256), destination: node.mac, networks: node.ip });
  plan.learnt.push({ port: `rtoj-GR_${node.name}`, ip: "100.64.0.1", mac: macOf("100.64.0.1") }, { port: `rtoj-GR_${node.name}`, ip: "fd98::1", mac: macOf("100.64.0.1") });
  if (dice.chance(0.8)) plan.learnt.push({ port: `rtoe-GR_${node.name}`, ip: "192.168.126.1", mac: macNumber(0, 1) }, { port: `rtoe-GR_${node.name}`, ip: "fc00:f853:ccd:e793::1", mac: macNumber(0, 1) });
  if (dice.chance(0.7)) plan.learnt.push({ port: `rtoe-GR_${node.name}`, ip: "192.168.126.100", mac: macNumber(0, 256) });
  if (dice.chance(0.5)) grow.add("Static_MAC_Binding", { logical_port: `rtoe-GR_${node.name}`, ip: "169.254.169.4", mac: macOf("169.254.169.4"), override_dynamic_mac: dice.chance(0.5) });
  if (dice.chance(0.3)) plan.forwarding.push({ port: `br-ex_${node.name}`, mac: macNumber(0, 256) });
  return router;
}

function nodeSwitch(grow: Growth, plan: ClusterPlan, node: NodePlan, clusterRouter: string, rows: { readonly groups: readonly string[]; readonly podGroup: string; readonly routerGroup: string; readonly portRows: Map<string, string> }): string {
  const { dice } = grow;
  const gateway = hostOf(node, 1);
  const mac = gateway.v4 === undefined ? macNumber(5, node.index) : macOf(gateway.v4);
  const snoop = dice.chance(0.7) ? {
    mcast_snoop: "true", mcast_querier: dice.pick(["true", "false"]), mcast_eth_src: mac,
    ...(gateway.v4 === undefined ? {} : { mcast_ip4_src: gateway.v4 }), ...(gateway.v6 === undefined ? {} : { mcast_ip6_src: gateway.v6 }), ...(dice.chance(0.3) ? { mcast_flood_unregistered: "true" } : {}),
  } : {};
  const row = grow.add("Logical_Switch", { name: node.name, load_balancer_group: rows.groups, other_config: snoop });
  const pinned = dice.chance(0.8) ? [grow.add("Gateway_Chassis", { name: `rtos-${node.name}-${node.chassis}`, chassis_name: node.chassis, priority: 1 })] : [];
  const proxy: Record<string, string> = dice.chance(0.6) ? { arp_proxy: `0a:58:a9:fe:01:01 169.254.1.1 fe80::1 10.128.0.0/14` } : {};
  const peer = plug(grow, clusterRouter, row, [`rtos-${node.name}`, `stor-${node.name}`], { mac, networks: only(plan, gateway, { v4: 23, v6: 64 }), gateway: pinned }, proxy);
  grow.append("Port_Group", rows.routerGroup, "ports", [peer]);
  const workload = (port: string, addresses: readonly string[], secured: boolean): void => {
    const uuid = grow.add("Logical_Switch_Port", {
      name: port, addresses, port_security: secured ? addresses.filter((text) => text !== "unknown") : [],
      ...(dice.chance(0.04) ? { enabled: false } : {}), ...(dice.chance(0.1) ? { options: { "requested-chassis": node.name } } : {}),
    });
    rows.portRows.set(port, uuid);
    grow.append("Logical_Switch", row, "ports", [uuid]);
    grow.append("Port_Group", rows.podGroup, "ports", [uuid]);
    plan.bindings.push({ port, chassis: node.chassis });
  };
  const management = hostOf(node, 2);
  workload(`k8s-${node.name}`, [[node.managementMac, ...plan.families.map((family) => management[family] ?? "")].join(" ")], false);
  plan.doors.push({ port: `k8s-${node.name}`, source: node.managementMac, destination: mac, networks: management });
  for (const pod of plan.pods.filter((each) => each.node === node)) {
    const text = [pod.mac, ...plan.families.map((family) => pod.ip[family] ?? "")].join(" ");
    workload(pod.port, dice.chance(0.05) ? [text, "unknown"] : [text], dice.chance(0.85));
    if (dice.chance(0.15)) plan.groups.push({ port: pod.port, address: plan.families.includes("v4") ? "239.1.1.1" : "ff0e::1:1" });
  }
  return row;
}

function transitSwitch(grow: Growth, plan: ClusterPlan, clusterRouter: string): void {
  const row = grow.add("Logical_Switch", {
    name: "transit_switch",
    other_config: { "interconn-ts": "transit_switch", "requested-tnl-key": "16711683", mcast_snoop: "true", mcast_querier: "false", mcast_flood_unregistered: "true" },
  });
  for (const node of plan.nodes) {
    const address = transitAddress(node);
    const mac = macOf(address.v4 ?? "");
    if (node.local) plug(grow, clusterRouter, row, [`rtots-${node.name}`, `tstor-${node.name}`], { mac, networks: only(plan, address, { v4: 16, v6: 64 }), options: { mcast_flood: "true" } }, { "requested-tnl-key": `${node.index + 2}` });
    else {
      grow.append("Logical_Switch", row, "ports", [grow.add("Logical_Switch_Port", {
        name: `tstor-${node.name}`, type: "remote", addresses: [[mac, ...only(plan, address, { v4: 16, v6: 64 })].join(" ")], options: { "requested-tnl-key": `${node.index + 2}` },
      })]);
      plan.bindings.push({ port: `tstor-${node.name}`, chassis: node.chassis });
      plan.doors.push({ port: `tstor-${node.name}`, source: mac, destination: macOf("100.88.0.2"), networks: hostOf(node, 10) });
    }
  }
}

/** Grows the routers, switches and ports of a cluster as OVN-Kubernetes lays them out. */
export function clusterNetwork(grow: Growth, plan: ClusterPlan): NetworkRows {
  const { dice } = grow;
  const local = plan.nodes.filter((node) => node.local);
  const limits = copp(grow);
  const [allGroup, switchGroup, routerGroup] = ["clusterLBGroup", "clusterSwitchLBGroup", "clusterRouterLBGroup"].map((name) => grow.add("Load_Balancer_Group", { name })) as [string, string, string];
  const podGroup = grow.add("Port_Group", { name: "clusterPortGroup" });
  const routerPorts = grow.add("Port_Group", { name: "clusterRtrPortGroup" });
  const portRows = new Map<string, string>();
  const clusterRouter = grow.add("Logical_Router", {
    name: "ovn_cluster_router", copp: limits, options: dice.chance(0.7) ? { mcast_relay: "true" } : { always_learn_from_arp_request: "false" },
  });
  const joinSwitch = grow.add("Logical_Switch", { name: "join" });
  plug(grow, clusterRouter, joinSwitch, ["rtoj-ovn_cluster_router", "jtor-ovn_cluster_router"], { mac: macOf("100.64.0.1"), networks: only(plan, join(1), { v4: 16, v6: 64 }) });
  const switches = new Map(local.map((node) => [node, nodeSwitch(grow, plan, node, clusterRouter, { groups: [allGroup, switchGroup], podGroup, routerGroup: routerPorts, portRows })]));
  const gatewayRouters = new Map(local.map((node) => [node, gatewayRouter(grow, plan, node, { joinSwitch, copp: limits, groups: [allGroup, routerGroup] })]));
  if (plan.interconnect) transitSwitch(grow, plan, clusterRouter);
  grow.add("NB_Global", { name: plan.interconnect ? "worker-0" : "global", options: { name: plan.interconnect ? "worker-0" : "global", ...(dice.chance(0.2) ? { use_logical_dp_groups: "true" } : {}) } });
  return { clusterRouter, gatewayRouters, switches, copp: limits, allGroup, switchGroup, routerGroup, podGroup, portRows };
}
