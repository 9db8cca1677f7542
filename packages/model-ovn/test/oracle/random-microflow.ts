import type { Dice } from "../northd/random-northbound.ts";
import { macNumber, macOf, type ClusterPlan, type Family, type PodPlan } from "./plan.ts";

const broadcast = "ff:ff:ff:ff:ff:ff";

interface Sender {
  readonly port: string;
  readonly mac: string;
  readonly gateway: string;
  readonly ip: string;
}

const gatewayMac = (plan: ClusterPlan, pod: PodPlan): string =>
  (plan.families.includes("v4") ? macOf(`${pod.node.subnet.v4}.1`) : macNumber(5, pod.node.index));

function sender(dice: Dice, plan: ClusterPlan, family: Family): Sender {
  const local = plan.pods.filter((pod) => pod.node.local);
  if (dice.chance(0.65)) {
    const pod = dice.pick(local);
    return { port: pod.port, mac: pod.mac, gateway: gatewayMac(plan, pod), ip: pod.ip[family] ?? "" };
  }
  const door = dice.pick(plan.doors);
  return { port: door.port, mac: door.source, gateway: door.destination, ip: outsideSource(dice, plan, family, door.networks[family]) };
}

function outsideSource(dice: Dice, plan: ClusterPlan, family: Family, near: string | undefined): string {
  const far = family === "v4" ? ["8.8.8.8", "192.168.126.100", "192.168.126.1", "169.254.169.2", "203.0.113.9"] : ["2001:db8::8", "fc00:f853:ccd:e793::100", "fd69::2"];
  return dice.pick([...far, dice.pick(plan.pods).ip[family] ?? "", ...(near === undefined ? [] : [near, near, near])]);
}

function destination(dice: Dice, plan: ClusterPlan, family: Family): string {
  const pods = plan.pods.map((pod) => pod.ip[family] ?? "");
  const routers = plan.routerAddresses.filter((each) => each.family === family).map((each) => each.address);
  return dice.pick([
    dice.pick(pods), dice.pick(pods), dice.pick(pods), ...(routers.length > 0 ? [dice.pick(routers), dice.pick(routers)] : []),
    dice.pick(family === "v4" ? ["8.8.8.8", "1.1.1.1", "192.168.126.100", "192.168.126.1", "10.130.0.77", "9.9.9.9", "198.51.100.1", "172.30.77.7"] : ["2001:db8::8", "2001:db8:9::9", "fc00:f853:ccd:e793::1", "fd01:0:0:3::77", "fd02::77"]),
  ]);
}

const flags = ["", "", " && tcp.flags == 2", " && tcp.flags == 0x12", " && tcp.flags == 4", " && tcp.flags == 0x18"];

function layer4(dice: Dice, family: Family, port?: { readonly protocol: string; readonly port: number }): string {
  const source = dice.pick([33333, 40000, 1024, 80]);
  if (port !== undefined) return `${port.protocol} && ${port.protocol}.src == ${source} && ${port.protocol}.dst == ${port.port}${port.protocol === "tcp" ? dice.pick(flags) : ""}`;
  const protocol = dice.pick(["tcp", "tcp", "tcp", "udp", "udp", "sctp"]);
  const target = dice.pick([8080, 8080, 80, 443, 53, 8443, 8500, 546, 67, 9]);
  const icmp = family === "v4" ? dice.pick(["icmp4.type == 8 && icmp4.code == 0", "icmp4.type == 0", "icmp4.type == 3 && icmp4.code == 4", "icmp4"]) : dice.pick(["icmp6.type == 128", "icmp6.type == 129", "icmp6.type == 1 && icmp6.code == 4", "icmp6.type == 2"]);
  return dice.pick([
    ...Array.from({ length: 5 }, () => `${protocol} && ${protocol}.src == ${source} && ${protocol}.dst == ${target}${protocol === "tcp" ? dice.pick(flags) : ""}`),
    icmp, icmp, protocol, `ip.proto == ${dice.pick([2, 47, 89, 132, 255])}`,
  ]);
}

function ip(dice: Dice, family: Family, source: string, target: string, rest: string): string {
  const name = family === "v4" ? "ip4" : "ip6";
  const ttl = dice.pick(["ip.ttl == 64", "ip.ttl == 64", "ip.ttl == 64", "ip.ttl == 64", "ip.ttl == 255", "ip.ttl == 1", "ip.ttl == 0", "ip.ttl == 2"]);
  const more = dice.pick(["", "", "", "", "", "", " && ip.dscp == 46", family === "v4" ? " && ip.frag == 1" : "", family === "v4" ? " && ip.later_frag" : "", " && ip.ecn == 3"]);
  const noTtl = dice.chance(0.05);
  return `${name}.src == ${source} && ${name}.dst == ${target}${noTtl ? "" : ` && ${ttl}`}${rest === "" ? "" : ` && ${rest}`}${more}`;
}

/** The MAC a packet to an address would carry when the sender knew its way; sometimes another one. */
function nextMac(dice: Dice, plan: ClusterPlan, from: Sender, family: Family, target: string): string {
  if (dice.chance(0.06)) return dice.pick([broadcast, macNumber(8, 8), from.mac, "01:00:5e:01:01:01", "33:33:00:00:00:01"]);
  const near = plan.pods.find((pod) => pod.ip[family] === target && gatewayMac(plan, pod) === from.gateway);
  return near === undefined || dice.chance(0.1) ? from.gateway : near.mac;
}

const packet = (port: string, source: string, target: string, rest: string): string =>
  `inport == "${port}" && eth.src == ${source} && eth.dst == ${target}${rest === "" ? "" : ` && ${rest}`}`;

const unicast = (dice: Dice, plan: ClusterPlan, family: Family): string => {
  const from = sender(dice, plan, family);
  const target = destination(dice, plan, family);
  return packet(from.port, from.mac, nextMac(dice, plan, from, family, target), ip(dice, family, from.ip, target, layer4(dice, family)));
};

const service = (dice: Dice, plan: ClusterPlan, family: Family): string => {
  const vips = plan.vips.filter((vip) => vip.family === family);
  if (vips.length === 0) return unicast(dice, plan, family);
  const vip = dice.pick(vips);
  const from = sender(dice, plan, family);
  return packet(from.port, from.mac, from.gateway, ip(dice, family, from.ip, vip.address, layer4(dice, family, dice.chance(0.9) ? vip : undefined)));
};

/** A reply of a backend, or one that only looks like it. */
const reply = (dice: Dice, plan: ClusterPlan, family: Family): string => {
  const from = sender(dice, plan, family);
  const target = destination(dice, plan, family);
  const protocol = dice.pick(["tcp", "udp"]);
  return packet(from.port, from.mac, nextMac(dice, plan, from, family, target), ip(dice, family, from.ip, target, `${protocol} && ${protocol}.src == 8080 && ${protocol}.dst == 33333`));
};

const spoofed = (dice: Dice, plan: ClusterPlan, family: Family): string => {
  const from = sender(dice, plan, family);
  const other = sender(dice, plan, family);
  const target = destination(dice, plan, family);
  const [mac, address] = dice.pick([[other.mac, from.ip], [from.mac, other.ip], [other.mac, other.ip], [from.mac, family === "v4" ? "127.0.0.1" : "::1"], ["01:00:5e:00:00:01", from.ip], [broadcast, from.ip], [from.mac, family === "v4" ? "0.0.0.0" : "::"], [from.mac, target]]) as [string, string];
  return packet(from.port, mac, nextMac(dice, plan, from, family, target), ip(dice, family, address, target, layer4(dice, family)));
};

const arp = (dice: Dice, plan: ClusterPlan): string => {
  const from = sender(dice, plan, "v4");
  const own = from.ip === "" ? "10.128.0.10" : from.ip;
  const vips = plan.vips.filter((vip) => vip.family === "v4").map((vip) => vip.address);
  const wanted = dice.pick([destination(dice, plan, "v4"), dice.pick([...plan.routerAddresses.filter((each) => each.family === "v4").map((each) => each.address), "10.128.0.1"]), "169.254.1.1", own, ...(vips.length > 0 ? [dice.pick(vips)] : [])]);
  const target = wanted === "" ? "10.128.0.1" : wanted;
  const answer = dice.chance(0.2);
  const operation = answer ? 2 : dice.pick([1, 1, 1, 1, 3]);
  const [spa, sha] = dice.chance(0.1) ? ["10.99.0.1", macNumber(8, 1)] : [own, from.mac];
  return packet(from.port, from.mac, answer || dice.chance(0.1) ? from.gateway : broadcast,
    `arp.op == ${operation} && arp.sha == ${sha} && arp.spa == ${spa} && arp.tha == ${answer ? from.gateway : "00:00:00:00:00:00"} && arp.tpa == ${target}`);
};

/** The solicited-node group of an IPv6 address and its Ethernet address, for addresses with a short tail. */
function solicited(address: string): { readonly ip: string; readonly mac: string } {
  const tail = Number.parseInt(address.slice(address.lastIndexOf(":") + 1) || "0", 16) & 0xffffff;
  const hex = tail.toString(16).padStart(6, "0");
  return { ip: `ff02::1:ff${hex.slice(0, 2)}:${hex.slice(2)}`, mac: `33:33:ff:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}` };
}

const neighbour = (dice: Dice, plan: ClusterPlan): string => {
  const from = sender(dice, plan, "v6");
  const own = from.ip === "" ? "fd01:0:0:1::10" : from.ip;
  const wanted = dice.pick([...plan.routerAddresses.filter((each) => each.family === "v6").map((each) => each.address), ...plan.pods.map((pod) => pod.ip.v6 ?? "fe80::1")]);
  const group = solicited(wanted);
  const limit = dice.chance(0.9) ? 255 : 64;
  return dice.pick([
    packet(from.port, from.mac, group.mac, `ip6.src == ${own} && ip6.dst == ${group.ip} && ip.ttl == ${limit} && icmp6.type == 135 && icmp6.code == 0 && nd.target == ${wanted} && nd.sll == ${from.mac}`),
    packet(from.port, from.mac, from.gateway, `ip6.src == ${own} && ip6.dst == ${wanted} && ip.ttl == ${limit} && icmp6.type == 135 && icmp6.code == 0 && nd.target == ${wanted} && nd.sll == ${from.mac}`),
    packet(from.port, from.mac, from.gateway, `ip6.src == ${own} && ip6.dst == ${wanted} && ip.ttl == ${limit} && icmp6.type == 136 && icmp6.code == 0 && nd.target == ${dice.chance(0.8) ? own : wanted} && nd.tll == ${from.mac}`),
    packet(from.port, from.mac, "33:33:00:00:00:02", `ip6.src == fe80::1 && ip6.dst == ff02::2 && ip.ttl == 255 && icmp6.type == 133 && icmp6.code == 0`),
    packet(from.port, from.mac, "33:33:00:00:00:16", `ip6.src == fe80::1 && ip6.dst == ff02::16 && ip.ttl == 1 && icmp6.type == ${dice.pick([131, 143])}`),
  ]);
};

const multicast = (dice: Dice, plan: ClusterPlan, family: Family): string => {
  const from = sender(dice, plan, family);
  const source = from.ip === "" ? (family === "v4" ? "10.128.0.10" : "fe80::1") : from.ip;
  if (family === "v4") {
    const [group, mac] = dice.pick([["239.1.1.1", "01:00:5e:01:01:01"], ["239.9.9.9", "01:00:5e:09:09:09"], ["224.0.0.1", "01:00:5e:00:00:01"], ["255.255.255.255", broadcast], ["10.128.1.255", broadcast]]) as [string, string];
    return packet(from.port, from.mac, mac, ip(dice, family, source, group, dice.pick(["udp && udp.src == 5000 && udp.dst == 5001", "udp && udp.src == 68 && udp.dst == 67", "igmp"])));
  }
  const [group, mac] = dice.pick([["ff0e::1:1", "33:33:00:01:00:01"], ["ff02::1", "33:33:00:00:00:01"], ["ff05::9", "33:33:00:00:00:09"], ["ff02::1:2", "33:33:00:01:00:02"]]) as [string, string];
  return packet(from.port, from.mac, mac, ip(dice, family, source, group, dice.pick(["udp && udp.src == 546 && udp.dst == 547", "udp && udp.src == 5000 && udp.dst == 5001"])));
};

const dhcp = (dice: Dice, plan: ClusterPlan): string => {
  const from = sender(dice, plan, dice.pick(plan.families));
  return dice.pick([
    packet(from.port, from.mac, broadcast, "ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp.src == 68 && udp.dst == 67"),
    packet(from.port, from.mac, "33:33:00:01:00:02", "ip6.src == fe80::1 && ip6.dst == ff02::1:2 && ip.ttl == 1 && udp.src == 546 && udp.dst == 547"),
    packet(from.port, from.mac, from.gateway, `${from.ip.includes(":") ? "ip6" : "ip4"}.src == ${from.ip === "" ? "10.0.0.1" : from.ip} && udp.src == 33333 && udp.dst == 53 && ip.ttl == 64`),
  ]);
};

/** Packets that say little, or say it in an unusual way. */
const odd = (dice: Dice, plan: ClusterPlan): string => {
  const from = sender(dice, plan, dice.pick(plan.families));
  const other = dice.pick(plan.pods);
  return dice.pick([
    `inport == "${from.port}"`, `inport == "${from.port}" && eth.src == ${from.mac}`, packet(from.port, from.mac, other.mac, ""), packet(from.port, from.mac, other.mac, "eth.type == 0x88cc"),
    packet(from.port, from.mac, broadcast, "vlan.tci == 0x1064"), packet(from.port, from.mac, from.gateway, "vlan.present && vlan.vid == 10 && vlan.pcp == 3 && ip4.src == 10.0.0.1"), packet(from.port, from.mac, from.gateway, "ip4"), packet(from.port, from.mac, other.mac, "ip"),
    packet(from.port, from.mac, from.gateway, "tcp"), `inport == "${from.port}" && ip4.src == 10.128.0.10 && ip4.dst[16..31] == 0x0a80 && icmp4`, packet(from.port, from.mac, from.gateway, "rarp"), packet(from.port, from.mac, from.gateway, "mpls"),
    packet(from.port, from.mac, other.mac, 'reg0 == 1 && ip4 && flags.loopback == 1'), packet(from.port, from.mac, other.mac, "ct.trk && ct.est && ip4"), packet(from.port, from.mac, other.mac, "ct_mark == 1 && ct_label == 2 && ip6"), packet(from.port, from.mac, other.mac, "pkt.mark == 7 && ip4 && ip.tos == 4"),
  ]);
};

/** A random packet of the cluster in ovn-trace's words. */
export function randomMicroflow(dice: Dice, plan: ClusterPlan): string {
  const family = dice.pick(plan.families);
  const kind = dice.below(100);
  if (kind < 30) return unicast(dice, plan, family);
  if (kind < 56) return service(dice, plan, family);
  if (kind < 64) return reply(dice, plan, family);
  if (kind < 72) return spoofed(dice, plan, family);
  if (kind < 80) return plan.families.includes("v4") ? arp(dice, plan) : neighbour(dice, plan);
  if (kind < 85) return plan.families.includes("v6") ? neighbour(dice, plan) : arp(dice, plan);
  if (kind < 91) return multicast(dice, plan, family);
  if (kind < 94) return dhcp(dice, plan);
  return odd(dice, plan);
}
