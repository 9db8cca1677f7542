import type { L4, Packet, TcpFlag } from "@hopscope/core";
import type { Fields } from "../expr/evaluate.ts";
import { ip4Value, ip6Value, macValue } from "../expr/lex.ts";

const flagBits: readonly (readonly [TcpFlag, bigint])[] = [["fin", 1n], ["syn", 2n], ["rst", 4n], ["psh", 8n], ["ack", 16n]];
const protocols = { tcp: 6n, udp: 17n, sctp: 132n } as const;

/** Writes a packet's headers into the pipeline's fields; registers and state stay. */
export function readPacket(packet: Packet, fields: Fields): void {
  const { values } = fields;
  values.set("eth.src", macValue(packet.eth.src)).set("eth.dst", macValue(packet.eth.dst)).set("eth.type", BigInt(packet.eth.type));
  values.set("pkt.mark", BigInt(packet.local?.mark ?? 0));
  const { ip, l4, arp } = packet;
  if (arp !== undefined) {
    values.set("arp.op", BigInt(arp.op)).set("arp.sha", macValue(arp.sha)).set("arp.tha", macValue(arp.tha));
    values.set("arp.spa", ip4Value(arp.spa)).set("arp.tpa", ip4Value(arp.tpa));
  }
  if (ip === undefined) return;
  const parse = ip.version === 4 ? ip4Value : ip6Value;
  values.set(`ip${ip.version}.src`, parse(ip.src)).set(`ip${ip.version}.dst`, parse(ip.dst));
  values.set("ip.ttl", BigInt(ip.ttl)).set("ip.dscp", BigInt(ip.dscp)).set("ip.frag", 0n);
  if (l4 === undefined) return;
  if (l4.type === "icmp") {
    values.set("ip.proto", ip.version === 4 ? 1n : 58n).set("icmp.type", BigInt(l4.icmpType)).set("icmp.code", BigInt(l4.code));
    return;
  }
  values.set("ip.proto", protocols[l4.type]).set("tp.src", BigInt(l4.src)).set("tp.dst", BigInt(l4.dst));
  if (l4.type === "tcp") values.set("tcp.flags", flagBits.reduce((sum, [flag, bit]) => (l4.flags.includes(flag) ? sum | bit : sum), 0n));
}

export const macText = (value: bigint): string => value.toString(16).padStart(12, "0").replace(/..(?!$)/g, "$&:");
export const ip4Text = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");

/** Canonical text of an IPv6 address (RFC 5952). */
export function ip6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - index * 16)) & 0xffffn));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return best.at === -1 ? hex(groups) : `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

/** The packet that the fields describe; what the fields do not hold is taken from `was`. */
export function writePacket(fields: Fields, was: Packet): Packet {
  const { values } = fields;
  const get = (name: string): bigint => values.get(name) ?? 0n;
  const { ip, l4 } = was;
  const mark = Number(get("pkt.mark"));
  const local = mark === (was.local?.mark ?? 0) ? was.local : { ...was.local, mark };
  const eth = { src: macText(get("eth.src")), dst: macText(get("eth.dst")), type: Number(get("eth.type")) };
  if (ip === undefined) return { ...was, eth, local };
  const address = (name: string): string => (ip.version === 4 ? ip4Text(get(`ip4.${name}`)) : ip6Text(get(`ip6.${name}`)));
  let next: L4 | undefined = l4;
  if (l4?.type === "icmp") next = { ...l4, icmpType: Number(get("icmp.type")), code: Number(get("icmp.code")) };
  else if (l4 !== undefined) next = { ...l4, src: Number(get("tp.src")), dst: Number(get("tp.dst")) };
  return { ...was, eth, local, ip: { ...ip, src: address("src"), dst: address("dst"), ttl: Number(get("ip.ttl")), dscp: Number(get("ip.dscp")) }, l4: next };
}
