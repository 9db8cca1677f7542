export type GraphType = "workload" | "app" | "versionedApp" | "service";

/** The node that a node graph is drawn around. */
export interface AskedNode {
  readonly namespace: string;
  readonly workload?: string;
  readonly app?: string;
  readonly version?: string;
  readonly service?: string;
}

/** What the page asks Kiali for; `parseQuestion` reads it from a request. */
export interface KialiQuestion {
  readonly namespaces: readonly string[];
  /** Namespaces that the user may read. */
  readonly accessible: readonly string[];
  readonly graphType: GraphType;
  readonly injectServiceNodes: boolean;
  readonly includeIdleEdges: boolean;
  readonly appenders: readonly string[];
  readonly rates: {
    readonly http: "requests" | "none";
    readonly grpc: "requests" | "sent" | "received" | "total" | "none";
    readonly tcp: "sent" | "received" | "total" | "none";
  };
  /** Quantile from 0 to 1, or the mean; asked only where `appenders` has `responseTime`. */
  readonly responseTime: number | "avg";
  readonly throughput: "request" | "response";
  readonly boxBy: readonly string[];
  /** Cluster whose name the proxies report. */
  readonly cluster: string;
  readonly istioNamespace: string;
  readonly node?: AskedNode;
}

/** What the page asks by default: no edge label is ticked, so there is neither a response time nor a lock. */
export const PAGE_APPENDERS: readonly string[] = ["deadNode", "istio", "serviceEntry", "meshCheck", "workloadEntry", "health"];

const one = <T extends string>(text: string | undefined, known: readonly T[], otherwise: T): T => known.find((word) => word === text) ?? otherwise;

function nodeOf(path: string): AskedNode | undefined {
  const [, namespace, kind, name, , version] = /^\/namespaces\/([^/]+)\/(workloads|applications|services)\/([^/]+)(\/versions\/([^/]+))?\/graph$/.exec(path) ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  if (kind === "workloads") return { namespace, workload: name };
  return kind === "services" ? { namespace, service: name } : { namespace, app: name, version };
}

/**
 * Reads a request to Kiali's graph API: its path after `/api` and its query.
 *
 * A service graph is a workload graph with service nodes, reduced at the end.
 *
 * @see Kiali 1.73, graph/options.go
 * @example
 * parseQuestion("/namespaces/graph", { namespaces: "shop", graphType: "versionedApp", injectServiceNodes: "true" }).graphType // "versionedApp"
 */
export function parseQuestion(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  mesh: { readonly istioNamespace: string; readonly accessible: readonly string[]; readonly cluster?: string },
): KialiQuestion {
  const node = nodeOf(path);
  const graphType = one(query["graphType"], ["app", "service", "versionedApp", "workload"], "workload");
  const time = query["responseTime"] ?? "95";
  return {
    namespaces: node === undefined ? (query["namespaces"] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "") : [node.namespace],
    accessible: mesh.accessible,
    graphType,
    injectServiceNodes: graphType === "service" || query["injectServiceNodes"] === "true",
    includeIdleEdges: query["includeIdleEdges"] === "true",
    appenders: (query["appenders"] ?? [...PAGE_APPENDERS, "idleNode", "responseTime", "securityPolicy", "throughput"].join(",")).split(",").map((name) => name.trim()),
    rates: {
      http: one(query["rateHttp"], ["requests", "none"], "requests"),
      grpc: one(query["rateGrpc"], ["requests", "sent", "received", "total", "none"], "requests"),
      tcp: one(query["rateTcp"], ["sent", "received", "total", "none"], "sent"),
    },
    responseTime: time === "avg" ? "avg" : Number(time) / 100,
    throughput: one(query["throughputType"], ["request", "response"], "response"),
    boxBy: (query["boxBy"] ?? "none").split(","),
    cluster: mesh.cluster ?? "Kubernetes",
    istioNamespace: mesh.istioNamespace,
    node,
  };
}
