import type { Sample } from "../series.ts";
import { endsOf, isInjected } from "./ends-of.ts";
import { serviceEnd, isKnown } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import { addToEdge, type DestService, nodeFor, type TrafficMap, type TrafficNode } from "./traffic.ts";
import { type Element, ENDS, type Labels, query } from "./vector.ts";

type Where = (labels: Labels) => boolean;

/** A metric with the labels that its rates are grouped by. */
interface Counted {
  readonly metric: string;
  readonly by: readonly string[];
}

const REQUESTS: Counted = { metric: "istio_requests_total", by: [...ENDS, "request_protocol", "response_code", "grpc_response_status", "response_flags"] };

/** The metrics that a question counts: requests, gRPC messages, TCP bytes. `sent` reads what the proxy received, and the other way round. */
function countedMetrics({ rates }: Pick<KialiQuestion, "rates">): readonly Counted[] {
  const of = (pick: (kind: "sent" | "received") => Counted, kind: string): readonly Counted[] =>
    kind === "total" ? [pick("sent"), pick("received")] : kind === "sent" || kind === "received" ? [pick(kind)] : [];
  return [
    ...(rates.http === "requests" || rates.grpc === "requests" ? [REQUESTS] : []),
    ...of((kind) => ({ metric: kind === "sent" ? "istio_request_messages_total" : "istio_response_messages_total", by: ENDS }), rates.grpc),
    ...of((kind) => ({ metric: kind === "sent" ? "istio_tcp_received_bytes_total" : "istio_tcp_sent_bytes_total", by: [...ENDS, "response_flags"] }), rates.tcp),
  ];
}

/** Kiali's three queries for a namespace: what others send to names of it that have no workload, what its workloads serve, what they send. */
function namespaceQueries(namespace: string): readonly Where[] {
  const name = namespace.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const inside = new RegExp(`^.+\\.${name}\\..+$`);
  return [
    (l) => l["reporter"] === "source" && l["source_workload_namespace"] !== namespace && l["destination_workload_namespace"] === "unknown" && l["destination_workload"] === "unknown" && inside.test(l["destination_service"] ?? ""),
    (l) => l["reporter"] === "destination" && l["destination_workload_namespace"] === namespace,
    (l) => l["reporter"] === "source" && l["source_workload_namespace"] === namespace,
  ];
}

/** The queries around one node: what its servers report of what comes in, what its proxies report of what goes out. */
function nodeQueries(node: NonNullable<KialiQuestion["node"]>, metric: string): readonly Where[] {
  const { namespace, workload, app, version, service } = node;
  const reports = (reporter: string, labels: Labels): Where => (l) => l["reporter"] === reporter && Object.entries(labels).every(([name, value]) => l[name] === value);
  if (workload !== undefined) {
    return [
      reports("destination", { destination_workload_namespace: namespace, destination_workload: workload }),
      reports("source", { source_workload_namespace: namespace, source_workload: workload }),
    ];
  }
  if (app !== undefined) {
    const of = (side: string): Labels => ({ [`${side}_canonical_service`]: app, ...(isKnown(version) ? { [`${side}_canonical_revision`]: version } : {}) });
    return [reports("destination", { destination_service_namespace: namespace, ...of("destination") }), reports("source", { source_workload_namespace: namespace, ...of("source") })];
  }
  const named = (l: Labels): boolean => (l["destination_service"] ?? "").startsWith(`${service ?? ""}.${namespace}.`);
  const served: Where = (l) => l["reporter"] === "destination" && l["destination_service_namespace"] === namespace && named(l);
  return metric === REQUESTS.metric ? [(l) => l["reporter"] === "source" && l["destination_workload"] === "unknown" && named(l), served] : [served];
}

/** The code that counts: the gRPC status of a gRPC call that HTTP carried well; `-` where no answer came. */
function responseCode(protocol: string, { response_code: code = "", grpc_response_status: status }: Labels): string {
  if (code === "0") return "-";
  return protocol !== "grpc" || code.startsWith("4") || code.startsWith("5") || status === undefined ? code : status;
}

function note(node: TrafficNode, service: DestService): void {
  if (isKnown(service.name)) node.destServices.set(`${service.cluster} ${service.namespace} ${service.name}`, service);
}

function addSeries(map: TrafficMap, { labels, value }: Element, metric: string, question: KialiQuestion): void {
  const requests = metric === REQUESTS.metric;
  const tcp = metric.startsWith("istio_tcp");
  if ((requests || tcp) && labels["response_flags"] === undefined) return;
  const ends = endsOf(labels, question);
  if (ends === undefined) return;
  const protocol = requests ? labels["request_protocol"] : tcp ? "tcp" : "grpc";
  if (protocol === undefined || (requests && labels["response_code"] === undefined)) return;
  if (requests && ((protocol === "grpc" && question.rates.grpc !== "requests") || (protocol === "http" && question.rates.http !== "requests"))) return;
  const injected = isInjected(ends.dest, question);
  if (injected === undefined) return;
  const code = requests ? responseCode(protocol, labels) : "";
  const flags = requests || tcp ? (labels["response_flags"] ?? "") : "";
  const source = nodeFor(map, ends.source, question.graphType);
  const dest = source === undefined ? undefined : nodeFor(map, ends.dest, question.graphType);
  if (source === undefined || dest === undefined) return;
  const report = JSON.stringify([metric, source.end, dest.end, code, flags, ends.host]);
  const traffic = { protocol, value, code, flags, host: ends.host };
  const service = { cluster: ends.dest.cluster, namespace: ends.dest.serviceNamespace, name: ends.dest.service };
  const over = injected ? nodeFor(map, serviceEnd(ends.dest), question.graphType) : undefined;
  if (injected && over === undefined) return;
  if (!addToEdge(source, over ?? dest, traffic, report)) return;
  note(over ?? dest, service);
  if (over === undefined) return;
  addToEdge(over, dest, traffic, report);
  note(dest, service);
}

/**
 * Builds the nodes and edges of one namespace, or around one node, from the series.
 *
 * One traffic reported by both of its proxies counts once: the first query that brings it wins.
 *
 * @see Kiali 1.73, graph/telemetry/istio/istio.go
 */
export function buildTraffic(samples: readonly Sample[], namespace: string, question: KialiQuestion): TrafficMap {
  const map: TrafficMap = new Map();
  for (const counted of countedMetrics(question)) {
    for (const where of question.node === undefined ? namespaceQueries(namespace) : nodeQueries(question.node, counted.metric)) {
      for (const element of query(samples, { ...counted, where }, { idle: question.includeIdleEdges })) addSeries(map, element, counted.metric, question);
    }
  }
  return map;
}
