import { endsOf, isInjected } from "./ends-of.ts";
import { nodeId, serviceEnd } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import type { Labels } from "./vector.ts";

/** One edge that a series is drawn as. */
export interface DrawnEdge {
  readonly source: string;
  readonly target: string;
  /** Whether a response time may sit on it: only on the last edge to a workload. */
  readonly timed: boolean;
}

/**
 * The edges that one series becomes: to the service node and on to the workload, or straight; none where Kiali skips it.
 *
 * @example
 * edgesOfSeries(labels, { graphType: "workload", injectServiceNodes: false, istioNamespace: "istio-system" }).length // 1
 */
export function edgesOfSeries(labels: Labels, question: Pick<KialiQuestion, "graphType" | "injectServiceNodes" | "istioNamespace">): readonly DrawnEdge[] {
  const ends = endsOf(labels, question);
  const injected = ends === undefined ? undefined : isInjected(ends.dest, question);
  if (ends === undefined || injected === undefined) return [];
  const [source, service, dest] = [ends.source, serviceEnd(ends.dest), ends.dest].map((end) => nodeId(end, question.graphType)?.id);
  if (source === undefined || dest === undefined) return [];
  if (!injected || service === undefined) return [{ source, target: dest, timed: true }];
  return [{ source, target: service, timed: false }, { source: service, target: dest, timed: true }];
}
