import type { Origin } from "@hopscope/core";
import { originOf, type Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";
import { hasEnded, isReady, isTerminating, type Pod, podIps, podsOf, targetPortOf } from "../workload/pod.ts";
import { matchesLabels } from "../workload/selector.ts";
import { familiesOf, familyOf, type Service } from "./service.ts";

/** One address and port behind one port of a Service. */
export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  /** Name of the Service's port; empty for the only one. */
  readonly portName: string;
  readonly appProtocol?: string;
  readonly ready: boolean;
  /** Passes its readiness probe, terminating or not. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hostname?: string;
  readonly pod?: { readonly namespace: string; readonly name: string };
  readonly origin: Origin;
}

/** The endpoints of a Service and what they were read from. */
export interface ServiceEndpoints {
  readonly source: "EndpointSlice" | "Endpoints" | "selector" | "none";
  readonly endpoints: readonly ServiceEndpoint[];
}

interface SlicePort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: ServiceEndpoint["protocol"] | null;
  readonly appProtocol?: string | null;
}

/** A `discovery.k8s.io` EndpointSlice. */
export interface EndpointSlice extends Resource {
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean | null; readonly serving?: boolean | null; readonly terminating?: boolean | null };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
}

const SERVICE_NAME = "kubernetes.io/service-name";

/**
 * The endpoints of a Service: of its EndpointSlices, else of its Endpoints object, else derived from its selector as the controller does it.
 *
 * A condition `ready` that is not said is true; `serving` then is as `ready`.
 *
 * @see https://github.com/kubernetes/endpointslice/blob/v0.28.0/utils.go
 */
export function endpointsOf(snapshot: Pick<Snapshot, "resources">, service: Service): ServiceEndpoints {
  if (service.spec.type === "ExternalName") return { source: "none", endpoints: [] };
  const own = slicesOf(snapshot, service);
  if (own.length > 0) return { source: "EndpointSlice", endpoints: unique(own.flatMap(fromSlice)) };
  const { namespace, name } = service.metadata;
  const written = resourcesOf(snapshot, "Endpoints", { group: "", namespace }).filter((resource) => resource.metadata.name === name);
  if (written.length > 0) return { source: "Endpoints", endpoints: written.flatMap(fromEndpoints) };
  const { selector } = service.spec;
  if (selector === undefined || Object.keys(selector).length === 0) return { source: "none", endpoints: [] };
  return { source: "selector", endpoints: selectedPods(snapshot, service).flatMap((pod) => fromPod(pod, service)) };
}

const slices = new WeakMap<readonly Resource[], ReadonlyMap<string, readonly EndpointSlice[]>>();

/** EndpointSlices that belong to a Service, in the order read. */
export function slicesOf(snapshot: Pick<Snapshot, "resources">, service: Service): readonly EndpointSlice[] {
  let index = slices.get(snapshot.resources);
  if (index === undefined) {
    const made = new Map<string, EndpointSlice[]>();
    for (const slice of resourcesOf(snapshot, "EndpointSlice", { group: "discovery.k8s.io" }) as readonly EndpointSlice[]) {
      const key = `${slice.metadata.namespace ?? ""}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`;
      const list = made.get(key);
      if (list === undefined) made.set(key, [slice]);
      else list.push(slice);
    }
    slices.set(snapshot.resources, (index = made));
  }
  return index.get(`${service.metadata.namespace ?? ""}/${service.metadata.name}`) ?? [];
}

/** Pods that a Service's selector selects and that have not ended. */
export function selectedPods(snapshot: Pick<Snapshot, "resources">, service: Service): readonly Pod[] {
  const { selector } = service.spec;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  return podsOf(snapshot, service.metadata.namespace).filter((pod) => matchesLabels(selector, pod.metadata.labels) && !hasEnded(pod));
}

function fromSlice(slice: EndpointSlice): readonly ServiceEndpoint[] {
  return (slice.endpoints ?? []).flatMap((endpoint, index) =>
    (slice.ports ?? []).flatMap((port): readonly ServiceEndpoint[] => {
      const [address] = endpoint.addresses ?? [];
      if (address === undefined || typeof port.port !== "number") return [];
      const { ready, serving, terminating } = endpoint.conditions ?? {};
      const pod = endpoint.targetRef?.kind === "Pod" && endpoint.targetRef.name !== undefined ? { namespace: endpoint.targetRef.namespace ?? slice.metadata.namespace ?? "", name: endpoint.targetRef.name } : undefined;
      return [
        {
          address,
          port: port.port,
          protocol: port.protocol ?? "TCP",
          portName: port.name ?? "",
          ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
          ready: ready ?? true,
          serving: serving ?? ready ?? true,
          terminating: terminating ?? false,
          ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }),
          ...(endpoint.zone === undefined ? {} : { zone: endpoint.zone }),
          ...(endpoint.hostname === undefined ? {} : { hostname: endpoint.hostname }),
          ...(pod === undefined ? {} : { pod }),
          origin: originOf(slice, `endpoints[${index}]`),
        },
      ];
    }),
  );
}

/** While the controller moves an endpoint between slices it stands in two. */
function unique(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port, protocol, portName }) => {
    const key = `${address} ${port} ${protocol} ${portName}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

interface EndpointsAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: SliceEndpoint["targetRef"];
}

interface EndpointsSubset {
  readonly addresses?: readonly EndpointsAddress[] | null;
  readonly notReadyAddresses?: readonly EndpointsAddress[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

function fromEndpoints(resource: Resource): readonly ServiceEndpoint[] {
  const subsets = Array.isArray(resource["subsets"]) ? (resource["subsets"] as readonly EndpointsSubset[]) : [];
  return subsets.flatMap((subset, index) =>
    (["addresses", "notReadyAddresses"] as const).flatMap((field) => {
      const ready = field === "addresses";
      const endpoints = (subset[field] ?? []).map((entry): SliceEndpoint => ({ ...entry, addresses: [entry.ip], conditions: { ready, serving: ready, terminating: false } }));
      const slice: EndpointSlice = { ...resource, addressType: "IPv4", endpoints, ports: subset.ports };
      return fromSlice(slice).map((endpoint, at) => ({ ...endpoint, origin: originOf(resource, `subsets[${index}].${field}[${Math.floor(at / Math.max(1, subset.ports?.length ?? 1))}]`) }));
    }),
  );
}

function fromPod(pod: Pod, service: Service): readonly ServiceEndpoint[] {
  const families = familiesOf(service);
  const { publishNotReadyAddresses = false, ports = [] } = service.spec;
  const passing = isReady(pod);
  const terminating = isTerminating(pod);
  const hostname = pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
  return families.flatMap((family) => {
    const address = podIps(pod).find((ip) => familyOf(ip) === family);
    if (address === undefined) return [];
    return ports.flatMap((port): readonly ServiceEndpoint[] => {
      const protocol = port.protocol ?? "TCP";
      const number = targetPortOf(pod, port.targetPort ?? port.port, protocol);
      if (number === undefined) return [];
      return [
        {
          address,
          port: number,
          protocol,
          portName: port.name ?? "",
          ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
          ready: publishNotReadyAddresses || (passing && !terminating),
          serving: publishNotReadyAddresses || passing,
          terminating,
          ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
          ...(hostname === undefined ? {} : { hostname }),
          pod: { namespace: pod.metadata.namespace ?? "default", name: pod.metadata.name },
          origin: originOf(pod),
        },
      ];
    });
  });
}
