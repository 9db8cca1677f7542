import fc from "fast-check";
import { symbolTable } from "../expr/symbol-table.ts";
import type { FieldSymbol, SymbolTable } from "../expr/symbols.ts";

/** Knobs of the generated actions. */
export interface ActionsOptions {
  readonly symbols?: SymbolTable;
  /** How deep lists nest. */
  readonly depth?: number;
  /** Names of logical ports. */
  readonly ports?: readonly string[];
  /** Tables of a pipeline. */
  readonly tables?: number;
}

type Text = fc.Arbitrary<string>;

const join = (...parts: readonly (string | Text)[]): Text => fc.tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part))).map((texts) => texts.join(""));
const listOf = (item: Text, separator: string, minLength: number, maxLength: number): Text => fc.array(item, { minLength, maxLength }).map((items) => items.join(separator));
const maybe = (text: Text): Text => fc.oneof(fc.constant(""), text);
const number = (max: number, min = 0): Text => fc.integer({ min, max }).map(String);

const ipv4 = fc.ipV4();
const ipv6 = fc.oneof(fc.ipV6(), fc.constantFrom("fd00::1", "::", "fe80::1:2"));
const mac = fc.array(fc.nat({ max: 255 }), { minLength: 6, maxLength: 6 }).map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":"));
const uuid = fc.uuid();
const truth = fc.constantFrom("true", "false", '"true"', '"false"');

/** Fields with the bits that were chosen of them. */
function ranges(fields: readonly FieldSymbol[], width?: number): Text {
  const wide = fields.filter((field) => width === undefined || field.width >= width);
  return fc.constantFrom(...wide).chain((field) => {
    if (field.level === "nominal") return fc.constant(field.name);
    const bits = width === undefined ? fc.integer({ min: 1, max: field.width }) : fc.constant(width);
    return bits.chain((chosen) => fc.nat({ max: field.width - chosen }).map((low) => (chosen === field.width ? field.name : chosen === 1 ? `${field.name}[${low}]` : `${field.name}[${low}..${low + chosen - 1}]`)));
  });
}

function assignments(fields: readonly FieldSymbol[], port: Text): readonly Text[] {
  const bit = ranges(fields.filter(({ level }) => level === "ordinal"), 1);
  const same = fc.constantFrom(1, 2, 16, 32, 48, 128).chain((width) => {
    const range = ranges(fields.filter((field) => field.level === "ordinal"), width);
    return join(range, fc.constantFrom(" = ", " <-> "), range);
  });
  const result = fc.constantFrom("chk_lb_hairpin", "chk_lb_hairpin_reply", "check_in_port_sec", "check_out_port_sec", "chk_ecmp_nh_mac", "chk_ecmp_nh", "chk_lb_aff", "dns_lookup");
  const side = fc.constantFrom("inport", "outport");
  const dhcp = fc.oneof(join("router = ", ipv4), join("dns_server = {", listOf(ipv4, ", ", 1, 3), "}"), join("lease_time = ", number(99999)), fc.constant('hostname = "a"'), join("mtu = ", number(9000)), fc.constantFrom("tftp_server = 1.2.3.4", 'tftp_server = "x"'));
  const advertised = fc.oneof(fc.constant("mtu = 1450"), join("prefix = ", ipv6, "/64"), fc.constant('router_preference = "LOW"'), join("rdnss = ", ipv6));
  return [
    join(ranges(fields), " = ", fc.oneof(number(70000), fc.constantFrom("0", "1", "0x10", "0/0xff"), ipv4, ipv6, mac)),
    join(side, " = ", port), join(side, fc.constantFrom(" = ", " <-> "), side), same,
    join(ranges(fields, 16), " = select(", listOf(join(number(9), maybe(join("=", number(300, 1)))), ", ", 2, 4), ")"),
    join(bit, " = ", result, "()"), join(bit, " = check_pkt_larger(", number(65535), ")"),
    join(bit, " = lookup_arp(", side, ", ", ranges(fields, 32), ", ", ranges(fields, 48), ")"), join(bit, " = lookup_nd(", side, ", ", ranges(fields, 128), ", eth.src)"),
    join(bit, " = lookup_arp_ip(", side, ", arp.spa)"), join(bit, " = lookup_nd_ip(", side, ", ip6.src)"), join(bit, " = lookup_fdb(", side, ", eth.src)"), join(side, " = get_fdb(eth.dst)"),
    join(bit, " = put_dhcp_opts(offerip = ", ipv4, ", ", listOf(dhcp, ", ", 0, 4), ")"), join(bit, " = put_dhcpv6_opts(server_id = ", mac, ", ia_addr = ", ipv6, ")"),
    join(bit, ' = put_nd_ra_opts(addr_mode = "dhcpv6_stateful", slla = ', mac, ", ", listOf(advertised, ", ", 0, 3), ")"),
  ];
}

function calls(fields: readonly FieldSymbol[], port: Text, tables: number): readonly Text[] {
  const backend = fc.oneof(join(ipv4, maybe(join(":", number(65535)))), join("[", ipv6, "]", maybe(join(":", number(65535)))));
  const flag = maybe(fc.constantFrom("; skip_snat", "; force_snat"));
  const protocol = fc.constantFrom("tcp", "udp", "sctp");
  const argument = fc.oneof(join("name=", fc.constantFrom('"a"', '"b c"')), join("severity=", fc.constantFrom("alert", "warning", "notice", "info", "debug")), fc.constant('meter="m"'));
  return [
    fc.constantFrom("output", "next", "ct_next", "ct_clear", "ct_dnat", "ct_snat", "ct_lb", "ct_lb_mark", "ct_commit", "ct_commit_nat", "ct_snat_to_vip", "igmp", "handle_dhcpv6_reply", "handle_bfd_msg()", "ip.ttl--"),
    join("next(", number(tables + 1), ")"), join("next(pipeline=", fc.constantFrom("ingress", "egress"), ", table=", number(tables - 1), ")"),
    join(fc.constantFrom("ct_dnat", "ct_snat", "ct_dnat_in_czone", "ct_snat_in_czone"), "(", fc.oneof(ipv4, ipv6), maybe(join(",", number(65000, 1), maybe(fc.constant("-65001")))), ")"),
    join(fc.constantFrom("ct_lb", "ct_lb_mark"), "(backends=", listOf(backend, ",", 1, 4), maybe(fc.constant('; hash_fields="ip_src,ip_dst"')), flag, ")"),
    join("ct_commit(", fc.constantFrom("ct_mark=1", "ct_mark=1/3, ct_label=0x10/0xff", ""), ")"),
    join(fc.constantFrom("get_arp(inport, ", "get_arp(outport, "), ranges(fields, 32), ")"), join("get_nd(outport, ", ranges(fields, 128), ")"), join("put_arp(inport, arp.spa, ", ranges(fields, 48), ")"),
    fc.constantFrom("put_nd(inport, nd.target, nd.tll)", "put_fdb(inport, eth.src)", "handle_svc_check(inport)"), join("push(", ranges(fields), ")"), join("pop(", ranges(fields), ")"),
    join("set_queue(", number(61441), ")"), join("set_meter(", number(999), maybe(join(", ", number(999))), ")"), join("bind_vport(", port, ", inport)"),
    join("log(", listOf(argument, ", ", 0, 3), ", verdict=", fc.constantFrom("allow", "drop", "reject"), ")"), join("fwd_group(", maybe(join("liveness=", truth, ", ")), "childports=", listOf(port, ", ", 1, 3), ")"),
    join("commit_ecmp_nh(ipv6 = ", truth, ", proto = ", protocol, ")"), join('commit_lb_aff(vip = "', ipv4, ':80", backend = "', ipv4, ':8080", proto = ', protocol, ", timeout = ", number(65535), ")"),
    join('commit_lb_aff(vip = "[', ipv6, ']", backend = "[', ipv6, ']", timeout = ', number(65535), ")"),
    join('trigger_event(event = "empty_lb_backends", vip = "', ipv4, ':80", protocol = "', protocol, '", load_balancer = "', uuid, '")'),
    join("sample(probability=", number(65535), ",collector_set=", number(99), ",obs_domain=", number(256), ",obs_point=", fc.oneof(number(99), fc.constant("$cookie")), ")"),
  ];
}

/**
 * Texts of actions, nearly all of which a real program takes.
 *
 * @example
 * fc.assert(fc.property(arbitraryActions(), (text) => !text.includes("drop") || text.startsWith("drop")))
 */
export function arbitraryActions({ symbols = symbolTable(), depth = 2, ports = ["a", "b"], tables = 24 }: ActionsOptions = {}): fc.Arbitrary<string> {
  const fields = [...symbols.values()].filter((symbol): symbol is FieldSymbol => symbol.type === "field");
  const written = fields.filter(({ writable }) => writable === "actions");
  const marks = fields.filter(({ writable }) => writable === "ct_commit");
  const port = fc.constantFrom(...ports).map((name) => `"${name}"`);
  const commit = join("ct_commit { ", listOf(join(ranges(marks), " = ", fc.oneof(number(3), ranges(written))), "; ", 1, 3), "; }");
  const nests = fc.constantFrom("clone", "arp", "icmp4", "icmp4_error", "icmp6", "icmp6_error", "tcp_reset", "sctp_abort", "nd_na", "nd_na_router", "nd_ns", "reject");
  const plain = fc.oneof(...assignments(written, port), ...calls(written, port, tables), commit);
  const list = (level: number): Text => {
    const nested = level === 0 ? plain : fc.oneof({ arbitrary: plain, weight: 8 }, { arbitrary: join(nests, " { ", list(level - 1), " }"), weight: 1 });
    return fc.oneof({ arbitrary: listOf(nested, "; ", 1, 4).map((text) => `${text};`), weight: 15 }, { arbitrary: fc.constant("drop;"), weight: 1 });
  };
  return list(depth);
}
