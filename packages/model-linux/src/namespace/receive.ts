import { CLIENT_SOCKET, type Delivery, type Outcome, type Packet } from "@hopscope/core";
import { forward, input, prerouting } from "./hooks.ts";
import { dropped, type Next, type Passage, record } from "./passage.ts";
import { addressType, lookupRoute, type Routed } from "./routing.ts";
import { leave, refused, routeDecision } from "./send.ts";
import { accepted, listenerFor, receivingKey } from "./sockets.ts";

/** Endpoint id of the kernel itself, which answers pings. */
export const KERNEL = "kernel";

/** Takes a packet in from an interface: PREROUTING, the routing decision, then delivery or forwarding. @internal */
export function receive(passage: Passage, dev: string): Next {
  const looped = dev === "lo";
  passage.owned = false;
  const stopped = prerouting(passage, { in: dev });
  if (stopped !== undefined) return refused(stopped);
  // What crossed lo keeps the route that the sender's look-up found: to this namespace.
  if (looped) return deliver(passage, dev);
  const before = passage.packet;
  const martian = martianReason(passage);
  if (martian !== undefined) return dropped(passage, martian, { code: "linux/martian" });
  const { ip, local } = passage.packet;
  const routed = lookupRoute(passage.on.routing, { dst: ip?.dst ?? "", src: ip?.src, mark: local?.mark ?? 0, iif: dev });
  if (routed.type === "local") {
    record(passage, "host", "route input", before, [routeDecision(routed)]);
    return deliver(passage, dev);
  }
  return passOn(passage, dev, routed);
}

function passOn(passage: Passage, dev: string, routed: Routed): Next {
  const before = passage.packet;
  const { on } = passage;
  const { ip } = before;
  if (ip === undefined) return dropped(passage, "no IP header");
  if (on.namespace.sysctls?.ipForward !== true) {
    record(passage, "host", "route input", before, [routeDecision(routed)]);
    return dropped(passage, `${on.place} does not forward packets (ip_forward is 0), and ${ip.dst} is none of its addresses`, { code: "linux/no-forwarding" });
  }
  if (routed.type === "none") {
    record(passage, "host", "route input", before, [routeDecision(routed)]);
    if (routed.why === "blackhole") return dropped(passage, `the route to ${ip.dst} is a blackhole`, { origin: routed.origin, code: "linux/no-route" });
    return { type: "answer", reason: `${on.place} has no way to ${ip.dst}: ${routed.text}`, origin: routed.origin, code: "linux/no-route", with: routed.why === "prohibit" ? "icmp-admin-prohibited" : "icmp-host-unreachable" };
  }
  if (ip.ttl <= 1) {
    record(passage, "host", "route input", before, [routeDecision(routed)]);
    return { type: "answer", reason: `the packet's time to live ended at ${on.place}`, origin: routed.origin, code: "linux/ttl-exceeded", with: "time-exceeded" };
  }
  passage.packet = { ...before, ip: { ...ip, ttl: ip.ttl - 1 } };
  record(passage, "host", "forward", before, [routeDecision(routed)], [{ key: "forward" }]);
  const stopped = forward(passage, { in: dev, out: routed.dev });
  return stopped === undefined ? leave(passage, routed) : refused(stopped);
}

/** Why a packet's addresses cannot be. @see Linux 5.14, net/ipv4/route.c ip_route_input_slow, fib_frontend.c __fib_validate_source */
function martianReason({ packet, on }: Passage): string | undefined {
  const { ip } = packet;
  if (ip === undefined) return undefined;
  if (ip.version === 6) return ip.src === "::1" || ip.dst === "::1" ? `${ip.src} to ${ip.dst} does not come from outside` : undefined;
  const localnet = on.namespace.sysctls?.routeLocalnet === true;
  if (!localnet && (ip.dst.startsWith("127.") || ip.src.startsWith("127."))) return `${ip.src} to ${ip.dst} does not come from outside (route_localnet is 0)`;
  if (addressType(on.routing, ip.src) === "LOCAL") return `the source ${ip.src} is this namespace's own address`;
  return undefined;
}

/** Hands the packet to a socket, after INPUT. */
function deliver(passage: Passage, dev: string): Next {
  const stopped = input(passage, { in: dev });
  if (stopped !== undefined) return refused(stopped);
  const { packet, on } = passage;
  const { ip, l4 } = packet;
  if (ip === undefined || l4 === undefined) return dropped(passage, "no transport header");
  const key = receivingKey(packet);
  const flow = key === undefined ? undefined : passage.state.flows.get(key);
  if (l4.type === "icmp") {
    if (flow !== undefined) return done(passage, packet, { endpoint: flow.endpoint, socket: { address: ip.dst, port: 0 } });
    if (l4.icmpType === 8 || l4.icmpType === 128) return done(passage, packet, { endpoint: KERNEL, socket: { address: ip.dst, port: 0 } });
    return dropped(passage, `no socket of ${on.place} waits for this ICMP packet`, { code: "linux/no-socket" });
  }
  const socket = { address: ip.dst, port: l4.dst };
  if (flow?.endpoint === CLIENT_SOCKET) return done(passage, packet, { endpoint: CLIENT_SOCKET, socket });
  const assigned = passage.assigned;
  const listener = assigned === undefined ? listenerFor(on.namespace.sockets, l4.type, ip.dst, l4.dst) : listenerFor(on.namespace.sockets, l4.type, assigned.address, assigned.port);
  const original = passage.tracked?.connection?.original;
  const originalDestination = original === undefined ? socket : { address: original.dst, port: original.dstPort };
  if (flow !== undefined) return done(passage, packet, { endpoint: flow.endpoint, socket, originalDestination });
  if (listener === undefined) {
    record(passage, "host", "socket lookup", packet, [{ table: "sockets", rule: `${l4.type} ${ip.dst}:${l4.dst}`, verdict: "no socket listens", origin: on.origin }]);
    if (l4.type === "tcp" && l4.flags.includes("rst")) return dropped(passage, `no socket of ${on.place} has this connection`, { code: "linux/no-socket" });
    return { type: "answer", reason: `no socket listens on ${ip.dst}:${l4.dst} in ${on.place}`, origin: on.origin, code: "linux/no-socket", with: l4.type === "tcp" ? "tcp-reset" : "default" };
  }
  passage.state = accepted(passage.state, packet, listener);
  return done(passage, packet, { endpoint: listener.endpoint, socket, originalDestination });
}

function done(passage: Passage, packet: Packet, to: Delivery): Outcome {
  const own = passage.packet;
  record(passage, "host", "socket lookup", own, [{ table: "sockets", rule: `${packet.l4?.type ?? "ip"} ${to.socket.address}:${to.socket.port}`, verdict: `delivered to ${to.endpoint}`, origin: passage.on.origin }], [{ key: "sock_rx", bytes: packet.bytes }, { key: "wakeup" }]);
  return { type: "deliver", to, packet };
}
