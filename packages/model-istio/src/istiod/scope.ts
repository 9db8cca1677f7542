import type { Resource } from "@hopscope/model-kubernetes";
import { selects, visibleIn } from "./config-order.ts";
import { hostIsSubset, hostMatches } from "./host.ts";
import type { Model } from "./model.ts";
import type { MeshService, Proxy } from "./types.ts";
import type { VirtualService } from "./virtual-services.ts";
import { virtualServicesFor } from "./virtual-services.ts";

export interface EgressListener {
  readonly port?: { readonly number: number; readonly protocol?: string; readonly name?: string };
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
  readonly sidecar?: Resource;
  readonly ingress: readonly Ingress[];
}

export interface Ingress {
  readonly port?: { readonly number: number; readonly protocol?: string; readonly name?: string };
  readonly bind?: string;
  readonly captureMode?: string;
  readonly defaultEndpoint?: string;
}

interface SidecarSpec {
  readonly workloadSelector?: { readonly labels?: Readonly<Record<string, string>> };
  readonly egress?: readonly { readonly hosts?: readonly string[]; readonly port?: EgressListener["port"]; readonly bind?: string; readonly captureMode?: string }[];
  readonly ingress?: readonly Ingress[];
  readonly outboundTrafficPolicy?: { readonly mode?: string };
}

/** Services a namespace may see: private ones first, then those exported to it, then public; oldest first in each. */
export function servicesFor(model: Model, namespace: string): readonly MeshService[] {
  const isPublic = (s: MeshService): boolean => s.exportTo.includes("*") && !s.exportTo.includes("~");
  const visible = model.services.filter((s) => visibleIn(s.exportTo, s.namespace, namespace));
  return [
    ...visible.filter((s) => !isPublic(s) && s.namespace === namespace),
    ...visible.filter((s) => !isPublic(s) && s.namespace !== namespace),
    ...visible.filter(isPublic),
  ];
}

function index(services: readonly MeshService[]): Map<string, MeshService> {
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const existing = byHost.get(service.host);
    if (existing === undefined || (!existing.kubernetes && service.kubernetes)) byHost.set(service.host, service);
  }
  return byHost;
}

function sidecarFor(model: Model, proxy: Proxy): Resource | undefined {
  const spec = (resource: Resource): SidecarSpec => (resource.spec ?? {}) as SidecarSpec;
  const labels = (resource: Resource) => spec(resource).workloadSelector?.labels ?? {};
  const own = model.sidecars.filter((resource) => resource.metadata.namespace === proxy.namespace);
  return own.find((resource) => Object.keys(labels(resource)).length > 0 && selects(labels(resource), proxy.labels))
    ?? own.find((resource) => Object.keys(labels(resource)).length === 0)
    ?? model.sidecars.find((resource) => resource.metadata.namespace === model.mesh.rootNamespace && Object.keys(labels(resource)).length === 0);
}

function destinationsOf(vs: VirtualService): Map<string, Set<number>> {
  const out = new Map<string, Set<number>>();
  const add = (target: { readonly host: string; readonly port?: { readonly number?: number } } | undefined): void => {
    if (target === undefined) return;
    const ports = out.get(target.host) ?? new Set<number>();
    if (target.port?.number !== undefined) ports.add(target.port.number);
    out.set(target.host, ports);
  };
  for (const route of vs.http) {
    for (const item of route.route ?? []) add(item.destination);
    add(route.mirror);
    for (const mirror of route.mirrors ?? []) add(mirror.destination);
  }
  for (const route of [...vs.tls, ...vs.tcp]) for (const item of route.route ?? []) add(item.destination);
  return out;
}

/**
 * The services and VirtualServices one proxy is sent: all that are visible, or what its Sidecar names.
 * @see istio 1.18 pilot/pkg/model/sidecar.go ConvertToSidecarScope
 */
export function scopeOf(model: Model, proxy: Proxy): Scope {
  const meshAny = model.mesh.outboundTrafficPolicy.mode !== "REGISTRY_ONLY";
  const visible = servicesFor(model, proxy.namespace);
  const virtualServices = virtualServicesFor(model.virtualServices, proxy.namespace, "mesh");
  const sidecar = proxy.type === "sidecar" ? sidecarFor(model, proxy) : undefined;
  const spec = (sidecar?.spec ?? {}) as SidecarSpec;
  if (sidecar === undefined) return { egress: [{ services: visible, virtualServices }], services: visible, byHost: index(visible), allowAny: meshAny, ingress: [] };
  const declared = spec.egress === undefined || spec.egress.length === 0 ? [{ hosts: ["*/*"] }] : spec.egress;
  const egress = declared.map((listener): EgressListener => {
    const hosts = (listener.hosts ?? []).map((host) => {
      const slash = host.indexOf("/");
      const namespace = host.slice(0, slash);
      return { namespace: namespace === "." ? proxy.namespace : namespace, host: host.slice(slash + 1) };
    });
    const port = "port" in listener ? listener.port : undefined;
    const imported = visible.flatMap((service): MeshService[] => {
      const hit = hosts.some((entry) => (entry.namespace === "*" || entry.namespace === service.namespace) && (entry.host === "*" || hostIsSubset(service.host, entry.host)));
      if (!hit) return [];
      if (port === undefined || port.number === 0) return [service];
      const ports = service.ports.filter((entry) => entry.number === port.number);
      return ports.length === 0 ? [] : [{ ...service, ports }];
    });
    const chosen = new Map<string, string>();
    for (const service of imported) if (!chosen.has(service.host) || service.namespace === proxy.namespace) chosen.set(service.host, service.namespace);
    return {
      ...listener,
      services: imported.filter((service) => chosen.get(service.host) === service.namespace),
      virtualServices: virtualServices.filter((vs) => hosts.some((entry) => (entry.namespace === "*" || entry.namespace === vs.namespace) && vs.hosts.some((host) => entry.host === "*" || hostMatches(entry.host, host)))),
    };
  });
  const services: MeshService[] = [];
  const add = (service: MeshService): void => {
    const at = services.findIndex((entry) => entry.host === service.host);
    const found = services[at];
    if (found === undefined) services.push(service);
    else if (found.namespace === service.namespace) {
      const extra = service.ports.filter((port) => !found.ports.some((known) => known.number === port.number));
      if (extra.length > 0) services[at] = { ...found, ports: [...found.ports, ...extra] };
    }
  };
  for (const listener of egress) {
    for (const service of listener.services) add(service);
    for (const vs of listener.virtualServices) {
      for (const host of destinationsOf(vs).keys()) {
        const candidates = visible.filter((service) => service.host === host);
        const pick = candidates.find((service) => service.namespace === proxy.namespace) ?? [...candidates].sort((a, b) => (a.namespace < b.namespace ? -1 : 1))[0];
        if (pick !== undefined) add(pick);
      }
    }
  }
  const mode = spec.outboundTrafficPolicy?.mode;
  const rootDefault = spec.outboundTrafficPolicy === undefined;
  return { egress, services, byHost: index(services), allowAny: rootDefault ? meshAny : mode === "ALLOW_ANY", sidecar, ingress: spec.ingress ?? [] };
}
