import type { Packet, TcpFlag } from "../packet/packet.ts";
import { inverse, type Tuple, tupleKey, tupleOf } from "./tuple.ts";

/** One tracked connection. Without translation `reply` is the inverse of `original`. */
export interface TrackedConnection {
  readonly zone: number;
  /** The first packet's tuple, as it came. */
  readonly original: Tuple;
  /** The tuple that answers have when they come. */
  readonly reply: Tuple;
  /** A packet of the reply direction was seen. */
  readonly replied: boolean;
  /** The connection's mark (`ct_mark`, connmark). */
  readonly mark: number;
  /** Labels of the connection (`ct_label`), by name; OVN keeps its hints here. */
  readonly label?: string;
  readonly sourceTranslated: boolean;
  readonly destinationTranslated: boolean;
  /** A decision on translation was made, if only to leave the address as it is. */
  readonly sourceBound: boolean;
  readonly destinationBound: boolean;
}

/** An immutable connection table. Zones are separate: the same tuple may stand in several. */
export interface Conntrack {
  /** By the tuple of either direction, see `tupleKey`. */
  readonly byTuple: ReadonlyMap<string, TrackedConnection>;
}

export type ConnectionState = "new" | "established" | "related" | "invalid" | "untracked";
/**
 * Who tracks: Linux, or Open vSwitch itself in its userspace datapath, which lets a reset or a FIN begin a connection.
 *
 * @see Open vSwitch 3.1, lib/conntrack-tcp.c tcp_valid_new
 */
export type Tracker = "linux" | "userspace";
export type Direction = "original" | "reply";

/** A packet's place in a connection. A new connection is not in the table until it is confirmed. */
export interface Tracked {
  readonly state: ConnectionState;
  readonly direction: Direction;
  /** Absent when invalid or untracked. */
  readonly connection?: TrackedConnection;
}

/** A table without connections. */
export const emptyConntrack: Conntrack = { byTuple: new Map() };

/** Finds the connection which a tuple belongs to, in either direction. */
export function lookup(table: Conntrack, tuple: Tuple, zone = 0): { readonly connection: TrackedConnection; readonly direction: Direction } | undefined {
  const key = tupleKey(tuple, zone);
  const connection = table.byTuple.get(key);
  if (connection === undefined) return undefined;
  return { connection, direction: tupleKey(connection.original, zone) === key ? "original" : "reply" };
}

/** Starts a connection from its first packet's tuple. It is in no table yet. */
export const newConnection = (tuple: Tuple, zone = 0): TrackedConnection => ({
  zone,
  original: tuple,
  reply: inverse(tuple),
  replied: false,
  mark: 0,
  sourceTranslated: false,
  destinationTranslated: false,
  sourceBound: false,
  destinationBound: false,
});

/**
 * Tells how a packet relates to the connections of a zone.
 *
 * A packet of the reply direction, or one after a reply, is established. An ICMP error is related to the connection of
 * the packet it is about. A TCP packet that can start nothing (SYN-ACK, FIN, RST) is invalid without a connection;
 * a bare ACK is picked up as new, as with `nf_conntrack_tcp_loose=1`.
 *
 * @see Linux 5.14, net/netfilter/nf_conntrack_core.c resolve_normal_ct, nf_conntrack_proto_tcp.c tcp_new
 * @example
 * track(emptyConntrack, tcpPacket({ src: "10.0.0.1", dst: "10.0.0.2", srcPort: 4000, dstPort: 80 })).state // "new"
 */
export function track(table: Conntrack, packet: Packet, zone = 0, by: Tracker = "linux"): Tracked {
  const { l4 } = packet;
  if (l4?.type === "icmp" && l4.about !== undefined) return trackError(table, l4.about, zone);
  const tuple = tupleOf(packet);
  if (tuple === undefined) return { state: "invalid", direction: "original" };
  const found = lookup(table, tuple, zone);
  if (found !== undefined) {
    const { connection, direction } = found;
    if (direction === "reply") return { state: "established", direction, connection: connection.replied ? connection : { ...connection, replied: true } };
    return { state: connection.replied ? "established" : "new", direction, connection };
  }
  if (l4?.type === "tcp" && !canStart(l4.flags, by)) return { state: "invalid", direction: "original" };
  if (l4?.type === "icmp" && ![8, 128].includes(l4.icmpType)) return { state: "invalid", direction: "original" };
  return { state: "new", direction: "original", connection: newConnection(tuple, zone) };
}

function trackError(table: Conntrack, about: Packet, zone: number): Tracked {
  const tuple = tupleOf(about);
  const found = tuple === undefined ? undefined : lookup(table, inverse(tuple), zone);
  // The error travels against the packet it is about.
  return found === undefined ? { state: "invalid", direction: "original" } : { state: "related", direction: found.direction, connection: found.connection };
}

function canStart(flags: readonly TcpFlag[], by: Tracker): boolean {
  const has = (flag: TcpFlag): boolean => flags.includes(flag);
  if (has("syn") && has("ack")) return false;
  if (by === "linux") return !has("rst") && !has("fin");
  if (has("syn")) return !has("rst") && !has("fin");
  return has("ack") || (has("rst") && !has("fin") && !has("psh"));
}

/** Puts a connection into the table, or replaces what the table knew of it. */
export function confirm(table: Conntrack, connection: TrackedConnection): Conntrack {
  const keys = [tupleKey(connection.original, connection.zone), tupleKey(connection.reply, connection.zone)];
  if (keys.every((key) => table.byTuple.get(key) === connection)) return table;
  const byTuple = new Map(table.byTuple);
  for (const key of keys) byTuple.set(key, connection);
  return { byTuple };
}

/** Takes a connection out of the table. */
export function forget(table: Conntrack, connection: TrackedConnection): Conntrack {
  const byTuple = new Map(table.byTuple);
  byTuple.delete(tupleKey(connection.original, connection.zone));
  byTuple.delete(tupleKey(connection.reply, connection.zone));
  return { byTuple };
}

/** Whether another connection of the zone already uses a tuple. */
export const isTaken = (table: Conntrack, tuple: Tuple, zone: number): boolean => table.byTuple.has(tupleKey(tuple, zone));

/** Every connection once. */
export const connectionsOf = (table: Conntrack): readonly TrackedConnection[] => [...new Set(table.byTuple.values())];
