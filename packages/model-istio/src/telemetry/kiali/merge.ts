import { mergeEdge } from "./service-entries.ts";
import { add, type TrafficMap, type TrafficNode } from "./traffic.ts";

const PROTOCOLS = ["grpc", "http", "tcp"] as const;

function countOut(node: TrafficNode, edge: TrafficNode["edges"][number]): void {
  for (const protocol of PROTOCOLS) add(node.rates, `${protocol}Out`, edge.rates.get(protocol) ?? 0);
}

/**
 * Joins the graph of one namespace into the whole. Of two copies of a node the one drawn in its own namespace stays,
 * and gains the edges that only the other has.
 *
 * @see Kiali 1.73, graph/telemetry/common.go
 */
export function mergeInto(whole: TrafficMap, namespace: string, part: TrafficMap): void {
  for (const [id, node] of part) {
    const before = whole.get(id);
    if (before === undefined) {
      whole.set(id, node);
      continue;
    }
    const [kept, other] = node.namespace === namespace ? [node, before] : [before, node];
    whole.set(id, kept);
    for (const edge of other.edges) {
      if (kept.edges.some(({ dest, protocol }) => dest.id === edge.dest.id && protocol === edge.protocol)) continue;
      kept.edges.push(edge);
      countOut(kept, edge);
    }
  }
}

function resetOut(node: TrafficNode): void {
  for (const protocol of PROTOCOLS) node.rates.delete(`${protocol}Out`);
}

/**
 * Reduces a workload graph with service nodes to services: an edge from a service is what its workloads send to other
 * services. Workloads that only send stay.
 *
 * @see Kiali 1.73, graph/telemetry/common.go, ReduceToServiceGraph
 */
export function reduceToServices(map: TrafficMap): TrafficMap {
  const reduced: TrafficMap = new Map();
  for (const [id, node] of map) {
    if (node.type !== "service") {
      if (node.found["isRoot"] !== true) continue;
      const toServices = node.edges.filter(({ dest }) => dest.type === "service");
      if (toServices.length === 0) continue;
      resetOut(node);
      for (const edge of toServices) countOut(node, edge);
      node.edges = toServices;
      reduced.set(id, node);
      continue;
    }
    reduced.set(id, node);
    resetOut(node);
    const toWorkloads = node.edges;
    node.edges = [];
    for (const { dest: workload } of toWorkloads) {
      for (const onward of workload.edges.filter(({ dest }) => dest.type === "service")) {
        const same = node.edges.find(({ dest, protocol }) => dest.id === onward.dest.id && protocol === onward.protocol);
        countOut(same?.source ?? node, onward);
        if (same !== undefined) mergeEdge(onward, same);
        else {
          onward.source = node;
          node.edges.push(onward);
        }
      }
    }
  }
  return reduced;
}
