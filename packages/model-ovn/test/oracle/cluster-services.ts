import type { NetworkRows } from "./cluster-network.ts";
import { joinAddress } from "./cluster-network.ts";
import type { Growth } from "./growth.ts";
import type { ClusterPlan, Family, VipPlan } from "./plan.ts";

const join = (family: Family, address: string, port: number): string => (family === "v4" ? `${address}:${port}` : `[${address}]:${port}`);
const protocols = ["tcp", "tcp", "tcp", "udp", "sctp"] as const;

/** Up to four backends of one family: pods, sometimes hosts. */
function backends(grow: Growth, plan: ClusterPlan, family: Family): string[] {
  const { dice } = grow;
  const pods = plan.pods.map((pod) => pod.ip[family] ?? "");
  const hosts = plan.nodes.map((node) => node.ip[family] ?? "");
  const count = dice.pick([0, 1, 1, 2, 2, 3, 4]);
  const chosen = new Set(Array.from({ length: count }, () => join(family, dice.chance(0.12) ? dice.pick(hosts) : dice.pick(pods), dice.pick([8080, 8443, 53]))));
  return [...chosen];
}

function options(grow: Growth): Record<string, string> {
  const { dice } = grow;
  return {
    ...(dice.chance(0.85) ? { reject: "true" } : {}), ...(dice.chance(0.1) ? { event: "true" } : {}), skip_snat: dice.chance(0.2) ? "true" : "false",
    ...(dice.chance(0.7) ? { hairpin_snat_ip: "169.254.169.5 fd69::5" } : {}), neighbor_responder: dice.pick(["none", "none", "all", "reachable"]),
    ...(dice.chance(0.2) ? { affinity_timeout: "10800" } : {}), ...(dice.chance(0.05) ? { add_route: "true" } : {}),
  };
}

function balancer(grow: Growth, name: string, protocol: VipPlan["protocol"], vips: Record<string, string>, more: Record<string, string> = {}): string {
  const selection = grow.dice.chance(0.1) ? { selection_fields: ["ip_src", "ip_dst"] as const } : {};
  return grow.add("Load_Balancer", { name, vips, ...(protocol === "tcp" && grow.dice.chance(0.3) ? {} : { protocol }), options: { ...options(grow), ...more }, ...selection });
}

/** Grows a service of each of several kinds: cluster address, node port, template, external address, host network. */
export function clusterServices(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const { dice } = grow;
  const vip = (family: Family, address: string, protocol: VipPlan["protocol"], port: number, targets: readonly string[]): Record<string, string> => {
    plan.vips.push({ family, address, protocol, port, backends: targets });
    return { [join(family, address, port)]: targets.join(",") };
  };
  for (let index = 0; index < 3 + dice.below(5); index++) {
    const protocol = dice.pick(protocols);
    const port = dice.pick([80, 443, 53, 8080]);
    const targets = new Map(plan.families.map((family) => [family, backends(grow, plan, family)]));
    const address = (family: Family): string => (family === "v4" ? `172.30.10.${index + 1}` : `fd02::${(index + 1).toString(16)}`);
    const vips = Object.assign({}, ...plan.families.map((family) => vip(family, address(family), protocol, port, targets.get(family) ?? []))) as Record<string, string>;
    if (dice.chance(0.3)) {
      const family = dice.pick(plan.families);
      Object.assign(vips, vip(family, family === "v4" ? `192.168.126.${200 + index}` : `fc00:f853:ccd:e793::${200 + index}`, protocol, port, targets.get(family) ?? []));
    }
    grow.append("Load_Balancer_Group", rows.allGroup, "load_balancer", [balancer(grow, `Service_shop/svc-${index}_cluster`, protocol, vips)]);
    if (dice.chance(0.4)) nodePort(grow, plan, rows, { index, protocol, targets, vip });
    if (dice.chance(0.2)) template(grow, plan, rows, { index, protocol, targets });
  }
  if (dice.chance(0.5)) hostNetwork(grow, plan, rows, vip);
  if (dice.chance(0.15)) portless(grow, plan, rows);
}

interface Service {
  readonly index: number;
  readonly protocol: VipPlan["protocol"];
  readonly targets: ReadonlyMap<Family, readonly string[]>;
}

function nodePort(grow: Growth, plan: ClusterPlan, rows: NetworkRows, service: Service & { readonly vip: (family: Family, address: string, protocol: VipPlan["protocol"], port: number, targets: readonly string[]) => Record<string, string> }): void {
  const { dice } = grow;
  const port = 30000 + service.index;
  const etpLocal = dice.chance(0.4);
  for (const [node, router] of rows.gatewayRouters) {
    const vips = Object.assign({}, ...plan.families.map((family) => {
      const all = service.targets.get(family) ?? [];
      const near = all.filter((target) => target.includes(node.subnet[family] ?? "-"));
      return service.vip(family, node.ip[family] ?? "", service.protocol, port, etpLocal ? near : all);
    })) as Record<string, string>;
    const forRouter = balancer(grow, `Service_shop/svc-${service.index}_node_router_${node.name}`, service.protocol, vips, etpLocal ? { skip_snat: "true" } : {});
    grow.append("Logical_Router", router, "load_balancer", [forRouter]);
    const forSwitch = etpLocal && node.ip.v4 !== undefined ? { ...vips, [`169.254.169.3:${port}`]: vips[`${node.ip.v4}:${port}`] ?? "" } : vips;
    grow.append("Logical_Switch", rows.switches.get(node) ?? "", "load_balancer", [balancer(grow, `Service_shop/svc-${service.index}_node_switch_${node.name}`, service.protocol, forSwitch)]);
  }
}

function template(grow: Growth, plan: ClusterPlan, rows: NetworkRows, service: Service): void {
  const family = grow.dice.pick(plan.families);
  const variable = family === "v4" ? "NODEIP_IPv4_0" : "NODEIP_IPv6_0";
  const row = balancer(grow, `Service_shop/svc-${service.index}_template_${family}`, service.protocol,
    { [`^${variable}:${31000 + service.index}`]: (service.targets.get(family) ?? []).join(",") }, { template: "true", "address-family": family === "v4" ? "ipv4" : "ipv6", affinity_timeout: "0" });
  grow.append("Load_Balancer_Group", rows.switchGroup, "load_balancer", [row]);
  grow.append("Load_Balancer_Group", rows.routerGroup, "load_balancer", [row]);
  const known = new Set(grow.database().Chassis_Template_Var.map((each) => each.chassis));
  for (const node of rows.gatewayRouters.keys()) {
    if (!known.has(node.chassis)) grow.add("Chassis_Template_Var", { chassis: node.chassis, variables: { NODEIP_IPv4_0: node.ip.v4 ?? "0.0.0.0", NODEIP_IPv6_0: node.ip.v6 ?? "::" } });
  }
}

function hostNetwork(grow: Growth, plan: ClusterPlan, rows: NetworkRows, vip: (family: Family, address: string, protocol: VipPlan["protocol"], port: number, targets: readonly string[]) => Record<string, string>): void {
  for (const [node, router] of rows.gatewayRouters) {
    const targets = (family: Family): string[] => plan.nodes.map((each) => join(family, each.ip[family] ?? "", 6443));
    const family = grow.dice.pick(plan.families);
    const vips = vip(family, family === "v4" ? "172.30.0.1" : "fd02::ff", "tcp", 443, targets(family));
    grow.append("Logical_Switch", rows.switches.get(node) ?? "", "load_balancer", [balancer(grow, `kubernetes_switch_${node.name}`, "tcp", vips)]);
    const masked = family === "v4" ? Object.fromEntries(Object.entries(vips).map(([key, value]) => [key, value.replace(node.ip.v4 ?? "-", "169.254.169.2")])) : vips;
    grow.append("Logical_Router", router, "load_balancer", [balancer(grow, `kubernetes_router_${node.name}`, "tcp", masked)]);
  }
}

/** A balancer for every port of an address. */
function portless(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const family = grow.dice.pick(plan.families);
  const address = family === "v4" ? "172.30.99.1" : "fd02::99";
  const targets = plan.pods.slice(0, 2).map((pod) => pod.ip[family] ?? "");
  grow.append("Load_Balancer_Group", rows.allGroup, "load_balancer", [grow.add("Load_Balancer", { name: "portless", vips: { [address]: targets.join(",") }, options: {} })]);
  for (const node of rows.gatewayRouters.keys()) plan.routerAddresses.push({ family, address: joinAddress(node)[family] ?? "" });
  plan.vips.push({ family, address, protocol: "udp", port: 7, backends: targets });
}
