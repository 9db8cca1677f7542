import { clusterNetwork, hostOf, joinAddress, subnetOf, type NetworkRows } from "../test/oracle/cluster-network.ts";
import { growthOf, type Growth } from "../test/oracle/growth.ts";
import { nodePlan, podPlan, type ClusterPlan, type NodePlan } from "../test/oracle/plan.ts";
import type { RandomCluster } from "../test/oracle/random-cluster.ts";

/** How much of everything a large cluster has. */
export interface ClusterSize {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly services: number;
  readonly policies: number;
}

const namespaces = Array.from({ length: 50 }, (_, index) => `team-${index}`);
const cluster = "10.128.0.0/14";

/** Cluster addresses for all services; three of ten also have a node port, with load balancers of its own on each node. */
function services(grow: Growth, plan: ClusterPlan, rows: NetworkRows, count: number): void {
  const { dice } = grow;
  const options = { reject: "true", event: "false", skip_snat: "false", hairpin_snat_ip: "169.254.169.5 fd69::5", neighbor_responder: "none" };
  for (let index = 0; index < count; index++) {
    const backends = Array.from({ length: 1 + dice.below(4) }, () => `${dice.pick(plan.pods).ip.v4 ?? ""}:8080`);
    const address = `172.30.${index >> 8}.${index & 255}`;
    const affinity: Record<string, string> = index % 20 === 1 ? { affinity_timeout: "10800" } : {};
    const balancer = (name: string, vip: string, targets: readonly string[], more: Record<string, string> = {}): string =>
      grow.add("Load_Balancer", { name: `Service_${name}`, protocol: "tcp", vips: { [vip]: targets.join(",") }, options: { ...options, ...affinity, ...more } });
    plan.vips.push({ family: "v4", address, protocol: "tcp", port: 80, backends });
    grow.append("Load_Balancer_Group", rows.allGroup, "load_balancer", [balancer(`svc-${index}_TCP_cluster`, `${address}:80`, index % 25 === 2 ? [] : backends)]);
    if (index % 10 > 2) continue;
    for (const [node, router] of rows.gatewayRouters) {
      const port = 30000 + index;
      plan.vips.push({ family: "v4", address: node.ip.v4 ?? "", protocol: "tcp", port, backends });
      grow.append("Logical_Switch", rows.switches.get(node) ?? "", "load_balancer", [balancer(`svc-${index}_TCP_node_switch_${node.name}`, `${node.ip.v4}:${port}`, backends)]);
      grow.append("Logical_Router", router, "load_balancer", [balancer(`svc-${index}_TCP_node_router_${node.name}`, `${node.ip.v4}:${port}`, backends, index % 10 === 0 ? { skip_snat: "true" } : {})]);
    }
  }
}

/** Network policies: a default deny and several rules each, for the pods of one namespace. */
function policies(grow: Growth, plan: ClusterPlan, rows: NetworkRows, count: number): void {
  const { dice } = grow;
  for (const namespace of namespaces) {
    grow.add("Address_Set", { name: `ns_${namespace}`, addresses: plan.pods.filter((pod) => pod.namespace === namespace).map((pod) => pod.ip.v4 ?? "") });
  }
  const acl = (group: string, direction: "from-lport" | "to-lport", priority: number, match: string, action: "allow" | "allow-related" | "drop"): void => {
    grow.append("Port_Group", group, "acls", [grow.add("ACL", { direction, priority, match, action, options: direction === "from-lport" ? { "apply-after-lb": "true" } : {} })]);
  };
  for (let index = 0; index < count; index++) {
    const namespace = namespaces[index % namespaces.length] ?? "";
    const ports = plan.pods.filter((pod) => pod.namespace === namespace && dice.chance(0.6)).map((pod) => rows.portRows.get(pod.port) ?? "");
    for (const [direction, side, way, peer] of [["to-lport", "outport", "ingress", "src"], ["from-lport", "inport", "egress", "dst"]] as const) {
      // As in most clusters, few policies are about what pods may call.
      if (way === "egress" && index % 8 !== 0) continue;
      const denied = grow.add("Port_Group", { name: `p${index}_${way}DefaultDeny`, ports });
      acl(denied, direction, 1000, `${side} == @p${index}_${way}DefaultDeny`, "drop");
      acl(denied, direction, 1001, `${side} == @p${index}_${way}DefaultDeny && (arp || nd)`, "allow");
      const group = grow.add("Port_Group", { name: `policy_${index}_${way}`, ports });
      for (let rule = 0; rule < 18; rule++) {
        const from = rule % 2 === 0 ? `ip4.${peer} == {$ns_${dice.pick(namespaces)}}` : `ip4.${peer} == ${cluster} && ip4.${peer} != {10.${128 + dice.below(4)}.${2 * dice.below(12)}.0/23}`;
        acl(group, direction, 1001, `${from} && tcp && tcp.dst==${dice.pick([8080, 8080, 8443, 9090, 5432])} && ${side} == @policy_${index}_${way}`, "allow-related");
      }
    }
  }
}

function routing(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const route = (router: string, ip_prefix: string, nexthop: string, more: { readonly policy?: "src-ip"; readonly output_port?: string } = {}): void => {
    grow.append("Logical_Router", router, "static_routes", [grow.add("Logical_Router_Static_Route", { ip_prefix, nexthop, ...more })]);
  };
  const policy = (priority: number, match: string, action: "allow" | "reroute", nexthops: readonly string[] = []): void => {
    grow.append("Logical_Router", rows.clusterRouter, "policies", [grow.add("Logical_Router_Policy", { priority, match, action, nexthops })]);
  };
  policy(102, `ip4.src == ${cluster} && ip4.dst == ${cluster}`, "allow");
  policy(102, `ip4.src == ${cluster} && ip4.dst == 100.64.0.0/16`, "allow");
  for (const [node, router] of rows.gatewayRouters) {
    const own = joinAddress(node).v4 ?? "";
    route(rows.clusterRouter, own, own);
    route(rows.clusterRouter, subnetOf(node, "v4"), own, { policy: "src-ip" });
    policy(1004, `inport == "rtos-${node.name}" && ip4.dst == ${node.ip.v4} /* ${node.name} */`, "reroute", [hostOf(node, 2).v4 ?? ""]);
    route(router, cluster, "100.64.0.1");
    route(router, "169.254.169.0/29", "169.254.169.4", { output_port: `rtoe-GR_${node.name}` });
    route(router, "0.0.0.0/0", "192.168.126.1", { output_port: `rtoe-GR_${node.name}` });
    translations(grow, plan, node, router);
    for (const address of [node.ip.v4, own, hostOf(node, 1).v4]) plan.routerAddresses.push({ family: "v4", address: address ?? "" });
  }
  plan.pods.filter((_, index) => index % 100 === 0).forEach((pod, index) => {
    const gateway = plan.nodes[index % plan.nodes.length];
    policy(100, `ip4.src == ${pod.ip.v4}`, "reroute", [gateway === undefined ? "100.64.0.2" : joinAddress(gateway).v4 ?? ""]);
  });
}

function translations(grow: Growth, plan: ClusterPlan, node: NodePlan, router: string): void {
  for (const pod of plan.pods.filter((each) => each.node === node)) {
    grow.append("Logical_Router", router, "nat", [grow.add("NAT", { type: "snat", external_ip: node.ip.v4 ?? "", logical_ip: pod.ip.v4 ?? "", options: { stateless: "false" } })]);
  }
}

/** A large cluster in one zone, the same one every time. */
export function largeCluster(size: ClusterSize): RandomCluster {
  const grow = growthOf(75_000);
  const nodes = Array.from({ length: size.nodes }, (_, index) => nodePlan(index, true, ["v4"]));
  const pods = nodes.flatMap((node) => Array.from({ length: size.podsPerNode }, (_, index) => podPlan(node, index, namespaces[(node.index * 7 + index) % namespaces.length] ?? "", ["v4"])));
  const plan: ClusterPlan = { interconnect: false, families: ["v4"], nodes, pods, namespaces, vips: [], routerAddresses: [], doors: [], learnt: [], forwarding: [], groups: [], bindings: [] };
  const rows = clusterNetwork(grow, plan);
  services(grow, plan, rows, size.services);
  policies(grow, plan, rows, size.policies);
  routing(grow, plan, rows);
  return { plan, northbound: grow.database() };
}
