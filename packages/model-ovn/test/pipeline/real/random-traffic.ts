import { icmpPacket, type Packet, tcpPacket, udpPacket } from "@hopscope/core";
import { northd } from "../../../src/northd/index.ts";
import type { SouthboundDb } from "../../../src/southbound.ts";
import { type Dice, diceOf } from "../../northd/random-northbound.ts";
import { type ClusterPlan, type Family, macOf, macNumber, type PodPlan } from "../../oracle/plan.ts";
import { randomCluster } from "../../oracle/random-cluster.ts";

/** A random cluster compiled, with its workloads bound. */
export interface CompiledCluster {
  readonly plan: ClusterPlan;
  readonly db: SouthboundDb;
  readonly dice: Dice;
}

/** The Southbound database of a random cluster, made by this package's own northd. */
export function compiledCluster(seed: number): CompiledCluster {
  const { plan, northbound } = randomCluster(seed);
  const bound = new Map(plan.bindings.map(({ port, chassis }) => [port, chassis]));
  const db = northd(northbound, {
    version: "23.09", chassis: plan.nodes.map(({ chassis, name, ip, local }) => ({ name: chassis, hostname: name, ip: ip.v4 ?? ip.v6 ?? "", remote: !local })),
    macBindings: plan.learnt.map(({ port, ip, mac }) => ({ port, ip, mac })),
  });
  const datapaths = db.datapaths.map((datapath) => ({ ...datapath, ports: datapath.ports.map((port) => ({ ...port, chassis: bound.get(port.name) ?? port.chassis })) }));
  return { plan, db: { ...db, datapaths }, dice: diceOf(seed ^ 0x2545f491) };
}

/** A packet that a pod of a node sends: to pods, services, routers and outside, over any protocol. */
export function randomPacket({ plan, dice }: CompiledCluster, node: ClusterPlan["nodes"][number]): { readonly port: string; readonly packet: Packet } {
  const pod = dice.pick(plan.pods.filter((one) => one.node === node));
  const family = dice.pick(plan.families);
  const src = pod.ip[family] ?? "";
  const vips = plan.vips.filter((vip) => vip.family === family);
  const vip = vips.length > 0 && dice.chance(0.5) ? dice.pick(vips) : undefined;
  const peers = plan.pods.flatMap((one) => one.ip[family] ?? []);
  const routers = plan.routerAddresses.filter((one) => one.family === family).map(({ address }) => address);
  const dst = vip?.address ?? dice.pick([dice.pick(peers), dice.pick(peers), ...routers, family === "v4" ? "8.8.8.8" : "2001:db8::8"]);
  const seed = { src, dst, srcPort: 1024 + dice.below(60000), dstPort: vip?.port ?? dice.pick([80, 8080, 443, 53]), ttl: dice.chance(0.05) ? 1 : 64 };
  const made = vip?.protocol === "udp" || (vip === undefined && dice.chance(0.2)) ? udpPacket(seed)
    : vip === undefined && dice.chance(0.15) ? icmpPacket(seed, { icmpType: family === "v4" ? 8 : 128, code: 0, id: 7 }) : tcpPacket(seed);
  return { port: pod.port, packet: { ...made, eth: { ...made.eth, src: pod.mac, dst: nextMac(plan, pod, family, dst) } } };
}

/** A packet that comes to a node from the physical network, or from its host by the management port. */
export function randomVisitor({ plan, dice }: CompiledCluster, node: ClusterPlan["nodes"][number]): { readonly port: string; readonly packet: Packet } {
  const doors = plan.doors.filter(({ port }) => port === `br-ex_${node.name}` || port === `k8s-${node.name}`);
  const door = dice.pick(doors);
  const family = dice.pick(plan.families);
  const vips = plan.vips.filter((vip) => vip.family === family);
  const vip = vips.length > 0 && dice.chance(0.7) ? dice.pick(vips) : undefined;
  const outside = door.port.startsWith("br-ex_");
  const near = family === "v4" ? "192.168.126.100" : "fc00:f853:ccd:e793::100";
  const src = outside ? near : (door.networks[family] ?? near);
  const dst = vip?.address ?? dice.pick([...plan.pods.flatMap((one) => one.ip[family] ?? []), node.ip[family] ?? ""]);
  const seed = { src, dst, srcPort: 1024 + dice.below(60000), dstPort: vip?.port ?? dice.pick([80, 8080, 443]), ttl: 64 };
  const made = vip?.protocol === "udp" ? udpPacket(seed) : vip === undefined && dice.chance(0.2) ? icmpPacket(seed, { icmpType: family === "v4" ? 8 : 128, code: 0, id: 7 }) : tcpPacket(seed);
  return { port: door.port, packet: { ...made, eth: { ...made.eth, src: door.source, dst: door.destination } } };
}

function nextMac(plan: ClusterPlan, pod: PodPlan, family: Family, dst: string): string {
  const near = plan.pods.find((one) => one.node === pod.node && one.ip[family] === dst);
  return near?.mac ?? (plan.families.includes("v4") ? macOf(`${pod.node.subnet.v4}.1`) : macNumber(5, pod.node.index));
}
