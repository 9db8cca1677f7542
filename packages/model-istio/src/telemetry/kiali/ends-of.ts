import { type End, isKnown, nodeId, serviceEnd } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import type { Labels } from "./vector.ts";

/** Both ends of a series after Kiali's corrections. */
export interface Ends {
  readonly source: End;
  readonly dest: End;
  readonly host: string;
}

const NEEDED = ["source_workload_namespace", "source_workload", "source_canonical_service", "source_canonical_revision", "destination_service_namespace", "destination_service_name", "destination_workload_namespace", "destination_workload", "destination_canonical_service", "destination_canonical_revision"] as const;

/** Ends as the labels have them, or undefined where a label that Kiali needs is not there. */
export function rawEnds(labels: Labels): Ends | undefined {
  if (NEEDED.some((name) => labels[name] === undefined)) return undefined;
  const label = (name: string): string => labels[name] ?? "unknown";
  return {
    source: {
      cluster: label("source_cluster"),
      serviceNamespace: label("source_workload_namespace"),
      service: "",
      workloadNamespace: label("source_workload_namespace"),
      workload: label("source_workload"),
      app: label("source_canonical_service"),
      version: label("source_canonical_revision"),
    },
    dest: {
      cluster: label("destination_cluster"),
      serviceNamespace: label("destination_service_namespace"),
      service: label("destination_service_name"),
      workloadNamespace: label("destination_workload_namespace"),
      workload: label("destination_workload"),
      app: label("destination_canonical_service"),
      version: label("destination_canonical_revision"),
    },
    host: label("destination_service"),
  };
}

function corrected({ source, dest, host }: Ends, istioNamespace: string): End {
  if (host === `istio-egressgateway.${istioNamespace}.svc.cluster.local` && host === dest.service) {
    const name = "istio-egressgateway";
    return { cluster: source.cluster, serviceNamespace: istioNamespace, service: name, workloadNamespace: istioNamespace, workload: name, app: name, version: "latest" };
  }
  return !isKnown(dest.cluster) && isKnown(source.cluster) && isKnown(dest.serviceNamespace) ? { ...dest, cluster: source.cluster } : dest;
}

const isAddress = (host: string): boolean => /^\d+\.\d+\.\d+\.\d+(:\d+)?$/.test(host);

/**
 * Reads both ends of a series, or undefined where Kiali skips it: a label missing, a source that has a namespace and
 * nothing else, a destination that is but an address, a known namespace in a cluster reported as unknown.
 *
 * The egress gateway named by its full host, and a destination cluster reported as unknown, are put right.
 *
 * @see Kiali 1.73, graph/telemetry/istio/util/util.go
 */
export function endsOf(labels: Labels, { istioNamespace }: Pick<KialiQuestion, "istioNamespace">): Ends | undefined {
  const raw = rawEnds(labels);
  if (raw === undefined || labels["destination_service"] === undefined) return undefined;
  const { source, host } = raw;
  if (isKnown(source.workloadNamespace) && ((!isKnown(source.workload) && !isKnown(source.app)) || (labels["source_cluster"] !== undefined && !isKnown(source.cluster)))) return undefined;
  const dest = corrected(raw, istioNamespace);
  if (!isKnown(dest.workload) && isKnown(host) && host === dest.service && isAddress(dest.service)) return undefined;
  if (isKnown(dest.serviceNamespace) && labels["destination_cluster"] !== undefined && !isKnown(dest.cluster)) return undefined;
  return { source, dest, host };
}

/** Whether traffic to this end is drawn over a node of its service; undefined where the end has no node at all. */
export function isInjected(dest: End, { injectServiceNodes, graphType }: Pick<KialiQuestion, "injectServiceNodes" | "graphType">): boolean | undefined {
  if (!injectServiceNodes || !isKnown(dest.service) || dest.service === "PassthroughCluster") return false;
  const node = nodeId(dest, graphType);
  return node === undefined ? undefined : node.type !== "service";
}

/** Ids of the last edge to an end, the one that carries times: from its service if that is drawn, else from the source. */
export function lastEdge({ source, dest }: Ends, question: Pick<KialiQuestion, "injectServiceNodes" | "graphType">): readonly [string, string] | undefined {
  const injected = isInjected(dest, question);
  if (injected === undefined) return undefined;
  const from = nodeId(injected ? serviceEnd(dest) : source, question.graphType);
  const to = nodeId(dest, question.graphType);
  return from === undefined || to === undefined ? undefined : [from.id, to.id];
}
