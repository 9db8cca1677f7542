import type { Labels, Sample } from "./series.ts";

/** What the page asks Kiali for. */
export interface GraphQuestion {
  readonly namespaces: readonly string[];
  readonly graphType: "workload" | "app" | "versionedApp";
  readonly injectServiceNodes: boolean;
  /** Quantile 0–1, `avg`, or undefined where the label is not ticked. */
  readonly responseTime?: number | "avg";
}

/** One edge of Kiali's graph. */
export interface KialiEdge {
  readonly source: string;
  readonly target: string;
  readonly protocol: string;
  /** Requests or bytes per second. */
  readonly rate: number;
  /** Milliseconds; undefined where Kiali shows none. */
  readonly responseTime?: number;
}

const of = (labels: Labels, name: string): string => labels[name] ?? "unknown";
const needed = ["source_workload_namespace", "source_workload", "source_canonical_service", "source_canonical_revision", "destination_service_namespace", "destination_service", "destination_service_name", "destination_workload_namespace", "destination_workload", "destination_canonical_service", "destination_canonical_revision", "response_flags"];
const isAddress = (host: string): boolean => /^[0-9.]+(:\d+)?$/.test(host) || host.startsWith("[");

function workloadNode(labels: Labels, side: "source" | "destination", type: GraphQuestion["graphType"], cluster: string): string {
  const namespace = of(labels, `${side}_workload_namespace`);
  const workload = of(labels, `${side}_workload`);
  const app = of(labels, `${side}_canonical_service`);
  if (type === "workload" || app === "unknown") return `wl_${cluster}_${namespace}_${workload}`;
  return type === "app" ? `app_${cluster}_${namespace}_${app}` : `vapp_${cluster}_${namespace}_${workload}`;
}

interface Pair {
  readonly source: string;
  readonly target: string;
  /** Whether a response time may sit on it. */
  readonly timed: boolean;
  /** Namespace of the source node. */
  readonly namespace: string;
}

function skipped(labels: Labels, tcp: boolean): boolean {
  const names = tcp ? needed : [...needed, "request_protocol", "response_code"];
  if (names.some((name) => labels[name] === undefined)) return true;
  if (of(labels, "source_workload_namespace") !== "unknown" && of(labels, "source_workload") === "unknown" && of(labels, "source_canonical_service") === "unknown") return true;
  const service = of(labels, "destination_service");
  return of(labels, "destination_workload") === "unknown" && service === of(labels, "destination_service_name") && isAddress(service);
}

/** The edges that one series becomes: to the service node and on to the workload, or straight. */
export function edgesOfSeries(labels: Labels, question: Pick<GraphQuestion, "graphType" | "injectServiceNodes">, tcp: boolean): readonly Pair[] {
  if (skipped(labels, tcp)) return [];
  const sourceNamespace = of(labels, "source_workload_namespace");
  const sourceCluster = of(labels, "source_cluster");
  const source = of(labels, "source_workload") === "unknown" ? "unknown_unknown_source" : workloadNode(labels, "source", question.graphType, sourceCluster);
  const name = of(labels, "destination_service_name");
  const serviceNamespace = of(labels, "destination_service_namespace");
  const told = of(labels, "destination_cluster");
  const cluster = told === "unknown" && serviceNamespace !== "unknown" ? sourceCluster : told;
  const service = `svc_${cluster}_${serviceNamespace}_${name}`;
  if (of(labels, "destination_workload") === "unknown") return [{ source, target: service, timed: true, namespace: sourceNamespace }];
  const workload = workloadNode(labels, "destination", question.graphType, cluster);
  if (!question.injectServiceNodes || name === "unknown" || name === "PassthroughCluster") return [{ source, target: workload, timed: true, namespace: sourceNamespace }];
  const injected = name.startsWith("InboundPassthroughCluster") ? `svc_${cluster}_${of(labels, "destination_workload_namespace")}_${name}` : service;
  return [
    { source, target: injected, timed: false, namespace: sourceNamespace },
    { source: injected, target: workload, timed: true, namespace: serviceNamespace },
  ];
}

/** What Prometheus' `histogram_quantile` answers for buckets by upper bound. */
export function quantileOf(quantile: number, buckets: readonly { readonly le: number; readonly value: number }[]): number | undefined {
  const sorted = [...buckets].sort((a, b) => a.le - b.le);
  const total = sorted.at(-1)?.value ?? 0;
  if (total <= 0) return undefined;
  const rank = quantile * total;
  const at = sorted.findIndex(({ value }) => value >= rank);
  const high = sorted[at];
  const low = sorted[at - 1];
  if (high === undefined) return undefined;
  if (high.le === Infinity) return low?.le;
  const from = low?.value ?? 0;
  return (low?.le ?? 0) + ((high.le - (low?.le ?? 0)) * (rank - from)) / (high.value - from);
}

interface Found {
  readonly pair: Pair;
  readonly protocol: string;
  rate: number;
  time?: number;
  /** Set by the first query that knows this traffic; a second report of the same is not added. */
  readonly seen: Map<string, number>;
}

const DURATION = "istio_request_duration_milliseconds";
type Filter = (labels: Labels) => boolean;

function trafficQueries(namespace: string): readonly Filter[] {
  return [
    (l) => l["reporter"] === "source" && of(l, "source_workload_namespace") !== namespace && of(l, "destination_workload") === "unknown" && of(l, "destination_workload_namespace") === "unknown" && new RegExp(`^.+\\.${namespace.replaceAll(".", "\\.")}\\..+$`).test(of(l, "destination_service")),
    (l) => l["reporter"] === "destination" && l["destination_workload_namespace"] === namespace,
    (l) => l["reporter"] === "source" && l["source_workload_namespace"] === namespace,
  ];
}

function timeQueries(namespace: string): readonly Filter[] {
  return [(l) => l["reporter"] === "destination" && l["destination_service_namespace"] === namespace, (l) => l["reporter"] === "source" && l["source_workload_namespace"] === namespace];
}

function histograms(samples: readonly Sample[], wanted: number | "avg"): readonly { readonly labels: Labels; readonly time: number }[] {
  const groups = new Map<string, { labels: Labels; buckets: Map<number, number>; sum: number; count: number }>();
  for (const { name, labels, value } of samples) {
    if (!name.startsWith(DURATION)) continue;
    const { le, response_code: _code, response_flags: _flags, grpc_response_status: _grpc, connection_security_policy: _policy, ...rest } = labels;
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { labels, buckets: new Map<number, number>(), sum: 0, count: 0 };
    groups.set(key, group);
    if (le !== undefined) {
      const bound = le === "+Inf" ? Infinity : Number(le);
      group.buckets.set(bound, (group.buckets.get(bound) ?? 0) + value);
    } else if (name.endsWith("_sum")) group.sum += value;
    else if (name.endsWith("_count")) group.count += value;
  }
  return [...groups.values()].flatMap(({ labels, buckets, sum, count }) => {
    const time = wanted === "avg" ? (count > 0 ? sum / count : undefined) : quantileOf(wanted, [...buckets].map(([le, value]) => ({ le, value })));
    return time === undefined ? [] : [{ labels, time }];
  });
}

/** Whether Kiali counts this metric by default: requests, and for TCP the bytes that came from the client. */
const counted = (name: string): boolean => name === "istio_requests_total" || name === "istio_tcp_received_bytes_total";

/**
 * Draws the edges of Kiali's graph from series and their rates.
 *
 * Per namespace: traffic by three queries, response times by two, where the first to know an edge wins. The copy of a
 * node in its own namespace wins when namespaces are joined, and with it the edges that leave it.
 *
 * @see Kiali 1.73, graph/telemetry/istio
 */
export function kialiEdges(samples: readonly Sample[], question: GraphQuestion): readonly KialiEdge[] {
  const won = new Map<string, { found: Found; own: boolean }>();
  const times = question.responseTime === undefined ? [] : histograms(samples, question.responseTime);
  for (const namespace of question.namespaces) {
    const edges = new Map<string, Found>();
    for (const query of trafficQueries(namespace)) {
      for (const { name, labels, value } of samples) {
        if (!counted(name) || value <= 0 || !query(labels)) continue;
        const tcp = name.startsWith("istio_tcp");
        const protocol = tcp ? "tcp" : of(labels, "request_protocol");
        for (const pair of edgesOfSeries(labels, question, tcp)) {
          const key = JSON.stringify([pair.source, pair.target, protocol]);
          const found: Found = edges.get(key) ?? { pair, protocol, rate: 0, seen: new Map() };
          edges.set(key, found);
          const same = JSON.stringify([...edgesOfSeries(labels, { ...question, injectServiceNodes: false }, tcp).map(({ source, target }) => [source, target]), labels["response_code"], labels["response_flags"], labels["destination_service"]]);
          const before = found.seen.get(same);
          const which = labels["reporter"] === "destination" ? 1 : 2;
          if (before !== undefined && before !== which) continue;
          found.seen.set(same, which);
          found.rate += value;
        }
      }
    }
    for (const query of timeQueries(namespace)) {
      for (const { labels, time } of times) {
        if (!query(labels)) continue;
        for (const pair of edgesOfSeries({ response_code: "200", response_flags: "-", ...labels }, question, false)) {
          const found = edges.get(JSON.stringify([pair.source, pair.target, of(labels, "request_protocol")]));
          if (found !== undefined && pair.timed) found.time ??= time;
        }
      }
    }
    for (const [key, found] of edges) {
      const own = found.pair.namespace === namespace;
      if (!won.has(key) || (own && won.get(key)?.own === false)) won.set(key, { found, own });
    }
  }
  return [...won.values()].map(({ found: { pair, protocol, rate, time } }) => ({ source: pair.source, target: pair.target, protocol, rate, responseTime: time }));
}
