import { type End, namespaceOf, nodeId, type NodeType } from "./node-id.ts";
import type { GraphType } from "./question.ts";

export interface DestService {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}

/** A node while the graph is built. It is changed in place: copies of one node meet when namespaces are joined. */
export interface TrafficNode {
  readonly id: string;
  readonly type: NodeType;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  app: string;
  readonly version: string;
  readonly service: string;
  edges: TrafficEdge[];
  readonly rates: Map<string, number>;
  readonly destServices: Map<string, DestService>;
  /** What the appenders found, under the names that Kiali answers with. */
  readonly found: Record<string, unknown>;
  /** The end that was last drawn as this node; part of what tells two reports of the same traffic from two traffics. */
  end: string;
}

export interface TrafficEdge {
  source: TrafficNode;
  dest: TrafficNode;
  readonly protocol: string;
  readonly rates: Map<string, number>;
  readonly responses: Map<string, { readonly flags: Map<string, number>; readonly hosts: Map<string, number> }>;
  readonly applied: Set<string>;
  responseTime?: number;
  /** Other response times that compete for this edge; which one Kiali shows is chance. */
  otherTimes?: readonly number[];
  throughput?: number;
  mtls?: number;
  sourcePrincipal?: string;
  destPrincipal?: string;
}

export type TrafficMap = Map<string, TrafficNode>;

export const isEgressCluster = ({ service, type }: TrafficNode): boolean => type === "service" && (service === "PassthroughCluster" || service === "BlackHoleCluster");

export function add(to: Map<string, number>, key: string, value: number): void {
  if (value > 0) to.set(key, (to.get(key) ?? 0) + value);
}

/** Makes a node, without the fields that its type does not use. */
export function newNode(id: string, type: NodeType, end: End, graphType: GraphType): TrafficNode {
  const plainApp = type === "app" && graphType !== "versionedApp";
  const shown = (value: string): string => (type === "service" || plainApp ? "" : value);
  const label = (value: string): string => (type === "workload" && value === "unknown" ? "" : value);
  return {
    id,
    type,
    cluster: end.cluster,
    namespace: namespaceOf(end),
    workload: shown(end.workload),
    app: type === "service" ? "" : label(end.app),
    version: label(shown(end.version)),
    service: type === "app" || type === "workload" ? "" : end.service,
    edges: [],
    rates: new Map(),
    destServices: new Map(),
    found: {},
    end: "",
  };
}

/** The node of an end, made on first sight. */
export function nodeFor(map: TrafficMap, end: End, graphType: GraphType): TrafficNode | undefined {
  const named = nodeId(end, graphType);
  if (named === undefined) return undefined;
  const node = map.get(named.id) ?? newNode(named.id, named.type, end, graphType);
  map.set(named.id, node);
  node.end = JSON.stringify(end);
  return node;
}

export function newEdge(source: TrafficNode, dest: TrafficNode, protocol: string): TrafficEdge {
  const edge: TrafficEdge = { source, dest, protocol, rates: new Map(), responses: new Map(), applied: new Set() };
  source.edges.push(edge);
  return edge;
}

/** One reported rate and what it is of. */
export interface Traffic {
  readonly protocol: string;
  readonly value: number;
  readonly code: string;
  readonly flags: string;
  readonly host: string;
}

const isHttpError = (code: string): boolean => code.startsWith("4") || code.startsWith("5");

function errorRate({ protocol, code }: Traffic): string | undefined {
  if (protocol === "tcp") return undefined;
  if (code === "-") return "NoResponse";
  if (protocol === "http") return /^[345]/.test(code) ? `${code.charAt(0)}xx` : undefined;
  return (code.length === 3 ? isHttpError(code) : code !== "0" && code !== "") ? "Err" : undefined;
}

export function addResponse(edge: TrafficEdge, code: string, part: "flags" | "hosts", key: string, value: number): void {
  const detail = edge.responses.get(code) ?? { flags: new Map<string, number>(), hosts: new Map<string, number>() };
  edge.responses.set(code, detail);
  if (key !== "") detail[part].set(key, (detail[part].get(key) ?? 0) + value);
}

/** Adds a rate to the edge between two nodes, unless the same report was added before. Returns whether it was new. */
export function addToEdge(source: TrafficNode, dest: TrafficNode, traffic: Traffic, report: string): boolean {
  const { protocol, value, flags, host } = traffic;
  const edge = source.edges.find((other) => other.dest.id === dest.id && other.protocol === protocol) ?? newEdge(source, dest, protocol);
  if (edge.applied.has(report)) return false;
  edge.applied.add(report);
  if (value <= 0 || !["http", "grpc", "tcp"].includes(protocol)) return true;
  add(source.rates, `${protocol}Out`, value);
  add(dest.rates, `${protocol}In`, value);
  add(edge.rates, protocol, value);
  const code = protocol === "tcp" || traffic.code === "" ? "-" : traffic.code;
  addResponse(edge, code, "flags", flags, value);
  addResponse(edge, code, "hosts", host, value);
  const error = errorRate(traffic);
  if (error !== undefined) {
    add(dest.rates, `${protocol}In${error}`, value);
    add(edge.rates, `${protocol}${error}`, value);
  }
  return true;
}
