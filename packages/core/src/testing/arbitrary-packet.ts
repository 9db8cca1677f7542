import fc from "fast-check";
import { icmpPacket, tcpPacket, udpPacket } from "../packet/builders.ts";
import type { Packet } from "../packet/packet.ts";

const port = fc.integer({ min: 1, max: 65_535 });
const ends = fc.oneof(
  fc.record({ src: fc.ipV4(), dst: fc.ipV4() }),
  fc.record({ src: fc.integer({ min: 1, max: 0xffff }).map((n) => `fd01::${n.toString(16)}`), dst: fc.integer({ min: 1, max: 0xffff }).map((n) => `fd02::${n.toString(16)}`) }),
);

/**
 * A TCP, UDP or ICMP echo packet of either family, made by the builders.
 *
 * @example
 * fc.assert(fc.property(arbitraryPacket, (packet) => diffPackets(packet, packet).length === 0));
 */
export const arbitraryPacket: fc.Arbitrary<Packet> = fc
  .record({ ends, srcPort: port, dstPort: port, ttl: fc.integer({ min: 2, max: 255 }), type: fc.constantFrom("tcp", "udp", "icmp") })
  .map(({ ends: { src, dst }, srcPort, dstPort, ttl, type }) => {
    const seed = { src, dst, srcPort, dstPort, ttl };
    if (type === "tcp") return tcpPacket(seed);
    return type === "udp" ? udpPacket(seed) : icmpPacket(seed, { icmpType: src.includes(":") ? 128 : 8, code: 0, id: srcPort });
  });
