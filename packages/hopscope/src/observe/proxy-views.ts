import type { Journey, Leg, Noted, Seen } from "@hopscope/core";
import { edgeOf, inMilliseconds } from "./edges.ts";
import type { ObservabilitySettings } from "./settings.ts";

const LOG = "access logging is on (ServiceMeshControlPlane spec.proxy.accessLogging.file.name: /dev/stdout).";
const READY = "%UPSTREAM_CONNECTION_POOL_READY_DURATION%";

function tcpViews(leg: Leg, handled: Noted, journey: Journey, { envoyAccessLog, envoyLogFormat }: ObservabilitySettings): readonly Seen[] {
  const life = typeof handled.fact["duration"] === "number" ? handled.fact["duration"] : leg.times.closed - (leg.times.connected ?? leg.times.opened);
  const unread = handled.fact["cluster"] === undefined;
  const rows: Seen[] = [
    {
      vantage: "envoy-access-log",
      edge: edgeOf(leg),
      sees: envoyAccessLog,
      what: "%DURATION%",
      measures: "connection",
      interval: { from: "connection accepted", to: "connection closed" },
      value: life,
      why: unread
        ? `one line with flag ${String(handled.fact["flags"] ?? "-")}, for no filter chain took the connection; its time is no RTT.`
        : `one line when the connection ends; its time is the connection's life (printed as ${inMilliseconds(life)} ms), not an RTT.`,
      wouldIf: envoyAccessLog ? undefined : LOG,
    },
    unread
      ? { vantage: "jaeger", edge: edgeOf(leg), sees: false, what: "span duration", why: "the proxy refused the connection before it read a request." }
      : { vantage: "jaeger", edge: edgeOf(leg), sees: false, what: "span duration", why: "TCP connections make no spans.", wouldIf: "the port's protocol were http." },
  ];
  const onward = journey.legs.filter(({ parent }) => parent === leg.id).at(-1);
  if (onward === undefined) return rows;
  const { opened, connected } = onward.times;
  const listed = envoyAccessLog && envoyLogFormat?.includes(READY) === true;
  return [
    ...rows,
    {
      vantage: "envoy-access-log",
      edge: edgeOf(onward),
      sees: listed && connected !== undefined,
      what: READY,
      measures: "round trip",
      interval: { from: "upstream connection begun", to: "connection ready" },
      value: connected === undefined ? undefined : connected - opened,
      why: `about one round trip on a new connection (more with TLS), in whole milliseconds${connected === undefined ? "" : ` (printed as ${inMilliseconds(connected - opened)})`}; upstream_cx_connect_ms is the same as a metric.`,
      wouldIf: listed ? undefined : "access logging is on, with this operator in its format (the default format lacks it).",
    },
  ];
}

function httpViews(leg: Leg, handled: Noted, { envoyAccessLog, tracing }: ObservabilitySettings): readonly Seen[] {
  const took = typeof handled.fact["duration"] === "number" ? handled.fact["duration"] : leg.times.closed - leg.times.opened;
  const traced = tracing !== undefined;
  const rate = tracing ?? 0;
  const few = rate < 100 ? ", so this one may be missing" : "";
  return [
    {
      vantage: "envoy-access-log",
      edge: edgeOf(leg),
      sees: envoyAccessLog,
      what: "%DURATION%",
      measures: "request",
      interval: { from: "first byte of the request received", to: "last byte of the answer sent" },
      value: took,
      why: `times the request in this proxy with all behind it (printed as ${inMilliseconds(took)} ms), not the network.`,
      wouldIf: envoyAccessLog ? undefined : LOG,
    },
    {
      vantage: "jaeger",
      edge: edgeOf(leg),
      sees: traced && rate > 0,
      what: "span duration",
      measures: "request",
      interval: { from: "request received by the proxy", to: "answer sent" },
      value: traced ? took : undefined,
      why: traced ? `as long as the access log's time, not an RTT; spans are made for ${rate} % of requests${few}; the application must pass the trace headers on.` : "tracing is off.",
      wouldIf: traced ? undefined : "the mesh traces (ServiceMeshControlPlane spec.tracing.type: Jaeger).",
    },
  ];
}

/**
 * What Envoy's log and traces hold of a leg that came to a proxy.
 *
 * @see Envoy 1.26, access log command operators; OpenShift Service Mesh 2.5 (no access log by default)
 */
export function envoyViews(leg: Leg, handled: Noted | undefined, journey: Journey, settings: ObservabilitySettings): readonly Seen[] {
  if (handled === undefined) return [];
  return handled.fact["protocol"] === undefined ? tcpViews(leg, handled, journey, settings) : httpViews(leg, handled, settings);
}

/**
 * What HAProxy's log holds: the connect time to the pod, and in TCP mode too.
 *
 * @see HAProxy 2.6 configuration manual 8.4
 */
export function routerView(leg: Leg, journey: Journey, { routerAccessLog }: ObservabilitySettings): readonly Seen[] {
  const line = journey.observations.find(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "haproxy");
  if (line === undefined) return [];
  const wouldIf = routerAccessLog ? undefined : "the IngressController has spec.logging.access.destination.type: Container.";
  const onward = journey.legs.filter(({ parent }) => parent === leg.id).at(-1);
  const connect = onward?.times.connected === undefined ? undefined : onward.times.connected - onward.times.opened;
  if (onward === undefined) {
    return [{ vantage: "haproxy-log", edge: edgeOf(leg), sees: routerAccessLog, what: "Tc", why: "no server was asked: Tc and Tr are -1, and the line has the router's own answer.", wouldIf }];
  }
  return [
    {
      vantage: "haproxy-log",
      edge: edgeOf(onward),
      sees: routerAccessLog,
      what: "Tc",
      measures: connect === undefined ? undefined : "round trip",
      interval: { from: "SYN to the server", to: "its SYN, ACK" },
      value: connect,
      why: connect === undefined
        ? "the server never accepted: Tc is -1, and so is Tr."
        : `a network round trip to the pod on a new connection, 0 on a reused one, in whole milliseconds (printed as ${inMilliseconds(connect)}); Tr holds everything behind the router.`,
      wouldIf,
    },
  ];
}
