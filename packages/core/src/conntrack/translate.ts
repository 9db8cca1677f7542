import type { Address, L4, Packet } from "../packet/packet.ts";
import { type Conntrack, type Direction, isTaken, type TrackedConnection } from "./table.ts";
import { inverse, type Tuple } from "./tuple.ts";

/** Ports to choose from, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}
export interface NatRange {
  /** The new address; the old one stays when absent. */
  readonly address?: Address;
  readonly ports?: PortRange;
}

/**
 * Decides a connection's destination translation.
 *
 * The port stays unless a range is given that does not hold it; then the first free one of the range is taken.
 *
 * @see Linux 5.14, net/netfilter/nf_nat_core.c get_unique_tuple
 */
export function bindDestination(table: Conntrack, connection: TrackedConnection, range: NatRange): TrackedConnection {
  const current = inverse(connection.reply);
  const address = range.address ?? current.dst;
  const port = pick(table, connection.zone, { ...current, dst: address }, "dstPort", range.ports, undefined);
  const next: Tuple = { ...current, dst: address, dstPort: port, ...(current.protocol === "icmp" ? { dstPort: current.dstPort } : {}) };
  const changed = next.dst !== current.dst || next.dstPort !== current.dstPort;
  return { ...connection, reply: inverse(next), destinationBound: true, destinationTranslated: connection.destinationTranslated || changed };
}

/**
 * Decides a connection's source translation. The source port is kept where it is free.
 *
 * Otherwise the next free port of its class is taken (below 512, below 1024, or from 1024). Linux starts at a random
 * one; here it is the lowest, so that the same input gives the same result.
 *
 * @see Linux 5.14, net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple
 */
export function bindSource(table: Conntrack, connection: TrackedConnection, range: NatRange): TrackedConnection {
  const current = inverse(connection.reply);
  const address = range.address ?? current.src;
  const port = pick(table, connection.zone, { ...current, src: address }, "srcPort", range.ports, classOf(current.srcPort));
  const ports = current.protocol === "icmp" ? { srcPort: port, dstPort: port } : { srcPort: port };
  const next: Tuple = { ...current, src: address, ...ports };
  const changed = next.src !== current.src || next.srcPort !== current.srcPort;
  return { ...connection, reply: inverse(next), sourceBound: true, sourceTranslated: connection.sourceTranslated || changed };
}

const classOf = (port: number): PortRange => (port < 512 ? { first: 1, last: 511 } : port < 1024 ? { first: 600, last: 1023 } : { first: 1024, last: 65535 });

function pick(table: Conntrack, zone: number, tuple: Tuple, field: "srcPort" | "dstPort", asked: PortRange | undefined, spare: PortRange | undefined): number {
  const port = tuple[field];
  const isFree = (candidate: number): boolean => !isTaken(table, inverse({ ...tuple, [field]: candidate }), zone);
  const within = asked === undefined || (port >= asked.first && port <= asked.last);
  if (asked !== undefined && asked.first === asked.last) return asked.first;
  if (within && isFree(port)) return port;
  const range = asked ?? spare;
  if (range === undefined) return port;
  for (let candidate = range.first; candidate <= range.last; candidate++) if (isFree(candidate)) return candidate;
  return within ? port : range.first;
}

const withPorts = (l4: L4 | undefined, ports: { src?: number; dst?: number }): L4 | undefined => {
  if (l4 === undefined) return l4;
  if (l4.type === "icmp") return l4.id === undefined ? l4 : { ...l4, id: ports.src ?? l4.id };
  return { ...l4, src: ports.src ?? l4.src, dst: ports.dst ?? l4.dst };
};

/** Rewrites a packet's source as its connection says for its direction; for a reply this undoes a destination translation. */
export function translateSource(packet: Packet, connection: TrackedConnection, direction: Direction): Packet {
  const needed = direction === "original" ? connection.sourceTranslated : connection.destinationTranslated;
  if (!needed || packet.ip === undefined) return packet;
  const target = targetOf(connection, direction);
  const { l4 } = packet;
  if (l4?.type === "icmp" && l4.about !== undefined) {
    // Linux rewrites the error's own source too, even where a router on the way sent it.
    const about = rewriteDestination(l4.about, target.src, target.srcPort);
    return { ...packet, ip: { ...packet.ip, src: target.src }, l4: { ...l4, about } };
  }
  if (packet.ip.src === target.src && (l4 === undefined || l4.type === "icmp" || l4.src === target.srcPort)) return packet;
  return { ...packet, ip: { ...packet.ip, src: target.src }, l4: withPorts(l4, { src: target.srcPort }) };
}

/** Rewrites a packet's destination as its connection says for its direction; for a reply this undoes a source translation. */
export function translateDestination(packet: Packet, connection: TrackedConnection, direction: Direction): Packet {
  const needed = direction === "original" ? connection.destinationTranslated : connection.sourceTranslated;
  if (!needed || packet.ip === undefined) return packet;
  const target = targetOf(connection, direction);
  const { l4 } = packet;
  if (l4?.type === "icmp" && l4.about !== undefined) {
    const about = rewriteSource(l4.about, target.dst, target.dstPort);
    return { ...packet, ip: { ...packet.ip, dst: target.dst }, l4: { ...l4, about } };
  }
  if (packet.ip.dst === target.dst && (l4 === undefined || l4.type === "icmp" || l4.dst === target.dstPort)) return packet;
  const ports = l4?.type === "icmp" ? { src: target.dstPort } : { dst: target.dstPort };
  return { ...packet, ip: { ...packet.ip, dst: target.dst }, l4: withPorts(l4, ports) };
}

/** Rewrites both ends at once, as OVS does. */
export const translate = (packet: Packet, connection: TrackedConnection, direction: Direction): Packet =>
  translateSource(translateDestination(packet, connection, direction), connection, direction);

const targetOf = (connection: TrackedConnection, direction: Direction): Tuple => inverse(direction === "original" ? connection.reply : connection.original);

const rewriteSource = (packet: Packet, src: Address, port: number): Packet =>
  packet.ip === undefined ? packet : { ...packet, ip: { ...packet.ip, src }, l4: withPorts(packet.l4, { src: port }) };
const rewriteDestination = (packet: Packet, dst: Address, port: number): Packet =>
  packet.ip === undefined ? packet : { ...packet, ip: { ...packet.ip, dst }, l4: packet.l4?.type === "icmp" ? packet.l4 : withPorts(packet.l4, { dst: port }) };
