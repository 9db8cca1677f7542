import type { Diagnostic } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, visibleIn } from "../mesh/config-order.ts";
import { mergeDelegate } from "./delegate.ts";
import { routeSources } from "../convert/made.ts";
import { expandHost } from "../mesh/host.ts";
import type { MeshConfig } from "../types.ts";
import type { Destination, HttpRoute, L4Route, VirtualServiceSpec, VirtualService } from "./virtual-service.ts";

const gatewayName = (name: string, namespace: string): string => {
  if (name === "mesh") return name;
  const slash = name.indexOf("/");
  if (slash < 0) return `${namespace}/${name}`;
  return slash === 0 || name.startsWith("./") ? `${namespace}/${name.slice(slash + 1)}` : name;
};

function expand(resource: Resource, mesh: MeshConfig): VirtualService {
  const spec = (resource.spec ?? {}) as VirtualServiceSpec;
  const namespace = resource.metadata.namespace ?? "default";
  const destination = <T extends { readonly destination: Destination }>(item: T): T => ({ ...item, destination: full(item.destination) });
  const semantics = resource.metadata.annotations?.["internal.istio.io/route-semantics"];
  const sources = routeSources(resource);
  const full = (target: Destination): Destination => ({ ...target, host: expandHost(target.host, namespace, mesh.domain) });
  const gateways = (names: readonly string[] | undefined) => (names === undefined || names.length === 0 ? {} : { gateways: names.map((name) => gatewayName(name, namespace)) });
  const l4 = (routes: readonly L4Route[] | undefined): readonly L4Route[] =>
    (routes ?? []).map((route) => ({
      ...route,
      ...(route.match === undefined ? {} : { match: route.match.map((match) => ({ ...match, ...gateways(match.gateways) })) }),
      route: (route.route ?? []).map(destination),
    }));
  return {
    resource, namespace,
    hosts: (spec.hosts ?? []).map((host) => expandHost(host, namespace, mesh.domain)),
    gateways: spec.gateways === undefined || spec.gateways.length === 0 ? ["mesh"] : spec.gateways.map((name) => gatewayName(name, namespace)),
    http: (spec.http ?? []).map((route, index): HttpRoute => ({
      ...route,
      ...(route.match === undefined ? {} : { match: route.match.map((match) => ({ ...match, ...gateways(match.gateways) })) }),
      ...(route.route === undefined ? {} : { route: route.route.map(destination) }),
      ...(route.mirror === undefined ? {} : { mirror: full(route.mirror) }),
      ...(route.mirrors === undefined ? {} : { mirrors: route.mirrors.map(destination) }),
      path: sources?.[index]?.path ?? `spec.http[${index}]`, from: sources?.[index]?.resource ?? resource,
    })),
    tls: l4(spec.tls), tcp: l4(spec.tcp),
    exportTo: spec.exportTo === undefined || spec.exportTo.length === 0 ? mesh.defaultVirtualServiceExportTo : spec.exportTo,
    ...(semantics === "gateway" ? { gatewaySemantics: true } : semantics === "ingress" ? { ingressSemantics: true } : {}),
  };
}

/**
 * Reads all VirtualServices and those `made` of other kinds, oldest first, those with delegates last, their delegates merged in.
 * A delegate that is missing, hidden or delegates again makes its item vanish, with a diagnostic.
 * @see istio 1.18 pilot/pkg/model/virtualservice.go mergeVirtualServicesIfNeeded
 */
export function readVirtualServices(snapshot: Pick<Snapshot, "resources">, mesh: MeshConfig, made: readonly Resource[] = []): { readonly virtualServices: readonly VirtualService[]; readonly diagnostics: readonly Diagnostic[] } {
  const all = [...resourcesOf(snapshot, "VirtualService"), ...made].sort(byAge).map((resource) => expand(resource, mesh));
  const delegates = new Map(all.filter((vs) => vs.hosts.length === 0).map((vs) => [`${vs.namespace}/${vs.resource.metadata.name}`, vs]));
  const diagnostics: Diagnostic[] = [];
  const plain: VirtualService[] = [];
  const roots: VirtualService[] = [];
  const warn = (code: string, vs: VirtualService, route: HttpRoute, problem: string, expected: string): void => {
    diagnostics.push({ code, severity: "error", origin: originOf(vs.resource, `${route.path ?? "spec.http"}.delegate`), problem, expected });
  };
  // Known ends are not walked again: delegates that name each other many times over would take for ever.
  const leadsRound = new Map<VirtualService, boolean>();
  const cycle = (vs: VirtualService, seen: readonly VirtualService[]): boolean => {
    if (seen.includes(vs)) return true;
    const known = leadsRound.get(vs);
    if (known !== undefined) return known;
    const found = vs.http.some((route) => {
      const next = route.delegate === undefined ? undefined : delegates.get(`${route.delegate.namespace ?? vs.namespace}/${route.delegate.name}`);
      return next !== undefined && cycle(next, [...seen, vs]);
    });
    leadsRound.set(vs, found);
    return found;
  };
  for (const vs of delegates.values()) {
    for (const route of vs.http) {
      if (route.delegate === undefined) continue;
      const name = `${route.delegate.namespace ?? vs.namespace}/${route.delegate.name}`;
      if (cycle(vs, [])) warn("mesh/delegate-cycle", vs, route, `delegate "${name}" leads back to itself, so the item matches nothing`, "a delegate VirtualService that has routes of its own");
      else warn("mesh/delegate-nested", vs, route, `delegate "${name}" is named by a VirtualService that is itself a delegate`, "one level of delegation");
    }
  }
  for (const vs of all) {
    if (vs.hosts.length === 0) continue;
    if (!vs.http.some((route) => route.delegate !== undefined)) {
      plain.push(vs);
      continue;
    }
    const http = vs.http.flatMap((route): readonly HttpRoute[] => {
      if (route.delegate === undefined) return [route];
      const namespace = route.delegate.namespace === undefined || route.delegate.namespace === "" ? vs.namespace : route.delegate.namespace;
      const name = `${namespace}/${route.delegate.name}`;
      const target = delegates.get(name);
      if (target === undefined) {
        if (all.some((other) => other.hosts.length > 0 && `${other.namespace}/${other.resource.metadata.name}` === name)) {
          const self = name === `${vs.namespace}/${vs.resource.metadata.name}`;
          warn(self ? "mesh/delegate-cycle" : "mesh/delegate-has-hosts", vs, route, `delegate "${name}" has hosts of its own, so it is not a delegate`, "a VirtualService without hosts and gateways");
        } else warn("mesh/delegate-missing", vs, route, `delegate "${name}" does not exist`, "the name of a VirtualService without hosts");
        return [];
      }
      if (!visibleIn(target.exportTo, target.namespace, vs.namespace)) {
        warn("mesh/delegate-hidden", vs, route, `delegate "${name}" is not exported to namespace "${vs.namespace}"`, `exportTo with "${vs.namespace}"`);
        return [];
      }
      return target.http.flatMap((leaf) => mergeDelegate(route, leaf) ?? []).filter((merged) => merged.delegate === undefined);
    });
    roots.push({ ...vs, http });
  }
  return { virtualServices: [...plain, ...roots], diagnostics };
}

/**
 * The VirtualServices bound to a gateway (or `mesh`) that a namespace sees, in istiod's order: private, exported, public.
 * @see istio 1.18 pilot/pkg/model/push_context.go VirtualServicesForGateway
 */
export function virtualServicesFor(all: readonly VirtualService[], namespace: string, gateway: string): readonly VirtualService[] {
  const bound = all.filter((vs) => vs.gateways.includes(gateway));
  const isPublic = (vs: VirtualService): boolean => vs.exportTo.includes("*") && !vs.exportTo.includes("~");
  const isPrivate = (vs: VirtualService): boolean => !isPublic(vs) && vs.namespace === namespace && visibleIn(vs.exportTo, vs.namespace, namespace);
  return [
    ...bound.filter(isPrivate),
    ...bound.filter((vs) => !isPublic(vs) && !isPrivate(vs) && visibleIn(vs.exportTo, vs.namespace, namespace)),
    ...bound.filter(isPublic),
  ];
}
