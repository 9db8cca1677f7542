import { isKnown } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import type { TrafficMap, TrafficNode } from "./traffic.ts";
import type { ListedWorkload } from "./workloads.ts";

/** Rates by protocol and code. */
type Requests = Record<string, Record<string, number>>;

interface Health {
  readonly workloadStatuses?: readonly object[];
  readonly workloadStatus?: object | null;
  readonly requests: { readonly inbound: Requests; readonly outbound: Requests; readonly healthAnnotations: Readonly<Record<string, string>> };
}

const statusOf = ({ name, replicas }: ListedWorkload): object => ({ name, desiredReplicas: replicas.desired, currentReplicas: replicas.current, availableReplicas: replicas.available, syncedProxies: -1 });

function counted(map: TrafficMap): ReadonlyMap<TrafficNode, { readonly inbound: Requests; readonly outbound: Requests }> {
  const all = new Map<TrafficNode, { inbound: Requests; outbound: Requests }>();
  const of = (node: TrafficNode): { inbound: Requests; outbound: Requests } => {
    const one = all.get(node) ?? { inbound: {}, outbound: {} };
    all.set(node, one);
    return one;
  };
  const add = (to: Requests, protocol: string, code: string, value: number): void => {
    const codes = (to[protocol] ??= {});
    codes[code] = (codes[code] ?? 0) + value;
  };
  for (const node of map.values()) {
    of(node);
    for (const { source, dest, protocol, responses } of node.edges) {
      for (const [code, { flags }] of responses) {
        for (const value of flags.values()) {
          add(of(source).outbound, protocol, code, value);
          // The copy of a node that lost when namespaces were joined takes its inbound rates with it.
          add(of(dest).inbound, protocol, code, value);
        }
      }
    }
  }
  return all;
}

/**
 * Attaches what the page reckons health from: rates by code, both ways, and the replicas of the workloads. The verdict is
 * the page's. Of a versioned app node the replicas go to its box.
 *
 * @see Kiali 1.73, graph/telemetry/istio/appender/health.go
 */
export function appendHealth(map: TrafficMap, { cluster, graphType }: KialiQuestion, workloads: (namespace: string) => readonly ListedWorkload[]): void {
  const rates = counted(map);
  for (const node of map.values()) {
    if (node.type === "unknown") continue;
    const { inbound, outbound } = rates.get(node) ?? { inbound: {}, outbound: {} };
    const requests = { inbound, outbound, healthAnnotations: {} };
    const listed = node.cluster === cluster && node.found["isInaccessible"] !== true ? workloads(node.namespace) : [];
    const health = (): Health => {
      if (node.type === "service") return { requests };
      if (node.type === "workload") {
        const own = listed.find(({ name }) => name === node.workload);
        return { workloadStatus: own === undefined ? null : statusOf(own), requests };
      }
      const versioned = graphType === "versionedApp" && isKnown(node.workload);
      const app = { workloadStatuses: listed.filter(({ labels }) => labels["app"] === node.app).map(statusOf), requests };
      if (versioned) node.found["healthDataApp"] = app;
      return versioned ? { workloadStatuses: [], requests } : app;
    };
    node.found["healthData"] = health();
  }
}
