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

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined), value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {});
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const age = ({ metadata }: Resource): string => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;

/** The Telemetry objects that apply to a pod: the root namespace's, its namespace's, one that selects it; of each level the oldest. */
function applying(snapshot: Pick<Snapshot, "resources">, pod: Pod, rootNamespace: string): readonly Resource[] {
  const all = [...resourcesOf(snapshot, "Telemetry")].sort((a, b) => (age(a) < age(b) ? -1 : 1));
  const namespace = pod.metadata.namespace ?? "default";
  const labels = (one: Resource): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(record(at(one.spec, "selector", "matchLabels"))).map(([name, value]) => [name, String(value)]));
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
    for (const override of list(at(telemetry.spec, "metrics")).flatMap((one) => list(at(one, "overrides")))) {
      const mode = text(at(override, "match", "mode")) ?? "CLIENT_AND_SERVER";
      const metric = text(at(override, "match", "metric")) ?? "ALL_METRICS";
      const off = at(override, "disabled");
      if (at(override, "match", "customMetric") !== undefined || (mode !== "CLIENT_AND_SERVER" && mode !== side.mode)) continue;
      by.push(objectName(telemetry));
      // To disable all drops the whole filter; any later word on a metric brings it back.
      silent = metric === "ALL_METRICS" && off === true;
      if (silent) continue;
      for (const family of metric === "ALL_METRICS" ? Object.values(FAMILIES) : [FAMILIES[metric] ?? metric]) {
        if (typeof off === "boolean") disabled.set(family, off);
        const tags = removed.get(family) ?? new Map<string, boolean>();
        removed.set(family, tags);
        for (const [name, change] of Object.entries(record(at(override, "tagOverrides")))) tags.set(name, at(change, "operation") === "REMOVE");
      }
    }
  }
  const off = new Set(silent ? Object.values(FAMILIES) : [...disabled].flatMap(([family, value]) => (value ? [family] : [])));
  const gone = new Map([...removed].map(([family, tags]) => [family, new Set([...tags].flatMap(([name, value]) => (value ? [name] : [])))] as const).filter(([, tags]) => tags.size > 0));
  return off.size === 0 && gone.size === 0 ? undefined : { disabled: off, removed: gone, by: [...new Set(by)] };
}
