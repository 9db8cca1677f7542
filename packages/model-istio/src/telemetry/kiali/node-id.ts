import type { GraphType } from "./question.ts";

export type NodeType = "workload" | "app" | "service" | "unknown";

/** A label value that says something. */
export const isKnown = (value: string | undefined): value is string => value !== undefined && value !== "" && value !== "unknown";

/** What is known of one end of an edge. An empty text is a field that does not apply. */
export interface End {
  readonly cluster: string;
  readonly serviceNamespace: string;
  readonly service: string;
  readonly workloadNamespace: string;
  readonly workload: string;
  readonly app: string;
  readonly version: string;
}

/** The node of the service alone, for traffic that is drawn over its service. */
export const serviceEnd = ({ cluster, serviceNamespace, service }: End): End => ({ cluster, serviceNamespace, service, workloadNamespace: "", workload: "", app: "", version: "" });

export const namespaceOf = ({ workloadNamespace, serviceNamespace }: End): string => (isKnown(workloadNamespace) ? workloadNamespace : serviceNamespace);

/**
 * Id and type of the node that an end is drawn as, or undefined where nothing names it.
 *
 * A workload graph knows workloads and services; an app graph prefers the app, then the workload, then the service.
 *
 * @see Kiali 1.73, graph/types.go
 */
export function nodeId(end: End, graphType: GraphType): { readonly id: string; readonly type: NodeType } | undefined {
  const { cluster, service, workload, app, version } = end;
  const namespace = namespaceOf(end);
  const allUnknown = workload === "unknown" && app === "unknown";
  if (namespace === "unknown" && allUnknown && service === "") return { id: `${cluster}_unknown_source`, type: "unknown" };
  const at = (kind: string, name: string): string => `${kind}_${cluster}_${namespace}_${name}`;
  if (allUnknown && service === "unknown") return { id: at("svc", "unknown"), type: "service" };
  if (!isKnown(workload) && !isKnown(app) && !isKnown(service)) return undefined;
  if (graphType === "workload" || graphType === "service") {
    return isKnown(workload) ? { id: at("wl", workload), type: "workload" } : { id: at("svc", isKnown(service) ? service : "unknown"), type: "service" };
  }
  if (isKnown(app)) {
    if (graphType === "versionedApp" && isKnown(workload)) return { id: at("vapp", workload), type: "app" };
    if (graphType === "versionedApp" && isKnown(version) && version !== "latest") return { id: at("vapp", `${app}_${version}`), type: "app" };
    return { id: at("app", app), type: "app" };
  }
  return isKnown(workload) ? { id: at("wl", workload), type: "workload" } : { id: at("svc", service), type: "service" };
}
