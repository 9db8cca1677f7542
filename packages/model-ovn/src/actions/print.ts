import { printFieldRange } from "../expr/field-range.ts";
import { printConstant, printHex, printIpv4, printIpv6 } from "../expr/print-number.ts";
import type { Action, ActionAddress, ActionBackend, ActionOf, ActionOption, Masked } from "./action.ts";

const address = ({ family, value }: ActionAddress): string => (family === 4 ? printIpv4(value) : printIpv6(value));

/** An address with its port, in brackets where the port needs them. */
function backend({ address: host, port }: ActionBackend): string {
  const text = address(host);
  if (port === 0) return text;
  return host.family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

/** An address in quotes as load balancers write it: IPv6 always in brackets. */
const quoted = ({ address: host, port }: ActionBackend): string => `"${host.family === 4 ? address(host) : `[${address(host)}]`}${port === 0 ? "" : `:${port}`}"`;

function option({ name, values, braces }: ActionOption): string {
  const list = values.map(printConstant).join(", ");
  return `${name} = ${braces || values.length !== 1 ? `{${list}}` : list}`;
}

const masked = ({ value, mask }: Masked, all: bigint): string => (mask === all ? printHex(value) : `${printHex(value)}/${printHex(mask)}`);

function connectionMark({ mark, label }: ActionOf<"ct_commit_v1">): string {
  const parts: string[] = [];
  if (mark !== undefined) parts.push(`ct_mark=${masked(mark, 0xffffffffn)}`);
  if (label !== undefined) parts.push(`ct_label=${masked(label, (1n << 128n) - 1n)}`);
  return `ct_commit(${parts.join(", ")});`;
}

function nat({ type, address: to, ports }: ActionOf<"ct_snat">): string {
  if (to === undefined) return `${type};`;
  const range = ports === undefined ? "" : `,${ports.low}${ports.high === undefined ? "" : `-${ports.high}`}`;
  return `${type}(${address(to)}${range});`;
}

function loadBalance({ type, backends, hashFields, flag }: ActionOf<"ct_lb">): string {
  if (backends.length === 0) return `${type};`;
  const hash = hashFields === undefined ? "" : `; hash_fields="${hashFields}"`;
  return `${type}(backends=${backends.map(backend).join(",")}${hash}${flag === undefined ? "" : `; ${flag}`});`;
}

function next({ to, from }: ActionOf<"next">): string {
  if (to.pipeline !== from.pipeline) return `next(pipeline=${to.pipeline}, table=${to.table});`;
  return to.table === from.table + 1 ? "next;" : `next(${to.table});`;
}

function forwardGroup({ liveness, ports }: ActionOf<"fwd_group">): string {
  const children = ports.length === 0 ? "" : `childports=${ports.map((port) => `"${port}"`).join(", ")}`;
  return `fwd_group(${liveness ? 'liveness="true", ' : ""}${children});`;
}

function log({ verdict, severity, name, meter }: ActionOf<"log">): string {
  return `log(${name === undefined ? "" : `name="${name}", `}verdict=${verdict}, severity=${severity}${meter === undefined ? "" : `, meter="${meter}"`});`;
}

function affinity({ vip, backend: to, protocol, timeout }: ActionOf<"commit_lb_aff">): string {
  return `commit_lb_aff(vip = ${quoted(vip)}, backend = ${quoted(to)}${protocol === undefined ? "" : `, proto = ${protocol}`}, timeout = ${timeout});`;
}

const call = (name: string, ...fields: readonly Parameters<typeof printFieldRange>[0][]): string => `${name}(${fields.map(printFieldRange).join(", ")});`;

/** One action as text. */
export function printAction(action: Action): string {
  switch (action.type) {
    case "output": case "ct_clear": case "igmp": case "handle_dhcpv6_reply": case "ct_snat_to_vip": case "mac_cache_use": return `${action.type};`;
    case "dec_ttl": return "ip.ttl--;";
    case "handle_bfd_msg": return "handle_bfd_msg();";
    case "ct_commit":
      return action.actions.length === 0 ? "ct_commit;" : `ct_commit { ${printActions(action.actions)} };`;
    case "clone": case "arp": case "icmp4": case "icmp4_error": case "icmp6": case "icmp6_error": case "tcp_reset": case "sctp_abort": case "nd_na": case "nd_na_router": case "nd_ns": case "reject":
      return `${action.type} { ${printActions(action.actions)} };`;
    case "next": return next(action);
    case "load": return `${printFieldRange(action.to)} = ${printConstant(action.value)};`;
    case "ovnfield_load": return `${action.to.symbol.name} = ${action.value.type === "integer" ? action.value.value & 0xffffn : 0n};`;
    case "move": return `${printFieldRange(action.to)} = ${printFieldRange(action.from)};`;
    case "exchange": return `${printFieldRange(action.left)} <-> ${printFieldRange(action.right)};`;
    case "push": case "pop": return call(action.type, action.field);
    case "ct_next": case "ct_commit_nat": case "ct_commit_to_zone": return `${action.type}${action.zone === undefined ? "" : `(${action.zone})`};`;
    case "ct_commit_v1": return connectionMark(action);
    case "ct_dnat": case "ct_snat": case "ct_dnat_in_czone": case "ct_snat_in_czone": return nat(action);
    case "ct_lb": case "ct_lb_mark": return loadBalance(action);
    case "select": return `${printFieldRange(action.to)} = select(${action.members.map(({ id, weight }) => `${id}=${weight}`).join(", ")});`;
    case "fwd_group": return forwardGroup(action);
    case "get_arp": case "get_nd": return call(action.type, action.port, action.ip);
    case "put_arp": case "put_nd": return call(action.type, action.port, action.ip, action.mac);
    case "lookup_arp": case "lookup_nd": return `${printFieldRange(action.to)} = ${call(action.type, action.port, action.ip, action.mac)}`;
    case "lookup_arp_ip": case "lookup_nd_ip": return `${printFieldRange(action.to)} = ${call(action.type, action.port, action.ip)}`;
    case "get_fdb": return `${printFieldRange(action.to)} = ${call("get_fdb", action.mac)}`;
    case "put_fdb": return call("put_fdb", action.port, action.mac);
    case "lookup_fdb": return `${printFieldRange(action.to)} = ${call("lookup_fdb", action.port, action.mac)}`;
    case "put_dhcp_opts": case "put_dhcpv6_opts": case "put_nd_ra_opts": return `${printFieldRange(action.to)} = ${action.type}(${action.options.map(option).join(", ")});`;
    case "dns_lookup": case "chk_lb_hairpin": case "chk_lb_hairpin_reply": case "check_in_port_sec": case "check_out_port_sec": case "chk_ecmp_nh_mac": case "chk_ecmp_nh": case "chk_lb_aff":
    case "ct_nw_dst": case "ct_ip6_dst": case "ct_tp_dst": case "ct_state_save":
      return `${printFieldRange(action.to)} = ${action.type}();`;
    case "check_pkt_larger": return `${printFieldRange(action.to)} = check_pkt_larger(${action.bytes});`;
    case "set_queue": return `set_queue(${action.queue});`;
    case "log": return log(action);
    case "set_meter": return action.burst === 0n ? `set_meter(${action.rate});` : `set_meter(${action.rate}, ${action.burst});`;
    case "trigger_event": return `trigger_event(${[`event = "${action.event}"`, ...(action.meter === undefined ? [] : [`meter = "${action.meter}"`]), ...action.options.map(option)].join(", ")});`;
    case "bind_vport": return `bind_vport("${action.port}", ${printFieldRange(action.parent)});`;
    case "handle_svc_check": return call("handle_svc_check", action.port);
    case "commit_ecmp_nh": return `commit_ecmp_nh(ipv6 = ${action.ipv6}, proto = ${action.protocol});`;
    case "commit_lb_aff": return affinity(action);
    case "sample": return `sample(probability=${action.probability},collector_set=${action.collectorSet},obs_domain=${action.domain},obs_point=${action.point === "cookie" ? "$cookie" : action.point});`;
    default: throw new Error(`unknown action ${(action satisfies never as Action).type}`);
  }
}

/**
 * Actions in the form of the real program; none are `drop;`. Reading the text gives the same actions.
 *
 * @see OVN 23.09 and 24.03, lib/actions.c, ovnacts_format
 */
export const printActions = (actions: readonly Action[]): string => (actions.length === 0 ? "drop;" : actions.map(printAction).join(" "));
