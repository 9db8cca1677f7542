import { type Resource, resourcesOf } from "@hopscope/model-kubernetes";
import { canonicalAddress, contains, isIpv6, parseAddress } from "./address.ts";
import type { Zone } from "./zone.ts";

/** A service's `spec` as far as it matters here. */
export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly externalTrafficPolicy?: string;
  readonly internalTrafficPolicy?: string;
  readonly publishNotReadyAddresses?: boolean;
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly ports?: readonly ServicePort[];
}

/** One port of a service. */
export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly nodePort?: number;
}

interface EndpointSlice extends Resource {
  readonly addressType?: string;
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean | null; readonly serving?: boolean | null };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly port?: number | null }[];
}

/** The backends of one service port: sorted as strings, and one pod port for all. */
export interface Backends {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  readonly port: number;
}

/** One virtual address with its port, before it is put on switches and routers. */
export interface VipConfig {
  /** `node` stands for every address of the node the load balancer is made for. */
  readonly vips: readonly string[] | "node";
  readonly protocol: Protocol;
  readonly inport: number;
  readonly backends: Backends;
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  readonly nodePort: boolean;
}

/** Protocols of services, in the order load balancers are made. */
export const protocols = ["TCP", "UDP", "SCTP"] as const;
/** A protocol of a service. */
export type Protocol = (typeof protocols)[number];

/** The virtual addresses of a service by the kind of load balancer they get. */
export interface ServiceConfigs {
  readonly perNode: readonly VipConfig[];
  readonly template: readonly VipConfig[];
  readonly cluster: readonly VipConfig[];
}

const sorted = (set: Iterable<string>): string[] => [...new Set(set)].sort();

/** The cluster addresses of a service; none for headless services and ExternalName. */
export function clusterIps(service: Resource): readonly string[] {
  const spec = (service.spec ?? {}) as ServiceSpec;
  if (spec.type === "ExternalName") return [];
  const all = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return all.filter((ip) => ip !== "" && ip !== "None").map(canonicalAddress);
}

/** External addresses a service answers on: `externalIPs` and the load balancer's. */
export function externalVips(service: Resource): readonly string[] {
  const spec = (service.spec ?? {}) as ServiceSpec;
  const status = (service.status ?? {}) as { loadBalancer?: { ingress?: readonly { ip?: string }[] } };
  const ingress = (status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined || ip === "" ? [] : [ip]));
  return [...(spec.externalIPs ?? []), ...ingress].map(canonicalAddress);
}

const slicesByService = new WeakMap<readonly Resource[], ReadonlyMap<string, readonly Resource[]>>();

/** The endpoint slices of a service. */
export function slicesOf({ snapshot }: Pick<Zone, "snapshot">, service: Resource): readonly Resource[] {
  let index = slicesByService.get(snapshot.resources);
  if (index === undefined) {
    const made = new Map<string, Resource[]>();
    for (const slice of resourcesOf(snapshot, "EndpointSlice")) {
      const key = `${slice.metadata.namespace}/${slice.metadata.labels?.["kubernetes.io/service-name"]}`;
      made.set(key, [...(made.get(key) ?? []), slice]);
    }
    slicesByService.set(snapshot.resources, (index = made));
  }
  return index.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
}

/**
 * The backends of a service port. When slices disagree on the number of a port, all addresses get that of the last one.
 *
 * @see ovn-kubernetes go-controller/pkg/util/kube.go GetLbEndpoints, 2023-10-31
 */
export function backendsOf(slices: readonly Resource[], port: ServicePort, publishNotReady: boolean): Backends {
  const v4: string[] = [];
  const v6: string[] = [];
  let number = 0;
  for (const slice of slices as readonly EndpointSlice[]) {
    for (const { name = "", protocol = "TCP", port: podPort } of slice.ports ?? []) {
      if (protocol !== (port.protocol ?? "TCP") || ((port.name ?? "") !== "" && port.name !== name)) continue;
      if (podPort === undefined || podPort === null) continue;
      number = podPort;
      for (const { addresses, conditions } of slice.endpoints ?? []) {
        const serving = conditions?.serving ?? conditions?.ready ?? true;
        if (!serving && !publishNotReady) continue;
        for (const address of addresses.map(canonicalAddress)) (isIpv6(address) ? v6 : v4).push(address);
      }
    }
  }
  return { v4: sorted(v4), v6: sorted(v6), port: number };
}

/**
 * Sorts a service's virtual addresses into those with one load balancer for the cluster, one per node, or one template.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/controller/services/lb_config.go buildServiceLBConfigs, 2023-10-31
 */
export function serviceConfigs(zone: Zone, service: Resource): ServiceConfigs {
  const spec = (service.spec ?? {}) as ServiceSpec;
  const slices = slicesOf(zone, service);
  const perNode: VipConfig[] = [];
  const template: VipConfig[] = [];
  const cluster: VipConfig[] = [];
  const externalLocal = spec.externalTrafficPolicy === "Local";
  const internalLocal = spec.internalTrafficPolicy === "Local";
  const affinity = spec.sessionAffinity === "ClientIP";
  const hostEndpoint = (ip: string): boolean => {
    const address = parseAddress(ip);
    return address !== undefined && !zone.config.clusterSubnets.some(({ subnet }) => contains(subnet, address));
  };
  for (const port of spec.ports ?? []) {
    const backends = backendsOf(slices, port, spec.publishNotReadyAddresses === true);
    const protocol = protocols.find((known) => known === (port.protocol ?? "TCP"));
    if (protocol === undefined) continue;
    const common = { protocol, backends } as const;
    if (port.nodePort !== undefined && port.nodePort !== 0) {
      const config: VipConfig = { ...common, vips: "node", inport: port.nodePort, externalLocal, internalLocal: false, nodePort: true };
      (zone.config.templates && !externalLocal && !affinity ? template : perNode).push(config);
    }
    let vips = clusterIps(service);
    const external = externalVips(service);
    if (externalLocal && external.length > 0) {
      perNode.push({ ...common, vips: external, inport: port.port, externalLocal: true, internalLocal: false, nodePort: false });
    } else vips = [...vips, ...external];
    const config: VipConfig = { ...common, vips, inport: port.port, externalLocal: false, internalLocal, nodePort: false };
    (internalLocal || [...backends.v4, ...backends.v6].some(hostEndpoint) ? perNode : cluster).push(config);
  }
  return { perNode, template, cluster };
}
