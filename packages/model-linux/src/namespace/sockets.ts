import { CLIENT_SOCKET, type Packet, tupleOf } from "@hopscope/core";
import type { Flow, NamespaceState, Socket } from "./namespace.ts";

/** Names a connected socket by its protocol, own address and peer. @internal */
export const flowKey = (protocol: string, own: string, ownPort: number, peer: string, peerPort: number): string => `${protocol} ${own} ${ownPort} ${peer} ${peerPort}`;

/** The key of the connected socket that would receive a packet, or, for an ICMP error, that sent what it is about. @internal */
export function receivingKey(packet: Packet): string | undefined {
  const { l4 } = packet;
  if (l4?.type === "icmp" && l4.about !== undefined) return sendingKey(l4.about);
  const tuple = tupleOf(packet);
  return tuple === undefined ? undefined : flowKey(tuple.protocol, tuple.dst, tuple.dstPort, tuple.src, tuple.srcPort);
}

/** The key of the connected socket that sent a packet. @internal */
export function sendingKey(packet: Packet): string | undefined {
  const tuple = tupleOf(packet);
  return tuple === undefined ? undefined : flowKey(tuple.protocol, tuple.src, tuple.srcPort, tuple.dst, tuple.dstPort);
}

const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::" || address === "*" || address === "";
const takes = (socket: Socket, address: string): boolean => socket.address === address || (isWildcard(socket.address) && (socket.address !== "0.0.0.0" || !address.includes(":")));
const rank = (socket: Socket, address: string): number => (socket.port === 0 ? -3 : 0) + (socket.address === address ? 2 : socket.address === "0.0.0.0" && !address.includes(":") ? 1 : 0);

/**
 * Finds the listening socket for an address and port: the address itself before a wildcard of the family, that before `::`. A socket
 * of port 0 stands for any port that no other socket has, where what listens is not known.
 *
 * @see Linux 5.14, net/ipv4/inet_hashtables.c compute_score
 * @internal
 */
export function listenerFor(sockets: readonly Socket[], protocol: string, address: string, port: number): Socket | undefined {
  let best: Socket | undefined;
  for (const socket of sockets) {
    if (socket.protocol !== protocol || (socket.port !== port && socket.port !== 0) || !takes(socket, address)) continue;
    if (best === undefined || rank(socket, address) > rank(best, address)) best = socket;
  }
  return best;
}

/** Whether a socket is bound to no particular address. @internal */
export const isUnbound = (socket: Socket): boolean => isWildcard(socket.address);

/** Remembers a socket of this namespace that sent the first packet of a connection. @internal */
export function opened(state: NamespaceState, packet: Packet): NamespaceState {
  const key = sendingKey(packet);
  if (key === undefined) return state;
  const { uid, gid, mark } = packet.local ?? { mark: 0 };
  return withFlow(state, key, { endpoint: CLIENT_SOCKET, uid, gid, mark, transparent: false });
}

/** Remembers the connection that a listening socket accepted. @internal */
export function accepted(state: NamespaceState, packet: Packet, socket: Socket): NamespaceState {
  const key = receivingKey(packet);
  return key === undefined ? state : withFlow(state, key, { endpoint: socket.endpoint, uid: socket.uid, gid: socket.gid, transparent: socket.transparent ?? false });
}

function withFlow(state: NamespaceState, key: string, flow: Flow): NamespaceState {
  return { ...state, flows: new Map(state.flows).set(key, flow) };
}
