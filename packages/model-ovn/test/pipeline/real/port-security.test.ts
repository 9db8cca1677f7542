import { icmpPacket, type Packet, tcpPacket, udpPacket, ZERO_MAC } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { failsSecurityIn, failsSecurityOut } from "../../../src/pipeline/real/port-security.ts";
import { readPacket } from "../../../src/pipeline/real/packet-registers.ts";
import { type Registers, WORDS } from "../../../src/pipeline/registers.ts";
import { sbPort } from "../../../src/southbound-row.ts";

const mac = "0a:58:0a:80:00:0b";
const linkLocal = "fe80::858:aff:fe80:b";
const registersOf = (packet: Packet): Registers => {
  const regs = new Uint32Array(WORDS);
  readPacket(packet, regs);
  return regs;
};
const guarded = (...security: string[]) => sbPort({ name: "p", key: 1, security });
const from = (packet: Packet, src = mac): Packet => ({ ...packet, eth: { ...packet.eth, src } });
const to = (packet: Packet, dst = mac): Packet => ({ ...packet, eth: { ...packet.eth, dst } });
const tcp = (src: string, dst: string): Packet => tcpPacket({ src, dst, srcPort: 4000, dstPort: 80 });
const icmp6 = (src: string, dst: string, icmpType: number, rest: object = {}): Packet => icmpPacket({ src, dst, ttl: 255 }, { icmpType, code: 0, ...rest });
const arp = (sha: string, spa: string): Packet => ({ eth: { src: mac, dst: "ff:ff:ff:ff:ff:ff", type: 0x806 }, arp: { op: 1, sha, spa, tha: ZERO_MAC, tpa: "10.0.0.1" }, bytes: 42 });
const dhcp = from(udpPacket({ src: "0.0.0.0", dst: "255.255.255.255", srcPort: 68, dstPort: 67 }));

// The rows follow OVN 23.09, controller/lflow.c, the flows of tables OFTABLE_CHK_IN_PORT_SEC and OFTABLE_CHK_IN_PORT_SEC_ND.
describe("what a port may send", () => {
  it.each<[string, string[], Packet, boolean]>([
    ["anything without security", [], from(tcp("10.9.9.9", "10.0.0.1"), "02:00:00:00:00:01"), true],
    ["anything where no entry has a hardware address", ["router"], from(tcp("10.9.9.9", "10.0.0.1")), true],
    ["its own address", [`${mac} 10.0.0.11`], from(tcp("10.0.0.11", "10.0.0.1")), true],
    ["another address", [`${mac} 10.0.0.11`], from(tcp("10.0.0.12", "10.0.0.1")), false],
    ["another hardware address", [`${mac} 10.0.0.11`], from(tcp("10.0.0.11", "10.0.0.1"), "02:00:00:00:00:01"), false],
    ["any address of its hardware address, where none is written", [mac], from(tcp("10.0.0.12", "10.0.0.1")), true],
    ["the second of two entries", ["02:00:00:00:00:01 10.0.0.9", `${mac} 10.0.0.11`], from(tcp("10.0.0.11", "10.0.0.1")), true],
    ["any address of a subnet", [`${mac} 10.0.4.0/22`], from(tcp("10.0.7.9", "10.0.0.1")), true],
    ["an address outside of the subnet", [`${mac} 10.0.4.0/22`], from(tcp("10.0.8.9", "10.0.0.1")), false],
    ["only the host of an address with a length", [`${mac} 10.0.4.7/22`], from(tcp("10.0.4.8", "10.0.0.1")), false],
    ["a request for an address", [`${mac} 10.0.0.11`], dhcp, true],
    ["IPv6 where only IPv4 is allowed", [`${mac} 10.0.0.11`], from(tcp("fd00::b", "fd00::1")), false],
    ["IPv6 from its link-local address", [`${mac} fd00::b`], from(tcp(linkLocal, "fe80::1")), true],
    ["IPv6 from a link-local address that is not its own", [`${mac} fd00::b`], from(tcp("fe80::1234", "fe80::1")), false],
    ["IPv6 of its prefix", [`${mac} fd00::/64`], from(tcp("fd00::77", "fd00::1")), true],
    ["a report of its groups before it has an address", [`${mac} fd00::b`], from(icmp6("::", "ff02::16", 143)), true],
    ["a probe for its own address", [`${mac} fd00::b`], from(icmp6("::", "ff02::1:ff00:b", 135)), true],
    ["an echo without an address", [`${mac} fd00::b`], from(icmp6("::", "ff02::1", 128)), false],
    ["ARP about itself", [`${mac} 10.0.0.11`], arp(mac, "10.0.0.11"), true],
    ["ARP about another address", [`${mac} 10.0.0.11`], arp(mac, "10.0.0.12"), false],
    ["ARP with another hardware address inside", [`${mac} 10.0.0.11`], arp("02:00:00:00:00:01", "10.0.0.11"), false],
    ["any ARP of its hardware address, where no address is written", [mac], arp(mac, "10.0.0.12"), true],
    ["ARP where only IPv6 is allowed", [`${mac} fd00::b`], arp(mac, "10.0.0.11"), false],
    ["an advertisement of its own", [`${mac} fd00::b`], from(icmp6("fd00::b", "ff02::1", 136, { nd: { target: "fd00::b", tll: mac } })), true],
    ["an advertisement of another's address", [`${mac} fd00::b`], from(icmp6("fd00::b", "ff02::1", 136, { nd: { target: "fd00::c", tll: mac } })), false],
    ["an advertisement of another's hardware address", [`${mac} fd00::b`], from(icmp6("fd00::b", "ff02::1", 136, { nd: { target: "fd00::b", tll: "02:00:00:00:00:01" } })), false],
    ["frames that are no IP, where addresses are written", [`${mac} 10.0.0.11`], { eth: { src: mac, dst: "ff:ff:ff:ff:ff:ff", type: 0x88cc }, bytes: 60 }, false],
  ])("%s", (_, security, packet, allowed) => {
    expect(failsSecurityIn(guarded(...security), registersOf(packet))).toBe(!allowed);
  });
});

describe("what a port may get", () => {
  it.each<[string, string[], Packet, boolean]>([
    ["anything without security", [], to(tcp("10.0.0.1", "10.9.9.9"), "02:00:00:00:00:01"), true],
    ["its own address", [`${mac} 10.0.0.11`], to(tcp("10.0.0.1", "10.0.0.11")), true],
    ["another address", [`${mac} 10.0.0.11`], to(tcp("10.0.0.1", "10.0.0.12")), false],
    ["another hardware address", [`${mac} 10.0.0.11`], to(tcp("10.0.0.1", "10.0.0.11"), "02:00:00:00:00:01"), false],
    ["the broadcast address of its subnet", [`${mac} 10.0.4.7/22`], to(tcp("10.0.0.1", "10.0.7.255")), true],
    ["a broadcast", [`${mac} 10.0.0.11`], to(tcp("10.0.0.1", "255.255.255.255")), true],
    ["multicast", [`${mac} 10.0.0.11`], to(tcp("10.0.0.1", "239.1.1.1")), true],
    ["IPv6 where only IPv4 is allowed", [`${mac} 10.0.0.11`], to(tcp("fd00::1", "fd00::b")), false],
    ["IPv6 multicast", [`${mac} fd00::b`], to(tcp("fd00::1", "ff02::1")), true],
    ["its link-local address", [`${mac} fd00::b`], to(tcp("fe80::1", linkLocal)), true],
    ["anything for its hardware address, where no address is written", [mac], to(tcp("10.0.0.1", "10.0.0.12")), true],
    ["frames that are no IP", [`${mac} 10.0.0.11`], { eth: { src: ZERO_MAC, dst: mac, type: 0x88cc }, bytes: 60 }, true],
  ])("%s", (_, security, packet, allowed) => {
    expect(failsSecurityOut(guarded(...security), registersOf(packet))).toBe(!allowed);
  });
});
