import { icmpPacket, type Packet, tcpPacket, udpPacket, ZERO_MAC } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { aRouter, aSwitch, chassisOf, egress, endsOf, exitsOf, ingress, send, there } from "./small-network.ts";

const packet = tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", srcPort: 1000, dstPort: 80 });
const out = egress(0, 0, "1", "output;");
const to = (port: string): string => `outport = "${port}"; output;`;

describe("where a packet leaves", () => {
  it("by a tunnel to the port's chassis, with the keys of the datapath and of both ports", () => {
    const chassis = chassisOf([aSwitch("sw", 5, ["a", { name: "b", chassis: there, key: 9 }], [ingress(0, 0, "1", to("b")), out])]);
    const [exit] = send(chassis, "a", packet).exits;
    expect(exit).toMatchObject({ type: "tunnel", packet: { encap: { src: "192.0.2.1", dst: "192.0.2.2", vni: 5, ingressPort: 1, egressPort: 9 }, bytes: packet.bytes + 58 } });
  });

  it("by the physical network, where the datapath has one", () => {
    const chassis = chassisOf([aSwitch("sw", 5, ["a", { name: "b", chassis: there }, { name: "net", type: "localnet", chassis: undefined }], [ingress(0, 0, "1", to("b")), out])]);
    expect(exitsOf(send(chassis, "a", packet))).toEqual(["localnet net: 10.0.0.1:1000 > 10.0.0.9:80"]);
  });

  it("nowhere, by the port it came in, unless it may loop", () => {
    const chassis = chassisOf([aSwitch("sw", 5, ["a"], [ingress(0, 1, "ip.ttl == 9", `flags.loopback = 1; ${to("a")}`), ingress(0, 0, "1", to("a")), out])]);
    expect(send(chassis, "a", packet).ends).toMatchObject([{ type: "drop" }]);
    expect(exitsOf(send(chassis, "a", tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", ttl: 9 })))).toHaveLength(1);
  });

  it("by a gateway's port here, and by tunnel to a gateway elsewhere", () => {
    const router = (at: string) => aRouter("r", 2, [{ name: "in", key: 1 }, { name: "real", key: 2, type: "patch", chassis: undefined, peer: "sw-r" }, { name: "cr-real", key: 3, type: "chassisredirect", distributedPort: "real", chassis: at }],
      [ingress(0, 0, "1", to("cr-real")), egress(0, 0, 'outport == "real"', "output;")]);
    const outer = aSwitch("sw", 3, ["c", { name: "sw-r", type: "patch", chassis: undefined, peer: "real" }], [ingress(0, 0, "1", to("c")), out]);
    expect(exitsOf(send(chassisOf([router("here"), outer]), "in", packet))).toEqual(["port c: 10.0.0.1:1000 > 10.0.0.9:80"]);
    const [exit] = send(chassisOf([router(there), outer]), "in", packet).exits;
    expect(exit?.packet.encap).toMatchObject({ vni: 2, egressPort: 3 });
    const arrived = send(chassisOf([router("here"), outer]), "tunnel", { ...packet, encap: { src: "192.0.2.2", dst: "192.0.2.1", vni: 2, ingressPort: 1, egressPort: 3 } });
    expect(exitsOf(arrived)).toEqual(["port c: 10.0.0.1:1000 > 10.0.0.9:80"]);
  });

  it("at every port of a group but its own, once for each other chassis", () => {
    const ports = ["a", "b", { name: "c", chassis: there }, { name: "d", chassis: there }, { name: "up", type: "patch" as const, chassis: undefined, peer: "r-up" }];
    const group = { uuid: "g", name: "_MC_flood", key: 32768, ports: ["a", "b", "c", "d", "up"] };
    const chassis = chassisOf([
      aSwitch("sw", 5, ports, [ingress(0, 0, "1", to("_MC_flood")), out], { multicastGroups: [group] }),
      aRouter("r", 6, [{ name: "r-up", type: "patch", chassis: undefined, peer: "up" }, "e"], [ingress(0, 0, "1", to("e")), out]),
    ]);
    const left = send(chassis, "a", packet);
    expect(left.exits.map(({ type, port }) => `${type} ${port}`)).toEqual(["port e", "tunnel _MC_flood", "port b"]);
    // What came by tunnel does not enter routers again: its sender's chassis did that.
    const encap = { src: "192.0.2.2", dst: "192.0.2.1", vni: 5, ingressPort: 3, egressPort: 32768 };
    expect(send(chassis, "tunnel", { ...packet, encap }).exits.map(({ port }) => port)).toEqual(["a", "b"]);
  });

  it("nowhere with a reason that names what is missing", () => {
    const chassis = chassisOf([aSwitch("sw", 5, ["a", { name: "b", chassis: undefined }], [ingress(0, 1, "ip.ttl == 9", to("b")), ingress(0, 0, "1", "output;"), out])]);
    expect(send(chassis, "a", packet).ends[0]?.reason).toContain("no output port");
    expect(send(chassis, "a", tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", ttl: 9 })).ends[0]?.reason).toContain("bound to no chassis");
    expect(send(chassis, "tunnel", { ...packet, encap: { src: "", dst: "", vni: 77, ingressPort: 1, egressPort: 1 } }).ends[0]?.reason).toContain("tunnel key 77");
  });
});

it("says of a packet where it came from", () => {
  const chassis = chassisOf([aSwitch("sw", 5, ["a", { name: "local", type: "localport", chassis: undefined }, { name: "b", chassis: there }], [
    ingress(0, 0, "1", to("b")), egress(0, 0, "flags[16] == 1", "output;"),
  ])]);
  expect(exitsOf(send(chassis, "tunnel", { ...packet, encap: { src: "192.0.2.2", dst: "192.0.2.1", vni: 5, ingressPort: 3, egressPort: 1 } }))).toHaveLength(1);
  // What a localport sends stays on its chassis.
  expect(send(chassis, "local", packet).ends[0]?.reason).toContain("localport");
});

describe("what OVN says itself", () => {
  const refusing = (actions: string, more = '{ outport <-> inport; flags.loopback = 1; next(pipeline=egress,table=0); }') =>
    chassisOf([aSwitch("sw", 5, ["a", "b"], [ingress(0, 0, "1", `outport = "b"; ${actions} ${more};`), out])]);
  const echo = icmpPacket({ src: "10.0.0.1", dst: "10.0.0.9" }, { icmpType: 8, code: 0, id: 1 });

  it("resets TCP, and tells UDP that the port and others that the host is unreachable", () => {
    const reject = refusing("reject");
    const [reset] = send(reject, "a", packet).exits;
    expect(reset).toMatchObject({ made: true, packet: { ip: { src: "10.0.0.9", dst: "10.0.0.1", ttl: 63 }, l4: { src: 80, dst: 1000, flags: ["rst", "ack"] } } });
    const about = udpPacket({ src: "10.0.0.1", dst: "10.0.0.9", srcPort: 5, dstPort: 6 });
    expect(send(reject, "a", about).exits[0]?.packet).toMatchObject({ ip: { src: "10.0.0.9", ttl: 255 }, l4: { icmpType: 3, code: 3, about: { l4: { dst: 6 } } } });
    expect(send(reject, "a", echo).exits[0]?.packet.l4).toMatchObject({ icmpType: 3, code: 1 });
    const six = udpPacket({ src: "fd00::1", dst: "fd00::9", srcPort: 5, dstPort: 6 });
    expect(send(reject, "a", six).exits[0]?.packet).toMatchObject({ ip: { version: 6, src: "fd00::9" }, l4: { icmpType: 1, code: 4 } });
  });

  it("does not answer a reset, or an error", () => {
    const reject = refusing("reject");
    expect(send(reject, "a", tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", flags: ["rst"] })).exits).toEqual([]);
    expect(send(reject, "a", icmpPacket({ src: "10.0.0.1", dst: "10.0.0.9" }, { icmpType: 3, code: 1, about: packet })).exits).toEqual([]);
  });

  it("tells the MTU of the next hop to the sender of a packet that is too big", () => {
    const chassis = chassisOf([aRouter("r", 5, ["a", "b"], [
      ingress(0, 0, "1", "reg9[1] = check_pkt_larger(1414); next;"),
      ingress(1, 1, "reg9[1] == 1 && ip4", 'icmp4_error { icmp4.type = 3; icmp4.code = 4; icmp4.frag_mtu = 1400; ip4.dst = ip4.src; ip4.src = 192.0.2.1; ip.ttl = 255; outport = "a"; flags.loopback = 1; output; };'),
      ingress(1, 0, "1", to("b")), out,
    ])]);
    const big = tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", bytes: 1500 });
    expect(send(chassis, "a", big).exits).toMatchObject([{ port: "a", made: true, packet: { ip: { src: "192.0.2.1", dst: "10.0.0.1" }, l4: { icmpType: 3, code: 4, mtu: 1400, about: { bytes: 1500 } } } }]);
    expect(exitsOf(send(chassis, "a", packet))).toEqual(["port b: 10.0.0.1:1000 > 10.0.0.9:80"]);
  });

  it("ends a packet whose time is over", () => {
    const chassis = chassisOf([aRouter("r", 5, ["a", "b"], [ingress(0, 0, "1", `ip.ttl--; ${to("b")}`), out])]);
    expect(send(chassis, "a", tcpPacket({ src: "10.0.0.1", dst: "10.0.0.9", ttl: 1 })).ends[0]?.reason).toContain("TTL");
    expect(send(chassis, "a", packet).exits[0]?.packet.ip?.ttl).toBe(63);
  });
});

describe("neighbours", () => {
  const mac = "0a:00:00:00:00:09";
  /** A router that asks for the next hop's hardware address, with a switch behind it. */
  const networkWith = (answers: boolean) => chassisOf([
    aRouter("r", 1, ["in", { name: "r-sw", type: "patch", chassis: undefined, peer: "sw-r" }], [
      ingress(0, 2, "arp.op == 2", "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); next;"), ingress(0, 1, "1", "next;"),
      ingress(1, 2, "arp.op == 2 && reg9[2] == 0", "put_arp(inport, arp.spa, arp.sha);"), ingress(1, 1, "ip4", 'reg0 = ip4.dst; reg1 = 10.0.0.254; outport = "r-sw"; get_arp(outport, reg0); next;'),
      ingress(2, 2, "eth.dst == 00:00:00:00:00:00 && ip4", "arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg1; arp.tpa = reg0; arp.op = 1; output; };"), ingress(2, 1, "1", "output;"), out,
    ]),
    aSwitch("sw", 2, [{ name: "sw-r", type: "patch", chassis: undefined, peer: "r-sw" }, "host"], [
      ingress(0, 2, answers ? "arp.tpa == 10.0.0.9 && arp.op == 1" : "0", `eth.dst = eth.src; eth.src = ${mac}; arp.op = 2; arp.tha = arp.sha; arp.sha = ${mac}; arp.tpa = arp.spa; arp.spa = 10.0.0.9; outport = inport; flags.loopback = 1; output;`),
      ingress(0, 1, 'inport == "sw-r"', to("host")), ingress(0, 0, "1", to("sw-r")), out,
    ]),
  ]);

  it("are asked for; the packet waits, and goes on when the logical network knows", () => {
    const first = send(networkWith(true), "in", packet);
    expect(first.exits).toMatchObject([{ port: "host", made: false, packet: { eth: { dst: mac }, ip: { dst: "10.0.0.9" } } }]);
    expect(send(networkWith(true), "in", packet, first.state).passes.map(({ before }) => endsOf(before)).filter((ends) => ends.startsWith("arp"))).toEqual([]);
  });

  it("are asked for outside, where the packet ends until the answer is learned", () => {
    const first = send(networkWith(false), "in", packet);
    expect(exitsOf(first)).toEqual(["port host: arp 1 10.0.0.254 10.0.0.9"]);
    expect(first.ends[0]?.reason).toContain("10.0.0.9");
    const answer: Packet = { eth: { src: mac, dst: ZERO_MAC, type: 0x806 }, arp: { op: 2, sha: mac, spa: "10.0.0.9", tha: ZERO_MAC, tpa: "10.0.0.254" }, bytes: 42 };
    const learned = send(networkWith(false), "host", answer, first.state);
    expect(send(networkWith(false), "in", packet, learned.state).exits).toMatchObject([{ port: "host", packet: { eth: { dst: mac } } }]);
  });

  it("of the database are known, a static one that overrides before a learned one", () => {
    const bound = (bindings: readonly object[]) => chassisOf([aRouter("r", 1, ["in", "out"], [ingress(0, 0, "1", 'reg0 = ip4.dst; outport = "out"; get_arp(outport, reg0); output;'), out])], { macBindings: bindings as never });
    const learned = { port: "out", ip: "10.0.0.9", mac: "0a:00:00:00:00:01" };
    const fixed = { port: "out", ip: "10.0.0.9", mac: "0a:00:00:00:00:02" };
    const destination = (bindings: readonly object[]) => send(bound(bindings), "in", packet).exits[0]?.packet.eth.dst;
    expect(destination([])).toBe(ZERO_MAC);
    expect(destination([learned])).toBe(learned.mac);
    expect(destination([{ ...fixed, static: { overrides: false } }, learned])).toBe(learned.mac);
    expect(destination([{ ...fixed, static: { overrides: true } }, learned])).toBe(fixed.mac);
  });

  it("are answered for by neighbour discovery", () => {
    const chassis = chassisOf([aSwitch("sw", 1, ["a"], [
      ingress(0, 1, "nd_ns && nd.target == fd00::9", `nd_na { eth.src = ${mac}; ip6.src = fd00::9; nd.target = fd00::9; nd.tll = ${mac}; outport = inport; flags.loopback = 1; output; };`), out,
    ])]);
    const asks: Packet = { eth: { src: "0a:00:00:00:00:01", dst: "33:33:ff:00:00:09", type: 0x86dd }, ip: { version: 6, src: "fd00::1", dst: "ff02::1:ff00:9", ttl: 255, dscp: 0 }, l4: { type: "icmp", icmpType: 135, code: 0, nd: { target: "fd00::9", sll: "0a:00:00:00:00:01" } }, bytes: 86 };
    const { exits, refusal } = send(chassis, "a", asks);
    expect(exits).toMatchObject([{ port: "a", made: true, packet: { eth: { src: mac, dst: "0a:00:00:00:00:01" }, ip: { src: "fd00::9", dst: "fd00::1" }, l4: { icmpType: 136, nd: { target: "fd00::9", tll: mac } } } }]);
    expect(refusal?.reason).toContain("neighbour");
  });

  it("behind ports are learned by their hardware addresses", () => {
    const chassis = chassisOf([aSwitch("sw", 1, ["a", "b", "c"], [
      ingress(0, 0, "1", "reg0[11] = lookup_fdb(inport, eth.src); next;"), ingress(1, 1, "reg0[11] == 0", "put_fdb(inport, eth.src); next;"), ingress(1, 0, "1", "next;"),
      ingress(2, 0, "1", "outport = get_fdb(eth.dst); next;"), ingress(3, 1, 'outport == "none"', to("c")), ingress(3, 0, "1", "output;"), out,
    ])]);
    const between = (src: string, dst: string): Packet => ({ ...packet, eth: { src, dst, type: 0x800 } });
    const first = send(chassis, "a", between("0a:00:00:00:00:01", "0a:00:00:00:00:02"));
    expect(first.exits[0]?.port).toBe("c");
    expect(send(chassis, "b", between("0a:00:00:00:00:02", "0a:00:00:00:00:01"), first.state).exits[0]?.port).toBe("a");
  });
});

describe("replies of connections over several next hops", () => {
  it("go back by the one their connection came from", () => {
    const chassis = chassisOf([aRouter("r", 1, ["up", "down"], [
      ingress(0, 2, 'inport == "up"', 'commit_ecmp_nh(ipv6 = false, proto = tcp); outport = "down"; output;'), ingress(0, 1, "1", "reg0[0] = chk_ecmp_nh(); next;"), ingress(1, 1, "reg0[0] == 1", to("up")), out,
    ])]);
    const { state } = send(chassis, "up", packet);
    const back = tcpPacket({ src: "10.0.0.9", dst: "10.0.0.1", srcPort: 80, dstPort: 1000 });
    expect(exitsOf(send(chassis, "down", back, state))).toHaveLength(1);
    expect(exitsOf(send(chassis, "down", { ...back, l4: { type: "tcp", src: 81, dst: 1000, flags: [] } }, state))).toEqual([]);
  });
});

describe("what only is noted", () => {
  it("stands among the decisions, and a limit of the rate is a caveat", () => {
    const chassis = chassisOf([aSwitch("sw", 1, ["a", "b"], [ingress(0, 0, "1", `log(name="deny-all", verdict=allow, severity=info); set_meter(100); sample(probability=65535,collector_set=1,obs_domain=0,obs_point=1); ${to("b")}`), out])]);
    const { passes, caveats } = send(chassis, "a", packet);
    expect(passes[0]?.decisions.map(({ verdict }) => verdict)).toEqual(expect.arrayContaining(["logs the packet", "samples the packet", "limits the rate"]));
    expect(caveats).toMatchObject([{ code: "ovn/rate-limit" }]);
  });

  const dns = [{ uuid: "d", records: { "a.test": "10.0.0.9 fd00::9" }, datapaths: ["sw"] }];
  const named = chassisOf([aSwitch("sw", 1, ["a", "b"], [
    ingress(0, 0, "udp.dst == 53", "reg0[4] = dns_lookup(); next;"),
    ingress(1, 1, "reg0[4] == 1", "eth.dst <-> eth.src; ip4.src <-> ip4.dst; udp.dst = udp.src; udp.src = 53; outport = inport; flags.loopback = 1; output;"), ingress(1, 0, "1", to("b")), out,
  ])], { dns });
  const question = udpPacket({ src: "10.0.0.1", dst: "10.0.0.2", srcPort: 5, dstPort: 53 });

  it("is a caveat where an answer would need more of the packet than there is", () => {
    expect(send(named, "a", question)).toMatchObject({ exits: [{ port: "b" }], caveats: [{ code: "ovn/dns-records" }] });
  });

  it("is answered where a name is known, and goes on where not", () => {
    const asks = (name: string, recordType: "A" | "AAAA"): Packet => ({ ...question, dns: { name, recordType } });
    expect(send(named, "a", asks("A.test", "AAAA")).exits).toMatchObject([{ port: "a", packet: { ip: { dst: "10.0.0.1" }, l4: { src: 53, dst: 5 }, dns: { answers: ["fd00::9"] } } }]);
    expect(send(named, "a", asks("b.test", "A")).exits).toMatchObject([{ port: "b" }]);
  });
});

describe("DHCP", () => {
  const mac = "0a:00:00:00:00:01";
  const chassis = chassisOf([aSwitch("sw", 1, ["a", "b"], [
    ingress(0, 0, "udp.src == 68", 'reg0[3] = put_dhcp_opts(offerip = 10.0.0.7, netmask = 255.255.255.0, lease_time = 3600, router = 10.0.0.254, dns_server = {10.0.0.2, 10.0.0.3}); next;'),
    ingress(1, 1, "reg0[3] == 1", "eth.dst = eth.src; eth.src = 0a:00:00:00:00:fe; ip4.src = 10.0.0.254; udp.src = 67; udp.dst = 68; outport = inport; flags.loopback = 1; output;"), ingress(1, 0, "1", to("b")), out,
  ])]);
  const asks = (dhcp: Partial<Packet["dhcp"]>): Packet => {
    const sent = udpPacket({ src: "0.0.0.0", dst: "255.255.255.255", srcPort: 68, dstPort: 67 });
    return { ...sent, eth: { ...sent.eth, src: mac }, dhcp: { message: "discover", client: mac, options: {}, ...dhcp } };
  };
  const answered = (dhcp: Partial<Packet["dhcp"]>) => send(chassis, "a", asks(dhcp)).exits[0];

  it("offers an address with its options", () => {
    expect(answered({})).toMatchObject({ port: "a", packet: { eth: { dst: mac }, l4: { src: 67, dst: 68 }, dhcp: {
      message: "offer", yours: "10.0.0.7", options: { netmask: "255.255.255.0", lease_time: "3600", router: "10.0.0.254", dns_server: "10.0.0.2, 10.0.0.3" },
    } } });
  });

  it("acknowledges what it offered, and nothing else", () => {
    expect(answered({ message: "request", requested: "10.0.0.7" })?.packet.dhcp).toMatchObject({ message: "ack", yours: "10.0.0.7" });
    expect(answered({ message: "request", requested: "10.0.0.8" })?.packet.dhcp).toEqual({ message: "nak", client: mac, options: {} });
  });

  it("tells a client that has an address only the rest", () => {
    expect(answered({ message: "inform" })?.packet.dhcp).toEqual({ message: "ack", client: mac, options: { router: "10.0.0.254", dns_server: "10.0.0.2, 10.0.0.3" } });
  });

  it("lets go on what it does not answer", () => {
    expect(answered({ message: "release" })?.port).toBe("b");
  });
});
