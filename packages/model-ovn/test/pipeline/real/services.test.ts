import { type Choose, type Packet, replyTo, tcpPacket } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import type { SbLoadBalancer } from "../../../src/southbound.ts";
import { aSwitch, chassisOf, egress, exitsOf, ingress, send } from "./small-network.ts";

const vip = tcpPacket({ src: "10.0.0.1", dst: "172.30.0.9", srcPort: 1000, dstPort: 80 });
const balancer = (options: Record<string, string> = {}, datapaths = ["sw"]): SbLoadBalancer => ({
  uuid: "lb", name: "lb", protocol: "tcp", vips: { "172.30.0.9:80": "10.0.0.1:8080" }, options, datapaths,
});
/** The flows that northd writes for switches with load balancers, as far as hairpins need them. */
const hairpinFlows = [
  ingress(0, 2, "ip4.dst == 172.30.0.9 && tcp.dst == 80", "reg1 = 172.30.0.9; reg2[0..15] = 80; ct_lb_mark;"), ingress(0, 1, "1", "ct_lb_mark;"),
  ingress(1, 1, "ct.new && ip4.dst == 172.30.0.9 && tcp.dst == 80", "ct_lb_mark(backends=10.0.0.1:8080);"), ingress(1, 0, "1", "next;"),
  ingress(2, 0, "ct.trk", "reg0[6] = chk_lb_hairpin(); reg0[12] = chk_lb_hairpin_reply(); next;"),
  ingress(3, 2, "reg0[6] == 1 && ct.trk", "ct_snat_to_vip; next;"), ingress(3, 1, "reg0[12] == 1", "ct_snat;"), ingress(3, 0, "1", "next;"),
  ingress(4, 1, "reg0[6] == 1 || reg0[12] == 1", "eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;"), ingress(4, 0, "1", "drop;"),
  egress(0, 0, "1", "ct_lb_mark;"), egress(1, 0, "ct.new", "ct_commit { ct_mark.blocked = 0; }; output;"), egress(1, 0, "ct.est", "output;"),
];

describe("a client that is its own backend", () => {
  it.each([
    ["the virtual address", { hairpin_orig_tuple: "true" }, "172.30.0.9"],
    ["the address set for it", { hairpin_orig_tuple: "true", hairpin_snat_ip: "169.254.169.5 fd69::5" }, "169.254.169.5"],
    ["the virtual address, read from the connection", {}, "172.30.0.9"],
  ])("gets its packets from %s, and its replies from the service", (_, options, source) => {
    const chassis = chassisOf([aSwitch("sw", 1, ["a"], hairpinFlows)], { loadBalancers: [balancer(options)] });
    const there = send(chassis, "a", vip);
    expect(exitsOf(there)).toEqual([`port a: ${source}:1000 > 10.0.0.1:8080`]);
    const back = send(chassis, "a", replyTo(there.exits[0]?.packet as Packet), there.state);
    expect(exitsOf(back)).toEqual(["port a: 172.30.0.9:80 > 10.0.0.1:1000"]);
  });

  it("is no hairpin for another backend's port, or when not balanced", () => {
    const chassis = chassisOf([aSwitch("sw", 1, ["a"], hairpinFlows)], { loadBalancers: [{ ...balancer({ hairpin_orig_tuple: "true" }), vips: { "172.30.0.9:80": "10.0.0.1:9090" } }] });
    expect(exitsOf(send(chassis, "a", vip))).toEqual([]);
    expect(exitsOf(send(chassis, "a", tcpPacket({ src: "10.0.0.1", dst: "10.0.0.1", srcPort: 1000, dstPort: 8080 })))).toEqual([]);
  });

  it("takes templates of the chassis into account", () => {
    const template: SbLoadBalancer = { ...balancer({ hairpin_orig_tuple: "true" }), vips: { "^VIP:80": "^BACKENDS" } };
    const chassis = chassisOf([aSwitch("sw", 1, ["a"], hairpinFlows)], { loadBalancers: [template], templates: new Map([["here", new Map([["VIP", "172.30.0.9"], ["BACKENDS", "10.0.0.1:8080"]])]]) });
    expect(exitsOf(send(chassis, "a", vip))).toEqual(["port a: 172.30.0.9:1000 > 10.0.0.1:8080"]);
  });
});

describe("session affinity", () => {
  const flows = [
    ingress(0, 0, "1", "reg0[6] = chk_lb_aff(); next;"),
    ingress(1, 2, "reg0[6] == 1 && reg4 == 10.0.0.2 && reg8[0..15] == 8080", "ct_lb_mark(backends=10.0.0.2:8080);"), ingress(1, 2, "reg0[6] == 1 && reg4 == 10.0.0.3 && reg8[0..15] == 8080", "ct_lb_mark(backends=10.0.0.3:8080);"),
    ingress(1, 1, "reg0[6] == 0", "ct_lb_mark(backends=10.0.0.2:8080,10.0.0.3:8080);"),
    ...["10.0.0.2", "10.0.0.3"].map((backend) => ingress(2, 1, `reg0[6] == 0 && ip4.dst == ${backend}`, `commit_lb_aff(vip = "172.30.0.9:80", backend = "${backend}:8080", proto = tcp, timeout = 30); next;`)), ingress(2, 0, "1", "next;"),
    ingress(3, 0, "1", 'outport = "b"; output;'), egress(0, 0, "1", "output;"),
  ];
  const chassis = chassisOf([aSwitch("sw", 1, ["a", "b"], flows), aSwitch("other", 2, [{ name: "c", key: 1 }, { name: "d", key: 2 }], flows.map((flow) => ({ ...flow, actions: flow.actions.replace('"b"', '"d"') })))]);
  const last: Choose = (_, among) => among.length - 1;
  const again = (src: string): Packet => tcpPacket({ src, dst: "172.30.0.9", srcPort: 2000, dstPort: 80 });

  it("keeps a client with its backend, and no other client and no other network", () => {
    const { state, exits } = send(chassis, "a", vip, undefined, last);
    expect(exits[0]?.packet.ip?.dst).toBe("10.0.0.3");
    expect(send(chassis, "a", again("10.0.0.1"), state).exits[0]?.packet.ip?.dst).toBe("10.0.0.3");
    expect(send(chassis, "a", again("10.0.0.4"), state).exits[0]?.packet.ip?.dst).toBe("10.0.0.2");
    expect(send(chassis, "c", again("10.0.0.1"), state).exits[0]?.packet.ip?.dst).toBe("10.0.0.2");
  });
});

it("weighs backends alike, and members of a selection as they say", () => {
  const asked: { name: string; weight: number }[][] = [];
  const choose: Choose = (_, among) => {
    asked.push(among.map(({ name, weight }) => ({ name, weight })));
    return 1;
  };
  const chassis = chassisOf([aSwitch("sw", 1, ["a", "b"], [
    ingress(0, 0, "1", "ct_lb_mark(backends=10.0.0.2:8080,10.0.0.3:8080);"), ingress(1, 0, "1", "reg8[16..31] = select(1=30, 2=10, 3);"),
    ingress(2, 0, "reg8[16..31] == 2", 'outport = "b"; output;'), egress(0, 0, "1", "output;"),
  ])]);
  expect(exitsOf(send(chassis, "a", vip, undefined, choose))).toEqual(["port b: 10.0.0.1:1000 > 10.0.0.3:8080"]);
  expect(asked).toEqual([
    [{ name: "10.0.0.2:8080", weight: 0.5 }, { name: "10.0.0.3:8080", weight: 0.5 }],
    // A member without a weight has 100.
    [{ name: "1", weight: 30 / 140 }, { name: "2", weight: 10 / 140 }, { name: "3", weight: 100 / 140 }],
  ]);
});
