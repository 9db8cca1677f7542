import type { Resource } from "@hopscope/model-kubernetes";
import { selects, visibleIn } from "./config-order.ts";
import { hostIsSubset, hostMatches } from "./host.ts";
import type { Model } from "../model.ts";
import { parseProtocol } from "./protocol.ts";
import type { ServerTls } from "../cluster/tls-context.ts";
import type { MeshService, Proxy } from "../types.ts";
import type { Destination, VirtualService } from "../route/virtual-service.ts";
import { virtualServicesFor } from "../route/virtual-services.ts";

interface ListenerPort { readonly number: number; readonly protocol?: string; readonly name?: string }

export interface EgressListener {
  readonly port?: ListenerPort;
  readonly bind?: string;
  readonly captureMode?: string;
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly VirtualService[];
}

/** What one proxy sees of the mesh. */
export interface Scope {
  readonly egress: readonly EgressListener[];
  readonly services: readonly MeshService[];
  readonly byHost: ReadonlyMap<string, MeshService>;
  readonly allowAny: boolean;
  /** Where traffic to unknown destinations goes instead of there. */
  readonly egressProxy?: Destination;
  readonly sidecar?: Resource;
  readonly ingress: readonly Ingress[];
}

export interface Ingress {
  readonly port?: ListenerPort;
  readonly bind?: string;
  readonly captureMode?: string;
  readonly defaultEndpoint?: string;
  readonly tls?: ServerTls;
}

interface EgressSpec { readonly hosts?: readonly string[]; readonly port?: ListenerPort; readonly bind?: string; readonly captureMode?: string }
interface SidecarSpec {
  readonly workloadSelector?: { readonly labels?: Readonly<Record<string, string>> };
  readonly egress?: readonly EgressSpec[];
  readonly ingress?: readonly Ingress[];
  readonly outboundTrafficPolicy?: { readonly mode?: string; readonly egressProxy?: Destination };
}

/** Services a namespace may see: private ones first, then those exported to it, then public; oldest first in each. */
function servicesFor(model: Model, namespace: string): readonly MeshService[] {
  const isPublic = (s: MeshService): boolean => s.exportTo.includes("*");
  const visible = model.services.filter((s) => isPublic(s) || visibleIn(s.exportTo, s.namespace, namespace));
  return [
    ...visible.filter((s) => !isPublic(s) && s.namespace === namespace),
    ...visible.filter((s) => !isPublic(s) && s.namespace !== namespace),
    ...visible.filter(isPublic),
  ];
}

/** The service that owns a name: the oldest, but a Kubernetes Service before any ServiceEntry. */
function owners(services: readonly MeshService[]): Map<string, MeshService> {
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const existing = byHost.get(service.host);
    if (existing === undefined || (!existing.kubernetes && service.kubernetes)) byHost.set(service.host, service);
  }
  return byHost;
}

const specOf = (resource: Resource | undefined): SidecarSpec => (resource?.spec ?? {}) as SidecarSpec;

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's. */
function sidecarFor(model: Model, proxy: Proxy): Resource | undefined {
  const own = model.sidecars.filter((resource) => resource.metadata.namespace === proxy.namespace);
  return own.find((resource) => specOf(resource).workloadSelector !== undefined && selects(specOf(resource).workloadSelector?.labels, proxy.labels))
    ?? own.find((resource) => specOf(resource).workloadSelector === undefined)
    ?? model.sidecars.find((resource) => resource.metadata.namespace === model.mesh.rootNamespace && specOf(resource).workloadSelector === undefined);
}

/** Hosts a VirtualService leads to, each with the ports it names; 0 stands for any port. */
function destinationsOf(vs: VirtualService): ReadonlyMap<string, ReadonlySet<number>> {
  const out = new Map<string, Set<number>>();
  const add = (target: Destination | undefined): void => {
    if (target !== undefined) out.set(target.host, (out.get(target.host) ?? new Set()).add(target.port?.number ?? 0));
  };
  for (const route of vs.http) {
    for (const item of route.route ?? []) add(item.destination);
    add(route.mirror);
    for (const mirror of route.mirrors ?? []) add(mirror.destination);
  }
  for (const route of [...vs.tcp, ...vs.tls]) for (const item of route.route ?? []) add(item.destination);
  return out;
}

const portMatters = (listener: EgressSpec): boolean => (listener.port?.number ?? 0) !== 0 && parseProtocol(listener.port?.protocol ?? "") !== "HTTP_PROXY";

function withPort(service: MeshService, number: number): MeshService | undefined {
  const port = service.ports.find((entry) => entry.number === number);
  return port === undefined ? undefined : { ...service, ports: [port] };
}

function withPorts(service: MeshService, wanted: ReadonlySet<number>): MeshService | undefined {
  if (wanted.size === 0 || wanted.has(0)) return service;
  const ports = service.ports.filter((entry) => wanted.has(entry.number));
  if (ports.length === service.ports.length) return service;
  return ports.length === 0 ? undefined : { ...service, ports };
}

/** One egress listener of a Sidecar with what its hosts import (`sidecar.go convertIstioListenerToWrapper`). */
function importFor(listener: EgressSpec, own: string, visible: readonly MeshService[], virtualServices: readonly VirtualService[]): EgressListener {
  const hosts = (listener.hosts ?? []).flatMap((text) => {
    const slash = text.indexOf("/");
    if (slash < 0) return [];
    const namespace = text.slice(0, slash);
    return [{ namespace: namespace === "." ? own : namespace, host: text.slice(slash + 1) }];
  });
  const covers = (namespace: string, test: (host: string) => boolean): boolean => hosts.some((entry) => (entry.namespace === "*" || entry.namespace === namespace) && test(entry.host));
  const number = portMatters(listener) ? listener.port?.number : undefined;
  const imported = visible.flatMap((service) => {
    if (!covers(service.namespace, (host) => hostIsSubset(service.host, host))) return [];
    return (number === undefined ? service : withPort(service, number)) ?? [];
  });
  const chosen = new Map<string, string>();
  for (const service of imported) if (!chosen.has(service.host) || service.namespace === own) chosen.set(service.host, service.namespace);
  return {
    ...listener,
    services: imported.filter((service) => chosen.get(service.host) === service.namespace),
    virtualServices: virtualServices.filter((vs) => covers(vs.namespace, (host) => vs.hosts.some((entry) => (vs.gatewaySemantics === true ? hostIsSubset(entry, host) : hostMatches(entry, host))))),
  };
}

/** All services of a Sidecar's listeners, and those its VirtualServices lead to; a name belongs to one namespace (`sidecar.go ConvertToSidecarScope`). */
function gather(model: Model, proxy: Proxy, egress: readonly EgressListener[]): readonly MeshService[] {
  const services: MeshService[] = [];
  const add = (service: MeshService | undefined): void => {
    if (service === undefined) return;
    const at = services.findIndex((entry) => entry.host === service.host);
    const found = services[at];
    if (found === undefined) services.push(service);
    else if (found.namespace === service.namespace) {
      const extra = service.ports.filter((port) => !found.ports.some((known) => known.number === port.number));
      services[at] = { ...found, ports: [...found.ports, ...extra] };
    }
  };
  for (const listener of egress) {
    for (const service of listener.services) add(service);
    for (const vs of listener.virtualServices) {
      for (const [host, ports] of destinationsOf(vs)) {
        const named = model.servicesOf.get(host) ?? [];
        const seen = named.filter((service) => visibleIn(service.exportTo, service.namespace, proxy.namespace) || service.exportTo.includes("*"));
        const first = [...new Set(seen.map((service) => service.namespace))].sort()[0];
        const pick = named.findLast((service) => service.namespace === proxy.namespace) ?? seen.findLast((service) => service.namespace === first);
        if (pick !== undefined) add(portMatters(listener) ? withPort(pick, listener.port?.number ?? 0) : withPorts(pick, ports));
      }
    }
  }
  return services;
}

/**
 * The services and VirtualServices one proxy is sent: all that are visible, or what its Sidecar names.
 * @see istio 1.18 pilot/pkg/model/sidecar.go
 */
export function scopeOf(model: Model, proxy: Proxy): Scope {
  const meshAny = model.mesh.outboundTrafficPolicy.mode !== "REGISTRY_ONLY";
  const visible = servicesFor(model, proxy.namespace);
  const virtualServices = virtualServicesFor(model.virtualServices, proxy.namespace, "mesh");
  const sidecar = proxy.type === "sidecar" ? sidecarFor(model, proxy) : undefined;
  if (sidecar === undefined) return { egress: [{ services: visible, virtualServices }], services: visible, byHost: owners(visible), allowAny: meshAny, ingress: [] };
  const spec = specOf(sidecar);
  const declared = spec.egress === undefined || spec.egress.length === 0 ? [{ hosts: ["*/*"] }] : spec.egress;
  const egress = declared.map((listener) => importFor(listener, proxy.namespace, visible, virtualServices));
  const services = gather(model, proxy, egress);
  const policy = spec.outboundTrafficPolicy;
  return {
    egress, services, byHost: new Map(services.map((service) => [service.host, service])), sidecar, ingress: spec.ingress ?? [],
    allowAny: policy === undefined ? meshAny : policy.mode === "ALLOW_ANY",
    ...(policy?.egressProxy === undefined ? {} : { egressProxy: policy.egressProxy }),
  };
}
