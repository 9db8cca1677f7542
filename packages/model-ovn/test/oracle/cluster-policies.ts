import type { NetworkRows } from "./cluster-network.ts";
import type { Columns, Growth } from "./growth.ts";
import type { ClusterPlan, Family } from "./plan.ts";

const actions = ["allow-related", "allow-related", "allow-related", "allow", "drop", "drop", "reject", "allow-stateless"] as const;

interface Target {
  readonly table: "Port_Group" | "Logical_Switch";
  readonly row: string;
}

function acl(grow: Growth, target: Target, direction: "from-lport" | "to-lport", priority: number, match: string, action: Columns<"ACL">["action"], more: Columns<"ACL"> = {}): void {
  const { dice } = grow;
  const options = { ...(direction === "from-lport" && dice.chance(0.7) ? { "apply-after-lb": "true" } : {}), ...(dice.chance(0.1) ? { "log-related": "true" } : {}) };
  const log = dice.chance(0.15) ? { log: true, severity: dice.pick(["info", "alert"] as const), name: `acl-${priority}`, meter: "acl-logging" } : {};
  const columns = { direction, priority, match, action: action ?? "drop", options, ...log, ...(dice.chance(0.1) && action === "allow-related" ? { label: 1 + dice.below(9999) } : {}), ...more };
  const row = grow.add("ACL", columns);
  if (target.table === "Port_Group") grow.append("Port_Group", target.row, "acls", [row]);
  else grow.append("Logical_Switch", target.row, "acls", [row]);
}

const ipOf = (family: Family): string => (family === "v4" ? "ip4" : "ip6");

/** A port condition as network policies have it. */
function portCondition(grow: Growth): string {
  const { dice } = grow;
  const protocol = dice.pick(["tcp", "udp", "sctp"]);
  return dice.pick([
    "", `${protocol} && ${protocol}.dst==8080`, `${protocol} && ${protocol}.dst==8080`, protocol, `${protocol} && 8000<=${protocol}.dst<=8999`,
    `tcp && tcp.dst=={80,443,8080}`, "icmp4", "icmp4.type == 8 && icmp4.code == 0", "icmp6", "tcp.src != 33333", "ip.ttl > 1 && tcp.flags[1] == 1",
  ]);
}

function peer(grow: Growth, plan: ClusterPlan, side: "src" | "dst"): string {
  const { dice } = grow;
  const family = dice.pick(plan.families);
  const ip = ipOf(family);
  const cidr = family === "v4" ? "10.128.0.0/14" : "fd01::/48";
  const pods = dice.some(plan.pods, 0.4).map((pod) => pod.ip[family] ?? "");
  return dice.pick([
    `${ip}.${side} == {$ns_${dice.pick(plan.namespaces)}_${family}}`, `(${ip}.${side} == $ns_${dice.pick(plan.namespaces)}_${family} || ${ip}.${side} == $ns_${dice.pick(plan.namespaces)}_${family})`,
    `${ip}.${side} == ${cidr}`, `${ip}.${side} == ${cidr} && ${ip}.${side} != {${dice.pick(plan.pods).ip[family] ?? ""}}`, ip,
    ...(pods.length > 0 ? [`${ip}.${side} == {${pods.join(", ")}}`] : []), `!(${ip}.${side} == $ns_${dice.pick(plan.namespaces)}_${family})`,
  ]);
}

/** A network policy: default-deny port groups of its namespace and rules for the pods it selects. */
function networkPolicy(grow: Growth, plan: ClusterPlan, rows: NetworkRows, index: number): void {
  const { dice } = grow;
  const namespace = dice.pick(plan.namespaces);
  const selected = plan.pods.filter((pod) => pod.node.local && pod.namespace === namespace && dice.chance(0.7));
  const ports = selected.map((pod) => rows.portRows.get(pod.port) ?? "");
  for (const [direction, side, way] of [["from-lport", "inport", "egress"], ["to-lport", "outport", "ingress"]] as const) {
    if (dice.chance(0.3)) continue;
    const denied = { table: "Port_Group", row: grow.add("Port_Group", { name: `p${index}_${way}DefaultDeny`, ports }) } as const;
    acl(grow, denied, direction, 1000, `${side} == @p${index}_${way}DefaultDeny`, "drop");
    acl(grow, denied, direction, 1001, `${side} == @p${index}_${way}DefaultDeny && (arp || nd)`, "allow");
    const group = { table: "Port_Group", row: grow.add("Port_Group", { name: `policy_${index}_${way}`, ports }) } as const;
    for (let rule = 0; rule < 1 + dice.below(3); rule++) {
      const conditions = [peer(grow, plan, direction === "to-lport" ? "src" : "dst"), portCondition(grow), `${side} == @policy_${index}_${way}`];
      acl(grow, group, direction, 1001, conditions.filter((text) => text !== "").join(" && "), dice.chance(0.8) ? "allow-related" : dice.pick(actions));
    }
  }
}

/** Rules for a whole switch or all pods, as egress firewalls, multicast and administrators' policies are. */
function wideRules(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const { dice } = grow;
  const all = { table: "Port_Group", row: rows.podGroup } as const;
  if (dice.chance(0.6)) {
    const family = dice.pick(plan.families);
    const ip = ipOf(family);
    const set = `ns_${dice.pick(plan.namespaces)}_${family}`;
    const [allowed, world] = family === "v4" ? ["8.8.8.8/32", "0.0.0.0/0"] : ["2001:db8::/32", "::/0"];
    acl(grow, all, "to-lport", 10000, `(${ip}.dst == ${allowed}) && ${ip}.src == $${set}`, "allow");
    acl(grow, all, "to-lport", 9999, `(${ip}.dst == ${world} && ${ip}.dst != ${family === "v4" ? "10.128.0.0/14" : "fd01::/48"}) && ${ip}.src == $${set}`, dice.pick(["drop", "reject"] as const));
  }
  if (dice.chance(0.4)) {
    const match = "(ip4.mcast || mldv1 || mldv2 || (ip6.dst[120..127] == 0xff && ip6.dst[116] == 1))";
    acl(grow, all, "from-lport", 1011, match, dice.pick(["drop", "allow"] as const));
    acl(grow, all, "to-lport", 1011, match, "drop");
  }
  if (dice.chance(0.5)) {
    const family = dice.pick(plan.families);
    const source = family === "v4" ? "ip4.src == 169.254.169.5" : "ip6.src == fd69::5";
    acl(grow, all, "to-lport", 1001, source, "allow-related");
    acl(grow, all, "from-lport", 1001, source, "allow-related");
  }
  for (const row of rows.switches.values()) {
    for (let count = dice.below(4); count > 0; count--) {
      const direction = dice.pick(["from-lport", "to-lport"] as const);
      const conditions = [peer(grow, plan, dice.pick(["src", "dst"] as const)), portCondition(grow)].filter((text) => text !== "").join(" && ");
      acl(grow, { table: "Logical_Switch", row }, direction, dice.pick([1001, 1001, 1002, 2000, 500, 0, 32767]), conditions, dice.pick(actions));
    }
  }
}

function qosRules(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const { dice } = grow;
  for (const row of rows.switches.values()) {
    if (!dice.chance(0.5)) continue;
    const family = dice.pick(plan.families);
    const match = dice.pick([`(ip4.dst == 0.0.0.0/0 || ip6.dst == ::/0) && ${ipOf(family)}.src == $ns_${dice.pick(plan.namespaces)}_${family}`, "tcp", `inport == "${dice.pick(plan.pods).port}"`]);
    grow.append("Logical_Switch", row, "qos_rules", [grow.add("QoS", {
      direction: match.startsWith("inport") ? "from-lport" : dice.pick(["to-lport", "from-lport"] as const), priority: 1000 - dice.below(3), match,
      action: { dscp: dice.pick([46, 20, 1]) }, bandwidth: dice.chance(0.4) ? { rate: 1000, ...(dice.chance(0.5) ? { burst: 100 } : {}) } : {},
    })]);
  }
}

/** Grows address sets of the namespaces, network policies, firewall rules and QoS marks. */
export function clusterPolicies(grow: Growth, plan: ClusterPlan, rows: NetworkRows): void {
  const { dice } = grow;
  for (const namespace of plan.namespaces) {
    for (const family of plan.families) {
      const addresses = plan.pods.filter((pod) => pod.namespace === namespace).map((pod) => pod.ip[family] ?? "");
      grow.add("Address_Set", { name: `ns_${namespace}_${family}`, addresses: [...addresses, ...(dice.chance(0.15) ? [family === "v4" ? "10.130.0.0/23" : "fd01:0:0:3::/64"] : [])] });
    }
  }
  if (dice.chance(0.9)) for (let index = 0; index < dice.below(4); index++) networkPolicy(grow, plan, rows, index);
  if (dice.chance(0.9)) wideRules(grow, plan, rows);
  qosRules(grow, plan, rows);
}
