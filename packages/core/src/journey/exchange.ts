import type { Connection, Opening, Payload, Reply } from "../network/endpoint.ts";
import { replyTo, tcpPacket, udpPacket } from "../packet/builders.ts";
import type { Packet } from "../packet/packet.ts";
import { compose } from "../latency/compose.ts";
import { sharesOf } from "../latency/profile.ts";
import type { Hop, Leg, LegOutcome } from "./journey.ts";
import { contextFor, hopOf, type Place, type Run } from "./run.ts";
import { walk, type Walked, type WalkEnd } from "./walk.ts";

/** Endpoint id by which a namespace says that a packet belongs to a connection one of its own sockets opened. */
export const CLIENT_SOCKET = "client-socket";

const SECOND = 1_000_000_000;
const FIRST_EPHEMERAL = 32768;

/**
 * Opens one leg, sends the payload and comes back with its end.
 *
 * The clock runs on medians: the handshake's round trip, then the request's, then what the acceptor takes. Where a
 * deadline of the opener comes first, the opener sees a time-out at that deadline, whatever happens behind it.
 *
 * @internal
 */
export function runExchange(run: Run, place: Place, opening: Opening): Reply {
  const { clock } = place;
  const opened = clock.now;
  const id = run.legs.length;
  if (id >= run.maxLegs) {
    run.caveats.push({ code: "journey/too-many-legs", problem: `more than ${run.maxLegs} legs: the journey was cut` });
    return { type: "unknown", reason: `the journey needs more than ${run.maxLegs} legs`, after: 0 };
  }
  run.legs.push(undefined);
  run.legHops.push([]);
  const request = recordRequest(run, place, opening, id);

  const first = firstPacket(opening, FIRST_EPHEMERAL + id);
  const go = (stage: string, port: string, packet: Packet): Walked => {
    const choose = opening.payload.type === "dns" ? run.aside : run.choose;
    const walked = walk(run.network, run.wiring, { stage, port, packet }, run.states, { choose, maxVisits: run.maxVisits });
    run.states = walked.states;
    run.caveats.push(...walked.caveats);
    run.findings.push(...walked.findings);
    return walked;
  };
  const forward = go(opening.identity.namespace, "local", first);
  const hops = run.legHops[id] ?? [];
  hops.push(...forward.steps.map(hopOf(run)));
  const oneWay = (list: readonly Hop[]): number => list.reduce((sum, hop) => sum + hop.latency.p50, 0);
  const openerAddress = forward.steps[0]?.after.ip?.src ?? first.ip?.src ?? "";

  const finish = (outcome: LegOutcome, extra: Partial<Leg>, reply: Reply): Reply => {
    const once = [...hops, ...(extra.reply?.hops ?? [])].filter((hop) => hop.packet !== undefined);
    run.legs[id] = {
      id: id + 1,
      parent: place.leg === undefined ? undefined : place.leg + 1,
      protocol: protocolOf(opening),
      from: { object: opening.identity.object, address: openerAddress, port: FIRST_EPHEMERAL + id },
      to: { address: opening.to.address, port: opening.to.port },
      outcome,
      hops,
      roundTrip: compose(sharesOf(once.flatMap((hop) => hop.terms), run.profile)),
      ...extra,
      times: { ...extra.times, opened, closed: clock.now },
    };
    if (request !== undefined && reply.type === "http") run.requests[request] = { ...required(run.requests[request]), status: reply.status };
    return { ...reply, after: clock.now - opened };
  };
  const lapse = (nanoseconds: number): void => {
    clock.now += nanoseconds;
    run.waited += nanoseconds;
  };
  const silence = (end: { reason: string; origin?: WalkEndOrigin; code?: string }, extra: Partial<Leg>): Reply => {
    lapse(opening.connectTimeout ?? (opening.protocol === "udp" ? 5 * SECOND : 127 * SECOND));
    return finish("dropped", { ...extra, ended: end }, { type: "timeout", phase: "connect", detail: end.reason, origin: end.origin, after: 0 });
  };

  const { end } = forward;
  if (end.type === "unknown") return finish("unknown", { ended: end }, { type: "unknown", reason: end.reason, origin: end.origin, after: 0 });
  if (end.type === "dropped") return silence(end, {});
  if (end.type === "rejected") {
    const back = returned(run, go, { end, opener: opening.identity.namespace });
    const reply = { outcome: back.arrived ? ("accepted" as const) : ("dropped" as const), hops: back.hops };
    if (!back.arrived) return silence({ ...end, reason: `${end.reason}; the refusal did not come back: ${back.reason}` }, { reply });
    clock.now += oneWay(hops) + oneWay(back.hops);
    return finish("refused", { ended: end, reply }, { type: "reset", reason: "connect-refused", detail: end.reason, origin: end.origin, after: 0 });
  }
  const endpoint = run.network.endpoints.get(end.to.endpoint);
  if (endpoint === undefined) {
    const reason = `no endpoint "${end.to.endpoint}" in this network`;
    return finish("unknown", { ended: { reason } }, { type: "unknown", reason, after: 0 });
  }
  const to = { object: endpoint.identity.object, address: opening.to.address, port: opening.to.port };
  const answer = go(end.stage, "local", replyTo(end.packet));
  const replyHops = answer.steps.map(hopOf(run));
  const arrived = answer.end.type === "delivered" && answer.end.stage === opening.identity.namespace && answer.end.to.endpoint === CLIENT_SOCKET;
  const reply = { outcome: outcomeOfReply(answer.end, arrived), hops: replyHops };
  const connection = connectionOf(end, opening);
  if (!arrived) {
    if (answer.end.type === "unknown") return finish("unknown", { to, reply, connection, ended: answer.end }, { type: "unknown", reason: answer.end.reason, origin: answer.end.origin, after: 0 });
    const reason = answer.end.type === "delivered" ? `the reply reached ${answer.end.stage}, which opened no such connection` : answer.end.reason;
    const origin = answer.end.type === "delivered" ? undefined : answer.end.origin;
    return silence({ reason: `the reply did not come back: ${reason}`, origin, code: "journey/reply-lost" }, { to, reply, connection });
  }
  const roundTrip = oneWay(hops) + oneWay(replyHops);
  if (opening.protocol === "tcp") clock.now += roundTrip;
  const connected = clock.now;
  const inner: Place = { identity: endpoint.identity, endpoint: endpoint.id, leg: id, request, clock };
  const context = contextFor(run, inner);
  const refused = endpoint.accept(connection, context);
  if (refused !== undefined) {
    const why = refused.type === "reset" || refused.type === "timeout" ? { reason: refused.detail, origin: refused.origin } : { reason: refused.type === "unknown" ? refused.reason : `${to.object} ends the connection` };
    return finish("refused", { to, reply, connection, ended: why, times: { opened, connected, closed: clock.now } }, refused);
  }
  clock.now += oneWay(hops.filter((hop) => hop.packet !== undefined));
  const requested = clock.now;
  const served = endpoint.serve(opening.payload, connection, context);
  clock.now += oneWay(replyHops);
  const deadline = opening.responseTimeout;
  const times = { opened, connected, requested, answered: clock.now, closed: clock.now };
  if (deadline !== undefined && clock.now - connected > deadline) {
    clock.now = connected + deadline;
    return finish("accepted", { to, reply, connection, times: { ...times, answered: undefined } }, { type: "timeout", phase: "response", detail: `no answer from ${to.object ?? to.address} within ${deadline / 1e6} ms`, after: 0 });
  }
  return finish("accepted", { to, reply, connection, times }, served);
}

type WalkEndOrigin = Extract<WalkEnd, { type: "dropped" }>["origin"];

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("a recorded value is missing");
  return value;
}

function firstPacket(opening: Opening, port: number): Packet {
  const unspecified = opening.to.address.includes(":") ? "::" : "0.0.0.0";
  const { uid, gid } = opening.identity;
  const seed = { src: opening.source ?? unspecified, dst: opening.to.address, srcPort: port, dstPort: opening.to.port, local: { mark: 0, uid, gid } };
  return opening.protocol === "tcp" ? tcpPacket(seed) : udpPacket(seed);
}

function protocolOf(opening: Opening): Leg["protocol"] {
  if (opening.protocol === "udp") return "udp";
  if (opening.tls !== undefined) return "tls";
  return opening.payload.type === "http" ? "http" : "tcp";
}

function connectionOf(end: Extract<WalkEnd, { type: "delivered" }>, opening: Opening): Connection {
  const { ip, l4 } = end.packet;
  const source = { address: ip?.src ?? "", port: l4 !== undefined && l4.type !== "icmp" ? l4.src : 0 };
  return { protocol: opening.protocol, source, local: end.to.socket, originalDestination: end.to.originalDestination ?? end.to.socket, tls: opening.tls };
}

function outcomeOfReply(end: WalkEnd, arrived: boolean): LegOutcome {
  if (arrived) return "accepted";
  switch (end.type) {
    case "unknown":
      return "unknown";
    case "rejected":
      return "refused";
    default:
      return "dropped";
  }
}

/** Walks a refusal back to whoever sent the packet; it counts where the socket that opened the connection gets it. */
function returned(run: Run, go: (stage: string, port: string, packet: Packet) => Walked, { end, opener }: { readonly end: Extract<WalkEnd, { type: "rejected" }>; readonly opener: string }): { arrived: boolean; hops: readonly Hop[]; reason: string } {
  if (end.out === CLIENT_SOCKET) return end.stage === opener ? { arrived: true, hops: [], reason: "" } : { arrived: false, hops: [], reason: `it reached ${end.stage}, which opened no such connection` };
  const peer = run.wiring.get(`${end.stage}\n${end.out}`);
  if (peer === undefined) return { arrived: false, hops: [], reason: `nothing is connected to port "${end.out}" of ${end.stage}` };
  const back = go(peer[0], peer[1], end.with);
  const hops = back.steps.map(hopOf(run));
  if (back.end.type !== "delivered") return { arrived: false, hops, reason: back.end.reason };
  const arrived = back.end.stage === opener && back.end.to.endpoint === CLIENT_SOCKET;
  return { arrived, hops, reason: arrived ? "" : `it reached ${back.end.stage}, which opened no such connection` };
}

function recordRequest(run: Run, place: Place, opening: Opening, leg: number): number | undefined {
  const payload: Payload = opening.payload;
  if (payload.type !== "http") return undefined;
  const { method, authority, path } = payload.request;
  const parent = place.request === undefined ? undefined : place.request + 1;
  run.requests.push({ id: run.requests.length + 1, parent, leg: leg + 1, method, authority, path, ...opening.label });
  return run.requests.length - 1;
}
