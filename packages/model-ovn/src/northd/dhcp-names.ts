import type { SbDhcpOption } from "../southbound.ts";
import type { OvnVersion } from "./stage.ts";

/** Names and numbers by the type of the value. */
type Names = Readonly<Record<string, Readonly<Record<string, number>>>>;

const rows = (names: Names): readonly SbDhcpOption[] =>
  Object.entries(names).flatMap(([type, codes]) => Object.entries(codes).map(([name, code]) => ({ name, code, type })));

/**
 * The DHCP options that northd writes to Southbound.
 *
 * @see OVN 23.03 and 23.09, ovn-sb(5), DHCP_Options
 */
export const dhcpOptions: readonly SbDhcpOption[] = rows({
  ipv4: { offerip: 0, netmask: 1, router: 3, dns_server: 6, log_server: 7, lpr_server: 9, swap_server: 16, policy_filter: 21, broadcast_address: 28, router_solicitation: 32, nis_server: 41, ntp_server: 42, netbios_name_server: 44, server_id: 54, tftp_server_address: 150, next_server: 253 },
  str: { hostname: 12, domain_name: 15, bootfile_name: 67, path_prefix: 210, wpad: 252, bootfile_name_alt: 254 },
  bool: { ip_forward_enable: 19, router_discovery: 31, ethernet_encap: 36 },
  uint8: { default_ttl: 23, tcp_ttl: 37, netbios_node_type: 46 },
  uint16: { mtu: 26 },
  uint32: { arp_cache_timeout: 35, tcp_keepalive_interval: 38, lease_time: 51, T1: 58, T2: 59 },
  host_id: { tftp_server: 66 },
  domains: { domain_search_list: 119 },
  static_routes: { classless_static_route: 121, ms_classless_static_route: 249 },
});

const common = rows({
  mac: { server_id: 2 },
  ipv6: { ia_addr: 5, dns_server: 23 },
  str: { domain_search: 24 },
});

const added = rows({
  domain: { fqdn: 39 },
  str: { bootfile_name: 59, bootfile_name_alt: 254 },
});

/** The DHCPv6 options that northd writes to Southbound; 23.09 knows more of them. */
export const dhcpv6Options = (version: OvnVersion): readonly SbDhcpOption[] => (version === "23.03" ? common : [...common, ...added]);
