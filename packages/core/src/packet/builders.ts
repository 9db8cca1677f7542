import type { Address, Icmp, L4, Local, Packet, TcpFlag } from "./packet.ts";

export const ZERO_MAC = "00:00:00:00:00:00";

export interface PacketSeed {
  readonly src: Address;
  readonly dst: Address;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly flags?: readonly TcpFlag[];
  readonly ttl?: number;
  readonly local?: Local;
  readonly bytes?: number;
}

const frame = (seed: PacketSeed, l4: L4, bytes: number): Packet => {
  const version = seed.src.includes(":") ? 6 : 4;
  return {
    eth: { src: ZERO_MAC, dst: ZERO_MAC, type: version === 6 ? 0x86dd : 0x0800 },
    arp: undefined,
    ip: { version, src: seed.src, dst: seed.dst, ttl: seed.ttl ?? 64, dscp: 0 },
    l4,
    encap: undefined,
    tls: undefined,
    http: undefined,
    local: seed.local,
    bytes: seed.bytes ?? bytes,
  };
};

/** The first packet of a TCP connection, unless other flags are given. */
export const tcpPacket = (seed: PacketSeed): Packet =>
  frame(seed, { type: "tcp", src: seed.srcPort ?? 0, dst: seed.dstPort ?? 0, flags: seed.flags ?? ["syn"] }, 74);

export const udpPacket = (seed: PacketSeed): Packet =>
  frame(seed, { type: "udp", src: seed.srcPort ?? 0, dst: seed.dstPort ?? 0 }, 110);

export const icmpPacket = (seed: PacketSeed, icmp: Omit<Icmp, "type">): Packet =>
  frame(seed, { type: "icmp", ...icmp }, 98);

/** The answer to a packet: addresses and ports swapped, flags as the peer's kernel sets them (SYN → SYN, ACK). */
export function replyTo(packet: Packet, options: { flags?: readonly TcpFlag[] } = {}): Packet {
  const { ip, l4 } = packet;
  if (ip === undefined || l4 === undefined) return packet;
  const seed = { src: ip.dst, dst: ip.src };
  switch (l4.type) {
    case "tcp": {
      const flags = options.flags ?? (l4.flags.includes("syn") ? (["syn", "ack"] as const) : (["ack"] as const));
      return tcpPacket({ ...seed, srcPort: l4.dst, dstPort: l4.src, flags });
    }
    case "udp":
      return udpPacket({ ...seed, srcPort: l4.dst, dstPort: l4.src });
    case "sctp":
      return frame(seed, { type: "sctp", src: l4.dst, dst: l4.src, chunk: l4.chunk === "init" ? "init-ack" : "data" }, 82);
    case "icmp":
      return icmpPacket(seed, { icmpType: ip.version === 6 ? 129 : 0, code: 0, id: l4.id });
  }
}
