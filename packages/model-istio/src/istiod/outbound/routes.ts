import type { Origin } from "@hopscope/core";
import { clusterName } from "../cluster/names.ts";
import { destinationHash, serviceHash } from "../route/hash-policy.ts";
import { hostMatches } from "../mesh/host.ts";
import type { Model } from "../model.ts";
import { listenerClass, parseProtocol } from "../mesh/protocol.ts";
import { portOrigin } from "../mesh/port-origin.ts";
import { destinationCluster } from "../route/action.ts";
import type { CompiledRoute } from "../route/routes.ts";
import { compileRoutes, defaultRoute } from "../route/routes.ts";
import type { EgressListener, Scope } from "../mesh/scope.ts";
import type { Json, MeshService, Protocol, Proxy } from "../types.ts";
import { mostSpecificVirtualServices } from "../route/vs-hosts.ts";
import { virtualHostDomains } from "../route/vhost-domains.ts";
import type { VirtualService } from "../route/virtual-service.ts";

/** Hosts that share routes on one port: services, and names that no service has. */
interface Wrapper { readonly port: number; readonly services: readonly MeshService[]; readonly hosts: readonly string[]; readonly routes: readonly CompiledRoute[] }

/** The host for names that nothing else answers to. */
function catchAllHost(scope: Pick<Scope, "allowAny" | "egressProxy">): Json {
  const cluster = scope.egressProxy === undefined ? "PassthroughCluster" : destinationCluster(scope.egressProxy, { byHost: new Map(), port: 0 });
  return scope.allowAny
    ? { name: "allow_any", domains: ["*"], includeRequestAttemptCount: true, routes: [{ name: "allow_any", match: { prefix: "/" }, route: { cluster, timeout: "0s", maxGrpcTimeout: "0s" } }] }
    : { name: "block_all", domains: ["*"], includeRequestAttemptCount: true, routes: [{ name: "block_all", match: { prefix: "/" }, directResponse: { status: 502 } }] };
}

/** VirtualServices of which a host is one of the port's services, or a wildcard that meets one (`httproute.go selectVirtualServices`). */
function touching(virtualServices: readonly VirtualService[], services: ReadonlyMap<string, MeshService>): readonly VirtualService[] {
  const names = [...services.keys()];
  const wild = names.filter((name) => name.startsWith("*"));
  return virtualServices.filter((vs) => vs.hosts.some((host) => services.has(host) || (host.startsWith("*") ? names : wild).some((name) => hostMatches(host, name))));
}

function splitHosts(vs: VirtualService, services: ReadonlyMap<string, MeshService>, best: ReadonlyMap<string, VirtualService>): { readonly hosts: string[]; readonly own: MeshService[] } {
  const hosts: string[] = [];
  const own: MeshService[] = [];
  for (const host of vs.hosts.filter((entry) => !entry.startsWith("*"))) {
    const service = services.get(host);
    if (service === undefined) hosts.push(host);
    else own.push(service);
  }
  for (const host of vs.hosts.filter((entry) => entry.startsWith("*"))) {
    const claimed = vs.gatewaySemantics === true ? [] : [...services.values()].filter((service) => best.has(service.host));
    if (claimed.length === 0) hosts.push(host);
    own.push(...claimed.filter((service) => best.get(service.host) === vs));
  }
  return { hosts, own };
}

interface World { readonly model: Model; readonly proxy: Proxy; readonly scope: Scope; readonly listener: EgressListener; readonly port: number; readonly services: ReadonlyMap<string, MeshService> }

/** @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go BuildSidecarVirtualHostWrapper */
function wrappersOf({ model, proxy, scope, listener, port, services }: World): readonly Wrapper[] {
  const spoken = (protocol: Protocol): boolean => { const kind = listenerClass(protocol, model.flags, "outbound"); return kind === "http" || kind === "auto"; };
  const best = mostSpecificVirtualServices(listener.virtualServices, listener.services, model.flags.oldestHostMatch);
  const hash = destinationHash(model, proxy, scope.byHost);
  const retry = model.mesh.defaultHttpRetryPolicy === undefined ? {} : { defaultRetry: model.mesh.defaultHttpRetryPolicy };
  const out: Wrapper[] = [];
  for (const vs of port === 80 ? listener.virtualServices : touching(listener.virtualServices, services)) {
    const routes = compileRoutes(vs, { proxy, gateways: ["mesh"], port }, { byHost: services, port, hash, ...(vs.gatewaySemantics === true ? { gatewaySemantics: true } : {}), ...retry });
    if (routes.length === 0) continue;
    const { hosts, own } = splitHosts(vs, services, best);
    const byPort = new Map<number, MeshService[]>();
    for (const service of own) for (const entry of service.ports) if (spoken(entry.protocol)) byPort.set(entry.number, [...(byPort.get(entry.number) ?? []), service]);
    if (byPort.size === 0 && port === 80) byPort.set(80, []);
    for (const [at, list] of byPort) out.push({ port: at, services: list, hosts, routes });
  }
  const taken = new Set(out.flatMap((wrapper) => wrapper.services.map((service) => service.host)));
  for (const service of [...services.values()].sort((a, b) => (a.host < b.host ? -1 : 1))) {
    if (taken.has(service.host)) continue;
    for (const entry of service.ports) {
      if (!spoken(entry.protocol)) continue;
      const route = defaultRoute(model, clusterName(entry.number, "", service.host), service.host, entry.number, serviceHash(model, proxy, service, entry.number));
      out.push({ port: entry.number, services: [service], hosts: [], routes: [{ route, origin: portOrigin(service, entry.number) }] });
    }
  }
  return out;
}

/**
 * The route configuration of one name: a port, `host:port` where a port is sniffed, `http_proxy`, or a socket's path.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/httproute.go buildSidecarOutboundHTTPRouteConfig
 */
export function outboundRoute(model: Model, proxy: Proxy, scope: Scope, name: string, origins: Map<string, Origin>): Json {
  const sniffed = model.flags.sniffOutbound && !name.startsWith("unix://") ? /^(.*):(\d+)$/.exec(name) : null;
  const number = Number(sniffed?.[2] ?? name);
  const listenPort = Number.isInteger(number) ? number : 0;
  const virtualHosts = hostsFor(model, proxy, scope, { name, listenPort, sniffed: sniffed?.[1] }, origins);
  return {
    name, validateClusters: false, maxDirectResponseBodySizeBytes: 1048576,
    ...(model.flags.ignorePortInHostMatch ? { ignorePortInHostMatching: true } : {}),
    ...(sniffed === null ? { virtualHosts: [...virtualHosts, catchAllHost(scope)] } : virtualHosts.length === 0 ? {} : { virtualHosts }),
  };
}

function hostsFor(model: Model, proxy: Proxy, scope: Scope, route: { readonly name: string; readonly listenPort: number; readonly sniffed: string | undefined }, origins: Map<string, Origin>): readonly Json[] {
  // The first Sidecar listener for this port, or without a port, is the only one that counts.
  const listener = scope.egress.find((entry) => entry.port === undefined || (entry.port.number === route.listenPort && (route.listenPort !== 0 || entry.bind === route.name)));
  if (listener === undefined) return [];
  const proxied = listener.port !== undefined && parseProtocol(listener.port.protocol ?? "") === "HTTP_PROXY";
  const port = proxied ? 0 : route.listenPort;
  const services = new Map<string, MeshService>();
  for (const service of listener.services) {
    const own = port === 0 ? service.ports : service.ports.filter((entry) => entry.number === port).slice(0, 1);
    if (own.length > 0) services.set(service.host, { ...service, ports: own });
  }
  const wrappers = wrappersOf({ model, proxy, scope, listener, port, services });
  const known = new Set(wrappers.flatMap((wrapper) => wrapper.services.flatMap((service) => [service.host, `${service.host}:${wrapper.port}`])));
  const names = new Set<string>();
  const used = new Set<string>();
  const byPort = new Map<number, { readonly json: Json; readonly domains: readonly string[] }[]>();
  for (const wrapper of wrappers) {
    const add = (host: string, service: MeshService | undefined): void => {
      const vhost = `${host.includes(":") ? `[${host}]` : host}:${wrapper.port}`;
      if (names.has(vhost)) return;
      names.add(vhost);
      const { domains, short } = virtualHostDomains(service ?? host, { proxy, domain: model.mesh.domain, port: wrapper.port, bare: model.flags.ignorePortInHostMatch && (service === undefined || port !== 0) });
      const free = domains.filter((domain) => !used.has(domain) && !(short.includes(domain) && known.has(domain)));
      for (const domain of free) used.add(domain);
      if (free.length === 0) return;
      for (const [index, entry] of wrapper.routes.entries()) origins.set(`route/${route.name}/vhost/${vhost}/${index}`, entry.origin);
      const json = { name: vhost, domains: free, includeRequestAttemptCount: true, routes: wrapper.routes.map((entry) => entry.route) };
      byPort.set(wrapper.port, [...(byPort.get(wrapper.port) ?? []), { json, domains: free }]);
    };
    for (const host of wrapper.hosts) add(host, undefined);
    for (const service of wrapper.services) add(service.host, service);
  }
  const list = port === 0 ? allPorts(byPort) : (byPort.get(port) ?? []).map(({ json }) => json);
  const named = (json: Json): boolean => (json["domains"] as readonly string[]).some((domain) => domain === route.name || domain === route.sniffed);
  const chosen = route.sniffed === undefined ? list : list.filter(named);
  const only: readonly Json[] = chosen.length === 1 && route.sniffed !== undefined ? chosen.map((json) => ({ ...json, domains: ["*"] })) : chosen;
  return [...only].sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
}

/** For a listener that serves every port, names without a port mean port 80 (`httproute.go mergeAllVirtualHosts`). */
function allPorts(byPort: ReadonlyMap<number, readonly { readonly json: Json; readonly domains: readonly string[] }[]>): readonly Json[] {
  return [...byPort].flatMap(([port, list]) => list.flatMap(({ json, domains }) => {
    if (port === 80) return [json];
    const withPort = domains.filter((domain) => domain.includes(":"));
    return withPort.length === 0 ? [] : [{ ...json, domains: withPort }];
  }));
}
