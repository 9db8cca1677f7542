import { CLIENT_SOCKET, type Decision, icmpPacket, type Mac, type Outcome, type Packet, ZERO_MAC } from "@hopscope/core";
import { output, postrouting, type Stopped } from "./hooks.ts";
import { dropped, type Next, type Passage, record } from "./passage.ts";
import { lookupRoute, type Routed } from "./routing.ts";
import { opened, sendingKey } from "./sockets.ts";

const isUnspecified = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** Sends a packet of one of the namespace's sockets: its first packet, or the answer of a connection it accepted. @internal */
export function send(passage: Passage): Next {
  const before = passage.packet;
  const key = sendingKey(before);
  const flow = key === undefined ? undefined : passage.state.flows.get(key);
  const local = flow === undefined || before.local?.uid !== undefined ? before.local : { mark: flow.mark ?? before.local?.mark ?? 0, uid: flow.uid, gid: flow.gid };
  passage.packet = local === before.local ? before : { ...before, local };
  passage.owned = true;
  return emit(passage, flow === undefined || flow.endpoint === CLIENT_SOCKET);
}

/** Routes a packet of this namespace and takes it through OUTPUT and POSTROUTING. @internal */
export function emit(passage: Passage, opens: boolean): Next {
  const before = passage.packet;
  let routed = routeOut(passage);
  if (routed.type === "none") return opens ? unreachable(passage, routed, before) : noWay(passage, routed, before);
  const { ip } = passage.packet;
  if (ip !== undefined && isUnspecified(ip.src)) {
    if (routed.src === undefined) return dropped(passage, `no source address toward ${ip.dst}`, { origin: routed.origin, code: "linux/no-source-address" });
    passage.packet = { ...passage.packet, ip: { ...ip, src: routed.src } };
  }
  const martian = isMartianSource(passage, routed);
  record(passage, "host", "route output", before, [routeDecision(routed)], passage.owned ? [{ key: "sock_tx", bytes: before.bytes }] : []);
  if (martian) return dropped(passage, `a packet from ${passage.packet.ip?.src} may not leave by ${routed.dev}`, { origin: routed.origin, code: "linux/loopback-source-leaves" });
  if (opens) passage.state = opened(passage.state, passage.packet);

  const reroute = (changed: Packet, after: "mangle" | "nat"): Stopped | undefined => {
    const { packet } = passage;
    const marked = (packet.local?.mark ?? 0) !== (changed.local?.mark ?? 0);
    if (packet.ip?.dst === changed.ip?.dst && (after === "nat" || (!marked && packet.ip?.src === changed.ip?.src))) return undefined;
    const next = routeOut(passage);
    if (next.type === "none") return { type: "outcome", outcome: noWay(passage, next, packet) };
    if (next.type !== routed.type || next.dev !== routed.dev) record(passage, "host", "route output again", packet, [routeDecision(next)]);
    routed = next;
    if (isMartianSource(passage, next)) {
      return { type: "outcome", outcome: dropped(passage, `a packet from ${packet.ip?.src} may not leave by ${next.dev}`, { origin: next.origin, code: "linux/loopback-source-leaves" }) };
    }
    return undefined;
  };
  // The interface that OUTPUT sees stays the one of the first look-up, even after a translation.
  const first = routed;
  const stopped = output(passage, { out: first.dev }, reroute);
  return stopped === undefined ? leave(passage, routed) : refused(stopped);
}

/** Takes a packet through POSTROUTING and out. @internal */
export function leave(passage: Passage, routed: Exclude<Routed, { type: "none" }>): Next {
  const via = routed.type === "unicast" ? routed.via : undefined;
  const stopped = postrouting(passage, { out: routed.dev, via });
  if (stopped !== undefined) return refused(stopped);
  if (routed.dev === "lo") return { type: "loopback" };
  return { type: "forward", out: routed.dev, packet: framed(passage, routed.dev, via) };
}

/** Turns what a hook said into an end, to be answered where it is a REJECT. @internal */
export function refused(stopped: Stopped): Next {
  if (stopped.type === "outcome") return stopped.outcome;
  const { verdict } = stopped;
  return { type: "answer", reason: `refused by "${verdict.by.text}"`, origin: verdict.by.origin, code: "netfilter/reject", with: verdict.with ?? "default" };
}

function routeOut(passage: Passage): Routed {
  const { ip, local } = passage.packet;
  const src = ip === undefined || isUnspecified(ip.src) ? undefined : ip.src;
  return lookupRoute(passage.on.routing, { dst: ip?.dst ?? "", src, mark: local?.mark ?? 0 });
}

/** 127/8 stays at home unless `route_localnet` is set. @see Linux 5.14, net/ipv4/route.c __mkroute_output */
const isMartianSource = ({ packet, on }: Passage, routed: Exclude<Routed, { type: "none" }>): boolean =>
  routed.dev !== "lo" && (packet.ip?.src.startsWith("127.") ?? false) && on.namespace.sysctls?.routeLocalnet !== true;

function noWay(passage: Passage, routed: Extract<Routed, { type: "none" }>, before: Packet): Outcome {
  record(passage, "host", "route output", before, [routeDecision(routed)]);
  return dropped(passage, `${passage.on.place} has no way to ${before.ip?.dst}: ${routed.text}`, { origin: routed.origin, code: "linux/no-route" });
}

/** A socket that cannot even send is told at once (ENETUNREACH, EHOSTUNREACH); nothing leaves. */
function unreachable(passage: Passage, routed: Extract<Routed, { type: "none" }>, before: Packet): Outcome {
  const end = noWay(passage, routed, before);
  const { ip } = before;
  if (end.type !== "drop" || ip === undefined) return end;
  const error = ip.version === 6 ? { icmpType: 1, code: 0 } : { icmpType: 3, code: 0 };
  return { ...end, type: "reject", with: icmpPacket({ src: ip.dst, dst: ip.src }, { ...error, about: before }), out: CLIENT_SOCKET };
}

/** The decision of a route look-up. @internal */
export const routeDecision = (routed: Routed): Decision => ({
  table: "route",
  rule: routed.text,
  verdict: routed.type === "none" ? routed.why : routed.type === "local" ? "to this namespace" : `out of ${routed.dev}${routed.via === undefined ? "" : ` via ${routed.via}`}`,
  origin: routed.origin,
});

/** Writes the Ethernet addresses for the next hop, as far as they are known, and takes off what stays in this kernel. */
function framed({ packet, on }: Passage, dev: string, via: string | undefined): Packet {
  const own = on.routing.interfaces.find(({ name }) => name === dev);
  const hop = via ?? packet.ip?.dst ?? "";
  const dst = own?.neighbours?.[hop] ?? (own?.derivedNeighbours === true ? derivedMac(hop) : undefined);
  return { ...packet, eth: { ...packet.eth, src: own?.mac ?? packet.eth.src, dst: dst ?? ZERO_MAC }, local: undefined };
}

function derivedMac(address: string): Mac | undefined {
  const parts = address.split(".");
  return parts.length === 4 ? `0a:58:${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}` : undefined;
}
