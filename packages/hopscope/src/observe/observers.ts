import type { Journey, Leg, Noted, Seen } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { graphViews } from "./mesh-views.ts";

/** What the cluster's observability is set to; what is not said has the product's default. */
export interface ObservabilitySettings {
  readonly envoyAccessLog: boolean;
  readonly routerAccessLog: boolean;
  /** Percent of requests that are traced; undefined without tracing. */
  readonly tracing: number | undefined;
  readonly flowRtt: boolean;
  readonly mesh: boolean;
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? (inner as Record<string, unknown>)[key] : undefined), value);

/** Reads which tools are switched on from the ServiceMeshControlPlane, the IngressController and the FlowCollector. */
export function observabilityOf(snapshot: Snapshot): ObservabilitySettings {
  const planes = resourcesOf(snapshot, "ServiceMeshControlPlane");
  const sampling = planes.map((plane) => at(plane.spec, "tracing", "sampling")).find((value) => typeof value === "number");
  const tracer = planes.some((plane) => at(plane.spec, "tracing", "type") !== undefined && at(plane.spec, "tracing", "type") !== "None");
  return {
    envoyAccessLog: planes.some((plane) => typeof at(plane.spec, "proxy", "accessLogging", "file", "name") === "string"),
    routerAccessLog: resourcesOf(snapshot, "IngressController").some((controller) => at(controller.spec, "logging", "access") !== undefined),
    tracing: tracer ? (typeof sampling === "number" ? sampling / 100 : 100) : undefined,
    flowRtt: resourcesOf(snapshot, "FlowCollector").some((collector) => JSON.stringify(at(collector.spec, "agent", "ebpf", "features") ?? []).includes("FlowRTT")),
    mesh: planes.length > 0,
  };
}

const nameOf = (party: Leg["from"]): string => party.object ?? party.address;
const edgeOf = (leg: Leg): Seen["edge"] => ({ from: nameOf(leg.from), to: nameOf(leg.to) });

/**
 * Says for every leg and request which tool would have seen it, which interval its number spans, and why not.
 *
 * @see Istio 1.18 standard metrics; Kiali 1.73 (a gateway reports only as source); HAProxy 2.6 manual 8.4; NetObserv eBPF agent (smoothed kernel RTT)
 */
export function observersOf(journey: Journey, snapshot: Snapshot): readonly Seen[] {
  const settings = observabilityOf(snapshot);
  const seen: Seen[] = [];
  const envoys = (leg: Leg): readonly Noted[] => journey.observations.filter(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "envoy");
  for (const leg of journey.legs) {
    if (leg.protocol === "udp" || leg.protocol === "icmp") continue;
    seen.push(...kernelViews(leg, settings), ...envoyViews(leg, envoys(leg)[0], journey, settings), ...routerView(leg, journey, settings));
  }
  if (settings.mesh) seen.push(...graphViews(journey, snapshot));
  const [first] = journey.legs.filter(({ protocol }) => protocol !== "udp");
  if (first !== undefined) seen.push(curlView(journey, first));
  return once(seen);
}

/** One row per vantage and edge: the first. */
function once(rows: readonly Seen[]): readonly Seen[] {
  const key = ({ vantage, edge }: Seen): string => JSON.stringify([vantage, edge.from, edge.to]);
  return [...new Map([...rows].reverse().map((row) => [key(row), row])).values()].reverse();
}

const isLoopback = (leg: Leg): boolean => leg.from.object === leg.to.object && leg.from.object !== undefined;

function kernelViews(leg: Leg, settings: ObservabilitySettings): readonly Seen[] {
  const edge = edgeOf(leg);
  const roundTrip = leg.roundTrip.p50;
  const connected = leg.times.connected !== undefined;
  const dump: Seen = {
    vantage: "tcpdump",
    edge,
    sees: connected,
    what: "time from SYN to SYN, ACK",
    interval: { from: "SYN sent", to: "SYN, ACK received" },
    value: connected ? roundTrip : undefined,
    why: connected ? "at the opener this is one round trip of the network path, without any process: the RTT that is asked for." : "no SYN, ACK comes back; only the SYN and its repetitions are seen.",
  };
  if (isLoopback(leg)) {
    return [dump, { vantage: "netobserv", edge, sees: false, what: "TimeFlowRttNs", why: "the agent skips loopback interfaces, and this leg stays inside one pod." }];
  }
  const answered = leg.times.answered;
  const think = answered === undefined || leg.times.connected === undefined ? 0 : answered - leg.times.connected;
  const smoothed = think > 40_000_000 ? roundTrip : Math.round(roundTrip + (think - roundTrip) / 8);
  return [
    dump,
    {
      vantage: "netobserv",
      edge,
      sees: settings.flowRtt && connected,
      what: "TimeFlowRttNs",
      interval: { from: "segment sent", to: "its acknowledgement received" },
      value: connected ? Math.max(smoothed, roundTrip) : undefined,
      why: "the kernel's smoothed RTT: a request's acknowledgement rides on the answer, so an eighth of the server's think time is in it after one request.",
      wouldIf: settings.flowRtt ? undefined : "the FlowCollector has spec.agent.ebpf.features: [FlowRTT].",
    },
  ];
}

function envoyViews(leg: Leg, handled: Noted | undefined, journey: Journey, settings: ObservabilitySettings): readonly Seen[] {
  if (handled === undefined) return [];
  const edge = edgeOf(leg);
  if (handled.fact["protocol"] === undefined) {
    const onward = journey.legs.find(({ parent }) => parent === leg.id);
    const tcp: Seen = { vantage: "jaeger", edge, sees: false, what: "span duration", why: "TCP connections make no spans.", wouldIf: "the port's protocol were http." };
    if (onward === undefined) return [tcp];
    const { opened, connected } = onward.times;
    return [
      {
        vantage: "envoy-access-log",
        edge: edgeOf(onward),
        sees: false,
        what: "%UPSTREAM_CONNECTION_POOL_READY_DURATION%",
        interval: { from: "upstream connection begun", to: "connection ready" },
        value: connected === undefined ? undefined : connected - opened,
        why: "about one RTT on a new connection (more with TLS), whole milliseconds; upstream_cx_connect_ms is the same as a metric. %DURATION% is the connection's life.",
        wouldIf: "access logging is on, with this operator in its format (the default format lacks it).",
      },
      tcp,
    ];
  }
  const took = typeof handled.fact["duration"] === "number" ? handled.fact["duration"] : leg.times.closed - leg.times.opened;
  const traced = settings.tracing !== undefined;
  return [
    {
      vantage: "envoy-access-log",
      edge,
      sees: settings.envoyAccessLog,
      what: "%DURATION%",
      interval: { from: "first byte of the request received", to: "last byte of the answer sent" },
      value: took,
      why: "times the request in this proxy with all behind it, not the network.",
      wouldIf: settings.envoyAccessLog ? undefined : "access logging is on (ServiceMeshControlPlane spec.proxy.accessLogging.file.name: /dev/stdout).",
    },
    {
      vantage: "jaeger",
      edge,
      sees: traced,
      what: "span duration",
      interval: { from: "request received by the proxy", to: "answer sent" },
      value: traced ? took : undefined,
      why: traced ? `spans are made for ${settings.tracing ?? 0} % of requests; the application must pass the trace headers on.` : "tracing is off.",
      wouldIf: traced ? undefined : "spec.tracing.type is Jaeger.",
    },
  ];
}

function routerView(leg: Leg, journey: Journey, settings: ObservabilitySettings): readonly Seen[] {
  const line = journey.observations.find(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "haproxy");
  if (line === undefined) return [];
  const onward = journey.legs.find(({ parent }) => parent === leg.id);
  return [
    {
      vantage: "haproxy-log",
      edge: edgeOf(onward ?? leg),
      sees: settings.routerAccessLog,
      what: "Tc",
      interval: { from: "SYN to the server", to: "its SYN, ACK" },
      value: onward?.times.connected === undefined ? undefined : onward.times.connected - onward.times.opened,
      why: "Tc is a network round trip to the pod on a new connection (0 on a reused one); Tr holds everything behind the router. Whole milliseconds.",
      wouldIf: settings.routerAccessLog ? undefined : "the IngressController has spec.logging.access.destination.type: Container.",
    },
  ];
}

function curlView(journey: Journey, first: Leg): Seen {
  const loopback = first.hops.some(({ stage, changes }) => stage.includes("OUTPUT") && changes.some(({ field, to }) => field.endsWith("dst") && to === "127.0.0.1"));
  const connected = first.times.connected;
  return {
    vantage: "curl",
    edge: edgeOf(first),
    sees: connected !== undefined,
    what: "time_connect - time_namelookup",
    interval: { from: "name resolved", to: "connection ready" },
    value: connected === undefined ? undefined : connected - first.times.opened,
    why: loopback
      ? "the client's own sidecar accepts the connection on loopback: this is no RTT to the server."
      : `one round trip to ${journey.legs.length > 1 ? "the first proxy, not to the application" : "the server"}.`,
  };
}
