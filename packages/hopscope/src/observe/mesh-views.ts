import type { Journey, Leg, Seen } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { edgesOfSeries, type KialiEdge, type KialiGraph, kialiGraphs, type KialiNode, parseQuestion, type ProxySeries, seriesOf, steadyTraffic } from "@hopscope/model-istio";
import { edgeOf, isLoopback } from "./edges.ts";
import type { ObservabilitySettings } from "./settings.ts";

const SPAN = { from: "request received by the proxy", to: "last byte of the answer sent" };
const isServer = ({ labels }: ProxySeries): boolean => labels["reporter"] === "destination";

function nodeName(node: KialiNode | undefined, id: string): string {
  if (node === undefined) return id;
  if (node.nodeType === "unknown") return "unknown";
  const name = node.nodeType === "service" ? node.service : (node.workload ?? node.app);
  const full = node.namespace === undefined || node.namespace === "unknown" ? name : `${node.namespace}/${name ?? ""}`;
  return `${node.nodeType === "service" ? "service" : "workload"} ${full ?? id}`;
}

/** What the graph page is asked: every namespace of the journey, and the response time's label ticked; the page's other marks do not matter here. */
function questionFor(series: readonly ProxySeries[], snapshot: Snapshot, istioNamespace: string): ReturnType<typeof parseQuestion> {
  const names = series.flatMap(({ labels }) => [labels["source_workload_namespace"], labels["destination_workload_namespace"]]);
  const namespaces = [...new Set(names)].filter((name) => name !== undefined && name !== "unknown").sort();
  const accessible = new Set([...namespaces, ...resourcesOf(snapshot, "Namespace").map(({ metadata }) => metadata.name)]);
  return parseQuestion(
    "/namespaces/graph",
    { namespaces: namespaces.join(","), graphType: "versionedApp", injectServiceNodes: "true", appenders: "serviceEntry,responseTime", responseTime: "95" },
    { istioNamespace, accessible: [...accessible].filter((name) => name !== undefined) },
  );
}

interface Drawing {
  readonly graph: KialiGraph;
  readonly other: KialiGraph | undefined;
  readonly series: readonly ProxySeries[];
  readonly question: ReturnType<typeof parseQuestion>;
}

/** The series behind an edge; a recognised ServiceEntry stands for all its hosts. The server's report comes first. */
function behind(edge: KialiEdge, { graph, series, question }: Drawing): ProxySeries | undefined {
  const entry: unknown = graph.nodes.find(({ id }) => id === edge.target)?.["isServiceEntry"];
  const hosts: unknown = typeof entry === "object" && entry !== null ? Reflect.get(entry, "hosts") : undefined;
  const drawn = series.filter(({ labels }) =>
    edgesOfSeries(labels, question).some(({ source, target }) => source === edge.source && (target === edge.target || (Array.isArray(hosts) && hosts.includes(labels["destination_service_name"])))),
  );
  return drawn.find(isServer) ?? drawn[0];
}

function timeView(edge: KialiEdge, one: ProxySeries | undefined, drawing: Drawing): Pick<Seen, "what" | "measures" | "interval" | "value" | "why" | "wouldIf"> {
  const printed = edge.responseTime;
  const target = drawing.graph.nodes.find(({ id }) => id === edge.target);
  if (edge.traffic.protocol === "tcp") {
    return { what: "istio_tcp_received_bytes_total", measures: "bytes", why: "a TCP edge: bytes per second only, never a time, for no istio TCP metric has one.", wouldIf: "the port's protocol were http: a response time then, still no RTT." };
  }
  const silenced = one?.overrides?.disabled.has("istio_request_duration_milliseconds") === true;
  if (printed === undefined && silenced) {
    return { what: "istio_requests_total", measures: "count", why: `rate only: ${one?.overrides?.by.join(" and ") ?? ""} switches the histogram of durations off.`, wouldIf: "REQUEST_DURATION were not disabled." };
  }
  if (printed === undefined) {
    const why = target?.["isServiceEntry"] !== undefined
      ? "rate only: Kiali recognises the ServiceEntry, and with that the edge loses its response time."
      : "rate only: Kiali puts the response time on the edge from the service to its workload.";
    return { what: "istio_requests_total", measures: "count", why };
  }
  const side = one !== undefined && isServer(one) ? "server's" : "client's";
  return {
    what: "istio_request_duration_milliseconds",
    measures: "request",
    interval: SPAN,
    value: one?.duration,
    why: `a response time of the ${side} proxy, not an RTT: the p95 of many such requests, printed as ${printed} ms (read from the histogram's buckets). One request alone draws nothing.`,
    wouldIf: "the Response Time label is ticked; by default none is.",
  };
}

function kialiViews(drawing: Drawing, { kiali }: ObservabilitySettings): readonly Seen[] {
  const { graph, other } = drawing;
  const named = (id: string): string => nodeName(graph.nodes.find((node) => node.id === id), id);
  return graph.edges.map((edge): Seen => {
    const one = behind(edge, drawing);
    const view = timeView(edge, one, drawing);
    const chance = other !== undefined && !other.edges.some(({ source, target }) => source === edge.source && target === edge.target);
    const why = `${view.why}${chance ? " Whether the ServiceEntry is recognised is chance: it depends on which service Kiali looks at first." : ""}`;
    const row: Seen = { vantage: "kiali", edge: { from: named(edge.source), to: named(edge.target) }, sees: kiali, ...view, why };
    return kiali ? row : { ...row, wouldIf: "Kiali is installed (ServiceMeshControlPlane spec.addons.kiali.enabled: true)." };
  });
}

/** Series that Telemetry objects leave so short that Kiali draws nothing of them. */
function lostViews(drawing: Drawing): readonly Seen[] {
  return drawing.series.filter(({ overrides }) => overrides !== undefined).flatMap((one): readonly Seen[] => {
    if (drawing.graph.edges.some((edge) => behind(edge, drawing) === one)) return [];
    const edge = { from: endName(one, "source"), to: endName(one, "destination") };
    const drawn = drawing.graph.edges.some(({ source }) => edgesOfSeries(one.labels, drawing.question).some((pair) => pair.source === source));
    return drawn ? [] : [{ vantage: "kiali", edge, sees: false, what: one.duration === undefined ? "istio_tcp_received_bytes_total" : "istio_requests_total", why: `${one.overrides?.by.join(" and ") ?? ""} leaves this metric out, or a label without which Kiali skips it.` }];
  });
}

/** What Prometheus holds of each way between two workloads, from one report or both. */
function metricViews({ series, question }: Drawing): readonly Seen[] {
  const pairs = new Map<string, ProxySeries[]>();
  const flat = { ...question, graphType: "workload", injectServiceNodes: false } as const;
  for (const one of series) {
    const [edge] = edgesOfSeries(one.labels, flat);
    if (edge !== undefined) pairs.set(`${edge.source} ${edge.target} ${one.duration === undefined ? "tcp" : "http"}`, [...(pairs.get(`${edge.source} ${edge.target} ${one.duration === undefined ? "tcp" : "http"}`) ?? []), one]);
  }
  return [...pairs.values()].flatMap((all): readonly Seen[] => {
    const timed = all.filter(({ duration, overrides }) => overrides?.disabled.has(duration === undefined ? "istio_tcp_sent_bytes_total" : "istio_request_duration_milliseconds") !== true);
    const [silent] = all;
    if (timed.length === 0 && silent !== undefined) {
      return [{ vantage: "prometheus", edge: { from: endName(silent, "source"), to: endName(silent, "destination") }, sees: false, what: silent.duration === undefined ? "istio_tcp_sent_bytes_total" : "istio_request_duration_milliseconds", why: `${silent.overrides?.by.join(" and ") ?? ""} switches this metric off.` }];
    }
    const reports = timed;
    const one = reports.find(isServer) ?? reports[0];
    if (one === undefined) return [];
    const edge = { from: endName(one, "source"), to: endName(one, "destination") };
    const client = reports.find((report) => !isServer(report));
    if (one.duration === undefined) {
      return [{ vantage: "prometheus", edge, sees: true, what: "istio_tcp_sent_bytes_total", measures: "bytes", why: "bytes and connections; no TCP metric is a time." }];
    }
    const both = isServer(one) && client?.duration !== undefined ? ` The client's proxy reports ${(client.duration / 1e6).toFixed(1)} ms: of means, the difference is about the way between the proxies.` : "";
    return [{ vantage: "prometheus", edge, sees: true, what: "istio_request_duration_milliseconds", measures: "request", interval: SPAN, value: one.duration, why: `reporter="${one.labels["reporter"] ?? ""}": the request in this proxy with all behind it, not an RTT.${both}` }];
  });
}

function endName({ labels }: ProxySeries, side: "source" | "destination"): string {
  const workload = labels[`${side}_workload`] ?? "unknown";
  if (workload !== "unknown") return `workload ${labels[`${side}_workload_namespace`] ?? ""}/${workload}`;
  return side === "source" ? "unknown" : `service ${labels["destination_service_name"] ?? "unknown"}`;
}

/** The edges that Kiali draws of a journey, then the legs that it cannot draw; and what Prometheus holds of each. */
export function graphViews(journey: Journey, snapshot: Snapshot, settings: ObservabilitySettings): readonly Seen[] {
  const series = seriesOf(journey, snapshot, { rootNamespace: settings.istioNamespace });
  const question = questionFor(series, snapshot, settings.istioNamespace);
  const [graph, other] = kialiGraphs(steadyTraffic(series), snapshot, question);
  const drawing = graph === undefined ? undefined : { graph, other, series, question };
  const rows: readonly Seen[] = drawing === undefined ? [] : [...kialiViews(drawing, settings), ...lostViews(drawing), ...metricViews(drawing)];
  const blind = journey.legs.flatMap((leg): readonly Seen[] => {
    const why = leg.protocol === "udp" || leg.protocol === "icmp" ? undefined : undrawn(leg, series, journey);
    return why === undefined ? [] : [{ vantage: "kiali", edge: edgeOf(leg), sees: false, what: "istio_requests_total", why }];
  });
  return [...rows, ...blind];
}

function undrawn(leg: Leg, series: readonly ProxySeries[], journey: Journey): string | undefined {
  if (isLoopback(leg)) return "between a sidecar and its own application: metrics are made for the way between the proxies.";
  const server = series.find((one) => one.leg === leg.id);
  const client = series.find((one) => one.leg === leg.parent);
  if (client !== undefined || (server !== undefined && isServer(server))) return undefined;
  if (server !== undefined) return "a gateway reports only as source: what comes to it from outside is in no metric.";
  if (journey.observations.some(({ leg: index, fact }) => index === leg.id - 1 && fact.type === "envoy")) return "the proxy refused the connection before any filter that counts, so no istio metric.";
  return leg.times.connected === undefined ? "no proxy of the mesh took the connection, so no istio metric." : "no mesh proxy at either end, so no istio metric.";
}
