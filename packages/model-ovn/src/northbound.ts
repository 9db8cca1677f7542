import type { Origin } from "@hopscope/core";

/** Names a row of the Northbound database; any string that is unique in it will do. */
export type Uuid = string;

/** What every Northbound row has besides its columns. */
export interface NorthboundRow {
  readonly _uuid: Uuid;
  /** The object the row was made of; absent when the row was read from a database. */
  readonly origin?: Origin;
}

/** A map column. */
export type StringMap = Readonly<Record<string, string>>;

/** Settings of the whole database (one row). */
export interface NBGlobalRow extends NorthboundRow {
  readonly name: string;
  readonly nb_cfg: number;
  readonly nb_cfg_timestamp: number;
  readonly sb_cfg: number;
  readonly sb_cfg_timestamp: number;
  readonly hv_cfg: number;
  readonly hv_cfg_timestamp: number;
  readonly external_ids: StringMap;
  readonly options: StringMap;
  readonly ipsec: boolean;
}

/** Names the meters that limit what reaches the controller. */
export interface CoppRow extends NorthboundRow {
  readonly name: string;
  readonly meters: StringMap;
  readonly external_ids: StringMap;
}

/** A layer-2 network. */
export interface LogicalSwitchRow extends NorthboundRow {
  readonly name: string;
  readonly ports: readonly Uuid[];
  readonly acls: readonly Uuid[];
  readonly qos_rules: readonly Uuid[];
  readonly load_balancer: readonly Uuid[];
  readonly load_balancer_group: readonly Uuid[];
  readonly dns_records: readonly Uuid[];
  readonly copp?: Uuid;
  readonly other_config: StringMap;
  readonly external_ids: StringMap;
  readonly forwarding_groups: readonly Uuid[];
}

/** A place where something is plugged into a switch. */
export interface LogicalSwitchPortRow extends NorthboundRow {
  readonly name: string;
  readonly type: string;
  readonly options: StringMap;
  readonly parent_name?: string;
  readonly tag_request?: number;
  readonly tag?: number;
  readonly addresses: readonly string[];
  readonly dynamic_addresses?: string;
  readonly port_security: readonly string[];
  readonly up?: boolean;
  readonly enabled?: boolean;
  readonly dhcpv4_options?: Uuid;
  readonly dhcpv6_options?: Uuid;
  readonly mirror_rules: readonly Uuid[];
  readonly ha_chassis_group?: Uuid;
  readonly external_ids: StringMap;
}

/** A virtual address served by several ports. */
export interface ForwardingGroupRow extends NorthboundRow {
  readonly name: string;
  readonly vip: string;
  readonly vmac: string;
  readonly liveness: boolean;
  readonly external_ids: StringMap;
  readonly child_port: readonly string[];
}

/** A named set of addresses, `$name` in matches. */
export interface AddressSetRow extends NorthboundRow {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly external_ids: StringMap;
}

/** A named set of ports with their ACLs, `@name` in matches. */
export interface PortGroupRow extends NorthboundRow {
  readonly name: string;
  readonly ports: readonly Uuid[];
  readonly acls: readonly Uuid[];
  readonly external_ids: StringMap;
}

/** Virtual addresses and their backends. */
export interface LoadBalancerRow extends NorthboundRow {
  readonly name: string;
  readonly vips: StringMap;
  readonly protocol?: "tcp" | "udp" | "sctp";
  readonly health_check: readonly Uuid[];
  readonly ip_port_mappings: StringMap;
  readonly selection_fields: readonly ("eth_src" | "eth_dst" | "ip_src" | "ip_dst" | "tp_src" | "tp_dst")[];
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** Load balancers attached together. */
export interface LoadBalancerGroupRow extends NorthboundRow {
  readonly name: string;
  readonly load_balancer: readonly Uuid[];
}

/** Probing of a virtual address' backends. */
export interface LoadBalancerHealthCheckRow extends NorthboundRow {
  readonly vip: string;
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** A rule that allows or denies traffic of a switch. */
export interface ACLRow extends NorthboundRow {
  readonly name?: string;
  readonly priority: number;
  readonly direction: "from-lport" | "to-lport";
  readonly match: string;
  readonly action: "allow" | "allow-related" | "allow-stateless" | "drop" | "reject" | "pass";
  readonly log: boolean;
  readonly severity?: "alert" | "warning" | "notice" | "info" | "debug";
  readonly meter?: string;
  readonly label: number;
  readonly options: StringMap;
  readonly external_ids: StringMap;
  readonly tier: number;
}

/** A rule that marks or limits traffic of a switch. */
export interface QoSRow extends NorthboundRow {
  readonly priority: number;
  readonly direction: "from-lport" | "to-lport";
  readonly match: string;
  readonly action: Readonly<Record<string, number>>;
  readonly bandwidth: Readonly<Record<string, number>>;
  readonly external_ids: StringMap;
}

/** A copy of a port's traffic. */
export interface MirrorRow extends NorthboundRow {
  readonly name: string;
  readonly filter: "from-lport" | "to-lport";
  readonly sink: string;
  readonly type: "gre" | "erspan";
  readonly index: number;
  readonly external_ids: StringMap;
}

/** A rate limit. */
export interface MeterRow extends NorthboundRow {
  readonly name: string;
  readonly unit: "kbps" | "pktps";
  readonly bands: readonly Uuid[];
  readonly fair?: boolean;
  readonly external_ids: StringMap;
}

/** The rate of a meter. */
export interface MeterBandRow extends NorthboundRow {
  readonly action: "drop";
  readonly rate: number;
  readonly burst_size: number;
  readonly external_ids: StringMap;
}

/** A layer-3 network element. */
export interface LogicalRouterRow extends NorthboundRow {
  readonly name: string;
  readonly ports: readonly Uuid[];
  readonly static_routes: readonly Uuid[];
  readonly policies: readonly Uuid[];
  readonly enabled?: boolean;
  readonly nat: readonly Uuid[];
  readonly load_balancer: readonly Uuid[];
  readonly load_balancer_group: readonly Uuid[];
  readonly copp?: Uuid;
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** A router's interface. */
export interface LogicalRouterPortRow extends NorthboundRow {
  readonly name: string;
  readonly gateway_chassis: readonly Uuid[];
  readonly ha_chassis_group?: Uuid;
  readonly options: StringMap;
  readonly networks: readonly string[];
  readonly mac: string;
  readonly peer?: string;
  readonly enabled?: boolean;
  readonly ipv6_ra_configs: StringMap;
  readonly ipv6_prefix: readonly string[];
  readonly external_ids: StringMap;
}

/** A route written by hand. */
export interface LogicalRouterStaticRouteRow extends NorthboundRow {
  readonly route_table: string;
  readonly ip_prefix: string;
  readonly policy?: "src-ip" | "dst-ip";
  readonly nexthop: string;
  readonly output_port?: string;
  readonly bfd?: Uuid;
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** A rule that overrides routing. */
export interface LogicalRouterPolicyRow extends NorthboundRow {
  readonly priority: number;
  readonly match: string;
  readonly action: "allow" | "drop" | "reroute";
  readonly nexthop?: string;
  readonly nexthops: readonly string[];
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** An address translation of a router. */
export interface NATRow extends NorthboundRow {
  readonly external_ip: string;
  readonly external_mac?: string;
  readonly external_port_range: string;
  readonly logical_ip: string;
  readonly logical_port?: string;
  readonly type: "dnat" | "snat" | "dnat_and_snat";
  readonly allowed_ext_ips?: Uuid;
  readonly exempted_ext_ips?: Uuid;
  readonly gateway_port?: Uuid;
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** Answers for DHCP clients of a network. */
export interface DHCPOptionsRow extends NorthboundRow {
  readonly cidr: string;
  readonly options: StringMap;
  readonly external_ids: StringMap;
}

/** Names a switch answers itself. */
export interface DNSRow extends NorthboundRow {
  readonly records: StringMap;
  readonly external_ids: StringMap;
}

/** A chassis that may host a router port. */
export interface GatewayChassisRow extends NorthboundRow {
  readonly name: string;
  readonly chassis_name: string;
  readonly priority: number;
  readonly external_ids: StringMap;
  readonly options: StringMap;
}

/** A chassis of a high-availability group. */
export interface HAChassisRow extends NorthboundRow {
  readonly chassis_name: string;
  readonly priority: number;
  readonly external_ids: StringMap;
}

/** Chassis in order of preference. */
export interface HAChassisGroupRow extends NorthboundRow {
  readonly name: string;
  readonly ha_chassis: readonly Uuid[];
  readonly external_ids: StringMap;
}

/** A liveness session with a next hop. */
export interface BFDRow extends NorthboundRow {
  readonly logical_port: string;
  readonly dst_ip: string;
  readonly min_tx?: number;
  readonly min_rx?: number;
  readonly detect_mult?: number;
  readonly status?: "down" | "init" | "up" | "admin_down";
  readonly external_ids: StringMap;
  readonly options: StringMap;
}

/** A neighbour that needs no resolution. */
export interface StaticMACBindingRow extends NorthboundRow {
  readonly logical_port: string;
  readonly ip: string;
  readonly mac: string;
  readonly override_dynamic_mac: boolean;
}

/** Values a chassis puts in place of `^NAME`. */
export interface ChassisTemplateVarRow extends NorthboundRow {
  readonly chassis: string;
  readonly variables: StringMap;
  readonly external_ids: StringMap;
}

/** The row type of each Northbound table. */
export interface NorthboundTables {
  readonly NB_Global: NBGlobalRow;
  readonly Copp: CoppRow;
  readonly Logical_Switch: LogicalSwitchRow;
  readonly Logical_Switch_Port: LogicalSwitchPortRow;
  readonly Forwarding_Group: ForwardingGroupRow;
  readonly Address_Set: AddressSetRow;
  readonly Port_Group: PortGroupRow;
  readonly Load_Balancer: LoadBalancerRow;
  readonly Load_Balancer_Group: LoadBalancerGroupRow;
  readonly Load_Balancer_Health_Check: LoadBalancerHealthCheckRow;
  readonly ACL: ACLRow;
  readonly QoS: QoSRow;
  readonly Mirror: MirrorRow;
  readonly Meter: MeterRow;
  readonly Meter_Band: MeterBandRow;
  readonly Logical_Router: LogicalRouterRow;
  readonly Logical_Router_Port: LogicalRouterPortRow;
  readonly Logical_Router_Static_Route: LogicalRouterStaticRouteRow;
  readonly Logical_Router_Policy: LogicalRouterPolicyRow;
  readonly NAT: NATRow;
  readonly DHCP_Options: DHCPOptionsRow;
  readonly DNS: DNSRow;
  readonly Gateway_Chassis: GatewayChassisRow;
  readonly HA_Chassis: HAChassisRow;
  readonly HA_Chassis_Group: HAChassisGroupRow;
  readonly BFD: BFDRow;
  readonly Static_MAC_Binding: StaticMACBindingRow;
  readonly Chassis_Template_Var: ChassisTemplateVarRow;
}

/** The name of a Northbound table. */
export type NorthboundTable = keyof NorthboundTables;

/**
 * The Northbound database as a value: what a controller wants of the network.
 *
 * Keys are OVN's own table and column names; sets are arrays, maps are objects, an absent optional value is `undefined`,
 * and a reference is the `_uuid` of the row meant.
 *
 * @see OVN 23.03 and 23.09, ovn-nb(5)
 * @example
 * const db: NorthboundDb = { ...emptyNorthbound(), Logical_Switch: [northboundRow("Logical_Switch", { _uuid: "ls", name: "join" })] };
 */
export type NorthboundDb = { readonly [Table in NorthboundTable]: readonly NorthboundTables[Table][] };
