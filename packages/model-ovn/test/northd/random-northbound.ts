import type { NorthboundDb, NorthboundRow, NorthboundTable, NorthboundTables } from "../../src/northbound.ts";
import { emptyNorthbound, northboundRow } from "../../src/northbound-row.ts";

/** A source of repeatable choices. */
export interface Dice {
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  some<T>(items: readonly T[], probability: number): T[];
  uuid(): string;
}

/** Choices that follow from a seed alone (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const hex = (digits: number): string => Array.from({ length: digits }, () => below(16).toString(16)).join("");
  return {
    below, chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    some: (items, probability) => items.filter(() => next() < probability),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
  };
}

type Columns<Table extends NorthboundTable> = Partial<NorthboundTables[Table]>;

/** A database while it grows. */
interface Growth {
  readonly dice: Dice;
  readonly tables: Readonly<Record<string, NorthboundRow[]>>;
  /** Adds a row and returns its id. */
  readonly add: <Table extends NorthboundTable>(table: Table, columns: Columns<Table>) => string;
}

function growthOf(dice: Dice): Growth {
  const tables: Record<string, NorthboundRow[]> = Object.fromEntries(Object.keys(emptyNorthbound()).map((table) => [table, []]));
  return {
    dice, tables,
    add: (table, columns) => {
      const uuid = dice.uuid();
      tables[table]?.push(northboundRow(table, { ...columns, _uuid: uuid }));
      return uuid;
    },
  };
}

const options = (dice: Dice, map: Readonly<Record<string, readonly string[]>>, probability = 0.3): Record<string, string> =>
  Object.fromEntries(dice.some(Object.entries(map), probability).map(([name, values]) => [name, dice.pick(values)]));

const mac = (n: number, kind: number): string => `0a:00:00:${kind.toString(16).padStart(2, "0")}:00:${n.toString(16).padStart(2, "0")}`;

function aclColumns(dice: Dice): Columns<"ACL"> {
  return {
    action: dice.pick(["allow", "allow-related", "allow-stateless", "drop", "reject"] as const),
    direction: dice.pick(["from-lport", "to-lport"] as const), priority: 1000 + dice.below(5),
    match: dice.pick(["ip4.src == $as0", "tcp.dst == {80,443}", "inport == @pg0 || udp", "ip6"]),
    ...(dice.chance(0.4) ? { log: true, severity: dice.pick(["info", "alert"] as const) } : {}),
    ...(dice.chance(0.5) ? { name: "rule" } : {}), ...(dice.chance(0.4) ? { meter: dice.pick(["fair", "plain"]) } : {}),
    label: dice.chance(0.2) ? 1 + dice.below(9) : 0,
    options: options(dice, { "apply-after-lb": ["true"], "log-related": ["true"] }, 0.4),
  };
}

function loadBalancer(grow: Growth, index: number): string {
  const { dice } = grow;
  const template = dice.chance(0.2);
  const v6 = dice.chance(0.3);
  const backends = Array.from({ length: dice.below(3) }, (_, n) => (v6 ? `[fd00:${index}::${n + 1}]:80` : `10.${index}.0.${n + 10}:80`)).join(",");
  const vip = template ? `^VIP_${index}:80` : v6 ? `[fd99::${index + 1}]:443` : dice.pick([`172.30.0.${index + 1}:80`, `10.${index}.0.200:80`, `192.168.${index}.1:80`]);
  return grow.add("Load_Balancer", {
    name: `lb${index}`, vips: { [vip]: backends, ...(dice.chance(0.3) && !template && !v6 ? { [`172.31.0.${index}`]: backends.replaceAll(":80", "") } : {}) },
    ...(dice.chance(0.7) ? { protocol: dice.pick(["tcp", "udp", "sctp"] as const) } : {}),
    selection_fields: dice.some(["ip_src"] as const, 0.2),
    ...(dice.chance(0.2) && !template ? {
      health_check: [grow.add("Load_Balancer_Health_Check", { vip })],
      ip_port_mappings: Object.fromEntries(backends.split(",").filter((text) => text !== "").map((text) => [text.replace(/:80$/, ""), `sw0-p0:${v6 ? "[fd00::99]" : "10.0.0.99"}`])),
    } : {}),
    options: {
      ...options(dice, { reject: ["true", "false"], event: ["true", "false"], skip_snat: ["true"], affinity_timeout: ["60"], add_route: ["true"], hairpin_snat_ip: ["169.254.1.1"], neighbor_responder: ["all", "none", "reachable"] }),
      ...(template ? { template: "true", "address-family": v6 ? "ipv6" : "ipv4" } : {}),
    },
  });
}

function plainPort(grow: Growth, on: number, index: number, dhcp: { readonly v4: string; readonly v6: string; readonly group: string }): string {
  const { dice } = grow;
  const type = dice.pick(["", "", "", "localnet", "remote", "localport", "external", "virtual", "vtep"]);
  const address = `${mac(index, 16 + on)} 10.${on}.0.${index + 10}${dice.chance(0.5) ? ` fd00:${on}::${(index + 10).toString(16)}` : ""}`;
  const addresses = type === "localnet" ? ["unknown"] : dice.some([address, "unknown"], 0.8);
  return grow.add("Logical_Switch_Port", {
    name: `sw${on}-p${index}`, type, addresses, port_security: addresses.includes(address) ? dice.some([address], 0.5) : [],
    ...(dice.chance(0.1) ? { enabled: false } : {}),
    ...(type === "external" && dice.chance(0.6) ? { ha_chassis_group: dhcp.group } : {}),
    ...((type === "" || type === "external") && dice.chance(0.4) ? { dhcpv4_options: dhcp.v4, dhcpv6_options: dhcp.v6 } : {}),
    ...(type === "localnet" && dice.chance(0.3) ? { tag_request: 100, tag: 100 } : {}),
    options: type === "virtual" ? { "virtual-ip": "10.250.0.99", "virtual-parents": `sw${on}-p0` }
      : options(dice, { localnet_learn_fdb: ["true"], mcast_flood: ["true"], mcast_flood_reports: ["true"], hostname: ['"host"'] }, 0.15),
  });
}

function routerPort(grow: Growth, router: number, on: number, gateway: boolean, shared: { readonly group: string }): { readonly uuid: string; readonly name: string } {
  const { dice } = grow;
  const name = `r${router}-sw${on}`;
  const distributed = !gateway && dice.chance(0.3);
  const uuid = grow.add("Logical_Router_Port", {
    name, mac: mac(on, router), networks: [`10.${on}.0.${router + 1}/24`, ...dice.some([`fd00:${on}::${router + 1}/64`], 0.4)],
    ...(!gateway && !distributed && dice.chance(0.1) ? { ha_chassis_group: shared.group } : {}),
    gateway_chassis: distributed ? [grow.add("Gateway_Chassis", { name: `${name}-c0`, chassis_name: "c0", priority: 1 })] : [],
    options: options(dice, { gateway_mtu: ["1400"], mcast_flood: ["true"], "reside-on-redirect-chassis": ["true"], gateway_mtu_bypass: ["udp"], "redirect-type": ["bridged", "overlay"], route_table: ["blue"] }, 0.2),
    ...(dice.chance(0.07) ? { enabled: false } : {}),
    ipv6_ra_configs: dice.chance(0.2) ? { address_mode: "slaac", mtu: "1400" } : {},
  });
  return { uuid, name };
}

function nat(grow: Growth, router: number, on: number, use: { readonly set: string; readonly port: string }): string {
  const { dice } = grow;
  const type = dice.pick(["snat", "dnat", "dnat_and_snat"] as const);
  const host = `10.${on}.0.${dice.below(3) + 10}`;
  const spread = type === "dnat_and_snat" && dice.chance(0.4);
  if (dice.chance(0.2)) {
    const v6 = { external_ip: `fd16::${router + 1}`, logical_ip: type === "snat" ? `fd00:${on}::/64` : `fd00:${on}::a` };
    return grow.add("NAT", { type, ...v6, ...(spread ? { logical_port: `sw${on}-p0`, external_mac: mac(1, 98) } : {}) });
  }
  return grow.add("NAT", {
    type, external_ip: dice.pick([`172.16.${router}.${dice.below(3) + 10}`, `10.${on}.0.${router + 1}`]),
    logical_ip: type === "snat" ? dice.pick([host, `10.${on}.0.0/24`]) : host,
    ...(spread ? { logical_port: `sw${on}-p0`, external_mac: mac(dice.below(9), 99) } : {}),
    ...(dice.chance(0.2) ? dice.pick([{ allowed_ext_ips: use.set }, { exempted_ext_ips: use.set }]) : {}),
    ...(dice.chance(0.2) && type !== "dnat_and_snat" ? { external_port_range: "1000-2000" } : {}),
    ...(dice.chance(0.15) ? { gateway_port: use.port } : {}),
    options: options(dice, { stateless: ["true"], add_route: ["true"] }, 0.2),
  });
}

function routerRows(grow: Growth, router: number, switches: readonly number[], shared: { readonly group: string; readonly set: string; readonly copp: string; readonly balancers: readonly string[] }): void {
  const { dice } = grow;
  const gateway = dice.chance(0.4);
  const ports = switches.map((on) => ({ on, ...routerPort(grow, router, on, gateway, shared) }));
  for (const { on, name } of ports) {
    const uuid = grow.add("Logical_Switch_Port", {
      name: `${name}-peer`, type: "router", addresses: [dice.pick(["router", "router", mac(on, router)])], ...(dice.chance(0.05) ? { enabled: false } : {}),
      options: { "router-port": name, ...options(dice, { "nat-addresses": ["router"], arp_proxy: ["10.0.0.1 10.0.0.2"] }, 0.2) },
    });
    const row = grow.tables["Logical_Switch"]?.[on] as { ports: string[] } | undefined;
    row?.ports.push(uuid);
  }
  const hops = switches.map((on) => `10.${on}.0.77`);
  const bfd = dice.chance(0.2);
  const session = (bfd ? ports : []).map(({ name, on }) => grow.add("BFD", { logical_port: name, dst_ip: `10.${on}.0.77`, status: dice.pick(["up", "down", "admin_down"] as const) }));
  const route = (): string => grow.add("Logical_Router_Static_Route", {
    ...(bfd && dice.chance(0.5) ? { bfd: dice.pick(session) } : {}),
    ...(dice.chance(0.2)
      ? { ip_prefix: dice.pick(["::/0", "fd55::/64"]), nexthop: dice.pick(switches.map((on) => `fd00:${on}::77`)) }
      : { ip_prefix: dice.pick(["0.0.0.0/0", "10.99.0.0/16", "10.98.0.7", "10.97.0.0/24"]), nexthop: dice.pick([...hops, "discard"]) }),
    ...(dice.chance(0.2) ? { output_port: dice.pick(ports).name } : {}),
    ...(dice.chance(0.3) ? { policy: "src-ip" as const } : {}), options: options(dice, { ecmp_symmetric_reply: ["true"] }, 0.3),
    route_table: dice.chance(0.15) ? "blue" : "",
  });
  const policy = (): string => grow.add("Logical_Router_Policy", {
    priority: 100 + dice.below(5), match: dice.pick(["ip4.src == $as0", "ip4.dst == 10.0.0.0/8"]),
    ...dice.pick([{ action: "allow" as const }, { action: "drop" as const }, { action: "reroute" as const, nexthops: hops.slice(0, 1 + dice.below(2)) }]),
    options: options(dice, { pkt_mark: ["1008"] }),
  });
  grow.add("Logical_Router", {
    name: `r${router}`, ports: ports.map(({ uuid }) => uuid),
    static_routes: Array.from({ length: dice.below(5) }, route), policies: Array.from({ length: dice.below(4) }, policy),
    nat: Array.from({ length: dice.below(4) }, () => nat(grow, router, dice.pick(switches), { set: shared.set, port: dice.pick(ports).uuid })),
    load_balancer: dice.some(shared.balancers, 0.4), ...(dice.chance(0.4) ? { copp: shared.copp } : {}),
    options: {
      ...(gateway ? { chassis: "c0" } : {}),
      ...options(dice, { mcast_relay: ["true"], dynamic_neigh_routers: ["true"], always_learn_from_arp_request: ["false"], lb_force_snat_ip: ["router_ip", "10.200.0.1"], dnat_force_snat_ip: ["10.201.0.1"] }),
    },
  });
}

/** Puts sets in the order in which a database client sees them. */
function sortSets(tables: Readonly<Record<string, readonly NorthboundRow[]>>): Readonly<Record<string, readonly NorthboundRow[]>> {
  const sorted = (row: NorthboundRow): NorthboundRow =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, Array.isArray(value) ? [...value].sort() : value])) as unknown as NorthboundRow;
  return Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.map(sorted)]));
}

const qosRule = ({ add, dice }: Growth): string => add("QoS", {
  priority: 10, direction: dice.pick(["from-lport", "to-lport"] as const), match: "ip", action: { dscp: 20 },
  bandwidth: dice.chance(0.5) ? { rate: 10, burst: 5 } : {},
});

const forwardingGroup = ({ add, dice }: Growth, on: number): string => add("Forwarding_Group", {
  name: "fwd", vip: "10.60.0.1", vmac: mac(on, 60), liveness: dice.chance(0.5), child_port: [`sw${on}-p0`],
});

/** Joins two routers directly. */
function joinRouters(grow: Growth): void {
  const rows = (grow.tables["Logical_Router"] ?? []) as (NorthboundRow & { readonly ports: string[] })[];
  const [a, b] = rows;
  if (a === undefined || b === undefined || !grow.dice.chance(0.4)) return;
  for (const [row, name, peer, host] of [[a, "a-b", "b-a", 1], [b, "b-a", "a-b", 2]] as const) {
    row.ports.push(grow.add("Logical_Router_Port", {
      name, peer, mac: mac(host, 77), networks: [`100.99.0.${host}/30`, ...grow.dice.some([`fd77::${host}/64`], 0.5)],
      options: options(grow.dice, { gateway_mtu: ["1300"] }),
    }));
  }
}

/**
 * A random Northbound database that northd accepts, the same one for the same seed.
 *
 * Connected networks do not overlap, so that nothing hangs on the order in which northd walks its tables.
 */
export function randomNorthbound(seed: number): NorthboundDb {
  const dice = diceOf(seed);
  const grow = growthOf(dice);
  const set = grow.add("Address_Set", { name: "as0", addresses: ["10.1.2.3", "10.4.0.0/16"] });
  const band = grow.add("Meter_Band", { action: "drop", rate: 25 });
  const meters = ["fair", "plain", "limit"].map((name) => grow.add("Meter", { name, unit: "pktps", bands: [band], ...(name === "fair" ? { fair: true } : {}) }));
  const copp = grow.add("Copp", { name: "copp", meters: meters.length > 0 ? { reject: "limit", arp: "absent", "icmp4-error": "limit" } : {} });
  const dhcp = {
    v4: grow.add("DHCP_Options", { cidr: "10.0.0.0/24", options: { server_id: "10.0.0.1", server_mac: mac(1, 1), lease_time: "3600", router: "10.0.0.1" } }),
    group: grow.add("HA_Chassis_Group", { name: "ha", ha_chassis: [grow.add("HA_Chassis", { chassis_name: "c0", priority: 1 })] }),
    v6: grow.add("DHCP_Options", { cidr: "fd00:0::/64", options: { server_id: mac(1, 1), ...(dice.chance(0.3) ? { dhcpv6_stateless: "true" } : {}) } }),
  };
  const balancers = Array.from({ length: 2 + dice.below(3) }, (_, index) => loadBalancer(grow, index));
  const group = grow.add("Load_Balancer_Group", { name: "group", load_balancer: dice.some(balancers, 0.4) });
  const dns = grow.add("DNS", { records: dice.chance(0.5) ? { "a.test": "10.0.0.1" } : {} });
  const switches = Array.from({ length: 2 + dice.below(3) }, (_, on) => on);
  for (const on of switches) {
    const ports = Array.from({ length: 1 + dice.below(4) }, (_, index) => plainPort(grow, on, index, dhcp));
    grow.add("Logical_Switch", {
      name: `sw${on}`, ports, acls: Array.from({ length: dice.below(3) }, () => grow.add("ACL", aclColumns(dice))),
      qos_rules: dice.chance(0.3) ? [qosRule(grow)] : [],
      load_balancer: dice.some(balancers, 0.3), load_balancer_group: dice.some([group], 0.3), dns_records: dice.some([dns], 0.2),
      ...(dice.chance(0.4) ? { copp } : {}),
      forwarding_groups: dice.chance(0.2) ? [forwardingGroup(grow, on)] : [],
      other_config: options(dice, { mcast_snoop: ["true"], mcast_flood_unregistered: ["true"], "interconn-ts": ["ts"], "vlan-passthru": ["true"] }, 0.2),
    });
  }
  for (let index = 0; index < 2; index++) {
    const ports = (grow.tables["Logical_Switch_Port"] ?? []).map((row) => row._uuid);
    const acls = Array.from({ length: dice.below(3) }, () => grow.add("ACL", aclColumns(dice)));
    grow.add("Port_Group", { name: `pg${index}`, ports: dice.some(ports, 0.4), acls });
  }
  for (let router = 0; router < 1 + dice.below(3); router++) {
    const own = dice.some(switches, 0.6);
    routerRows(grow, router, own.length === 0 ? switches.slice(0, 1) : own, { group: dhcp.group, set, copp, balancers });
  }
  joinRouters(grow);
  grow.add("NB_Global", {
    options: { svc_monitor_mac: mac(9, 9), ...options(dice, { use_ct_inv_match: ["false"], default_acl_drop: ["true"], controller_event: ["true"], install_ls_lb_from_router: ["true"] }, 0.15) },
  });
  return sortSets(grow.tables) as unknown as NorthboundDb;
}
