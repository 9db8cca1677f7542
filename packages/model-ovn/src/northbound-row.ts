import type { NorthboundDb, NorthboundRow, NorthboundTable, NorthboundTables } from "./northbound.ts";

/** What a column holds when a row does not say: `set` is `[]`, `map` is `{}`, anything else the value itself. */
type Default = "set" | "map" | { readonly value: string | number | boolean };

const text: Default = { value: "" };
const zero: Default = { value: 0 };
const no: Default = { value: false };

/** The columns that always have a value, per table; optional columns are not listed. */
const defaults: { readonly [Table in NorthboundTable]: Readonly<Record<string, Default>> } = {
  NB_Global: {
    name: text, nb_cfg: zero, nb_cfg_timestamp: zero, sb_cfg: zero, sb_cfg_timestamp: zero, hv_cfg: zero,
    hv_cfg_timestamp: zero, external_ids: "map", options: "map", ipsec: no,
  },
  Copp: { name: text, meters: "map", external_ids: "map" },
  Logical_Switch: {
    name: text, ports: "set", acls: "set", qos_rules: "set", load_balancer: "set", load_balancer_group: "set",
    dns_records: "set", other_config: "map", external_ids: "map", forwarding_groups: "set",
  },
  Logical_Switch_Port: {
    name: text, type: text, options: "map", addresses: "set", port_security: "set", mirror_rules: "set", external_ids: "map",
  },
  Forwarding_Group: { name: text, vip: text, vmac: text, liveness: no, external_ids: "map", child_port: "set" },
  Address_Set: { name: text, addresses: "set", external_ids: "map" },
  Port_Group: { name: text, ports: "set", acls: "set", external_ids: "map" },
  Load_Balancer: {
    name: text, vips: "map", health_check: "set", ip_port_mappings: "map", selection_fields: "set", options: "map",
    external_ids: "map",
  },
  Load_Balancer_Group: { name: text, load_balancer: "set" },
  Load_Balancer_Health_Check: { vip: text, options: "map", external_ids: "map" },
  ACL: {
    priority: zero, direction: { value: "from-lport" }, match: text, action: { value: "allow" }, log: no, label: zero,
    options: "map", external_ids: "map", tier: zero,
  },
  QoS: { priority: zero, direction: { value: "from-lport" }, match: text, action: "map", bandwidth: "map", external_ids: "map" },
  Mirror: { name: text, filter: { value: "from-lport" }, sink: text, type: { value: "gre" }, index: zero, external_ids: "map" },
  Meter: { name: text, unit: { value: "kbps" }, bands: "set", external_ids: "map" },
  Meter_Band: { action: { value: "drop" }, rate: zero, burst_size: zero, external_ids: "map" },
  Logical_Router: {
    name: text, ports: "set", static_routes: "set", policies: "set", nat: "set", load_balancer: "set",
    load_balancer_group: "set", options: "map", external_ids: "map",
  },
  Logical_Router_Port: {
    name: text, gateway_chassis: "set", options: "map", networks: "set", mac: text, ipv6_ra_configs: "map",
    ipv6_prefix: "set", external_ids: "map",
  },
  Logical_Router_Static_Route: { route_table: text, ip_prefix: text, nexthop: text, options: "map", external_ids: "map" },
  Logical_Router_Policy: {
    priority: zero, match: text, action: { value: "allow" }, nexthops: "set", options: "map", external_ids: "map",
  },
  NAT: {
    external_ip: text, external_port_range: text, logical_ip: text, type: { value: "dnat" }, options: "map",
    external_ids: "map",
  },
  DHCP_Options: { cidr: text, options: "map", external_ids: "map" },
  DNS: { records: "map", external_ids: "map" },
  Gateway_Chassis: { name: text, chassis_name: text, priority: zero, external_ids: "map", options: "map" },
  HA_Chassis: { chassis_name: text, priority: zero, external_ids: "map" },
  HA_Chassis_Group: { name: text, ha_chassis: "set", external_ids: "map" },
  BFD: { logical_port: text, dst_ip: text, external_ids: "map", options: "map" },
  Static_MAC_Binding: { logical_port: text, ip: text, mac: text, override_dynamic_mac: no },
  Chassis_Template_Var: { chassis: text, variables: "map", external_ids: "map" },
};

/** A database without rows. */
export function emptyNorthbound(): NorthboundDb {
  const tables = Object.keys(defaults).map((table) => [table, []]);
  return Object.fromEntries(tables) as NorthboundDb;
}

/**
 * A row of a Northbound table from the columns that matter; the others get the database's defaults.
 *
 * @example
 * northboundRow("Logical_Switch", { _uuid: "ls", name: "join" }).ports // []
 */
export function northboundRow<Table extends NorthboundTable>(
  table: Table,
  columns: NorthboundRow & Partial<NorthboundTables[Table]>,
): NorthboundTables[Table] {
  const row: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(defaults[table])) {
    row[column] = value === "set" ? [] : value === "map" ? {} : value.value;
  }
  for (const [column, value] of Object.entries(columns)) if (value !== undefined) row[column] = value;
  return row as unknown as NorthboundTables[Table];
}
