/** Where a field of the match language is kept: `width` bits of `base` from bit `low`. */
export interface FieldSymbol {
  readonly type: "field";
  readonly name: string;
  readonly base: string;
  readonly low: number;
  readonly width: number;
  /** Expression that must hold for the field to exist. */
  readonly needs?: string;
  /** Only equality makes sense for the field: the real program refuses `<`, `!=` and subfields. */
  readonly nominal: boolean;
}
export interface StringSymbol {
  readonly type: "string";
  readonly name: string;
}
export interface PredicateSymbol {
  readonly type: "predicate";
  readonly name: string;
  readonly means: string;
  /** May only be tested positively, because it rests on nominal fields. */
  readonly nominal: boolean;
}
export type OvnSymbol = FieldSymbol | StringSymbol | PredicateSymbol;

const symbols = new Map<string, OvnSymbol>();
const NOMINAL = new Set(["eth.type", "ip.proto", "ip.dscp", "ip.ecn", "ip.ttl", "icmp4.type", "icmp4.code", "icmp6.type", "icmp6.code", "arp.op", "rarp.op", "icmp4.frag_mtu", "icmp6.frag_mtu"]);
const field = (name: string, width: number, needs?: string, base = name, low = 0): void => void symbols.set(name, { type: "field", name, base, low, width, needs, nominal: NOMINAL.has(name) });
const isNominal = (name: string): boolean => {
  const symbol = symbols.get(name);
  return symbol?.type === "string" || symbol?.nominal === true;
};
/** A predicate is as restricted as the most restricted field it names; prerequisites do not count. */
const predicate = (name: string, means: string): void => void symbols.set(name, { type: "predicate", name, means, nominal: [...means.matchAll(/[a-z_][\w.]*/g)].some(([word]) => isNominal(word)) });

symbols.set("inport", { type: "string", name: "inport" });
symbols.set("outport", { type: "string", name: "outport" });
for (let i = 0; i < 4; i++) {
  field(`reg${i}`, 32, undefined, "xxreg0", (3 - i) * 32);
  field(`reg${i + 4}`, 32, undefined, "xxreg1", (3 - i) * 32);
}
field("reg8", 32, undefined, "xreg4", 32);
field("reg9", 32, undefined, "xreg4", 0);
for (let i = 0; i < 2; i++) {
  field(`xreg${i}`, 64, undefined, "xxreg0", (1 - i) * 64);
  field(`xreg${i + 2}`, 64, undefined, "xxreg1", (1 - i) * 64);
  field(`xxreg${i}`, 128);
}
field("xreg4", 64);
field("flags", 16);
const flag = (name: string, bit: number): void => field(`flags.${name}`, 1, undefined, "flags", bit);
flag("loopback", 0);
flag("force_snat_for_dnat", 2);
flag("force_snat_for_lb", 3);
flag("skip_snat_for_lb", 9);
flag("localnet", 10);
flag("use_snat_zone", 11);
field("ct_state", 8);
["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"].forEach((name, bit) => field(`ct.${name}`, 1, name === "trk" ? undefined : "ct.trk", "ct_state", bit));
field("ct_mark", 32);
field("ct_mark.blocked", 1, undefined, "ct_mark", 0);
field("ct_mark.natted", 1, undefined, "ct_mark", 1);
field("ct_mark.skip_snat", 1, undefined, "ct_mark", 2);
field("ct_mark.force_snat", 1, undefined, "ct_mark", 3);
field("ct_mark.ecmp_reply_port", 16, undefined, "ct_mark", 16);
field("ct_label", 128);
field("ct_label.blocked", 1, undefined, "ct_label", 0);
field("ct_label.natted", 1, undefined, "ct_label", 1);
field("ct_label.skip_snat", 1, undefined, "ct_label", 2);
field("ct_label.force_snat", 1, undefined, "ct_label", 3);
field("ct_label.ecmp_reply_eth", 48, undefined, "ct_label", 32);
field("ct_label.ecmp_reply_port", 16, undefined, "ct_label", 80);
field("ct_label.label", 32, undefined, "ct_label", 96);
field("pkt.mark", 32);
field("eth.src", 48);
field("eth.dst", 48);
field("eth.type", 16);
predicate("eth.bcast", "eth.dst == ff:ff:ff:ff:ff:ff");
field("eth.mcast", 1, undefined, "eth.dst", 40);
predicate("eth.mcastv6", "eth.dst[32..47] == 0x3333");
field("vlan.tci", 16);
predicate("vlan.present", "vlan.tci[12]");
field("vlan.pcp", 3, "vlan.present", "vlan.tci", 13);
field("vlan.vid", 12, "vlan.present", "vlan.tci", 0);
predicate("ip4", "eth.type == 0x800");
predicate("ip6", "eth.type == 0x86dd");
predicate("ip", "ip4 || ip6");
field("ip.proto", 8, "ip");
field("ip.dscp", 6, "ip");
field("ip.ecn", 2, "ip");
field("ip.ttl", 8, "ip");
field("ip.frag", 2, "ip");
predicate("ip.is_frag", "ip.frag[0]");
predicate("ip.later_frag", "ip.frag[1]");
predicate("ip.first_frag", "ip.is_frag && !ip.later_frag");
field("ip4.src", 32, "ip4");
field("ip4.dst", 32, "ip4");
predicate("ip4.src_mcast", "ip4.src[28..31] == 0xe");
predicate("ip4.mcast", "eth.mcast && ip4.dst[28..31] == 0xe");
predicate("icmp4", "ip4 && ip.proto == 1");
predicate("icmp6", "ip6 && ip.proto == 58");
predicate("icmp", "icmp4 || icmp6");
predicate("igmp", "ip4 && ip.proto == 2");
field("icmp4.type", 8, "icmp4", "icmp.type");
field("icmp4.code", 8, "icmp4", "icmp.code");
field("icmp6.type", 8, "icmp6", "icmp.type");
field("icmp6.code", 8, "icmp6", "icmp.code");
field("ip6.src", 128, "ip6");
field("ip6.dst", 128, "ip6");
field("ip6.label", 20, "ip6");
predicate("ip6.mcast_all_nodes", "ip6.dst == ff01::1 || ip6.dst == ff02::1");
predicate("ip6.mcast_all_rtrs", "ip6.dst == ff01::2 || ip6.dst == ff02::2 || ip6.dst == ff05::2");
predicate("ip6.mcast_rsvd", "ip6.dst[116..127] == 0xff0 && ip6.dst[0..111] == 0x0");
predicate("ip6.mcast_sol_node", "ip6.dst == ff02::1:ff00:0000/104");
predicate("ip6.mcast_flood", "eth.mcastv6 && (ip6.mcast_rsvd || ip6.mcast_all_nodes || ip6.mcast_all_rtrs || ip6.mcast_sol_node)");
predicate("ip6.mcast", "eth.mcastv6 && ip6.dst[120..127] == 0xff");
predicate("nd", "icmp6.type == {135, 136} && icmp6.code == 0 && ip.ttl == 255");
predicate("nd_ns", "icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255");
predicate("nd_na", "icmp6.type == 136 && icmp6.code == 0 && ip.ttl == 255");
predicate("nd_rs", "icmp6.type == 133 && icmp6.code == 0 && ip.ttl == 255");
predicate("nd_ra", "icmp6.type == 134 && icmp6.code == 0 && ip.ttl == 255");
predicate("nd_ns_mcast", "ip6.mcast && icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255");
predicate("mldv1", "ip6.src == fe80::/10 && icmp6.type == {130, 131, 132}");
predicate("mldv2", "ip6.dst == ff02::16 && icmp6.type == 143");
field("nd.target", 128, "nd");
field("nd.sll", 48, "nd_ns");
field("nd.tll", 48, "nd_na");
predicate("arp", "eth.type == 0x806");
field("arp.op", 16, "arp");
field("arp.spa", 32, "arp");
field("arp.tpa", 32, "arp");
field("arp.sha", 48, "arp");
field("arp.tha", 48, "arp");
predicate("rarp", "eth.type == 0x8035");
field("rarp.op", 16, "rarp", "arp.op");
field("rarp.spa", 32, "rarp", "arp.spa");
field("rarp.tpa", 32, "rarp", "arp.tpa");
field("rarp.sha", 48, "rarp", "arp.sha");
field("rarp.tha", 48, "rarp", "arp.tha");
field("icmp4.frag_mtu", 16, "icmp4");
field("icmp6.frag_mtu", 32, "icmp6");
for (const [name, proto] of [["tcp", 6], ["udp", 17], ["sctp", 132]] as const) {
  predicate(name, `ip.proto == ${proto}`);
  field(`${name}.src`, 16, name, "tp.src");
  field(`${name}.dst`, 16, name, "tp.dst");
}
field("tcp.flags", 12, "tcp");

/** A symbol of the match language by name. @see OVN 23.09, lib/logical-fields.c as printed by `ovstest test-ovn dump-symtab` */
export const symbolOf = (name: string): OvnSymbol | undefined => symbols.get(name);
