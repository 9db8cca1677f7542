import type { Origin } from "@hopscope/core";
import type { GatewayServer } from "./servers.ts";
import { serverHosts } from "./servers.ts";
import { compareSpecificity, hostIntersection } from "../mesh/host.ts";
import type { Model } from "../model.ts";
import { isCatchAll } from "../route/match.ts";
import type { CompiledRoute } from "../route/routes.ts";
import { compileRoutes } from "../route/routes.ts";
import { destinationHash } from "../route/hash-policy.ts";
import type { Scope } from "../mesh/scope.ts";
import type { Json, MeshService, Proxy } from "../types.ts";
import type { VirtualService } from "../route/virtual-service.ts";
import { virtualServicesFor } from "../route/virtual-services.ts";

interface Host { readonly name: string; readonly routes: CompiledRoute[]; redirect: boolean }

/** Services as a VirtualService names them: of its own namespace first, then what the gateway sees (`gateway.go buildNameToServiceMapForHTTPRoutes`). */
function servicesOf(scope: Scope, vs: VirtualService): ReadonlyMap<string, MeshService> {
  const own = scope.services.filter((service) => service.namespace === vs.namespace);
  return own.length === 0 ? scope.byHost : new Map([...scope.byHost, ...own.map((service) => [service.host, service] as const)]);
}

/**
 * The route configuration of a gateway: the VirtualServices of all its servers, merged by host, catch-alls last.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/gateway.go buildGatewayHTTPRouteConfig
 */
export function gatewayRoute(model: Model, proxy: Proxy, scope: Scope, { name, servers }: { readonly name: string; readonly servers: readonly GatewayServer[] }, origins: Map<string, Origin>): Json {
  const hosts = new Map<string, Host>();
  const hash = destinationHash(model, proxy, scope.byHost);
  const compiled = new Map<string, readonly CompiledRoute[]>();
  const retry = model.mesh.defaultHttpRetryPolicy === undefined ? {} : { defaultRetry: model.mesh.defaultHttpRetryPolicy };
  for (const server of servers) {
    const redirect = server.server.tls?.httpsRedirect === true;
    const { number } = server.port;
    for (const vs of virtualServicesFor(model.virtualServices, proxy.namespace, server.gatewayName)) {
      const matching = hostIntersection(serverHosts(server, vs.namespace), vs.hosts);
      if (matching.length === 0) continue;
      // Compiled once for each gateway and object: hosts that share these very routes can share a virtual host.
      const key = `${server.gatewayName} ${vs.namespace}/${vs.resource.metadata.name}`;
      const routes = compiled.get(key) ?? compileRoutes(vs, { proxy, gateways: [server.gatewayName], port: number }, { byHost: servicesOf(scope, vs), port: number, hash, ...(vs.gatewaySemantics === true ? { gatewaySemantics: true } : {}), tls: server.server.tls !== undefined, ...retry });
      if (routes.length === 0) continue;
      compiled.set(key, routes);
      for (const host of matching) {
        const known = hosts.get(host);
        if (known !== undefined) {
          known.routes.push(...routes);
          known.redirect ||= redirect;
        } else hosts.set(host, { name: `${host}:${number}`, routes: [...routes], redirect });
      }
    }
    if (!redirect) continue;
    for (const host of server.hosts) {
      const known = hosts.get(host);
      if (known !== undefined) known.redirect = true;
      else hosts.set(host, { name: `${host}:${number}`, routes: [], redirect: true });
    }
  }
  const merged: { readonly json: Json; readonly domains: string[]; readonly entry: Host }[] = [];
  for (const [host, entry] of [...hosts].sort(([a], [b]) => compareSpecificity(a, b))) {
    const same = merged.findLast(({ entry: other }) => other.routes.length === entry.routes.length && other.routes.every((route, index) => route === entry.routes[index]));
    if (same !== undefined && same.entry.redirect === entry.redirect) {
      same.domains.push(host);
      continue;
    }
    const last = (route: CompiledRoute): boolean => isCatchAll(route.route["match"] as Json);
    const ordered = [...entry.routes.filter((route) => !last(route)), ...entry.routes.filter(last)];
    const domains = [host];
    const json: Json = { name: entry.name, domains, includeRequestAttemptCount: true, ...(entry.redirect ? { requireTls: "ALL" } : {}), ...(ordered.length === 0 ? {} : { routes: ordered.map((route) => route.route) }) };
    merged.push({ json, domains, entry });
    for (const [index, route] of ordered.entries()) origins.set(`route/${name}/vhost/${entry.name}/${index}`, route.origin);
  }
  const virtualHosts = merged.map(({ json }) => json).sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  return {
    name, validateClusters: false, ignorePortInHostMatching: true, maxDirectResponseBodySizeBytes: 1048576,
    virtualHosts: virtualHosts.length > 0 ? virtualHosts : [{ name: `blackhole:${servers[0]?.port.number ?? 0}`, domains: ["*"] }],
  };
}
