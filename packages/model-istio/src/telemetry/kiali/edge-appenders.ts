import type { Sample } from "../series.ts";
import { endsOf, isInjected, lastEdge, rawEnds } from "./ends-of.ts";
import { nodeId, serviceEnd } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import { quantileOf } from "./quantile.ts";
import type { TrafficMap } from "./traffic.ts";
import { either, type Element, ENDS, type Labels, query, rounded, sumBy } from "./vector.ts";

type Where = (labels: Labels) => boolean;
const without = (labels: Labels, name: string): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => key !== name));

/** The two queries for response times: what the servers of the namespace's services report, then what its clients do. */
function timeQueries(namespace: string): readonly Where[] {
  return [(l) => l["reporter"] === "destination" && l["destination_service_namespace"] === namespace, (l) => l["reporter"] === "source" && l["source_workload_namespace"] === namespace];
}

const DURATION = "istio_request_duration_milliseconds";

function times(samples: readonly Sample[], where: Where, wanted: number | "avg"): readonly Element[] {
  const by = [...ENDS, "request_protocol"];
  if (wanted === "avg") {
    const counts = new Map(sumBy(samples, { metric: `${DURATION}_count`, where, by }).map(({ labels, value }) => [JSON.stringify(labels), value]));
    return sumBy(samples, { metric: `${DURATION}_sum`, where, by })
      .map(({ labels, value }) => ({ labels, value: value / (counts.get(JSON.stringify(labels)) ?? NaN) }))
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => ({ labels, value: rounded(value) }));
  }
  const groups = new Map<string, { labels: Labels; buckets: { le: number; value: number }[] }>();
  for (const { labels, value } of sumBy(samples, { metric: `${DURATION}_bucket`, where, by: ["le", ...by] })) {
    const { le } = labels;
    if (le === undefined) continue;
    const rest = without(labels, "le");
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { labels: rest, buckets: [] };
    groups.set(key, group);
    group.buckets.push({ le: le === "+Inf" ? Infinity : Number(le), value });
  }
  return [...groups.values()].flatMap(({ labels, buckets }) => {
    const value = quantileOf(wanted, buckets);
    return value === undefined || value <= 0 ? [] : [{ labels, value: rounded(value) }];
  });
}

/**
 * Puts response times on the last edge to a workload. The server's report comes first, then the client's; of several
 * series that meet in one edge the first wins, which one that is is Prometheus' order, so chance.
 *
 * @see Kiali 1.73, graph/telemetry/istio/appender/response_time.go
 */
export function appendResponseTimes(map: TrafficMap, namespace: string, question: KialiQuestion, samples: readonly Sample[]): void {
  if (question.rates.grpc !== "requests" && question.rates.http !== "requests") return;
  const found = new Map<string, readonly number[]>();
  for (const where of timeQueries(namespace)) {
    const here = new Map<string, number[]>();
    for (const { labels, value } of times(samples, where, question.responseTime)) {
      const protocol = labels["request_protocol"];
      if (protocol === undefined || (protocol === "http" && question.rates.http !== "requests") || (protocol === "grpc" && question.rates.grpc !== "requests")) continue;
      const ends = endsOf(labels, question);
      const edge = ends === undefined ? undefined : lastEdge(ends, question);
      if (edge !== undefined) here.set(JSON.stringify([...edge, protocol]), [...(here.get(JSON.stringify([...edge, protocol])) ?? []), value]);
    }
    for (const [key, values] of here) if (!found.has(key)) found.set(key, values);
  }
  for (const { edges } of map.values()) {
    for (const edge of edges) {
      const values = found.get(JSON.stringify([edge.source.id, edge.dest.id, edge.protocol]));
      if (values === undefined) continue;
      edge.responseTime = values[0];
      edge.otherTimes = values.slice(1);
    }
  }
}

/** Puts bytes per second of HTTP on the same edges: of requests as clients report them, of responses as servers do. */
export function appendThroughput(map: TrafficMap, namespace: string, question: KialiQuestion, samples: readonly Sample[]): void {
  if (question.rates.http !== "requests") return;
  const reporter = question.throughput === "request" ? "source" : "destination";
  const metric = `istio_${question.throughput}_bytes_sum`;
  const found = new Map<string, number>();
  const queries: readonly Where[] = [
    (l) => l["reporter"] === reporter && l["source_workload_namespace"] !== namespace && l["destination_service_namespace"] === namespace,
    (l) => l["reporter"] === reporter && l["source_workload_namespace"] === namespace,
  ];
  for (const where of queries) {
    for (const { labels, value } of query(samples, { metric, where, by: ENDS })) {
      const ends = endsOf(labels, question);
      const edge = ends === undefined ? undefined : lastEdge(ends, question);
      if (edge !== undefined) found.set(JSON.stringify(edge), (found.get(JSON.stringify(edge)) ?? 0) + value);
    }
  }
  for (const { edges } of map.values()) for (const edge of edges) if (edge.protocol === "http") edge.throughput = found.get(JSON.stringify([edge.source.id, edge.dest.id])) ?? edge.throughput;
}

function policyMetrics({ rates }: KialiQuestion): readonly string[] {
  const either = (kind: string, sent: string, received: string): readonly string[] => [...(kind === "sent" || kind === "total" ? [sent] : []), ...(kind === "received" || kind === "total" ? [received] : [])];
  return [
    ...(rates.grpc === "requests" || rates.http === "requests" ? ["istio_requests_total"] : []),
    ...either(rates.grpc, "istio_request_messages_total", "istio_response_messages_total"),
    ...either(rates.tcp, "istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"),
  ];
}

/**
 * Puts the share of mutual TLS and both principals on the edges, from what servers report.
 *
 * The share is kept per pair of nodes, not per protocol; of several series of one policy the last wins.
 *
 * @see Kiali 1.73, graph/telemetry/istio/appender/security_policy.go
 */
export function appendSecurityPolicy(map: TrafficMap, namespace: string, question: KialiQuestion, samples: readonly Sample[]): void {
  const by = [...ENDS.filter((name) => name !== "destination_service"), "source_principal", "destination_principal", "connection_security_policy"];
  const policies = new Map<string, Map<string, number>>();
  const principals = new Map<string, readonly [string, string]>();
  const queries: readonly Where[] = [
    (l) => l["reporter"] === "destination" && l["source_workload_namespace"] !== namespace && l["destination_service_namespace"] === namespace,
    (l) => l["reporter"] === "destination" && l["source_workload_namespace"] === namespace,
  ];
  for (const where of queries) {
    for (const { labels, value } of either(...policyMetrics(question).map((metric) => query(samples, { metric, where, by })))) {
      const ends = rawEnds(labels);
      const { source_principal: from, destination_principal: to } = labels;
      if (ends === undefined || from === undefined || to === undefined) continue;
      const injected = isInjected(ends.dest, question);
      if (injected === undefined) continue;
      const [source, dest] = [nodeId(ends.source, question.graphType)?.id, nodeId(ends.dest, question.graphType)?.id];
      const service = injected ? nodeId(serviceEnd(ends.dest), question.graphType)?.id : undefined;
      for (const pair of injected ? [[source, service], [service, dest]] : [[source, dest]]) {
        if (pair.includes(undefined)) continue;
        const key = JSON.stringify(pair);
        policies.set(key, (policies.get(key) ?? new Map<string, number>()).set(labels["connection_security_policy"] ?? "unknown", value));
        if (!principals.has(key)) principals.set(key, [from, to]);
      }
    }
  }
  for (const { edges } of map.values()) {
    for (const edge of edges) {
      const key = JSON.stringify([edge.source.id, edge.dest.id]);
      const rates = policies.get(key);
      const mutual = rates?.get("mutual_tls") ?? 0;
      if (rates !== undefined && mutual > 0) edge.mtls = (mutual / [...rates.values()].reduce((sum, rate) => sum + rate, 0)) * 100;
      [edge.sourcePrincipal, edge.destPrincipal] = principals.get(key) ?? [edge.sourcePrincipal, edge.destPrincipal];
    }
  }
}
