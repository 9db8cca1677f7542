import type { Snapshot } from "@hopscope/model-kubernetes";
import type { Sample } from "../series.ts";
import { appendBadges } from "./badges.ts";
import { buildTraffic } from "./build-traffic.ts";
import { appendHealth } from "./health.ts";
import { appendResponseTimes, appendSecurityPolicy, appendThroughput } from "./edge-appenders.ts";
import { mergeInto, reduceToServices } from "./merge.ts";
import { appendDeadNodes, appendIdleNodes, appendLabels, appendMeshCheck, appendServiceApps, finish, type WorkloadsOf } from "./node-appenders.ts";
import { type KialiEdge, type KialiNode, printGraph } from "./print-graph.ts";
import type { KialiQuestion } from "./question.ts";
import { appendServiceEntries, type KnownEntries } from "./service-entries.ts";
import type { TrafficMap } from "./traffic.ts";
import { inStoredOrder } from "./vector.ts";
import { listedWorkloads } from "./workloads.ts";

/** What Kiali answers to a question. */
export interface KialiGraph {
  readonly status: 200 | 500;
  readonly nodes: readonly KialiNode[];
  readonly edges: readonly KialiEdge[];
  /** Clusters of the service nodes that could be the first looked at; with two, whether ServiceEntries are recognised is chance. */
  readonly couldBeFirst: readonly string[];
}

/**
 * Draws the graph that Kiali draws of series and their rates.
 *
 * Per namespace the traffic is built, then the asked appenders run in a fixed order; then the namespaces are joined.
 *
 * @param options.firstCluster the cluster of the service node that is looked at first (see `couldBeFirst`)
 * @see Kiali 1.73, graph/telemetry/istio/istio.go and appender/appender.go
 */
export function kialiGraph(series: readonly Sample[], snapshot: Pick<Snapshot, "resources">, question: KialiQuestion, options: { readonly firstCluster?: string } = {}): KialiGraph {
  const samples = inStoredOrder(series);
  const whole: TrafficMap = new Map();
  const context = { snapshot, known: undefined as KnownEntries | undefined, firstCluster: options.firstCluster, couldBeFirst: new Set<string>() };
  const listed = new Map<string, ReturnType<typeof listedWorkloads>>();
  let lost = false;
  const workloads: WorkloadsOf = (cluster, namespace) => {
    if (cluster !== question.cluster) {
      lost = true;
      return [];
    }
    const found = listed.get(namespace) ?? listedWorkloads(snapshot, namespace);
    listed.set(namespace, found);
    return found;
  };
  const asked = (name: string): boolean => question.appenders.includes(name);
  for (const namespace of question.namespaces) {
    const map = buildTraffic(samples, namespace, question);
    if (map.size > 0) {
      if (asked("serviceEntry")) appendServiceEntries(map, namespace, question, context);
      if (asked("deadNode")) appendDeadNodes(map, namespace, workloads);
      if (asked("responseTime")) appendResponseTimes(map, namespace, question, samples);
      if (asked("securityPolicy")) appendSecurityPolicy(map, namespace, question, samples);
      if (asked("throughput")) appendThroughput(map, namespace, question, samples);
    }
    if (asked("idleNode")) appendIdleNodes(map, namespace, question, { snapshot, workloads });
    if (map.size > 0) {
      if (asked("istio")) {
        for (const node of map.values()) if (node.namespace === namespace) workloads(node.cluster, namespace);
        appendBadges(map, namespace, question, snapshot);
        appendServiceApps(map, namespace, snapshot);
      }
      if (asked("meshCheck") || asked("sidecarsCheck")) appendMeshCheck(map, namespace, question, workloads);
    }
    mergeInto(whole, namespace, map);
  }
  if (lost) return { status: 500, nodes: [], edges: [], couldBeFirst: [...context.couldBeFirst] };
  finish(whole, question);
  const here = (namespace: string): ReturnType<typeof listedWorkloads> => workloads(question.cluster, namespace);
  if (asked("health")) appendHealth(whole, question, here);
  if (asked("labeler")) appendLabels(whole, snapshot, here);
  const map = question.graphType === "service" && question.node === undefined ? reduceToServices(whole) : whole;
  return { status: 200, ...printGraph(map, question), couldBeFirst: [...context.couldBeFirst] };
}

/** All answers that Kiali may give: two where it is chance whether ServiceEntries are recognised. */
export function kialiGraphs(samples: readonly Sample[], snapshot: Pick<Snapshot, "resources">, question: KialiQuestion): readonly KialiGraph[] {
  const first = kialiGraph(samples, snapshot, question);
  return [first, ...first.couldBeFirst.slice(1).map((firstCluster) => kialiGraph(samples, snapshot, question, { firstCluster }))];
}
