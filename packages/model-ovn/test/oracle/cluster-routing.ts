import { hostOf, joinAddress, subnetOf, transitAddress, type NetworkRows } from "./cluster-network.ts";
import type { Columns, Growth } from "./growth.ts";
import { macNumber, type ClusterPlan, type Family, type NodePlan } from "./plan.ts";

const everything = (family: Family): string => (family === "v4" ? "0.0.0.0/0" : "::/0");
const allPods = (family: Family): string => (family === "v4" ? "10.128.0.0/14" : "fd01::/48");
const host = (family: Family, address: string): string => `${address}/${family === "v4" ? 32 : 128}`;
const ipOf = (family: Family): string => (family === "v4" ? "ip4" : "ip6");

function route(grow: Growth, router: string, columns: Columns<"Logical_Router_Static_Route">): void {
  grow.append("Logical_Router", router, "static_routes", [grow.add("Logical_Router_Static_Route", columns)]);
}

function policy(grow: Growth, router: string, priority: number, match: string, action: Columns<"Logical_Router_Policy">): void {
  grow.append("Logical_Router", router, "policies", [grow.add("Logical_Router_Policy", { priority, match, ...action })]);
}

function gatewayRoutes(grow: Growth, plan: ClusterPlan, node: NodePlan, router: string, family: Family): void {
  const { dice } = grow;
  const port = `rtoe-GR_${node.name}`;
  const outside = family === "v4" ? "192.168.126.1" : "fc00:f853:ccd:e793::1";
  route(grow, router, { ip_prefix: allPods(family), nexthop: family === "v4" ? "100.64.0.1" : "fd98::1" });
  if (family === "v4") route(grow, router, { ip_prefix: "169.254.169.0/29", nexthop: "169.254.169.4", output_port: port });
  route(grow, router, { ip_prefix: everything(family), nexthop: outside, output_port: port });
  if (dice.chance(0.25)) route(grow, router, { ip_prefix: everything(family), nexthop: family === "v4" ? "192.168.126.100" : "fc00:f853:ccd:e793::100", output_port: port });
  const pod = dice.pick(plan.pods.filter((each) => each.node === node));
  if (dice.chance(0.4)) {
    const options: Record<string, string> = dice.chance(0.7) ? { ecmp_symmetric_reply: "true" } : {};
    for (const last of [50, 51, 52].slice(0, 1 + dice.below(3))) {
      route(grow, router, { ip_prefix: host(family, pod.ip[family] ?? ""), policy: "src-ip", nexthop: family === "v4" ? `192.168.126.${last}` : `fc00:f853:ccd:e793::${last}`, output_port: port, options });
    }
  }
  if (dice.chance(0.2)) route(grow, router, { ip_prefix: family === "v4" ? "198.51.100.0/24" : "2001:db8:1::/64", nexthop: "discard" });
}

function clusterRoutes(grow: Growth, plan: ClusterPlan, router: string, family: Family): void {
  const { dice } = grow;
  for (const node of plan.nodes) {
    const own = joinAddress(node)[family] ?? "";
    const across = transitAddress(node)[family] ?? "";
    if (!node.local) {
      for (const prefix of [subnetOf(node, family), host(family, own)]) route(grow, router, { ip_prefix: prefix, nexthop: across });
      continue;
    }
    route(grow, router, { ip_prefix: own, nexthop: own });
    const viaHost = dice.chance(0.3);
    route(grow, router, { ip_prefix: subnetOf(node, family), policy: "src-ip", nexthop: viaHost ? hostOf(node, 2)[family] ?? "" : own });
    if (plan.interconnect && dice.chance(0.5)) route(grow, router, { ip_prefix: allPods(family), policy: "src-ip", nexthop: own });
  }
  if (dice.chance(0.2)) for (const node of plan.nodes.slice(0, 2)) route(grow, router, { ip_prefix: everything(family), nexthop: node.local ? joinAddress(node)[family] ?? "" : transitAddress(node)[family] ?? "" });
}

function clusterPolicies(grow: Growth, plan: ClusterPlan, router: string, family: Family): void {
  const { dice } = grow;
  const ip = ipOf(family);
  for (const node of plan.nodes.filter((each) => each.local)) {
    policy(grow, router, 1004, `inport == "rtos-${node.name}" && ${ip}.dst == ${node.ip[family] ?? ""} /* ${node.name} */`, { action: "reroute", nexthops: [hostOf(node, 2)[family] ?? ""] });
  }
  if (dice.chance(0.7)) {
    policy(grow, router, 102, `${ip}.src == ${allPods(family)} && ${ip}.dst == ${allPods(family)}`, { action: "allow" });
    policy(grow, router, 102, `${ip}.src == $ns_${dice.pick(plan.namespaces)}_${family} && ${ip}.dst == {${plan.nodes.map((node) => node.ip[family] ?? "").join(", ")}}`, { action: "allow", options: { pkt_mark: "1008" } });
  }
  for (let count = dice.below(4); count > 0; count--) {
    const pod = dice.pick(plan.pods);
    const hops = dice.some(plan.nodes, 0.6).map((node) => (node.local ? joinAddress(node) : transitAddress(node))[family] ?? "");
    const choices: Columns<"Logical_Router_Policy">[] = [{ action: "drop" }, { action: "allow" }, ...(hops.length > 0 ? [{ action: "reroute" as const, nexthops: hops }] : []), ...(hops.length > 0 ? [{ action: "reroute" as const, nexthops: hops, options: { pkt_mark: "100" } }] : [])];
    policy(grow, router, dice.pick([100, 100, 101, 501]), `${ip}.src == ${pod.ip[family] ?? ""}`, dice.pick(choices));
  }
  if (dice.chance(0.15)) policy(grow, router, 1, `${ip}.dst == ${family === "v4" ? "9.9.9.9" : "2001:db8:9::9"} && tcp.dst == 443`, { action: "drop" });
}

function translations(grow: Growth, plan: ClusterPlan, node: NodePlan, router: string, family: Family): void {
  const { dice } = grow;
  const add = (columns: Columns<"NAT">): void => {
    grow.append("Logical_Router", router, "nat", [grow.add("NAT", columns)]);
    plan.routerAddresses.push({ family, address: columns.external_ip ?? "" });
  };
  const perPod = dice.chance(0.6);
  const own = plan.pods.filter((pod) => pod.node === node);
  if (perPod) for (const pod of own) add({ type: "snat", external_ip: node.ip[family] ?? "", logical_ip: pod.ip[family] ?? "", options: { stateless: "false" }, ...(dice.chance(0.1) ? { external_port_range: "32000-65535" } : {}) });
  else if (dice.chance(0.8)) add({ type: "snat", external_ip: node.ip[family] ?? "", logical_ip: allPods(family) });
  const outside = (last: number): string => (family === "v4" ? `192.168.126.${last + node.index}` : `fc00:f853:ccd:e793::${last + node.index}`);
  const free = perPod ? plan.pods.filter((pod) => pod.node !== node) : plan.pods;
  if (free.length > 0 && dice.chance(0.3)) add({ type: "snat", external_ip: outside(50), logical_ip: dice.pick(free).ip[family] ?? "", logical_port: `k8s-${node.name}`, options: { stateless: "false" } });
  if (dice.chance(0.25)) add({ type: "dnat_and_snat", external_ip: outside(60), logical_ip: dice.pick(own).ip[family] ?? "", ...(dice.chance(0.3) ? { options: { stateless: "true" } } : {}) });
  if (dice.chance(0.1)) add({ type: "dnat", external_ip: outside(70), logical_ip: dice.pick(own).ip[family] ?? "" });
}

/** A distributed router with a gateway port: floating addresses in the place where the pod is. */
function distributedRouter(grow: Growth, plan: ClusterPlan, family: Family): void {
  const { dice } = grow;
  const local = plan.nodes.filter((node) => node.local);
  const [inside, outside] = family === "v4" ? ["10.200.0", "172.16.0"] : ["fd20:", "fd21:"];
  const at = (network: string, number: number): string => (family === "v4" ? `${network}.${number}` : `${network}:${number}`);
  const length = family === "v4" ? 24 : 64;
  const gateways = dice.some(local, 0.7).map((node, index) => grow.add("Gateway_Chassis", { name: `dr-out-${node.name}`, chassis_name: node.chassis, priority: 10 + index }));
  const ports = [
    grow.add("Logical_Router_Port", { name: "dr-in", mac: macNumber(9, 1), networks: [`${at(inside, 1)}/${length}`] }),
    grow.add("Logical_Router_Port", { name: "dr-out", mac: macNumber(9, 2), networks: [`${at(outside, 1)}/${length}`], gateway_chassis: gateways, options: dice.chance(0.2) ? { gateway_mtu: "1500" } : dice.chance(0.2) ? { "redirect-type": "bridged" } : {} }),
  ];
  const vms = [10, 11].map((number) => {
    const port = `vm-${number}`;
    plan.bindings.push({ port, chassis: dice.pick(local).chassis });
    return { port, mac: macNumber(9, number), ip: at(inside, number) };
  });
  const forwarding = dice.chance(0.3) ? [grow.add("Forwarding_Group", { name: "fwd", vip: family === "v4" ? at(inside, 99) : "10.250.0.99", vmac: macNumber(9, 99), child_port: ["vm-10", "vm-11"], liveness: dice.chance(0.5) })] : [];
  const dhcp = grow.add("DHCP_Options", { cidr: `${at(inside, 0)}/${length}`, options: family === "v4"
    ? { server_id: at(inside, 1), server_mac: macNumber(9, 1), lease_time: "3600", router: at(inside, 1), dns_server: "{1.1.1.1, 8.8.8.8}", mtu: "1400", ...(dice.chance(0.3) ? { domain_name: '"shop.test"' } : {}) }
    : { server_id: macNumber(9, 1), dns_server: "fd20::53" } });
  const lease = dice.chance(0.6) ? (family === "v4" ? { dhcpv4_options: dhcp } : { dhcpv6_options: dhcp }) : {};
  const vmPorts = vms.map(({ port, mac, ip }) => grow.add("Logical_Switch_Port", { name: port, addresses: [dice.chance(0.8) ? `${mac} ${ip}` : mac], port_security: dice.chance(0.5) ? [dice.pick([`${mac} ${ip}`, mac, `${mac} ${ip} ${family === "v4" ? `${at(inside, 100)}/30` : "fd20::/64"}`])] : [], ...lease }));
  const extra = [
    ...(dice.chance(0.3) ? [grow.add("Logical_Switch_Port", { name: "vm-local", type: "localport", addresses: [`${macNumber(9, 3)} ${at(inside, 3)}`] })] : []),
    ...(dice.chance(0.3) ? [grow.add("Logical_Switch_Port", { name: "vm-virtual", type: "virtual", addresses: [`${macNumber(9, 4)} ${at(inside, 50)}`], options: { "virtual-ip": family === "v4" ? at(inside, 50) : "10.200.0.50", "virtual-parents": "vm-10,vm-11" } })] : []),
    ...(dice.chance(0.4) ? [grow.add("Logical_Switch_Port", { name: "vm-unknown", addresses: ["unknown"] })] : []),
    grow.add("Logical_Switch_Port", { name: "in-dr", type: "router", addresses: ["router"], options: { "router-port": "dr-in" } }),
  ];
  const dns = dice.chance(0.5) ? [grow.add("DNS", { records: { "vm.shop.test": at(inside, 10) } })] : [];
  grow.add("Logical_Switch", { name: "vms", ports: [...vmPorts, ...extra], forwarding_groups: forwarding, dns_records: dns });
  const tag = dice.chance(0.5) ? { tag: 42, tag_request: 42 } : {};
  grow.add("Logical_Switch", { name: "dr-outside", ports: [
    grow.add("Logical_Switch_Port", { name: "ln-dr", type: "localnet", addresses: ["unknown"], options: { network_name: "physnet2" }, ...tag }),
    grow.add("Logical_Switch_Port", { name: "out-dr", type: "router", addresses: ["router"], options: { "router-port": "dr-out", ...(dice.chance(0.5) ? { "nat-addresses": "router" } : {}) } }),
  ] });
  const floating = vms.filter(() => dice.chance(0.7)).map(({ port, ip }, index) => grow.add("NAT", {
    type: "dnat_and_snat", external_ip: at(outside, 20 + index), logical_ip: ip, ...(dice.chance(0.6) ? { logical_port: port, external_mac: macNumber(9, 50 + index) } : {}), ...(dice.chance(0.2) ? { options: { stateless: "true" } } : {}),
  }));
  const snat = dice.chance(0.7) ? [grow.add("NAT", { type: "snat", external_ip: at(outside, 1), logical_ip: `${at(inside, 0)}/${length}` })] : [];
  const routes = dice.chance(0.8) ? [grow.add("Logical_Router_Static_Route", { ip_prefix: everything(family), nexthop: at(outside, 254) })] : [];
  grow.add("Logical_Router", { name: "dr", ports, nat: gateways.length > 0 ? [...floating, ...snat] : [], static_routes: routes });
  const inNetwork = { [family]: at(inside, 10) };
  plan.doors.push({ port: "vm-10", source: macNumber(9, 10), destination: macNumber(9, 1), networks: inNetwork }, { port: "vm-11", source: macNumber(9, 11), destination: macNumber(9, 1), networks: { [family]: at(inside, 11) } }, { port: "ln-dr", source: macNumber(0, 300), destination: macNumber(9, 2), networks: { [family]: at(outside, 254) } });
  for (const [network, number] of [[outside, 1], [outside, 20], [outside, 21], [inside, 1], [inside, 10], [inside, 11], [inside, 50], [outside, 254]] as const) plan.routerAddresses.push({ family, address: at(network, number) });
  if (dice.chance(0.6)) plan.learnt.push({ port: "dr-out", ip: at(outside, 254), mac: macNumber(0, 300) });
  if (dice.chance(0.5)) plan.forwarding.push({ port: "ln-dr", mac: macNumber(0, 300) });
}

/** Grows routes, router policies and address translations, and sometimes a second, distributed network. */
export function clusterRouting(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  for (const family of plan.families) {
    clusterRoutes(grow, plan, rows.clusterRouter, family);
    clusterPolicies(grow, plan, rows.clusterRouter, family);
    for (const [node, router] of rows.gatewayRouters) {
      gatewayRoutes(grow, plan, node, router, family);
      translations(grow, plan, node, router, family);
    }
  }
  for (const node of plan.nodes) {
    for (const family of plan.families) for (const addresses of [node.ip, joinAddress(node), hostOf(node, 1), hostOf(node, 2)]) plan.routerAddresses.push({ family, address: addresses[family] ?? "" });
  }
  if (grow.dice.chance(0.5)) distributedRouter(grow, plan, grow.dice.pick(plan.families));
}
