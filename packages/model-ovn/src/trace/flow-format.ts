import { ip4Text, ip6Text, macOf, ctStateText, tcpFlagsText } from "../pipeline/format-value.ts";
import { ETH_ARP, ETH_IP4, ETH_IP6, ETH_RARP, type Registers, WORD } from "../pipeline/registers.ts";

const names4: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 132: "sctp" };
const names6: Readonly<Record<number, string>> = { 58: "icmp6", 6: "tcp6", 17: "udp6", 132: "sctp6" };
const fragments = ["no", "first", "<error>", "later"];
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/**
 * A packet as Open vSwitch writes a flow: `tcp,reg14=0x1,vlan_tci=0x0000,…`.
 *
 * @see Open vSwitch 3.1, lib/flow.c flow_format, flow_wildcards_init_for_packet; lib/match.c match_format
 */
export function formatFlow(regs: Registers): string {
  const out: string[] = [];
  if ((regs[WORD.mark] as number) !== 0) out.push(`pkt_mark=${hex((regs[WORD.mark] as number))}`);
  if ((regs[WORD.ctState] as number) !== 0) out.push(`ct_state=${ctStateText((regs[WORD.ctState] as number) & 0xff)}`);
  if ((regs[WORD.ctMark] as number) !== 0) out.push(`ct_mark=${hex((regs[WORD.ctMark] as number))}`);
  const label = [0, 1, 2, 3].map((at) => (regs[WORD.ctLabel + at] as number).toString(16).padStart(8, "0")).join("").replace(/^0+/, "");
  if (label !== "") out.push(`ct_label=0x${label}`);
  const type = (regs[WORD.ethType] as number);
  const proto = (regs[WORD.proto] as number);
  const isArp = type === ETH_ARP || type === ETH_RARP;
  const isIp = type === ETH_IP4 || type === ETH_IP6;
  const named = isIp ? (type === ETH_IP4 ? names4 : names6)[proto] : undefined;
  const kind = named ?? (type === ETH_IP4 ? "ip" : type === ETH_IP6 ? "ipv6" : type === ETH_ARP ? "arp" : type === ETH_RARP ? "rarp" : type === 0x8847 ? "mpls" : type === 0x8848 ? "mplsm" : undefined);
  if (kind !== undefined) out.push(kind);
  for (let register = 0; register < 16; register++) if ((regs[register] as number) !== 0) out.push(`reg${register}=${hex((regs[register] as number))}`);
  const vlan = (regs[WORD.vlan] as number);
  if ((vlan & 0x1000) === 0) out.push(`vlan_tci=0x${vlan.toString(16).padStart(4, "0")}`);
  else out.push(`dl_vlan=${vlan & 0xfff}`, `dl_vlan_pcp=${vlan >>> 13}`);
  if (vlan !== 0) out.push("vlan_tci1=0x0000");
  out.push(`dl_src=${macOf((regs[WORD.ethSrc] as number), (regs[WORD.ethSrc + 1] as number))}`, `dl_dst=${macOf((regs[WORD.ethDst] as number), (regs[WORD.ethDst + 1] as number))}`);
  if (kind === undefined) out.push(`dl_type=0x${type.toString(16).padStart(4, "0")}`);
  if (type === ETH_IP6) out.push(`ipv6_src=${ip6Text(regs, WORD.ip6Src)}`, `ipv6_dst=${ip6Text(regs, WORD.ip6Dst)}`, `ipv6_label=0x${(regs[WORD.ip6Label] as number).toString(16).padStart(5, "0")}`);
  else if (isArp) out.push(`arp_spa=${ip4Text((regs[WORD.ip4Src] as number))}`, `arp_tpa=${ip4Text((regs[WORD.ip4Dst] as number))}`);
  else if (type === ETH_IP4) out.push(`nw_src=${ip4Text((regs[WORD.ip4Src] as number))}`, `nw_dst=${ip4Text((regs[WORD.ip4Dst] as number))}`);
  if (isArp) {
    out.push(`arp_op=${proto & 0xff}`, `arp_sha=${macOf((regs[WORD.arpSha] as number), (regs[WORD.arpSha + 1] as number))}`, `arp_tha=${macOf((regs[WORD.arpTha] as number), (regs[WORD.arpTha + 1] as number))}`);
  }
  if (type === 0x8847 || type === 0x8848) out.push("mpls_label=0,mpls_tc=0,mpls_ttl=0,mpls_bos=0,mpls_lse1=0,mpls_lse2=0");
  if (isIp) {
    if (named === undefined) out.push(`nw_proto=${proto}`);
    const tos = (regs[WORD.tos] as number);
    out.push(`nw_tos=${tos & 0xfc}`, `nw_ecn=${tos & 3}`, `nw_ttl=${(regs[WORD.ttl] as number)}`, `nw_frag=${fragments[(regs[WORD.frag] as number) & 3] ?? ""}`);
    out.push(...transportFields(regs, type === ETH_IP6));
  }
  return out.join(",");
}

function transportFields(regs: Registers, v6: boolean): readonly string[] {
  const proto = (regs[WORD.proto] as number);
  const hasPorts = ((regs[WORD.frag] as number) & 2) === 0 && [1, 58, 6, 17, 132, 2].includes(proto);
  if (proto === (v6 ? 58 : 1)) {
    const out = hasPorts ? [`icmp_type=${(regs[WORD.portSrc] as number)}`, `icmp_code=${(regs[WORD.portDst] as number)}`] : [];
    if (v6 && (regs[WORD.portDst] as number) === 0 && ((regs[WORD.portSrc] as number) === 135 || (regs[WORD.portSrc] as number) === 136)) {
      out.push(`nd_target=${ip6Text(regs, WORD.ndTarget)}`, `nd_sll=${macOf((regs[WORD.arpSha] as number), (regs[WORD.arpSha + 1] as number))}`, `nd_tll=${macOf((regs[WORD.arpTha] as number), (regs[WORD.arpTha + 1] as number))}`);
    }
    return out;
  }
  if (!hasPorts) return [];
  return [`tp_src=${(regs[WORD.portSrc] as number)}`, `tp_dst=${(regs[WORD.portDst] as number)}`, ...(proto === 6 ? [`tcp_flags=${tcpFlagsText((regs[WORD.tcpFlags] as number))}`] : [])];
}
