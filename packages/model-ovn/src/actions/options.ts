/** What the language knows about an option: its number on the wire and the type of its value. */
export interface OptionFacts {
  readonly code: number;
  /** As the database writes it: `ipv4`, `str`, `uint32`, … */
  readonly type: string;
}

export type OptionTable = ReadonlyMap<string, OptionFacts>;

/** Options of DHCP are rows of the Southbound database (DHCP_Options, DHCPv6_Options). */
export interface DhcpOptions {
  readonly v4: OptionTable;
  readonly v6: OptionTable;
}

const table = (rows: readonly (readonly [name: string, code: number, type: string])[]): OptionTable => new Map(rows.map(([name, code, type]) => [name, { code, type }]));

/** Options of router advertisements. @see OVN 23.09, lib/ovn-l7.h, nd_ra_opts_init */
export const ROUTER_ADVERTISEMENT_OPTIONS = table([
  ["addr_mode", 0, "str"], ["router_preference", 255, "str"], ["slla", 1, "mac"], ["prefix", 3, "ipv6"],
  ["mtu", 5, "uint32"], ["rdnss", 25, "ipv6"], ["dnssl", 31, "str"], ["route_info", 24, "str"],
]);

/** Options of the event of a load balancer without backends. @see OVN 23.09, lib/ovn-l7.h, controller_event_opts_init */
export const EMPTY_LB_BACKENDS_OPTIONS = table([["vip", 1, "str"], ["protocol", 2, "str"], ["load_balancer", 3, "str"]]);

/** The DHCP options that ovn-northd writes into every database. @see OVN 23.09, northd/ovn-northd.c, supported_dhcp_opts and supported_dhcpv6_opts */
export const DHCP_OPTIONS: DhcpOptions = {
  v4: table([
    ["offerip", 0, "ipv4"], ["netmask", 1, "ipv4"], ["router", 3, "ipv4"], ["dns_server", 6, "ipv4"], ["log_server", 7, "ipv4"], ["lpr_server", 9, "ipv4"],
    ["hostname", 12, "str"], ["domain_name", 15, "str"], ["swap_server", 16, "ipv4"], ["ip_forward_enable", 19, "bool"], ["policy_filter", 21, "ipv4"],
    ["default_ttl", 23, "uint8"], ["mtu", 26, "uint16"], ["broadcast_address", 28, "ipv4"], ["router_discovery", 31, "bool"], ["router_solicitation", 32, "ipv4"],
    ["arp_cache_timeout", 35, "uint32"], ["ethernet_encap", 36, "bool"], ["tcp_ttl", 37, "uint8"], ["tcp_keepalive_interval", 38, "uint32"], ["nis_server", 41, "ipv4"],
    ["ntp_server", 42, "ipv4"], ["netbios_name_server", 44, "ipv4"], ["netbios_node_type", 46, "uint8"], ["lease_time", 51, "uint32"], ["server_id", 54, "ipv4"],
    ["T1", 58, "uint32"], ["T2", 59, "uint32"], ["tftp_server", 66, "host_id"], ["bootfile_name", 67, "str"], ["domain_search_list", 119, "domains"],
    ["classless_static_route", 121, "static_routes"], ["tftp_server_address", 150, "ipv4"], ["path_prefix", 210, "str"], ["ms_classless_static_route", 249, "static_routes"],
    ["wpad", 252, "str"], ["next_server", 253, "ipv4"], ["bootfile_name_alt", 254, "str"],
  ]),
  v6: table([
    ["server_id", 2, "mac"], ["ia_addr", 5, "ipv6"], ["dns_server", 23, "ipv6"], ["domain_search", 24, "str"], ["fqdn", 39, "domain"], ["bootfile_name", 59, "str"], ["bootfile_name_alt", 254, "str"],
  ]),
};
