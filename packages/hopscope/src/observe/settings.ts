import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

/** What the cluster's observability is set to; what is not said has the product's default. */
export interface ObservabilitySettings {
  /** A mesh is installed, so its tools may be. */
  readonly mesh: boolean;
  readonly kiali: boolean;
  readonly envoyAccessLog: boolean;
  /** The log's format where one is set; undefined is Envoy's default. */
  readonly envoyLogFormat: string | undefined;
  readonly routerAccessLog: boolean;
  /** Percent of requests that are traced; undefined without tracing. */
  readonly tracing: number | undefined;
  readonly flowRtt: boolean;
  readonly dnsTracking: boolean;
  /** Namespace of the mesh's control plane. */
  readonly istioNamespace: string;
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined), value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** A setting of the mesh's own configuration: the ConfigMap `istio` or `istio-<control plane>`, key `mesh`. */
function meshSetting(snapshot: Snapshot, key: string): string | undefined {
  for (const { metadata, ...map } of resourcesOf(snapshot, "ConfigMap")) {
    if (!/^istio(-|$)/.test(metadata.name)) continue;
    const mesh = text(at(map, "data", "mesh"));
    const found = mesh === undefined ? undefined : new RegExp(`^${key}:[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\n#]*))`, "m").exec(mesh);
    const value = (found?.[1] ?? found?.[2] ?? found?.[3])?.trim();
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function tracingOf(snapshot: Snapshot, planes: ReturnType<typeof resourcesOf>): number | undefined {
  const telemetry = resourcesOf(snapshot, "Telemetry").flatMap(({ spec }) => list(at(spec, "tracing")));
  const asked = telemetry.map((entry) => at(entry, "randomSamplingPercentage")).find((value) => typeof value === "number");
  if (planes.length === 0) return telemetry.some((entry) => list(at(entry, "providers")).length > 0) ? (typeof asked === "number" ? asked : 1) : undefined;
  if (planes.every((plane) => at(plane.spec, "tracing", "type") === "None")) return undefined;
  const sampling = planes.map((plane) => at(plane.spec, "tracing", "sampling")).find((value) => typeof value === "number");
  return typeof asked === "number" ? asked : typeof sampling === "number" ? sampling / 100 : 1;
}

/**
 * Reads which tools are switched on from the ServiceMeshControlPlane, Telemetry and the mesh's ConfigMap, the
 * IngressController and the FlowCollector.
 *
 * @see OpenShift Service Mesh 2.5 profile `default` (Jaeger, Prometheus and Kiali on, no access log, 1 % of requests traced unless `tracing.sampling` says)
 */
export function observabilityOf(snapshot: Snapshot): ObservabilitySettings {
  const planes = resourcesOf(snapshot, "ServiceMeshControlPlane");
  const logs = resourcesOf(snapshot, "Telemetry").some(({ spec }) => list(at(spec, "accessLogging")).some((entry) => at(entry, "disabled") !== true));
  const features = resourcesOf(snapshot, "FlowCollector").flatMap(({ spec }) => list(at(spec, "agent", "ebpf", "features")));
  const istiod = resourcesOf(snapshot, "Deployment").find(({ metadata }) => metadata.labels?.["app"] === "istiod");
  return {
    mesh: planes.length > 0 || istiod !== undefined,
    kiali: planes.length === 0 || planes.some((plane) => at(plane.spec, "addons", "kiali", "enabled") !== false),
    envoyAccessLog: logs || planes.some((plane) => text(at(plane.spec, "proxy", "accessLogging", "file", "name")) !== undefined) || meshSetting(snapshot, "accessLogFile") !== undefined,
    envoyLogFormat: planes.map((plane) => text(at(plane.spec, "proxy", "accessLogging", "file", "format"))).find((format) => format !== undefined) ?? meshSetting(snapshot, "accessLogFormat"),
    routerAccessLog: resourcesOf(snapshot, "IngressController").some((controller) => at(controller.spec, "logging", "access") !== undefined),
    tracing: tracingOf(snapshot, planes),
    flowRtt: features.includes("FlowRTT"),
    dnsTracking: features.includes("DNSTracking"),
    istioNamespace: planes[0]?.metadata.namespace ?? istiod?.metadata.namespace ?? "istio-system",
  };
}
