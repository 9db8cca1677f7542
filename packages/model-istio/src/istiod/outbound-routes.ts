import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { clusterName } from "./cluster-names.ts";
import { compareSpecificity, hostIsSubset } from "./host.ts";
import type { Model } from "./model.ts";
import { listenerClass } from "./protocol.ts";
import type { CompiledRoute } from "./routes.ts";
import { compileRoutes, defaultRoute, hashPolicies } from "./routes.ts";
import type { Scope } from "./scope.ts";
import type { Json, MeshService, Protocol, Proxy } from "./types.ts";
import type { VirtualService } from "./virtual-services.ts";

/** Host names a client in `namespace` may use for a service (`httproute.go generateVirtualHostDomains`). */
export function domainsOf(service: MeshService, namespace: string, domain: string, port: number | undefined, allocated: boolean): string[] {
  const names = [service.host];
  const suffix = `.svc.${domain}`;
  if (service.kubernetes && service.host.endsWith(suffix)) {
    if (service.namespace === namespace) names.push(service.name, `${service.name}.${service.namespace}.svc`, `${service.name}.${service.namespace}`);
    else names.push(`${service.name}.${service.namespace}`, `${service.name}.${service.namespace}.svc`);
  }
  const all = service.headless && service.resolution === "passthrough" ? names.flatMap((name) => [name, `*.${name}`]) : names;
  const addresses = service.addresses.filter((address) => address !== "0.0.0.0" && !address.includes("/"));
  const vips = [...addresses, ...(service.autoAddress === undefined || !allocated ? [] : [service.autoAddress])].map((address) => (address.includes(":") ? `[${address}]` : address));
  const plain = [...all, ...vips];
  return port === undefined ? plain : plain.flatMap((name) => [name, `${name}:${port}`]);
}

const mostSpecific = (virtualServices: readonly VirtualService[], host: string): VirtualService | undefined => {
  let best: { vs: VirtualService; host: string } | undefined;
  for (const vs of virtualServices) {
    if (vs.http.length === 0) continue;
    for (const candidate of vs.hosts) {
      if (candidate !== host && !(candidate.startsWith("*") && hostIsSubset(host, candidate))) continue;
      if (best === undefined || compareSpecificity(candidate, best.host) < 0 && candidate !== best.host) best = { vs, host: candidate };
    }
  }
  return best?.vs;
};

export function catchAllHost(allowAny: boolean): Json {
  return allowAny
    ? { name: "allow_any", domains: ["*"], includeRequestAttemptCount: true, routes: [{ name: "allow_any", match: { prefix: "/" }, route: { cluster: "PassthroughCluster", timeout: "0s", maxGrpcTimeout: "0s" } }] }
    : { name: "block_all", domains: ["*"], includeRequestAttemptCount: true, routes: [{ name: "block_all", match: { prefix: "/" }, directResponse: { status: 502 } }] };
}

/**
 * The route configuration `80`, or `host:80` where a port is sniffed.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/httproute.go buildSidecarOutboundHTTPRouteConfig
 */
export function outboundRoute(model: Model, proxy: Proxy, scope: Scope, name: string, origins: Map<string, Origin>): Json {
  const sniffed = /^(.*):(\d+)$/.exec(name);
  const port = Number(sniffed?.[2] ?? name);
  const services = new Map<string, MeshService>();
  const virtualServices: VirtualService[] = [];
  /** Every service with this port number, of any protocol. */
  const atPort = new Map<string, MeshService>();
  const spoken = (protocol: Protocol): boolean => { const kind = listenerClass(protocol, model.flags, "outbound"); return kind === "http" || kind === "auto"; };
  // The first Sidecar listener for this port, or without a port, is the only one that counts.
  const chosen = scope.egress.find((listener) => listener.port === undefined || listener.port.number === port);
  for (const listener of chosen === undefined ? [] : [chosen]) {
    for (const service of listener.services) {
      if (sniffed !== null && service.host !== sniffed[1]) continue;
      const entry = service.ports.find((candidate) => candidate.number === port);
      if (entry === undefined) continue;
      atPort.set(service.host, atPort.get(service.host) ?? service);
      if (!spoken(entry.protocol)) continue;
      const known = services.get(service.host);
      if (known === undefined) services.set(service.host, service);
      else if (known.namespace === service.namespace && !known.addresses.includes(service.address)) services.set(service.host, { ...known, addresses: [...known.addresses, service.address] });
    }
    virtualServices.push(...listener.virtualServices);
  }
  const registry = { byHost: services, port, hash: hashPolicies(model, proxy, scope.byHost), ...(model.mesh.defaultHttpRetryPolicy === undefined ? {} : { defaultRetry: model.mesh.defaultHttpRetryPolicy }) };
  const context = { proxy, gateways: ["mesh"], port };
  const hosts = new Map<string, Json>();
  const add = (host: string, domains: readonly string[], routes: readonly CompiledRoute[]): void => {
    const vhost = `${host}:${port}`;
    if (routes.length === 0 || hosts.has(vhost)) return;
    hosts.set(vhost, { name: vhost, domains: sniffed === null ? domains : ["*"], includeRequestAttemptCount: true, routes: routes.map((entry) => entry.route) });
    for (const [index, entry] of routes.entries()) origins.set(`route/${name}/vhost/${vhost}/${index}`, entry.origin);
  };
  const withPort = model.flags.ignorePortInHostMatch ? undefined : port;
  for (const service of services.values()) {
    const vs = mostSpecific(virtualServices, service.host);
    const domains = domainsOf(service, proxy.namespace, model.mesh.domain, withPort, proxy.dnsCapture === true && proxy.dnsAutoAllocate === true);
    const portIndex = service.ports.findIndex((entry) => entry.number === port);
    const compiled = vs === undefined ? [] : compileRoutes(vs, context, registry);
    // A VirtualService of which nothing applies to this proxy leaves the service its default route.
    if (compiled.length === 0) add(service.host, domains, [{ route: defaultRoute(model, clusterName(port, "", service.host), service.host, port, registry.hash(service.host, port, "")), origin: originOf(service.resource, `spec.ports[${portIndex}]`) }]);
    else add(service.host, domains, compiled);
  }
  if (sniffed === null) {
    for (const vs of virtualServices) {
      if (vs.http.length === 0) continue;
      // Hosts outside the registry stand beside the VirtualService's services; with none of those, on port 80.
      const served = [...services.values()].some((service) => vs.hosts.includes(service.host) || mostSpecific(virtualServices, service.host) === vs);
      if (!served && port !== 80) continue;
      for (const host of vs.hosts) {
        if (!host.startsWith("*") && !atPort.has(host)) add(host, withPort === undefined ? [host] : [host, `${host}:${port}`], compileRoutes(vs, context, registry));
      }
    }
  }
  const list = [...hosts.values()].sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  const used = new Set<string>();
  const unique = list.map((vhost) => ({ ...vhost, domains: (vhost["domains"] as string[]).filter((domain) => { if (used.has(domain)) return false; used.add(domain); return true; }) })).filter((vhost) => vhost.domains.length > 0);
  return {
    name, validateClusters: false, maxDirectResponseBodySizeBytes: 1048576,
    ...(model.flags.ignorePortInHostMatch ? { ignorePortInHostMatching: true } : {}),
    virtualHosts: sniffed === null ? [...unique, catchAllHost(scope.allowAny)] : unique,
  };
}
