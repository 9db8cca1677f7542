import type { Address, Arp, Icmp, L4, Mac, NeighbourDiscovery, Packet, TcpFlag } from "@hopscope/core";
import { parseAddress } from "../../kubernetes/address.ts";
import { ip4Text, ip6Text, macOf } from "../format-value.ts";
import { ETH_ARP, ETH_IP6, ETH_RARP, type Registers, WORD } from "../registers.ts";

const FLAGS: readonly (readonly [TcpFlag, number])[] = [["fin", 1], ["syn", 2], ["rst", 4], ["psh", 8], ["ack", 16]];
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
const ZERO: Mac = "00:00:00:00:00:00";

/** Writes the text of a hardware address into two words. */
export function putMac(regs: Registers, at: number, mac: Mac): void {
  const hex = mac.replaceAll(":", "");
  regs[at] = Number.parseInt(hex.slice(0, 4), 16);
  regs[at + 1] = Number.parseInt(hex.slice(4), 16);
}

/** Writes the text of an address into one word (IPv4) or four (IPv6). */
export function putAddress(regs: Registers, at: number, address: Address): void {
  if (!address.includes(":")) {
    let value = 0;
    for (const part of address.split(".")) value = (value << 8) | (Number(part) & 255);
    regs[at] = value;
    return;
  }
  const { value = 0n } = parseAddress(address) ?? {};
  for (let word = 0; word < 4; word++) regs[at + word] = Number((value >> BigInt(96 - word * 32)) & 0xffffffffn);
}

const word = (regs: Registers, at: number): number => regs[at] as number;
const macAt = (regs: Registers, at: number): Mac => macOf(word(regs, at), word(regs, at + 1));
/** Text of an IPv6 address that lies in four words. */
export const ip6At = (regs: Registers, at: number): Address => ip6Text(regs, at);
/** Text of an IPv4 address that lies in a word. */
export const ip4At = (regs: Registers, at: number): Address => ip4Text(word(regs, at));
/** The packet's source or destination address, of whichever version it is. */
export const addressAt = (regs: Registers, end: "Src" | "Dst"): Address =>
  word(regs, WORD.ethType) === ETH_IP6 ? ip6At(regs, WORD[`ip6${end}`]) : ip4At(regs, WORD[`ip4${end}`]);

/** Clears the words of the packet's headers. */
function clear(regs: Registers): void {
  regs.fill(0, WORD.ethSrc, WORD.ctProto);
}

/** Writes a packet's headers into the registers; logical registers and the state of its connection stay. */
export function readPacket(packet: Packet, regs: Registers): void {
  clear(regs);
  const { eth, ip, l4, arp } = packet;
  regs[WORD.mark] = packet.local?.mark ?? 0;
  putMac(regs, WORD.ethSrc, eth.src);
  putMac(regs, WORD.ethDst, eth.dst);
  regs[WORD.ethType] = eth.type;
  if (arp !== undefined) {
    regs[WORD.proto] = arp.op;
    putMac(regs, WORD.arpSha, arp.sha);
    putMac(regs, WORD.arpTha, arp.tha);
    putAddress(regs, WORD.ip4Src, arp.spa);
    putAddress(regs, WORD.ip4Dst, arp.tpa);
  }
  if (ip === undefined) return;
  putAddress(regs, ip.version === 6 ? WORD.ip6Src : WORD.ip4Src, ip.src);
  putAddress(regs, ip.version === 6 ? WORD.ip6Dst : WORD.ip4Dst, ip.dst);
  regs[WORD.ttl] = ip.ttl;
  regs[WORD.tos] = ip.dscp << 2;
  if (l4 !== undefined) readTransport(l4, ip.version, regs);
}

function readTransport(l4: L4, version: 4 | 6, regs: Registers): void {
  if (l4.type !== "icmp") {
    regs[WORD.proto] = PROTOCOLS[l4.type];
    regs[WORD.portSrc] = l4.src;
    regs[WORD.portDst] = l4.dst;
    if (l4.type === "tcp") regs[WORD.tcpFlags] = FLAGS.reduce((sum, [flag, bit]) => (l4.flags.includes(flag) ? sum | bit : sum), 0);
    return;
  }
  regs[WORD.proto] = version === 6 ? 58 : 1;
  regs[WORD.portSrc] = l4.icmpType;
  regs[WORD.portDst] = l4.code;
  if (l4.nd === undefined) return;
  putAddress(regs, WORD.ndTarget, l4.nd.target);
  putMac(regs, WORD.arpSha, l4.nd.sll ?? ZERO);
  putMac(regs, WORD.arpTha, l4.nd.tll ?? ZERO);
}

/** The packet that the registers describe; what they do not hold is taken from `was`. */
export function writePacket(regs: Registers, was: Packet): Packet {
  const type = word(regs, WORD.ethType);
  const eth = { src: macAt(regs, WORD.ethSrc), dst: macAt(regs, WORD.ethDst), type };
  const mark = word(regs, WORD.mark);
  const local = mark === (was.local?.mark ?? 0) ? was.local : { ...was.local, mark };
  if (type === ETH_ARP || type === ETH_RARP) return { ...was, eth, local, arp: arpIn(regs), ip: undefined, l4: undefined };
  const { ip, l4 } = was;
  if (ip === undefined) return { ...was, eth, local };
  const next = { ...ip, src: addressAt(regs, "Src"), dst: addressAt(regs, "Dst"), ttl: word(regs, WORD.ttl), dscp: word(regs, WORD.tos) >> 2 };
  return { ...was, eth, local, ip: next, l4: l4 === undefined ? l4 : transportIn(regs, l4) };
}

const arpIn = (regs: Registers): Arp => ({
  op: word(regs, WORD.proto) === 2 ? 2 : 1,
  sha: macAt(regs, WORD.arpSha), spa: ip4At(regs, WORD.ip4Src), tha: macAt(regs, WORD.arpTha), tpa: ip4At(regs, WORD.ip4Dst),
});

function transportIn(regs: Registers, l4: L4): L4 {
  const [src, dst] = [word(regs, WORD.portSrc), word(regs, WORD.portDst)];
  if (l4.type !== "icmp") return { ...l4, src, dst };
  const icmp: Icmp = { ...l4, icmpType: src, code: dst };
  return l4.nd === undefined ? icmp : { ...icmp, nd: discoveryIn(regs, l4.nd) };
}

function discoveryIn(regs: Registers, was: NeighbourDiscovery): NeighbourDiscovery {
  const sll = macAt(regs, WORD.arpSha);
  const tll = macAt(regs, WORD.arpTha);
  return { target: ip6At(regs, WORD.ndTarget), sll: was.sll === undefined && sll === ZERO ? undefined : sll, tll: was.tll === undefined && tll === ZERO ? undefined : tll };
}
