import { goFixed, rateText } from "./go-format.ts";
import type { KialiQuestion } from "./question.ts";
import type { TrafficEdge, TrafficMap, TrafficNode } from "./traffic.ts";

/** Rates as Kiali sends them: texts with two decimals, percentages with one. */
export interface PrintedTraffic {
  readonly protocol: string;
  readonly rates?: Readonly<Record<string, string>>;
  readonly responses?: Readonly<Record<string, { readonly flags?: Readonly<Record<string, string>>; readonly hosts?: Readonly<Record<string, string>> }>>;
}

/** An edge of the answer. What Kiali does not show is not there. */
export interface KialiEdge {
  readonly source: string;
  readonly target: string;
  readonly traffic: PrintedTraffic;
  /** Whole milliseconds. */
  readonly responseTime?: string;
  /** Other response times that compete for this edge; which one is shown is chance. */
  readonly otherTimes?: readonly string[];
  /** Bytes per second. */
  readonly throughput?: string;
  /** Percent of the traffic. */
  readonly isMTLS?: string;
  readonly sourcePrincipal?: string;
  readonly destPrincipal?: string;
}

/** A node of the answer; a box holds others, which name it as `parent`. */
export interface KialiNode {
  readonly id: string;
  readonly nodeType: string;
  readonly cluster: string;
  readonly namespace?: string;
  readonly parent?: string;
  readonly workload?: string;
  readonly app?: string;
  readonly version?: string;
  readonly service?: string;
  readonly isBox?: string;
  readonly traffic?: readonly PrintedTraffic[];
  readonly destServices?: readonly { readonly cluster: string; readonly namespace: string; readonly name: string }[];
  readonly [flag: string]: unknown;
}

const EDGE_RATES: Readonly<Record<string, readonly string[]>> = {
  grpc: ["grpc", "grpcNoResponse", "grpcErr"],
  http: ["http", "httpNoResponse", "http3xx", "http4xx", "http5xx"],
  tcp: ["tcp"],
};
const ERRORS = new Set(["grpcNoResponse", "grpcErr", "httpNoResponse", "http4xx", "http5xx"]);
const NODE_RATES: Readonly<Record<string, readonly string[]>> = {
  grpc: ["grpcIn", "grpcInNoResponse", "grpcInErr", "grpcOut"],
  http: ["httpIn", "httpInNoResponse", "httpIn3xx", "httpIn4xx", "httpIn5xx", "httpOut"],
  tcp: ["tcpIn", "tcpOut"],
};

const printed = (rates: ReadonlyMap<string, number>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => ((rates.get(name) ?? 0) > 0 ? [[name, rateText(rates.get(name) ?? 0)]] : [])));

function edgeTraffic({ source, protocol, rates, responses }: TrafficEdge): PrintedTraffic {
  const shown = printed(rates, EDGE_RATES[protocol] ?? []);
  const total = rates.get(protocol) ?? 0;
  if (total <= 0) return { protocol };
  if (protocol !== "tcp") {
    const errors = [...rates].reduce((sum, [name, value]) => sum + (ERRORS.has(name) ? value : 0), 0);
    if (errors > 0) shown[`${protocol}PercentErr`] = goFixed((errors / total) * 100, 1);
    shown[`${protocol}PercentReq`] = goFixed((total / (source.rates.get(`${protocol}Out`) ?? 0)) * 100, 1);
  }
  const shares = (values: ReadonlyMap<string, number>): Record<string, string> | undefined => (values.size === 0 ? undefined : Object.fromEntries([...values].map(([key, value]) => [key, goFixed((value / total) * 100, 1)])));
  return { protocol, rates: shown, responses: Object.fromEntries([...responses].map(([code, { flags, hosts }]) => [code, present({ flags: shares(flags), hosts: shares(hosts) })])) };
}

const present = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined && field !== "")) as T;

function printEdge(id: string, edge: TrafficEdge): KialiEdge {
  const { responseTime, throughput, mtls } = edge;
  return present({
    source: id,
    target: edge.dest.id,
    traffic: edgeTraffic(edge),
    responseTime: responseTime === undefined ? undefined : goFixed(responseTime, 0),
    otherTimes: edge.otherTimes === undefined || edge.otherTimes.length === 0 ? undefined : edge.otherTimes.map((time) => goFixed(time, 0)),
    throughput: throughput === undefined ? undefined : goFixed(throughput, 0),
    isMTLS: mtls === undefined ? undefined : goFixed(mtls, 0),
    sourcePrincipal: edge.sourcePrincipal,
    destPrincipal: edge.destPrincipal,
  });
}

function printNode(node: TrafficNode): KialiNode {
  const traffic = Object.entries(NODE_RATES).flatMap(([protocol, names]) => {
    const rates = printed(node.rates, names);
    return Object.keys(rates).length === 0 ? [] : [{ protocol, rates }];
  });
  return present({
    id: node.id,
    nodeType: node.type,
    cluster: node.cluster,
    namespace: node.namespace,
    workload: node.workload,
    app: node.app,
    version: node.version,
    service: node.service,
    destServices: node.destServices.size === 0 ? undefined : [...node.destServices.values()],
    traffic: traffic.length === 0 ? undefined : traffic,
    ...node.found,
  });
}

/** The app's health, as the first of its app nodes has it. */
function healthOf(members: readonly KialiNode[]): unknown {
  const app = members.find(({ nodeType }) => nodeType === "app");
  return app?.["healthDataApp"] ?? app?.["healthData"];
}

/** Puts nodes of one key, where there are two or more, into a box; `least` is how many boxes must come of it. */
function box(nodes: readonly KialiNode[], by: "app" | "namespace" | "cluster", keyOf: (node: KialiNode) => string | undefined, least: number): readonly KialiNode[] {
  const keys = nodes.map(keyOf);
  const counts = new Map<string, number>();
  for (const key of keys) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  if (counts.size < least) return nodes;
  const idOf = (key: string | undefined): string | undefined => (key !== undefined && (counts.get(key) ?? 0) > 1 ? `box_${by}_${key}` : undefined);
  const boxes = [...counts.keys()].flatMap((key): readonly KialiNode[] => {
    const id = idOf(key);
    const members = nodes.filter((_, index) => keys[index] === key);
    const [first] = members;
    if (id === undefined || first === undefined) return [];
    const any = (flag: string): true | undefined => (by === "app" && members.some((node) => node[flag] === true) ? true : undefined);
    return [present({
      id,
      nodeType: "box",
      cluster: first.cluster,
      namespace: by === "cluster" ? undefined : first.namespace,
      app: by === "app" ? first.app : undefined,
      isBox: by,
      isOutOfMesh: any("isOutOfMesh"),
      isInaccessible: any("isInaccessible"),
      isOutside: any("isOutside"),
      healthData: by === "app" ? healthOf(members) : undefined,
    })];
  });
  return [...boxes, ...nodes.map((node, index) => present({ ...node, parent: idOf(keys[index]) ?? node.parent }))];
}

/** Prints the graph as Kiali's JSON has it, hashes and timestamps left out. */
export function printGraph(map: TrafficMap, { boxBy, graphType }: Pick<KialiQuestion, "boxBy" | "graphType">): { readonly nodes: readonly KialiNode[]; readonly edges: readonly KialiEdge[] } {
  let nodes: readonly KialiNode[] = [...map.values()].map(printNode);
  if (boxBy.includes("app") || graphType === "app" || graphType === "versionedApp") {
    nodes = box(nodes, "app", ({ app, cluster, namespace }) => (app === undefined || app === "unknown" ? undefined : `${cluster}_${namespace ?? ""}_${app}`), 0);
  }
  if (boxBy.includes("namespace")) nodes = box(nodes, "namespace", ({ parent, cluster, namespace }) => (parent !== undefined || namespace === "unknown" ? undefined : `${cluster}_${namespace ?? ""}`), 2);
  if (boxBy.includes("cluster")) nodes = box(nodes, "cluster", ({ parent, cluster }) => (parent !== undefined || cluster === "unknown" ? undefined : cluster), 2);
  return { nodes: nodes.map(({ healthDataApp: _app, ...node }) => node), edges: [...map.values()].flatMap(({ id, edges }) => edges.map((edge) => printEdge(id, edge))) };
}
