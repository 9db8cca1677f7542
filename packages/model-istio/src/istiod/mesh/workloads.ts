import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import type { Labels } from "../types.ts";

/** A pod or WorkloadEntry, as far as endpoints need it. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly labels: Labels;
  readonly locality: string;
  readonly serviceAccount?: string;
  readonly tlsMode: "istio" | "disabled";
  readonly weight: number;
  readonly network?: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly containerPorts: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly host?: string;
  readonly subdomain?: string;
  readonly pod: boolean;
  readonly ready: boolean;
  readonly resource: Resource;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly hostNetwork?: boolean;
  readonly containers?: readonly { readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[] }[];
}

interface WorkloadEntrySpec {
  readonly address?: string;
  readonly ports?: Readonly<Record<string, number>>;
  readonly labels?: Labels;
  readonly network?: string;
  readonly locality?: string;
  readonly weight?: number;
  readonly serviceAccount?: string;
}

const localityOf = (labels: Labels): string => {
  const region = labels["topology.kubernetes.io/region"] ?? labels["failure-domain.beta.kubernetes.io/region"] ?? "";
  const zone = labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"] ?? "";
  const subzone = labels["topology.istio.io/subzone"] ?? "";
  return region === "" && zone === "" && subzone === "" ? "" : `${region}/${zone}/${subzone}`;
};

/** The locality of a node: `region/zone/subzone`, or the pod's own `istio-locality` label. */
export function localities(snapshot: Pick<Snapshot, "resources">): (node: string | undefined, labels: Labels) => string {
  const nodes = new Map(resourcesOf(snapshot, "Node").map((node) => [node.metadata.name, localityOf(node.metadata.labels ?? {})]));
  return (node, labels) => labels["istio-locality"]?.replaceAll(".", "/") ?? (node === undefined ? "" : (nodes.get(node) ?? ""));
}

/** All pods with an address. */
export function podWorkloads(snapshot: Pick<Snapshot, "resources">): readonly Workload[] {
  const locality = localities(snapshot);
  return resourcesOf(snapshot, "Pod").flatMap((pod): Workload[] => {
    const spec = (pod.spec ?? {}) as PodSpec;
    const status = (pod.status ?? {}) as { podIP?: string; podIPs?: readonly { ip: string }[]; phase?: string; conditions?: readonly { type: string; status: string }[] };
    const labels = pod.metadata.labels ?? {};
    const addresses = status.podIPs?.map((entry) => entry.ip) ?? (status.podIP === undefined ? [] : [status.podIP]);
    return addresses.map((address) => ({
      name: pod.metadata.name,
      namespace: pod.metadata.namespace ?? "default",
      address,
      labels,
      locality: locality(spec.nodeName, labels),
      ...(spec.serviceAccountName === undefined ? {} : { serviceAccount: spec.serviceAccountName }),
      tlsMode: labels["security.istio.io/tlsMode"] === "istio" ? "istio" : "disabled",
      weight: 1,
      ports: {},
      containerPorts: (spec.containers ?? []).flatMap((container) => container.ports ?? []),
      ...(spec.hostname === undefined ? {} : { host: spec.hostname }),
      ...(spec.subdomain === undefined ? {} : { subdomain: spec.subdomain }),
      pod: true,
      ready: status.conditions?.some((condition) => condition.type === "Ready" && condition.status !== "True") !== true,
      resource: pod,
    }));
  });
}

/** A WorkloadEntry, or an endpoint written into a ServiceEntry, as a workload. */
export function entryWorkload(spec: WorkloadEntrySpec, resource: Resource): Workload {
  const labels = spec.labels ?? {};
  const mode = labels["security.istio.io/tlsMode"];
  return {
    name: resource.metadata.name,
    namespace: resource.metadata.namespace ?? "default",
    address: spec.address ?? "",
    labels,
    locality: spec.locality ?? labels["istio-locality"]?.replaceAll(".", "/") ?? "",
    ...(spec.serviceAccount === undefined || spec.serviceAccount === "" ? {} : { serviceAccount: spec.serviceAccount }),
    tlsMode: (mode ?? ((spec.serviceAccount ?? "") === "" ? "disabled" : "istio")) === "istio" ? "istio" : "disabled",
    weight: spec.weight ?? 0,
    ...(spec.network === undefined ? {} : { network: spec.network }),
    ports: spec.ports ?? {},
    containerPorts: [],
    pod: false,
    ready: true,
    resource,
  };
}

/** All WorkloadEntries; their labels are those of the object and of its spec. */
export function entryWorkloads(snapshot: Pick<Snapshot, "resources">): readonly Workload[] {
  return resourcesOf(snapshot, "WorkloadEntry").map((resource) => {
    const spec = (resource.spec ?? {}) as WorkloadEntrySpec;
    return entryWorkload({ ...spec, labels: { ...resource.metadata.labels, ...spec.labels } }, resource);
  });
}

/** Resolves a Service's targetPort on a pod; a name is looked up among the containers' ports. */
export function targetPortOn(workload: Workload, port: { readonly port: number; readonly targetPort?: number | string; readonly name?: string; readonly protocol?: string }): number | undefined {
  const target = port.targetPort;
  if (typeof target === "number" && target > 0) return target;
  if (typeof target === "string" && /^\d+$/.test(target)) return Number(target);
  if (typeof target !== "string" || target === "") return port.port;
  return workload.containerPorts.find((entry) => entry.name === target && (entry.protocol ?? "TCP") === (port.protocol ?? "TCP"))?.containerPort;
}
