import { matchesLabels, objectName, type Pod, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

/** What Telemetry objects change in the metrics of one proxy and side. */
export interface MetricOverrides {
  /** Families that are not recorded. */
  readonly disabled: ReadonlySet<string>;
  /** Labels that are left out, by family. */
  readonly removed: ReadonlyMap<string, ReadonlySet<string>>;
  /** The objects that say so. */
  readonly by: readonly string[];
}

const FAMILIES: Readonly<Record<string, string>> = {
  REQUEST_COUNT: "istio_requests_total",
  REQUEST_DURATION: "istio_request_duration_milliseconds",
  REQUEST_SIZE: "istio_request_bytes",
  RESPONSE_SIZE: "istio_response_bytes",
  TCP_OPENED_CONNECTIONS: "istio_tcp_connections_opened_total",
  TCP_CLOSED_CONNECTIONS: "istio_tcp_connections_closed_total",
  TCP_SENT_BYTES: "istio_tcp_sent_bytes_total",
  TCP_RECEIVED_BYTES: "istio_tcp_received_bytes_total",
  GRPC_REQUEST_MESSAGES: "istio_request_messages_total",
  GRPC_RESPONSE_MESSAGES: "istio_response_messages_total",
};

interface Override {
  readonly match?: { readonly metric?: string; readonly customMetric?: string; readonly mode?: string };
  readonly disabled?: boolean;
  readonly tagOverrides?: Readonly<Record<string, { readonly operation?: string }>>;
}
interface TelemetrySpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly metrics?: readonly { readonly overrides?: readonly Override[] }[];
}

const specOf = ({ spec }: Resource): TelemetrySpec => (typeof spec === "object" && spec !== null ? (spec as TelemetrySpec) : {});
const age = ({ metadata }: Resource): string => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;

/** The Telemetry objects that apply to a pod: the root namespace's, its namespace's, one that selects it; of each level the oldest. */
function applying(snapshot: Pick<Snapshot, "resources">, pod: Pod, rootNamespace: string): readonly Resource[] {
  const all = [...resourcesOf(snapshot, "Telemetry")].sort((a, b) => (age(a) < age(b) ? -1 : 1));
  const namespace = pod.metadata.namespace ?? "default";
  const labels = (one: Resource): Readonly<Record<string, string>> => specOf(one).selector?.matchLabels ?? {};
  const wide = (name: string): Resource | undefined => all.find((one) => one.metadata.namespace === name && Object.keys(labels(one)).length === 0);
  const own = all.find((one) => one.metadata.namespace === namespace && Object.keys(labels(one)).length > 0 && matchesLabels(labels(one), pod.metadata.labels));
  return [wide(rootNamespace), namespace === rootNamespace ? undefined : wide(namespace), own].filter((one) => one !== undefined);
}

/**
 * Reads what Telemetry objects change in a proxy's metrics; undefined where they change nothing. Later levels win over
 * earlier ones, metric by metric. A tag that is set anew keeps its place here, for its value is an expression.
 *
 * @see Istio 1.18, pilot/pkg/model/telemetry.go, mergeMetrics
 */
export function overridesOf(snapshot: Pick<Snapshot, "resources">, pod: Pod, side: { readonly mode: "CLIENT" | "SERVER"; readonly rootNamespace: string }): MetricOverrides | undefined {
  const disabled = new Map<string, boolean>();
  const removed = new Map<string, Map<string, boolean>>();
  const by: string[] = [];
  let silent = false;
  for (const telemetry of applying(snapshot, pod, side.rootNamespace)) {
    for (const { match = {}, disabled: off, tagOverrides = {} } of (specOf(telemetry).metrics ?? []).flatMap(({ overrides = [] }) => overrides)) {
      const { mode = "CLIENT_AND_SERVER", metric = "ALL_METRICS" } = match;
      if (match.customMetric !== undefined || (mode !== "CLIENT_AND_SERVER" && mode !== side.mode)) continue;
      by.push(objectName(telemetry));
      // To disable all drops the whole filter; any later word on a metric brings it back.
      silent = metric === "ALL_METRICS" && off === true;
      if (silent) continue;
      for (const family of metric === "ALL_METRICS" ? Object.values(FAMILIES) : [FAMILIES[metric] ?? metric]) {
        if (off !== undefined) disabled.set(family, off);
        const tags = removed.get(family) ?? new Map<string, boolean>();
        removed.set(family, tags);
        for (const [name, { operation }] of Object.entries(tagOverrides)) tags.set(name, operation === "REMOVE");
      }
    }
  }
  const off = new Set(silent ? Object.values(FAMILIES) : [...disabled].flatMap(([family, value]) => (value ? [family] : [])));
  const gone = new Map([...removed].map(([family, tags]) => [family, new Set([...tags].flatMap(([name, value]) => (value ? [name] : [])))] as const).filter(([, tags]) => tags.size > 0));
  return off.size === 0 && gone.size === 0 ? undefined : { disabled: off, removed: gone, by: [...new Set(by)] };
}
