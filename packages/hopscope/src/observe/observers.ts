import type { Journey, Leg, Noted, Seen } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

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
  const opener = (leg: Leg): readonly Noted[] => {
    const parent = journey.legs.find(({ id }) => id === leg.parent);
    return parent === undefined ? [] : envoys(parent);
  };
  for (const leg of journey.legs) {
    if (leg.protocol === "udp" || leg.protocol === "icmp") continue;
    seen.push(...kernelViews(leg, settings), ...meshViews(leg, envoys(leg), opener(leg), settings), ...routerView(leg, journey, settings));
  }
  const [first] = journey.legs.filter(({ protocol }) => protocol !== "udp");
  if (first !== undefined) seen.push(curlView(journey, first));
  return seen;
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
  const smoothed = Math.round(roundTrip + (think - roundTrip) / 8);
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

function meshViews(leg: Leg, server: readonly Noted[], client: readonly Noted[], settings: ObservabilitySettings): readonly Seen[] {
  const edge = edgeOf(leg);
  const views: Seen[] = [];
  const serves = server[0];
  const opens = client[0];
  if (serves === undefined && opens === undefined) {
    if (!settings.mesh) return [];
    const why = "no mesh proxy stands at either end of this leg, so no istio metric is made for it.";
    return [{ vantage: "kiali", edge, sees: false, what: "istio_requests_total", why, wouldIf: "both ends were in the mesh; the outside never is." }];
  }
  const http = leg.protocol === "http" || leg.protocol === "tls";
  const isHttp = (noted: Noted | undefined): boolean => noted !== undefined && http && noted.fact["code"] !== 0 && noted.fact["code"] !== undefined;
  const gateway = (noted: Noted | undefined): boolean => noted !== undefined && /gateway/.test(noted.object);
  const speaks = isHttp(opens) || isHttp(serves);
  if (opens === undefined && gateway(serves)) {
    views.push({
      vantage: "kiali",
      edge,
      sees: false,
      what: "istio_requests_total",
      why: "the graph begins at the gateway: a gateway reports as source only, so the leg that comes from outside is in no metric.",
      wouldIf: "the client outside were in the mesh; for times of this edge, use the router's access log or the gateway's.",
    });
  } else if (isLoopback(leg)) {
    views.push({ vantage: "kiali", edge, sees: false, what: "istio_requests_total", why: "this leg is between a sidecar and its own application; metrics are made for the leg between the proxies." });
  } else if (speaks) {
    const took = leg.times.closed - leg.times.opened;
    views.push({
      vantage: "kiali",
      edge,
      sees: true,
      what: "istio_request_duration_milliseconds",
      interval: { from: "request received by the proxy", to: "last byte of the answer sent" },
      value: took,
      why: "the proxy's whole request time with everything behind it (network, the other proxy, the application): a response time, not an RTT.",
    });
  } else {
    views.push({
      vantage: "kiali",
      edge,
      sees: true,
      what: "istio_tcp_sent_bytes_total",
      why: "the proxy carries this leg as TCP: bytes and connections are counted, and no istio TCP metric holds a time.",
      wouldIf: "the port's protocol were http (name it http-… or set protocol: HTTP); even then the number is a response time, not an RTT.",
    });
  }
  const noted = opens ?? serves;
  if (noted !== undefined) {
    views.push({
      vantage: "envoy-access-log",
      edge,
      sees: settings.envoyAccessLog,
      what: speaks ? "%DURATION%" : "%UPSTREAM_CONNECTION_POOL_READY_DURATION%",
      interval: speaks ? { from: "first byte of the request received", to: "last byte of the answer sent" } : { from: "upstream connection begun", to: "connection ready" },
      value: speaks ? leg.times.closed - leg.times.opened : leg.times.connected === undefined ? undefined : leg.times.connected - leg.times.opened,
      why: speaks ? "times the request in this proxy, not the network." : "%DURATION% of a TCP connection is its life; the pool-ready time of a new connection is about one RTT, in whole milliseconds.",
      wouldIf: settings.envoyAccessLog ? undefined : "access logging is on (ServiceMeshControlPlane spec.proxy.accessLogging.file.name: /dev/stdout).",
    });
    views.push({
      vantage: "jaeger",
      edge,
      sees: speaks && settings.tracing !== undefined,
      what: "span duration",
      interval: speaks ? { from: "request received by the proxy", to: "answer sent" } : undefined,
      value: speaks && settings.tracing !== undefined ? leg.times.closed - leg.times.opened : undefined,
      why: speaks ? (settings.tracing === undefined ? "tracing is off." : `spans are made for HTTP, for ${settings.tracing} % of requests; the application must pass the trace headers on.`) : "TCP connections make no spans.",
      wouldIf: speaks ? (settings.tracing === undefined ? "spec.tracing.type is Jaeger." : undefined) : "the port's protocol were http.",
    });
  }
  return views;
}

function routerView(leg: Leg, journey: Journey, settings: ObservabilitySettings): readonly Seen[] {
  const line = journey.observations.find(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "haproxy");
  if (line === undefined) return [];
  const onward = journey.legs.find(({ parent }) => parent === leg.id);
  return [
    {
      vantage: "haproxy-log",
      edge: edgeOf(leg),
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
