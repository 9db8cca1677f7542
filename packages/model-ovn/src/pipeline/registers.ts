/**
 * The register file of a packet: one `Uint32Array` that holds the headers, the logical registers and the
 * state of connection tracking, word by word.
 *
 * Fields wider than a word lie with the most significant word first, so `xxreg0` is `reg0`‥`reg3` as in Open vSwitch.
 * Headers that Open vSwitch keeps in one place share words here too: `arp.spa` is `ip4.src`, `icmp4.type` is `tcp.src`.
 *
 * @see Open vSwitch 3.1, lib/flow.h and lib/meta-flow.c; OVN 23.09, lib/logical-fields.c
 */
export type Registers = Uint32Array;

/** The word at which each part begins. */
export const WORD = {
  reg0: 0,
  flags: 10,
  /** Tunnel key of the input port in the datapath, 0 for none. */
  inport: 14,
  /** Tunnel key of the output port or multicast group. */
  outport: 15,
  ctState: 16,
  ctMark: 17,
  ctLabel: 18,
  mark: 22,
  ethSrc: 23,
  ethDst: 25,
  ethType: 27,
  vlan: 28,
  ip4Src: 29,
  ip4Dst: 30,
  ip6Src: 31,
  ip6Dst: 35,
  ip6Label: 39,
  /** `ip.proto`, and the operation of an ARP packet. */
  proto: 40,
  /** DSCP in bits 2‥7, ECN in bits 0‥1. */
  tos: 41,
  ttl: 42,
  frag: 43,
  /** Source port, or ICMP type. */
  portSrc: 44,
  /** Destination port, or ICMP code. */
  portDst: 45,
  tcpFlags: 46,
  ndTarget: 47,
  /** `arp.sha` and `nd.sll`. */
  arpSha: 51,
  /** `arp.tha` and `nd.tll`. */
  arpTha: 53,
  /** The original tuple of the connection. */
  ctProto: 55,
  ctIp4Src: 56,
  ctIp4Dst: 57,
  ctIp6Src: 58,
  ctIp6Dst: 62,
  ctPortSrc: 66,
  ctPortDst: 67,
  /** A number of the mode's own, by which it recalls what registers cannot hold (the whole packet). */
  token: 68,
} as const;

/** Words in a register file. */
export const WORDS = 69;

/** Bits of `ct_state`. */
export const CT = { new: 1, est: 2, rel: 4, rpl: 8, inv: 16, trk: 32, snat: 64, dnat: 128 } as const;

/** `flags.loopback`: a packet may leave by the port it came in. */
export const LOOPBACK = 1;

export const ETH_IP4 = 0x0800;
export const ETH_ARP = 0x0806;
export const ETH_RARP = 0x8035;
export const ETH_IP6 = 0x86dd;

/** What must hold for a field to be written, as Open vSwitch has it; reads are unconditional. */
export type Prerequisite = "none" | "arp" | "ip4" | "ip6" | "ip" | "tcp" | "udp" | "sctp" | "icmp4" | "icmp6" | "nd" | "nd-solicit" | "nd-advert";

/** How Open vSwitch writes a field's value. */
export type Format = "decimal" | "hexadecimal" | "ethernet" | "ip4" | "ip6" | "ct-state" | "fragment" | "tcp-flags";

/** Where a base field lies: bits `shift`‥`shift + width - 1` of `words` words that begin at `word`. */
export interface Place {
  readonly word: number;
  readonly words: number;
  readonly shift: number;
  readonly width: number;
  readonly prerequisite: Prerequisite;
  readonly format: Format;
  /** Registers change without being seen outside. */
  readonly register: boolean;
}

const place = (word: number, width: number, format: Format, prerequisite: Prerequisite = "none", shift = 0): Place => ({
  word, words: Math.ceil((width + shift) / 32), shift, width, prerequisite, format, register: word < WORD.ctState,
});

/** Places of the base fields of the match language, by name. */
export const places: ReadonlyMap<string, Place> = new Map<string, Place>([
  ...Array.from({ length: 10 }, (_, index) => [`reg${index}`, place(index, 32, "hexadecimal")] as const),
  ...Array.from({ length: 5 }, (_, index) => [`xreg${index}`, place(index * 2, 64, "hexadecimal")] as const),
  ["xxreg0", place(0, 128, "hexadecimal")],
  ["xxreg1", place(4, 128, "hexadecimal")],
  ["flags", place(WORD.flags, 32, "hexadecimal")],
  ["inport", place(WORD.inport, 32, "hexadecimal")],
  ["outport", place(WORD.outport, 32, "hexadecimal")],
  ["ct_state", place(WORD.ctState, 32, "ct-state")],
  ["ct_mark", place(WORD.ctMark, 32, "hexadecimal")],
  ["ct_label", place(WORD.ctLabel, 128, "hexadecimal")],
  ["pkt.mark", place(WORD.mark, 32, "hexadecimal")],
  ["eth.src", place(WORD.ethSrc, 48, "ethernet")],
  ["eth.dst", place(WORD.ethDst, 48, "ethernet")],
  ["eth.type", place(WORD.ethType, 16, "hexadecimal")],
  ["vlan.tci", place(WORD.vlan, 16, "hexadecimal")],
  ["ip.proto", place(WORD.proto, 8, "decimal", "ip")],
  ["ip.dscp", place(WORD.tos, 6, "decimal", "ip", 2)],
  ["ip.ecn", place(WORD.tos, 2, "decimal", "ip")],
  ["ip.ttl", place(WORD.ttl, 8, "decimal", "ip")],
  ["ip.frag", place(WORD.frag, 2, "fragment", "ip")],
  ["ip4.src", place(WORD.ip4Src, 32, "ip4", "ip4")],
  ["ip4.dst", place(WORD.ip4Dst, 32, "ip4", "ip4")],
  ["ip6.src", place(WORD.ip6Src, 128, "ip6", "ip6")],
  ["ip6.dst", place(WORD.ip6Dst, 128, "ip6", "ip6")],
  ["ip6.label", place(WORD.ip6Label, 20, "hexadecimal", "ip6")],
  ["icmp4.type", place(WORD.portSrc, 8, "decimal", "icmp4")],
  ["icmp4.code", place(WORD.portDst, 8, "decimal", "icmp4")],
  ["icmp6.type", place(WORD.portSrc, 8, "decimal", "icmp6")],
  ["icmp6.code", place(WORD.portDst, 8, "decimal", "icmp6")],
  ...["arp", "rarp"].flatMap((name) => [
    [`${name}.op`, place(WORD.proto, 16, "decimal", "arp")],
    [`${name}.spa`, place(WORD.ip4Src, 32, "ip4", "arp")],
    [`${name}.tpa`, place(WORD.ip4Dst, 32, "ip4", "arp")],
    [`${name}.sha`, place(WORD.arpSha, 48, "ethernet", "arp")],
    [`${name}.tha`, place(WORD.arpTha, 48, "ethernet", "arp")],
  ] as const),
  ["nd.target", place(WORD.ndTarget, 128, "ip6", "nd")],
  ["nd.sll", place(WORD.arpSha, 48, "ethernet", "nd-solicit")],
  ["nd.tll", place(WORD.arpTha, 48, "ethernet", "nd-advert")],
  ...(["tcp", "udp", "sctp"] as const).flatMap((name) => [
    [`${name}.src`, place(WORD.portSrc, 16, "decimal", name)],
    [`${name}.dst`, place(WORD.portDst, 16, "decimal", name)],
  ] as const),
  ["tcp.flags", place(WORD.tcpFlags, 12, "tcp-flags", "tcp")],
]);

const isIp = (regs: Registers): boolean => regs[WORD.ethType] === ETH_IP4 || regs[WORD.ethType] === ETH_IP6;
const isProtocol = (regs: Registers, proto: number): boolean => isIp(regs) && regs[WORD.proto] === proto;
const hasPorts = (regs: Registers, proto: number): boolean => isProtocol(regs, proto) && ((regs[WORD.frag] ?? 0) & 2) === 0;
const isIcmp6 = (regs: Registers): boolean => regs[WORD.ethType] === ETH_IP6 && regs[WORD.proto] === 58;
const isNd = (regs: Registers, type: number): boolean => isIcmp6(regs) && regs[WORD.portSrc] === type && regs[WORD.portDst] === 0;

/** Whether a packet has the header that a write needs. @see Open vSwitch 3.1, lib/meta-flow.c mf_are_prereqs_ok */
export function holds(prerequisite: Prerequisite, regs: Registers): boolean {
  switch (prerequisite) {
    case "none":
      return true;
    case "arp":
      return regs[WORD.ethType] === ETH_ARP || regs[WORD.ethType] === ETH_RARP;
    case "ip4":
      return regs[WORD.ethType] === ETH_IP4;
    case "ip6":
      return regs[WORD.ethType] === ETH_IP6;
    case "ip":
      return isIp(regs);
    case "tcp":
      return hasPorts(regs, 6);
    case "udp":
      return hasPorts(regs, 17);
    case "sctp":
      return hasPorts(regs, 132);
    case "icmp4":
      return regs[WORD.ethType] === ETH_IP4 && regs[WORD.proto] === 1;
    case "icmp6":
      return isIcmp6(regs);
    case "nd":
      return isNd(regs, 135) || isNd(regs, 136);
    case "nd-solicit":
      return isNd(regs, 135);
    case "nd-advert":
      return isNd(regs, 136);
  }
}
