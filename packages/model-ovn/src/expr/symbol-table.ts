import type { FieldSymbol, Level, OvnSymbol, PredicateSymbol, StringSymbol, SymbolTable, Writable } from "./symbols.ts";
import { DEFAULT_VERSION, since } from "./version.ts";

interface FieldFacts {
  readonly needs?: string;
  readonly level?: Level;
  readonly writable?: Writable;
  readonly crossproduct?: boolean;
}

/** Collects symbols; a subfield takes its level from its parent. */
function builder() {
  const table = new Map<string, OvnSymbol>();
  const field = (name: string, width: number, oxm: string, facts: FieldFacts = {}): void => {
    const { needs, level = "ordinal", writable = "actions", crossproduct = false } = facts;
    table.set(name, { type: "field", name, base: name, low: 0, width, ...(needs === undefined ? {} : { needs }), level, writable, oxm, crossproduct });
  };
  const subfield = (name: string, parentName: string, low: number, width: number, needs?: string): void => {
    const parent = table.get(parentName) as FieldSymbol;
    table.set(name, { type: "field", name, base: parent.name, low, width, ...(needs === undefined ? {} : { needs }), level: parent.level, writable: parent.writable, parent, crossproduct: false });
  };
  const string = (name: StringSymbol["name"], oxm: string): void => void table.set(name, { type: "string", name, level: "nominal", writable: "actions", oxm });
  const predicate = (name: string, means: string, level: PredicateSymbol["level"] = "boolean"): void => void table.set(name, { type: "predicate", name, means, level });
  const nominal = (name: string, means: string): void => predicate(name, means, "nominal");
  return { table, field, subfield, string, predicate, nominal };
}

type Builder = ReturnType<typeof builder>;

/** Registers: ten of 32 bits, which are also pairs of 64 and fours of 128. */
function registers({ field, subfield, string }: Builder): void {
  string("inport", "NXM_NX_REG14");
  string("outport", "NXM_NX_REG15");
  for (let index = 0; index < 2; index++) field(`xxreg${index}`, 128, `NXM_NX_XXREG${index}`);
  for (let index = 0; index < 4; index++) subfield(`xreg${index}`, `xxreg${index >> 1}`, (1 - (index % 2)) * 64, 64);
  field("xreg4", 64, "OXM_OF_PKT_REG4");
  for (let index = 0; index < 8; index++) subfield(`reg${index}`, `xxreg${index >> 2}`, (3 - (index % 4)) * 32, 32);
  subfield("reg8", "xreg4", 32, 32);
  subfield("reg9", "xreg4", 0, 32);
}

function flags({ field, subfield }: Builder, version: string): void {
  field("flags", 32, "NXM_NX_REG10");
  const flag = (name: string, bit: number, width = 1): void => subfield(`flags.${name}`, "flags", bit, width);
  flag("loopback", 0);
  flag("force_snat_for_dnat", 2);
  flag("force_snat_for_lb", 3);
  if (since(version, "21.06.0")) flag("skip_snat_for_lb", 9);
  if (since(version, "21.12.0")) flag("use_snat_zone", 11);
  if (since(version, "23.03.3", "23.06.3", "23.09.1", "24.03.0")) flag("localnet", 15);
  if (since(version, "23.09.2", "24.03.0")) {
    flag("tunnel_rx", 16);
    flag("icmp_snat", 17);
  }
  if (["23.06.4", "23.06.5", "23.09.4", "24.03.2"].includes(version)) flag("igmp_loopback", 18);
  if (since(version, "22.03.8", "24.03.5", "24.09.2", "25.03.0")) flag("from_ctrl", 19);
  if (since(version, "24.03.6", "24.09.3", "25.03.0")) flag("network_id", 28, 4);
}

function connections({ field, subfield }: Builder, version: string): void {
  const commit: FieldFacts = { writable: "ct_commit" };
  field("ct_mark", 32, "NXM_NX_CT_MARK", commit);
  field("ct_label", 128, "NXM_NX_CT_LABEL", commit);
  const snat = since(version, "22.03.3", "22.09.2", "22.12.0");
  const both = (parent: string, marked: boolean): void => {
    if (!marked) return;
    subfield(`${parent}.blocked`, parent, 0, 1);
    subfield(`${parent}.natted`, parent, 1, 1);
    if (!snat) return;
    subfield(`${parent}.skip_snat`, parent, 2, 1);
    subfield(`${parent}.force_snat`, parent, 3, 1);
  };
  const marked = since(version, "21.12.2", "22.03.1", "22.06.0");
  both("ct_mark", marked);
  if (marked) subfield("ct_mark.ecmp_reply_port", "ct_mark", 16, 16);
  both("ct_label", true);
  subfield("ct_label.ecmp_reply_eth", "ct_label", 32, 48);
  subfield("ct_label.ecmp_reply_port", "ct_label", 80, 16);
  if (since(version, "21.09.0")) subfield("ct_label.label", "ct_label", 96, 32);
  field("ct_state", 32, "NXM_NX_CT_STATE", { writable: "no" });
  ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"].forEach((name, bit) => subfield(`ct.${name}`, "ct_state", bit, 1, name === "trk" ? undefined : "ct.trk"));
}

function ethernet({ field, subfield, predicate, nominal }: Builder): void {
  field("eth.src", 48, "OXM_OF_ETH_SRC");
  field("eth.dst", 48, "OXM_OF_ETH_DST");
  field("eth.type", 16, "OXM_OF_ETH_TYPE", { level: "nominal", writable: "no", crossproduct: true });
  predicate("eth.bcast", "eth.dst == ff:ff:ff:ff:ff:ff");
  subfield("eth.mcast", "eth.dst", 40, 1);
  predicate("eth.mcastv6", "eth.dst[32..47] == 0x3333");
  field("vlan.tci", 16, "NXM_OF_VLAN_TCI");
  predicate("vlan.present", "vlan.tci[12]");
  subfield("vlan.pcp", "vlan.tci", 13, 3, "vlan.present");
  subfield("vlan.vid", "vlan.tci", 0, 12, "vlan.present");
  for (const [name, type] of [["arp", "0x806"], ["rarp", "0x8035"]] as const) {
    nominal(name, `eth.type == ${type}`);
    field(`${name}.op`, 16, "OXM_OF_ARP_OP", { needs: name, level: "nominal" });
    for (const [part, width] of [["spa", 32], ["sha", 48], ["tpa", 32], ["tha", 48]] as const) field(`${name}.${part}`, width, `OXM_OF_ARP_${part.toUpperCase()}`, { needs: name });
  }
}

function internet({ field, predicate, nominal }: Builder, version: string): void {
  nominal("ip4", "eth.type == 0x800");
  nominal("ip6", "eth.type == 0x86dd");
  nominal("ip", "ip4 || ip6");
  field("ip.proto", 8, "OXM_OF_IP_PROTO", { needs: "ip", level: "nominal", writable: "no", crossproduct: true });
  field("ip.dscp", 6, "OXM_OF_IP_DSCP", { needs: "ip", level: "nominal" });
  field("ip.ecn", 2, "OXM_OF_IP_ECN", { needs: "ip", level: "nominal" });
  field("ip.ttl", 8, "NXM_NX_IP_TTL", { needs: "ip", level: "nominal" });
  field("ip.frag", 2, "NXM_NX_IP_FRAG", { needs: "ip", writable: "no" });
  predicate("ip.is_frag", "ip.frag[0]");
  predicate("ip.later_frag", "ip.frag[1]");
  predicate("ip.first_frag", "ip.is_frag && !ip.later_frag");
  field("ip4.src", 32, "OXM_OF_IPV4_SRC", { needs: "ip4" });
  field("ip4.dst", 32, "OXM_OF_IPV4_DST", { needs: "ip4" });
  predicate("ip4.src_mcast", "ip4.src[28..31] == 0xe");
  predicate("ip4.mcast", "eth.mcast && ip4.dst[28..31] == 0xe");
  field("ip6.src", 128, "OXM_OF_IPV6_SRC", { needs: "ip6" });
  field("ip6.dst", 128, "OXM_OF_IPV6_DST", { needs: "ip6" });
  field("ip6.label", 20, "OXM_OF_IPV6_FLABEL", { needs: "ip6" });
  const groups = Array.from({ length: 16 }, (_, scope) => `ff0${scope.toString(16)}::0`).join(", ");
  predicate("ip6.mcast_rsvd", since(version, "24.03.7", "25.03.0") ? `ip6.dst == { ${groups} }` : "ip6.dst[116..127] == 0xff0 && ip6.dst[0..111] == 0x0");
  predicate("ip6.mcast_all_nodes", "ip6.dst == ff01::1 || ip6.dst == ff02::1");
  predicate("ip6.mcast_all_rtrs", "ip6.dst == ff01::2 || ip6.dst == ff02::2 || ip6.dst == ff05::2");
  predicate("ip6.mcast_sol_node", "ip6.dst == ff02::1:ff00:0000/104");
  predicate("ip6.mcast_flood", "eth.mcastv6 && (ip6.mcast_rsvd || ip6.mcast_all_nodes || ip6.mcast_all_rtrs || ip6.mcast_sol_node)");
  predicate("ip6.mcast", "eth.mcastv6 && ip6.dst[120..127] == 0xff");
}

function controlMessages({ field, nominal }: Builder, version: string): void {
  const strict = since(version, "23.06.5", "23.09.5", "24.03.3", "24.09.0");
  nominal("icmp4", "ip4 && ip.proto == 1");
  nominal("icmp6", "ip6 && ip.proto == 58");
  nominal("icmp", "icmp4 || icmp6");
  for (const [name, oxm, crossproduct] of [["icmp4", "ICMPV4", false], ["icmp6", "ICMPV6", true]] as const)
    for (const part of ["type", "code"]) field(`${name}.${part}`, 8, `OXM_OF_${oxm}_${part.toUpperCase()}`, { needs: name, level: "nominal", crossproduct });
  field("icmp4.frag_mtu", 16, "icmp4.frag_mtu", { level: "nominal", writable: "anywhere" });
  field("icmp6.frag_mtu", 32, "icmp6.frag_mtu", { level: "nominal", writable: "anywhere" });
  nominal("igmp", strict ? "ip4.mcast && ip.proto == 2" : "ip4 && ip.proto == 2");
  const discovery = (name: string, type: string, before = ""): void => nominal(name, `${before}icmp6.type == ${type} && icmp6.code == 0 && ip.ttl == 255`);
  discovery("nd", "{135, 136}");
  discovery("nd_ns", "135");
  discovery("nd_na", "136");
  discovery("nd_rs", "133");
  discovery("nd_ra", "134");
  if (since(version, "23.09.6", "24.03.4", "24.09.0")) discovery("nd_ns_mcast", "135", "ip6.mcast && ");
  field("nd.target", 128, "OXM_OF_IPV6_ND_TARGET", { needs: "nd" });
  field("nd.sll", 48, "OXM_OF_IPV6_ND_SLL", { needs: "nd_ns" });
  field("nd.tll", 48, "OXM_OF_IPV6_ND_TLL", { needs: "nd_na" });
  const group = strict ? "eth.mcastv6 && " : "";
  nominal("mldv1", `${group}ip6.src == fe80::/10 && icmp6.type == {130, 131, 132}`);
  nominal("mldv2", `${group}ip6.dst == ff02::16 && icmp6.type == 143`);
}

function transports({ field, nominal }: Builder): void {
  for (const [name, number] of [["tcp", 6], ["udp", 17], ["sctp", 132]] as const) {
    nominal(name, `ip.proto == ${number}`);
    for (const side of ["src", "dst"]) field(`${name}.${side}`, 16, `OXM_OF_${name.toUpperCase()}_${side.toUpperCase()}`, { needs: name });
  }
  field("tcp.flags", 12, "OXM_OF_TCP_FLAGS", { needs: "tcp", writable: "no" });
  field("pkt.mark", 32, "NXM_NX_PKT_MARK");
}

function build(version: string): SymbolTable {
  const into = builder();
  registers(into);
  flags(into, version);
  connections(into, version);
  ethernet(into);
  internet(into, version);
  controlMessages(into, version);
  transports(into);
  if (!since(version, "22.12.0")) for (const name of ["rarp", "rarp.op", "rarp.spa", "rarp.sha", "rarp.tpa", "rarp.tha"]) into.table.delete(name);
  return into.table;
}

const tables = new Map<string, SymbolTable>();

/**
 * The symbols of the match language in one release of OVN.
 *
 * The symbols of a version are the same objects on every call.
 *
 * @see OVN 20.12 to 24.03, lib/logical-fields.c, ovn_init_symtab
 * @example
 * symbolTable("24.03.2").get("flags.localnet")?.type // "field"
 */
export function symbolTable(version = DEFAULT_VERSION): SymbolTable {
  const known = tables.get(version) ?? build(version);
  tables.set(version, known);
  return known;
}

/** A symbol as the real program's table dump writes it: `vlan.vid = vlan.tci[0..11]`. */
function printSymbol(symbol: OvnSymbol): string {
  const bits = (low: number, width: number): string => (width === 1 ? `[${low}]` : `[${low}..${low + width - 1}]`);
  if (symbol.type === "predicate") return `${symbol.name} = ${symbol.means}`;
  if (symbol.type === "string" || symbol.parent === undefined) return `${symbol.name} = ${symbol.oxm ?? symbol.name}`;
  return `${symbol.name} = ${symbol.parent.name}${bits(symbol.low, symbol.width)}`;
}

/** The whole table, sorted by name. */
export const printSymbolTable = (table: SymbolTable = symbolTable()): string =>
  [...table.values()].map((symbol) => ({ name: symbol.name, line: printSymbol(symbol) })).sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ line }) => line).join("\n");
