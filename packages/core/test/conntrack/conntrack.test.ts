import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bindDestination,
  bindSource,
  confirm,
  connectionsOf,
  emptyConntrack,
  forget,
  icmpPacket,
  isTaken,
  newConnection,
  replyTo,
  tcpPacket,
  track,
  translate,
  tupleOf,
  udpPacket,
  type Conntrack,
  type Packet,
  type TrackedConnection,
} from "../../src/index.ts";

const syn = (port = 4000): Packet => tcpPacket({ src: "10.0.0.1", dst: "10.96.0.1", srcPort: port, dstPort: 80 });
function begun(packet: Packet, zone = 0): TrackedConnection {
  const { connection } = track(emptyConntrack, packet, zone);
  if (connection === undefined) throw new Error("not tracked");
  return connection;
}
function known(table: Conntrack, connection: TrackedConnection): Conntrack {
  return confirm(table, connection);
}

describe("connection tracking", () => {
  it("calls the first packet new and a packet after the answer established", () => {
    const table = known(emptyConntrack, begun(syn()));
    expect(track(table, syn()).state).toBe("new");
    const answer = track(table, replyTo(syn()));
    expect(answer).toMatchObject({ state: "established", direction: "reply" });
    const answered = confirm(table, answer.connection ?? begun(syn()));
    expect(track(answered, tcpPacket({ src: "10.0.0.1", dst: "10.96.0.1", srcPort: 4000, dstPort: 80, flags: ["ack"] })).state).toBe("established");
  });

  it.each([
    [["syn", "ack"], "invalid"],
    [["rst"], "invalid"],
    [["fin", "ack"], "invalid"],
    [["ack"], "new"],
    [["syn"], "new"],
  ] as const)("calls a TCP packet with %j, of no connection, %s", (flags, state) => {
    expect(track(emptyConntrack, tcpPacket({ src: "10.0.0.1", dst: "10.0.0.2", srcPort: 1, dstPort: 2, flags })).state).toBe(state);
  });

  // Open vSwitch 3.1, lib/conntrack-tcp.c tcp_valid_new.
  it.each([
    [["syn", "ack"], "invalid"],
    [["syn", "fin"], "invalid"],
    [["fin"], "invalid"],
    [["rst"], "new"],
    [["rst", "ack"], "new"],
    [["fin", "ack"], "new"],
    [["syn"], "new"],
  ] as const)("calls a TCP packet with %j, of no connection, %s where Open vSwitch tracks itself", (flags, state) => {
    expect(track(emptyConntrack, tcpPacket({ src: "10.0.0.1", dst: "10.0.0.2", srcPort: 1, dstPort: 2, flags }), 0, "userspace").state).toBe(state);
  });

  it("relates an ICMP error to the connection of the packet it is about", () => {
    const table = known(emptyConntrack, begun(syn()));
    const error = icmpPacket({ src: "10.96.0.1", dst: "10.0.0.1" }, { icmpType: 3, code: 3, about: syn() });
    expect(track(table, error)).toMatchObject({ state: "related", direction: "reply" });
    expect(track(emptyConntrack, error).state).toBe("invalid");
  });

  it("keeps zones apart", () => {
    const table = known(emptyConntrack, begun(syn(), 1));
    expect(track(table, replyTo(syn()), 1).state).toBe("established");
    expect(track(table, replyTo(syn()), 2).state).toBe("invalid");
  });

  it("keeps the source port where it is free, and takes another where it is not", () => {
    const first = bindSource(emptyConntrack, begun(syn()), { address: "192.0.2.1" });
    expect(first.reply).toMatchObject({ dst: "192.0.2.1", dstPort: 4000 });
    const table = known(emptyConntrack, first);
    const other = begun(tcpPacket({ src: "10.0.0.9", dst: "10.96.0.1", srcPort: 4000, dstPort: 80 }));
    const second = bindSource(table, other, { address: "192.0.2.1" });
    expect(second.reply.dstPort).toBe(1024);
    expect(isTaken(table, second.reply, 0)).toBe(false);
  });

  it("gives a connection that is forgotten no place", () => {
    const connection = begun(syn());
    expect(connectionsOf(forget(known(emptyConntrack, connection), connection))).toEqual([]);
  });

  const address = fc.tuple(fc.nat(255), fc.nat(255)).map(([left, right]) => `10.${left}.${right}.1`);
  const port = fc.integer({ min: 1, max: 65535 });
  it("undoes on the way back whatever was translated", () => {
    fc.assert(
      fc.property(address, address, port, port, address, address, fc.option(port, { nil: undefined }), fc.boolean(), (src, dst, srcPort, dstPort, to, from, newPort, tcp) => {
        const first = (tcp ? tcpPacket : udpPacket)({ src, dst, srcPort, dstPort });
        const ports = newPort === undefined ? undefined : { first: newPort, last: newPort };
        const bound = bindSource(emptyConntrack, bindDestination(emptyConntrack, newConnection(required(tupleOf(first))), { address: to, ports }), { address: from });
        const table = confirm(emptyConntrack, bound);
        const there = translate(first, bound, "original");
        expect([there.ip?.src, there.ip?.dst]).toEqual([from, to]);
        const back = replyTo(there);
        const tracked = track(table, back);
        // A translation onto the connection's own tuple leaves nothing to tell the directions apart by.
        if (tracked.direction === "original") return;
        expect(tupleOf(translate(back, required(tracked.connection), "reply"))).toEqual(tupleOf(replyTo(first)));
      }),
    );
  });
});

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing");
  return value;
}
