import type { Leg, Seen } from "@hopscope/core";
import { edgeOf, isLoopback, isOutside } from "./edges.ts";
import type { ObservabilitySettings } from "./settings.ts";

/** After this the kernel acknowledges a request by itself, before the answer. */
const DELAYED_ACK = 40_000_000;
const WOULD = "the FlowCollector has spec.agent.ebpf.features: [FlowRTT].";

/** Time from the connection to the answer, in which the peer thought. */
const thinkOf = ({ times: { connected, answered } }: Leg): number => (answered === undefined || connected === undefined ? 0 : answered - connected);

/** What the kernel's smoothed RTT says after one request: an eighth of the second sample, in which the peer thought. */
function smoothed(leg: Leg): number {
  const trip = leg.roundTrip.p50;
  const think = thinkOf(leg);
  return think > DELAYED_ACK ? trip : Math.max(trip, Math.round(trip + (think - trip) / 8));
}

function flowView(leg: Leg, { flowRtt }: ObservabilitySettings): Seen {
  const connected = leg.times.connected !== undefined;
  const base = { vantage: "netobserv", edge: edgeOf(leg), what: "TimeFlowRttNs", measures: "smoothed round trip", interval: { from: "segment sent", to: "its acknowledgement received" } } as const;
  if (isLoopback(leg)) return { ...base, interval: undefined, sees: false, why: "the agent skips loopback interfaces, and this leg stays inside one pod." };
  if (!connected) return { ...base, sees: false, why: "no connection came about, so there is no RTT; only packets are counted, where they pass a node." };
  const wouldIf = flowRtt ? undefined : WOULD;
  if (isOutside(leg.from)) {
    return { ...base, sees: flowRtt, value: leg.roundTrip.p50, why: "the kernel's smoothed RTT of the accepting socket, as the opener stands on no node of the cluster: its kernel acknowledges at once, so this is near one round trip.", wouldIf };
  }
  return {
    ...base,
    sees: flowRtt,
    value: smoothed(leg),
    why: thinkOf(leg) > DELAYED_ACK
      ? "the kernel's smoothed RTT: the server thinks for longer than its kernel waits with an acknowledgement (40 ms), so this is near one round trip; of a quicker server it would hold the think time."
      : "the kernel's smoothed RTT: a request's acknowledgement rides on the answer, so an eighth of the server's think time is in it after one request, and all of it after many.",
    wouldIf,
  };
}

function dumpView(leg: Leg): Seen {
  const connected = leg.times.connected !== undefined;
  const why = isLoopback(leg)
    ? "on lo of the pod: one round trip between two processes of one pod, not of the network."
    : "at the opener this is one round trip of the network path, without any process: the RTT that is asked for.";
  return {
    vantage: "tcpdump",
    edge: edgeOf(leg),
    sees: connected,
    what: "time from SYN to SYN, ACK",
    measures: "round trip",
    interval: { from: "SYN sent", to: "SYN, ACK received" },
    value: connected ? leg.roundTrip.p50 : undefined,
    why: connected ? why : leg.outcome === "refused" ? "no SYN, ACK comes back; the SYN is seen, and the refusal if it comes by packet." : "no SYN, ACK comes back; only the SYN and its repetitions are seen.",
  };
}

function lookupViews(leg: Leg, { dnsTracking }: ObservabilitySettings): readonly Seen[] {
  const answered = leg.outcome === "accepted";
  const { opened, closed, answered: at } = leg.times;
  const value = answered ? (at ?? closed) - opened : undefined;
  const base = { edge: edgeOf(leg), interval: { from: "query sent", to: "answer received" }, measures: "request", value } as const;
  return [
    { ...base, vantage: "tcpdump", sees: answered, what: "time from query to answer", why: answered ? "a look-up by UDP: one round trip and the server's own time." : "the query is seen, no answer is." },
    { ...base, vantage: "netobserv", sees: dnsTracking && answered, what: "DnsLatencyMs", why: "a look-up by UDP has no RTT of a kernel's socket; the agent pairs query and answer.", wouldIf: dnsTracking ? undefined : "the FlowCollector has spec.agent.ebpf.features: [DNSTracking]." },
  ];
}

/** What a packet capture and the network's flow agent see of a leg. */
export function kernelViews(leg: Leg, settings: ObservabilitySettings): readonly Seen[] {
  if (leg.protocol === "udp") return lookupViews(leg, settings);
  return leg.protocol === "icmp" ? [] : [dumpView(leg), flowView(leg, settings)];
}
