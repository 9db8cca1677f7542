import type { Resource } from "../resource.ts";
import { resourcesOf, type Snapshot } from "../snapshot.ts";

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: "TCP" | "UDP" | "SCTP";
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

export interface ServiceSpec {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly ipFamilies?: readonly ("IPv4" | "IPv6")[];
  readonly ipFamilyPolicy?: string;
  readonly ports?: readonly ServicePort[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly externalName?: string;
  readonly externalIPs?: readonly string[];
  readonly loadBalancerIP?: string;
  readonly externalTrafficPolicy?: "Cluster" | "Local";
  readonly internalTrafficPolicy?: "Cluster" | "Local";
  readonly sessionAffinity?: "None" | "ClientIP";
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly publishNotReadyAddresses?: boolean;
  readonly healthCheckNodePort?: number;
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly loadBalancerSourceRanges?: readonly string[];
}

/** A core Service as the API returns it. */
export interface Service extends Resource {
  readonly spec: ServiceSpec;
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } };
}

const services = new WeakMap<readonly Resource[], readonly Service[]>();

/** All core Services, or those of one namespace. */
export function servicesOf(snapshot: Pick<Snapshot, "resources">, namespace?: string): readonly Service[] {
  let all = services.get(snapshot.resources);
  if (all === undefined) services.set(snapshot.resources, (all = resourcesOf(snapshot, "Service", { group: "" }).filter(isService)));
  return namespace === undefined ? all : all.filter((service) => service.metadata.namespace === namespace);
}

/** Whether a resource is a core Service (Knative has a kind of that name too). */
export const isService = (resource: Resource): resource is Service =>
  resource.kind === "Service" && resource.apiVersion === "v1" && typeof resource.spec === "object" && resource.spec !== null;

export function serviceNamed(snapshot: Pick<Snapshot, "resources">, namespace: string, name: string): Service | undefined {
  return servicesOf(snapshot, namespace).find((service) => service.metadata.name === name);
}

/** Cluster addresses, the primary first; empty for headless and ExternalName Services. */
export function clusterIps(service: Service): readonly string[] {
  const { clusterIP, clusterIPs, type } = service.spec;
  if (type === "ExternalName") return [];
  const all = clusterIPs !== undefined && clusterIPs.length > 0 ? clusterIPs : clusterIP === undefined ? [] : [clusterIP];
  return all.filter((ip) => ip !== "None" && ip !== "");
}

/** Whether the Service asks for no address of its own. */
export const isHeadless = (service: Service): boolean => service.spec.type !== "ExternalName" && (service.spec.clusterIP === "None" || service.spec.clusterIPs?.[0] === "None");

/** Addresses a load balancer outside gave. */
export const loadBalancerIps = (service: Service): readonly string[] =>
  service.spec.type === "LoadBalancer" ? (service.status?.loadBalancer?.ingress ?? []).flatMap((entry) => (entry.ip === undefined || entry.ip === "" ? [] : [entry.ip])) : [];

export const familyOf = (address: string): "IPv4" | "IPv6" => (address.includes(":") ? "IPv6" : "IPv4");

/** Families a Service serves, the primary first. */
export function familiesOf(service: Service): readonly ("IPv4" | "IPv6")[] {
  if (service.spec.ipFamilies !== undefined && service.spec.ipFamilies.length > 0) return service.spec.ipFamilies;
  const own = [...new Set(clusterIps(service).map(familyOf))];
  return own.length > 0 ? own : ["IPv4"];
}
