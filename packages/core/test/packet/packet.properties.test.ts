import { diffPackets, type Packet, replyTo } from "@hopscope/core";
import { arbitraryPacket } from "@hopscope/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";

const ports = ({ l4 }: Packet): readonly number[] => (l4 === undefined || l4.type === "icmp" ? [] : [l4.src, l4.dst]);

it("a reply goes from the packet's destination to its source", () => {
  fc.assert(fc.property(arbitraryPacket, (packet) => {
    const reply = replyTo(packet);
    expect([reply.ip?.src, reply.ip?.dst]).toEqual([packet.ip?.dst, packet.ip?.src]);
    expect(ports(reply)).toEqual([...ports(packet)].reverse());
    expect(reply.ip?.version).toBe(packet.ip?.version);
    expect(reply.l4?.type).toBe(packet.l4?.type);
  }), { numRuns: 50 });
});

it("a packet does not differ from its copy, and a difference mirrored is the difference from the other side", () => {
  fc.assert(fc.property(arbitraryPacket, arbitraryPacket, (left, right) => {
    expect(diffPackets(left, structuredClone(left))).toEqual([]);
    const there = diffPackets(left, right).map(({ field, from, to }) => [field, from, to].join(" ")).sort();
    const back = diffPackets(right, left).map(({ field, from, to }) => [field, to, from].join(" ")).sort();
    expect(there).toEqual(back);
  }), { numRuns: 50 });
});
