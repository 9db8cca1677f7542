import type { Address, L4, Packet } from "../packet/packet.ts";

/** What names one direction of a connection. For ICMP both ports hold the echo identifier. */
export interface Tuple {
  readonly protocol: L4["type"];
  readonly src: Address;
  readonly srcPort: number;
  readonly dst: Address;
  readonly dstPort: number;
}

/** Reads a packet's tuple; `undefined` for what has no ports or identifier (ARP, ICMP errors). */
export function tupleOf(packet: Packet): Tuple | undefined {
  const { ip, l4 } = packet;
  if (ip === undefined || l4 === undefined) return undefined;
  if (l4.type === "icmp") {
    if (l4.about !== undefined) return undefined;
    const id = l4.id ?? 0;
    return { protocol: "icmp", src: ip.src, srcPort: id, dst: ip.dst, dstPort: id };
  }
  return { protocol: l4.type, src: ip.src, srcPort: l4.src, dst: ip.dst, dstPort: l4.dst };
}

/** The tuple of the packets that answer. */
export const inverse = (tuple: Tuple): Tuple => ({
  protocol: tuple.protocol,
  src: tuple.dst,
  srcPort: tuple.dstPort,
  dst: tuple.src,
  dstPort: tuple.srcPort,
});

/** One text per tuple and zone, for use as a key. */
export const tupleKey = (tuple: Tuple, zone: number): string => `${zone} ${tuple.protocol} ${tuple.src} ${tuple.srcPort} ${tuple.dst} ${tuple.dstPort}`;
