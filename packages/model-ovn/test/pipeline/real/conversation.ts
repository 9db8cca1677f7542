import { type Choose, connectionsOf, type Packet, replyTo, type Tuple } from "@hopscope/core";
import type { Chassis } from "../../../src/pipeline/real/chassis.ts";
import { type RealState, runPacket } from "../../../src/pipeline/real/run-packet.ts";
import { type RealChassis, uplink } from "./real-chassis.ts";

/** A packet at a port of a chassis. */
export interface Sent {
  readonly port: string;
  readonly packet: Packet;
}

/** What is compared of a packet: everything but the contents that say nothing of its way. */
export function lineOf({ port, packet }: Sent): string {
  const { eth, ip, l4, arp } = packet;
  if (arp !== undefined) return `${port} arp ${arp.op} ${eth.src}>${eth.dst} ${arp.spa} ${arp.tpa}`;
  const ports = l4 === undefined ? "" : l4.type === "icmp" ? `icmp ${l4.icmpType}/${l4.code}` : `${l4.type} ${l4.src}>${l4.dst}${l4.type === "tcp" ? ` ${l4.flags.join("|")}` : l4.type === "sctp" ? ` ${l4.chunk}` : ""}`;
  return `${port} ${eth.src}>${eth.dst} ${ip?.src}>${ip?.dst} ttl ${ip?.ttl} dscp ${ip?.dscp} ${ports}`;
}

/** What ovn-controller sends of itself: announcements, questions of routers and for groups. */
export const isChatter = ({ packet: { arp, ip, l4 } }: Sent): boolean => {
  if (arp !== undefined) return arp.spa === arp.tpa;
  if (ip === undefined || l4 === undefined) return true;
  return l4.type === "icmp" && ip.version === 6 && ![1, 2, 3, 4, 128, 129].includes(l4.icmpType);
};

/** Every way of choosing, as long as there are few. */
function* choices(ways: number): Generator<Choose> {
  for (let way = 0; way < ways; way++) {
    let left = way;
    yield (_, among) => {
      const taken = left % among.length;
      left = Math.floor(left / among.length);
      return taken;
    };
  }
}

/** Connections of one conversation, told by a port of its own, each with the name of its zone. */
const realConnections = (real: RealChassis, port: number, zones: ReadonlyMap<number, string>): readonly string[] =>
  real.connections().filter((line) => new RegExp(`port=${port}\\b`).test(line) && !line.startsWith("icmp")).map((line) => {
    const ends = /^(\w+),orig=\((.*?)\),reply=\((.*?)\)/.exec(line) ?? [];
    const mark = /mark=(\d+)/.exec(line)?.[1];
    return `${ends[1]} ${ends[2]} ${ends[3]} ${zones.get(Number(/zone=(\d+)/.exec(line)?.[1] ?? 0)) ?? ""}${mark === undefined ? "" : ` ${mark}`}`;
  }).sort();

function ourConnections({ conntrack }: RealState, port: number, zones: ReadonlyMap<number, string>): readonly string[] {
  const ends = ({ src, dst, srcPort, dstPort }: Tuple): string => `src=${src},dst=${dst},sport=${srcPort},dport=${dstPort}`;
  const own = connectionsOf(conntrack).filter(({ original, reply }) => original.protocol !== "icmp" && [original.srcPort, original.dstPort, reply.srcPort, reply.dstPort].includes(port));
  return own.map(({ original, reply, zone, mark }) => `${original.protocol} ${ends(original)} ${ends(reply)} ${zones.get(zone) ?? ""}${mark === 0 ? "" : ` ${mark}`}`).sort();
}

/** Names of zones by number; those of datapaths by uuid, as chassis of OVN before 23.06 name them. */
export function zoneNames(zones: ReadonlyMap<string, number>, chassis: Chassis): ReadonlyMap<number, string> {
  const names = new Map(chassis.machine.datapaths.map(({ name, row }) => [row.uuid, name]));
  // Zone 0 may be several routers' at once.
  return new Map([...zones].filter(([, zone]) => zone !== 0).map(([user, zone]) => [zone, user.replace(/^([ds]nat) (.*)$/, (_, kind: string, datapath: string) => `${kind} ${names.get(datapath) ?? datapath}`)]));
}

export interface Compared {
  readonly state: RealState | undefined;
  readonly real: readonly string[];
  /** What this package says, for the choice that comes nearest. */
  readonly ours: readonly string[];
  readonly out: readonly Sent[];
  /** Both translated to a port of their own choice, so that nothing after it can be compared. */
  readonly ownPorts: boolean;
}

const portsIn = (lines: readonly string[]): ReadonlySet<string> => new Set(lines.flatMap((line) => line.match(/\b\d{4,5}\b/g) ?? []));
/** Lines with the ports hidden that the others do not have. */
function hidden(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = portsIn(others);
  return lines.map((line) => line.replace(/\b\d{4,5}\b/g, (port) => (known.has(port) ? port : "free"))).sort();
}

/** Both chassis, of the same database. */
export interface Both {
  readonly real: RealChassis;
  readonly chassis: Chassis;
  /** Logical port of the physical network. */
  readonly localnet: string;
}

/** Sends a packet through the real chassis and through ours; of several choices, one must lead to what the real one did. */
export async function compare({ real, chassis, localnet }: Both, sent: Sent, port: number, state: RealState | undefined): Promise<Compared> {
  const out = (await real.send(sent.port, sent.packet)).filter((one) => !isChatter(one));
  const names = { real: zoneNames(real.zones(), chassis), ours: zoneNames(chassis.zones, chassis) };
  const expected = [...out.map(lineOf).sort(), ...realConnections(real, port, names.real)];
  let first: Compared | undefined;
  for (const choose of choices(12)) {
    const result = runPacket(chassis, { type: "port", name: sent.port === uplink ? localnet : sent.port }, sent.packet, state, choose);
    const exits = result.exits.filter(({ type }) => type !== "tunnel").map(({ type, port: name, packet }) => ({ port: type === "localnet" ? uplink : name, packet }));
    const ours = [...exits.filter((one) => !isChatter(one)).map(lineOf).sort(), ...ourConnections(result.state, port, names.ours)];
    const compared = { state: result.state, real: expected, ours, out, ownPorts: false };
    if (ours.join("\n") === expected.join("\n")) return compared;
    const [masked, wanted] = [hidden(ours, expected), hidden(expected, ours)];
    if (masked.join("\n") === wanted.join("\n")) return { ...compared, real: wanted, ours: masked, ownPorts: true };
    first ??= compared;
  }
  return first as Compared;
}

/** The answer of whoever a packet reached. */
export function answerTo({ port, packet }: Sent): Sent | undefined {
  const { l4, eth } = packet;
  if (l4 === undefined || (l4.type === "icmp" && ![8, 128].includes(l4.icmpType)) || (l4.type === "tcp" && l4.flags.includes("rst"))) return undefined;
  return { port, packet: { ...replyTo(packet), eth: { ...eth, src: eth.dst, dst: eth.src } } };
}
