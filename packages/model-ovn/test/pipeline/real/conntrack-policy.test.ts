import { connectionsOf, icmpPacket, type Packet, replyTo, tcpPacket, udpPacket } from "@hopscope/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogicalFlow } from "../../../src/southbound.ts";
import { aRouter, aSwitch, chassisOf, egress, endsOf, exitsOf, ingress, send } from "./small-network.ts";

const packet = tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", srcPort: 1000, dstPort: 80 });
const zones = { a: 3, b: 4 };
const onward = (port: string): LogicalFlow => ingress(5, 0, "1", `outport = "${port}"; output;`);
/** A switch with the ports `a` and `b`: what comes in at one goes out at the other. */
const pair = (flows: readonly LogicalFlow[], more: Parameters<typeof aSwitch>[4] = {}) =>
  chassisOf([aSwitch("sw", 1, ["a", "b"], [...flows, ingress(5, 1, 'inport == "b"', 'outport = "a"; output;'), onward("b")], more)]);

describe("the state of a connection", () => {
  it("is new, then established, and the reply's own", () => {
    const chassis = pair([
      ingress(0, 0, "1", "ct_next;"),
      ingress(1, 3, "ct.new && !ct.rpl", "reg0[0] = 1; next;"), ingress(1, 2, "ct.est && ct.rpl", "next;"), ingress(1, 1, "ct.est && !ct.rpl", "next(pipeline=ingress,table=5);"),
      ingress(2, 1, "reg0[0] == 1", "ct_commit { ct_mark.blocked = 0; }; next;"), ingress(2, 0, "1", "next;"),
      ingress(3, 0, "1", "next;"), ingress(4, 0, "1", "next;"),
      egress(0, 0, "1", "output;"),
    ]);
    const first = send(chassis, "a", packet);
    expect(exitsOf(first)).toEqual(["port b: 10.0.0.1:1000 > 10.0.0.9:80"]);
    // The zone of each port is its own: what "a" committed, "b" does not know, and a SYN-ACK begins nothing.
    expect(exitsOf(send(chassis, "b", replyTo(packet), first.state))).toEqual([]);
    expect(connectionsOf(first.state.conntrack).map(({ zone }) => zone)).toEqual([zones.a]);
  });

  it("does not exist before a zone is asked: ct.* needs ct.trk", () => {
    const chassis = pair([ingress(0, 1, "!ct.est || ct.new", "drop;"), ingress(0, 0, "1", "next(pipeline=ingress,table=5);"), egress(0, 0, "1", "output;")]);
    expect(exitsOf(send(chassis, "a", packet))).toHaveLength(1);
  });

  it("is gone after a commit, and after the logical network's next datapath is entered", () => {
    const chassis = chassisOf([
      aSwitch("sw", 1, ["a", { name: "sw-r", type: "patch", peer: "r-sw" }], [
        ingress(0, 0, "1", "ct_next;"), ingress(1, 0, "ct.new", 'ct_commit { ct_mark.blocked = 0; }; outport = "sw-r"; next;'), ingress(2, 1, "ct.trk", "drop;"), ingress(2, 0, "1", "output;"),
        egress(0, 0, "1", "ct_next;"), egress(1, 1, "ct.trk", "output;"),
      ]),
      aRouter("r", 2, [{ name: "r-sw", type: "patch", peer: "sw-r", key: 1 }, { name: "out", key: 2 }], [
        ingress(0, 1, "ct.trk", "drop;"), ingress(0, 0, "1", 'outport = "out"; output;'), egress(0, 0, "1", "output;"),
      ]),
    ]);
    expect(exitsOf(send(chassis, "a", packet))).toEqual(["port out: 10.0.0.1:1000 > 10.0.0.9:80"]);
  });

  // As Open vSwitch does: what it does not know to be tracked, it does not clear.
  it("is found again in its zone behind a router, where a commit was the last that tracked it", () => {
    const network = (committing: string) => chassisOf([
      aSwitch("sw", 1, ["a", { name: "sw-r", type: "patch", peer: "r-sw" }], [
        ingress(0, 1, 'inport == "a"', "ct_lb_mark(backends=10.0.0.7:8080);"), ingress(0, 0, "1", 'outport = "a"; output;'),
        ingress(1, 0, "1", `${committing} outport = "sw-r"; output;`),
        egress(0, 1, 'outport == "a"', "ct_lb_mark;"), egress(0, 0, "1", "output;"), egress(1, 1, "ct_mark.natted == 1", "output;"), egress(1, 0, "1", "ct_commit { ct_mark.blocked = 0; }; output;"),
      ]),
      aRouter("r", 2, [{ name: "r-sw", type: "patch", peer: "sw-r", key: 1 }], [ingress(0, 0, "1", 'outport = "r-sw"; flags.loopback = 1; output;'), egress(0, 0, "1", "output;")]),
    ]);
    const kept = send(network("ct_commit { ct_mark.blocked = 0; };"), "a", packet);
    expect(exitsOf(kept)).toEqual(["port a: 10.0.0.1:1000 > 10.0.0.7:8080"]);
    expect(connectionsOf(kept.state.conntrack)).toHaveLength(1);
    expect(connectionsOf(send(network(""), "a", packet).state.conntrack)).toHaveLength(2);
  });

  it("is related for an error about a connection, which a translation turns back too", () => {
    const chassis = pair([
      ingress(0, 2, 'inport == "a"', "ct_lb_mark(backends=10.0.0.2:8080);"), ingress(0, 1, 'inport == "b"', "next(pipeline=ingress,table=5);"), ingress(1, 0, "1", "next(pipeline=ingress,table=5);"),
      egress(0, 2, 'outport == "a"', "ct_lb_mark;"), egress(0, 0, "1", "output;"), egress(1, 1, "ct.rel && ct.rpl", "output;"),
    ]);
    const { exits, state } = send(chassis, "a", packet);
    const arrived = exits[0]?.packet as Packet;
    const error = icmpPacket({ src: "10.0.0.2", dst: "10.0.0.1" }, { icmpType: 3, code: 3, about: arrived });
    const [back] = send(chassis, "b", error, state).exits;
    expect(back?.packet.ip).toMatchObject({ src: "10.0.0.9", dst: "10.0.0.1" });
    expect(back?.packet.l4).toMatchObject({ about: { ip: { dst: "10.0.0.9" }, l4: { dst: 80 } } });
  });
});

describe("registers", () => {
  const fourth = (actions: string): LogicalFlow[] => [ingress(0, 0, "1", `${actions} next(pipeline=ingress,table=5);`)];
  it("are cleared before the egress tables", () => {
    const chassis = pair([...fourth("reg0 = 1; reg9[3] = 1; xxreg1 = 5;"), egress(0, 1, "reg0 != 0 || reg9 != 0 || xxreg1 != 0", "drop;"), egress(0, 0, "1", "output;")]);
    expect(exitsOf(send(chassis, "a", packet))).toHaveLength(1);
  });

  it("stay where a flow goes to the egress tables by itself", () => {
    const chassis = pair([ingress(0, 0, "1", 'reg0 = 7; outport = "b"; next(pipeline=egress,table=2);'), egress(2, 1, "reg0 == 7", "output;")]);
    expect(exitsOf(send(chassis, "a", packet))).toHaveLength(1);
  });

  it("of flags stay", () => {
    const chassis = pair([...fourth("flags.loopback = 1;"), egress(0, 1, "flags.loopback == 1", "output;")]);
    expect(exitsOf(send(chassis, "a", packet))).toHaveLength(1);
  });
});

describe("marks", () => {
  it.each([["", 2], ["; skip_snat", 6], ["; force_snat", 10]])("say how a connection was balanced (%s)", (flag, mark) => {
    const chassis = pair([ingress(0, 0, "1", `ct_lb_mark(backends=10.0.0.2:8080${flag});`), ingress(1, 0, `ct_mark == ${mark}`, "next(pipeline=ingress,table=5);"), egress(0, 0, "1", "output;")]);
    expect(exitsOf(send(chassis, "a", packet))).toEqual(["port b: 10.0.0.1:1000 > 10.0.0.2:8080"]);
  });

  it("and labels are set in part", () => {
    const chassis = pair([
      ingress(0, 0, "1", "ct_commit { ct_mark.blocked = 1; ct_label.ecmp_reply_eth = eth.src; }; next;"), ingress(1, 0, "1", "ct_next;"),
      ingress(2, 0, "ct_mark.blocked == 1 && ct_label.ecmp_reply_eth == 0a:00:00:00:00:01 && ct_label.label == 0", "next(pipeline=ingress,table=5);"), egress(0, 0, "1", "output;"),
    ]);
    expect(exitsOf(send(chassis, "a", { ...packet, eth: { ...packet.eth, src: "0a:00:00:00:00:01" } }))).toHaveLength(1);
  });
});

describe("translation", () => {
  const nat = (sent: string): readonly LogicalFlow[] => [
    ingress(0, 2, 'inport == "in"', 'outport = "out"; output;'), ingress(0, 1, 'inport == "out"', "ct_snat;"), ingress(1, 0, "1", "ct_dnat;"), ingress(2, 0, "1", 'outport = "in"; output;'),
    egress(0, 2, 'outport == "out"', sent), egress(0, 1, "1", "output;"), egress(1, 0, "1", "output;"),
  ];
  const gateway = (sent: string) => chassisOf([aRouter("r", 1, ["in", "out"], nat(sent))]);
  const address = fc.nat(200).map((last) => `10.1.0.${last + 1}`);
  const port = fc.integer({ min: 1, max: 65535 });

  it("of the source is undone on the way back, whatever the ports", () => {
    fc.assert(fc.property(address, port, port, fc.boolean(), (src, srcPort, dstPort, tcp) => {
      const sent = (tcp ? tcpPacket : udpPacket)({ src, dst: "198.51.100.7", srcPort, dstPort });
      const { exits, state } = send(gateway("ct_snat(192.0.2.1);"), "in", sent);
      const [there] = exits;
      expect(there?.packet.ip).toMatchObject({ src: "192.0.2.1", dst: "198.51.100.7" });
      const [back] = send(gateway("ct_snat(192.0.2.1);"), "out", replyTo(there?.packet as Packet), state).exits;
      expect(back && endsOf(back.packet)).toBe(endsOf(replyTo(sent)));
    }));
  });

  it("gives two connections that would look alike different ports", () => {
    const chassis = gateway("ct_snat(192.0.2.1);");
    const from = (src: string): Packet => tcpPacket({ src, dst: "198.51.100.7", srcPort: 4000, dstPort: 80 });
    const first = send(chassis, "in", from("10.1.0.1"));
    const second = send(chassis, "in", from("10.1.0.2"), first.state);
    expect(new Set([...exitsOf(first), ...exitsOf(second)]).size).toBe(2);
    const [back] = send(chassis, "out", replyTo(second.exits[0]?.packet as Packet), second.state).exits;
    expect(back?.packet.ip?.dst).toBe("10.1.0.2");
  });

  it("is not given to a connection that is entered already", () => {
    const chassis = chassisOf([aRouter("r", 1, ["in", "out"], [
      ingress(0, 0, "1", "ct_commit { ct_mark.blocked = 0; }; next;"), ingress(1, 0, "1", "ct_dnat(10.9.9.9);"), ingress(2, 0, "1", 'outport = "out"; output;'), egress(0, 0, "1", "output;"),
    ])]);
    expect(exitsOf(send(chassis, "in", packet))).toEqual(["port out: 10.0.0.1:1000 > 10.0.0.9:80"]);
  });

  it("takes ports from the range given", () => {
    const { exits } = send(gateway("ct_snat(192.0.2.1, 3000-3001);"), "in", tcpPacket({ src: "10.1.0.1", dst: "198.51.100.7", srcPort: 4000, dstPort: 80 }));
    expect(exits[0]?.packet.l4).toMatchObject({ src: 3000 });
  });

  it("uses a router's own zones, and the one asked for in the common zone", () => {
    const zonesUsed = (actions: string, asked: Record<string, string>): readonly number[] => {
      const chassis = chassisOf([aRouter("r", 1, ["in", "out"], nat(actions), { externalIds: asked })]);
      return connectionsOf(send(chassis, "in", packet).state.conntrack).map(({ zone }) => zone);
    };
    expect(zonesUsed("ct_snat(192.0.2.1);", {})).toEqual([2]);
    expect(zonesUsed("ct_snat_in_czone(192.0.2.1);", {})).toEqual([1]);
    expect(zonesUsed("ct_snat_in_czone(192.0.2.1);", { "snat-ct-zone": "0" })).toEqual([0]);
    expect(zonesUsed("ct_snat(192.0.2.1);", { "snat-ct-zone": "77" })).toEqual([77]);
  });
});
