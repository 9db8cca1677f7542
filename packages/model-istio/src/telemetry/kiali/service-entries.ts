import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { isKnown, nodeId } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import { add, addResponse, isEgressCluster, newEdge, newNode, type TrafficEdge, type TrafficMap, type TrafficNode } from "./traffic.ts";

interface Entry {
  readonly name: string;
  readonly namespace: string;
  readonly hosts: readonly string[];
  readonly location: "MESH_EXTERNAL" | "MESH_INTERNAL";
  readonly exportTo: readonly string[] | undefined;
}

/** Hosts of the ServiceEntries that a request knows, once they were loaded; the cluster is that of the service node looked at first. */
export interface KnownEntries {
  readonly cluster: string;
  readonly byHost: ReadonlyMap<string, readonly Entry[]>;
}

const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : []);

function loadEntries(snapshot: Pick<Snapshot, "resources">, accessible: readonly string[]): ReadonlyMap<string, readonly Entry[]> {
  const byHost = new Map<string, Entry[]>();
  for (const { metadata, spec } of resourcesOf(snapshot, "ServiceEntry")) {
    const namespace = metadata.namespace ?? "default";
    const fields: object = typeof spec === "object" && spec !== null ? spec : {};
    const exportTo: unknown = Reflect.get(fields, "exportTo");
    if (!accessible.includes(namespace)) continue;
    const entry: Entry = {
      name: metadata.name,
      namespace,
      hosts: strings(Reflect.get(fields, "hosts")),
      location: Reflect.get(fields, "location") === "MESH_INTERNAL" ? "MESH_INTERNAL" : "MESH_EXTERNAL",
      exportTo: exportTo === undefined ? undefined : strings(exportTo),
    };
    const wide = entry.exportTo === undefined || entry.exportTo[0] === "*";
    for (const host of entry.hosts) byHost.set(host, wide ? [...(byHost.get(host) ?? []), entry] : [entry, ...(byHost.get(host) ?? [])]);
  }
  return byHost;
}

const isExported = ({ exportTo, namespace }: Entry, to: string): boolean => exportTo === undefined || exportTo.some((name) => name === "*" || (name === "." && namespace === to) || name === namespace);

function entryOf(node: TrafficNode, known: KnownEntries): Entry | undefined {
  for (const [host, entries] of known.byHost) {
    for (const entry of entries) {
      if (!isExported(entry, node.namespace)) continue;
      if (host === node.service) return entry;
      const parts = host.split(".");
      if (entry.location === "MESH_INTERNAL" && !(parts.length === 3 && parts[2] === "global") && parts[0] === node.service) return entry;
    }
  }
  return undefined;
}

/** Adds what an edge carries to another; errors without an answer are not summed by Kiali. */
export function mergeEdge(from: TrafficEdge, into: TrafficEdge): void {
  const summed = from.protocol === "http" ? ["http", "http3xx", "http4xx", "http5xx"] : from.protocol === "grpc" ? ["grpc", "grpcErr"] : ["tcp"];
  for (const rate of summed) add(into.rates, rate, from.rates.get(rate) ?? 0);
  for (const [code, detail] of from.responses) {
    for (const part of ["flags", "hosts"] as const) for (const [key, value] of detail[part]) addResponse(into, code, part, key, value);
  }
}

function joinEdges(node: TrafficNode, entry: TrafficNode): void {
  const joined = node.edges.filter(({ dest }) => dest === entry);
  node.edges = node.edges.filter(({ dest }) => dest !== entry);
  for (const protocol of new Set(joined.map((edge) => edge.protocol))) {
    const sum = newEdge(node, entry, protocol);
    for (const edge of joined) if (edge.protocol === protocol) mergeEdge(edge, sum);
  }
}

/**
 * Replaces the service nodes of a ServiceEntry's hosts by one node, named after the object, in the namespace being drawn.
 *
 * The entries are loaded once per request, for the cluster of the service node that is looked at first: if that is
 * `unknown` (as a 1.18 proxy reports every host of a ServiceEntry) the list stays empty. Which one is first, and which
 * namespace, is chance.
 *
 * @see Kiali 1.73, graph/telemetry/istio/appender/service_entry.go
 */
export function appendServiceEntries(map: TrafficMap, namespace: string, question: KialiQuestion, context: { readonly snapshot: Pick<Snapshot, "resources">; known: KnownEntries | undefined; readonly firstCluster: string | undefined; readonly couldBeFirst: Set<string> }): void {
  const services = [...map.values()].filter((node) => node.type === "service" && !isEgressCluster(node));
  const [first] = services;
  if (first === undefined) return;
  for (const { cluster } of services) context.couldBeFirst.add(cluster);
  if (context.known === undefined) {
    const cluster = context.firstCluster ?? first.cluster;
    context.known = { cluster, byHost: cluster === question.cluster ? loadEntries(context.snapshot, question.accessible) : new Map() };
  }
  const { known } = context;
  const grouped = new Map<Entry, TrafficNode[]>();
  for (const node of services) {
    const entry = entryOf(node, known);
    if (entry !== undefined) grouped.set(entry, [...(grouped.get(entry) ?? []), node]);
  }
  for (const [entry, nodes] of grouped) replace(map, { entry, nodes, namespace, cluster: known.cluster }, question);
}

function replace(map: TrafficMap, { entry, nodes, namespace, cluster }: { readonly entry: Entry; readonly nodes: readonly TrafficNode[]; readonly namespace: string; readonly cluster: string }, question: KialiQuestion): void {
  const end = { cluster, serviceNamespace: namespace, service: entry.name, workloadNamespace: "", workload: "", app: "", version: "" };
  const named = nodeId(end, question.graphType);
  if (named === undefined || !isKnown(entry.name)) return;
  const whole = newNode(named.id, named.type, end, question.graphType);
  whole.found["isServiceEntry"] = { hosts: entry.hosts, location: entry.location, namespace: entry.namespace };
  for (const doomed of nodes) {
    for (const [rate, value] of doomed.rates) add(whole.rates, rate, value);
    for (const [key, service] of doomed.destServices) whole.destServices.set(key, service);
    for (const node of map.values()) {
      for (const edge of node.edges) if (edge.dest.id === doomed.id) edge.dest = whole;
      if (nodes.length > 1) joinEdges(node, whole);
    }
    for (const edge of doomed.edges) mergeEdge(edge, whole.edges.find((other) => other.dest.id === edge.dest.id && other.protocol === edge.protocol) ?? newEdge(whole, edge.dest, edge.protocol));
    map.delete(doomed.id);
  }
  map.set(whole.id, whole);
}
