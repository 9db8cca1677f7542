import type { Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";

export interface ContainerPort {
  readonly containerPort: number;
  readonly name?: string;
  readonly protocol?: "TCP" | "UDP" | "SCTP";
  readonly hostPort?: number;
  readonly hostIP?: string;
}

export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port: number | string; readonly scheme?: string; readonly host?: string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly grpc?: { readonly port: number };
  readonly exec?: unknown;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly ContainerPort[];
  readonly restartPolicy?: string;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number; readonly privileged?: boolean };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly hostNetwork?: boolean;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly serviceAccountName?: string;
  readonly dnsPolicy?: "ClusterFirst" | "ClusterFirstWithHostNet" | "Default" | "None";
  readonly dnsConfig?: { readonly nameservers?: readonly string[]; readonly searches?: readonly string[]; readonly options?: readonly { readonly name: string; readonly value?: string }[] };
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number; readonly fsGroup?: number };
  readonly terminationGracePeriodSeconds?: number;
}

export interface PodStatus {
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly hostIP?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** A Pod as the API returns it. */
export interface Pod extends Resource {
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

interface PodIndex {
  readonly all: readonly Pod[];
  readonly byNamespace: ReadonlyMap<string, readonly Pod[]>;
}

const indices = new WeakMap<readonly Resource[], PodIndex>();

/** All Pods that have a spec, or those of one namespace. */
export function podsOf(snapshot: Pick<Snapshot, "resources">, namespace?: string): readonly Pod[] {
  let index = indices.get(snapshot.resources);
  if (index === undefined) {
    const all = resourcesOf(snapshot, "Pod", { group: "" }).filter(isPod);
    const byNamespace = new Map<string, Pod[]>();
    for (const pod of all) {
      const key = pod.metadata.namespace ?? "";
      const list = byNamespace.get(key);
      if (list === undefined) byNamespace.set(key, [pod]);
      else list.push(pod);
    }
    indices.set(snapshot.resources, (index = { all, byNamespace }));
  }
  return namespace === undefined ? index.all : (index.byNamespace.get(namespace) ?? []);
}

/** Whether a resource is a Pod with a spec that can be read. */
export function isPod(resource: Resource): resource is Pod {
  const spec = resource.spec;
  return resource.kind === "Pod" && typeof spec === "object" && spec !== null && "containers" in spec && Array.isArray(spec.containers);
}

/** Addresses of a pod, the primary first; empty while it has none. */
export function podIps(pod: Pod): readonly string[] {
  const { podIPs, podIP } = pod.status ?? {};
  const many = (podIPs ?? []).map((entry) => entry.ip).filter((ip) => typeof ip === "string" && ip !== "");
  return many.length > 0 ? many : podIP === undefined || podIP === "" ? [] : [podIP];
}

/** Whether the pod is ready. A status written by hand that says it runs and states no Ready condition is taken at its word: the kubelet always states one. */
export function isReady(pod: Pod): boolean {
  const ready = (pod.status?.conditions ?? []).find((condition) => condition.type === "Ready");
  return ready === undefined ? pod.status?.phase === "Running" : ready.status === "True";
}

/** Whether the pod is being deleted. */
export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Whether the pod has ended; such a pod gets no traffic and its address may be another's. */
export const hasEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

/** Ports of all containers, in their order; init containers that stay (sidecars) count too. */
export function containerPorts(pod: Pick<Pod, "spec">): readonly ContainerPort[] {
  const staying = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...staying, ...pod.spec.containers].flatMap((container) => container.ports ?? []);
}

/**
 * The number a Service's `targetPort` means for a pod: itself, or the container port of that name and protocol.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/v1.27.10/pkg/api/v1/pod/util.go FindPort
 */
export function targetPortOf(pod: Pick<Pod, "spec">, target: number | string, protocol = "TCP"): number | undefined {
  if (typeof target === "number") return target;
  return containerPorts(pod).find((port) => port.name === target && (port.protocol ?? "TCP") === protocol)?.containerPort;
}
