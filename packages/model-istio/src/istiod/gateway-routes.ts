import type { Origin } from "@hopscope/core";
import type { GatewayServer } from "./gateway-servers.ts";
import { serverHosts } from "./gateway-servers.ts";
import { hostIsSubset, hostMatches } from "./host.ts";
import type { Model } from "./model.ts";
import { isCatchAll } from "./route-match.ts";
import type { CompiledRoute } from "./routes.ts";
import { compileRoutes, hashPolicies } from "./routes.ts";
import type { Scope } from "./scope.ts";
import type { Json, Proxy } from "./types.ts";
import { virtualServicesFor } from "./virtual-services.ts";

/**
 * The route configuration of a gateway: the VirtualServices of all its servers, merged by host, catch-alls last.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/gateway.go buildGatewayHTTPRouteConfig
 */
export function gatewayRoute(model: Model, proxy: Proxy, scope: Scope, { name, servers }: { readonly name: string; readonly servers: readonly GatewayServer[] }, origins: Map<string, Origin>): Json {
  const hosts = new Map<string, { sources: string[]; routes: CompiledRoute[]; port: number; redirect: boolean }>();
  const hash = hashPolicies(model, proxy, scope.byHost);
  for (const server of servers) {
    const redirect = server.server.tls?.httpsRedirect === true;
    const number = server.port.number;
    for (const vs of virtualServicesFor(model.virtualServices, proxy.namespace, server.gatewayName)) {
      const available = serverHosts(server, vs.namespace);
      const matching = vs.hosts.flatMap((own) => available.flatMap((host) => (hostMatches(own, host) ? [hostIsSubset(own, host) ? own : host] : [])));
      if (matching.length === 0 || vs.http.length === 0) continue;
      const routes = compileRoutes(vs, { proxy, gateways: [server.gatewayName], port: number }, { byHost: scope.byHost, port: number, hash, ...(model.mesh.defaultHttpRetryPolicy === undefined ? {} : { defaultRetry: model.mesh.defaultHttpRetryPolicy }) });
      // Hosts share one vhost only when their routes were compiled together: for one gateway, from one object.
      const source = `${server.gatewayName} ${vs.namespace}/${vs.resource.metadata.name}`;
      for (const host of new Set(matching)) {
        const known = hosts.get(host);
        if (known !== undefined) {
          known.routes.push(...routes);
          known.sources.push(source);
          known.redirect ||= redirect;
        } else hosts.set(host, { sources: [source], routes: [...routes], port: number, redirect });
      }
    }
    if (!redirect) continue;
    for (const host of server.server.hosts ?? []) {
      const plain = host.slice(host.indexOf("/") + 1);
      const known = hosts.get(plain);
      if (known !== undefined) known.redirect = true;
      else hosts.set(plain, { sources: [], routes: [], port: number, redirect: true });
    }
  }
  const virtualHosts: Json[] = [];
  const merged = new Map<string, Json>();
  for (const [host, entry] of hosts) {
    const vhost = `${host}:${entry.port}`;
    const all = (route: CompiledRoute): boolean => isCatchAll(route.route["match"] as Json);
    const ordered = [...entry.routes.filter((route) => !all(route)), ...entry.routes.filter(all)];
    if (ordered.length === 0 && !entry.redirect) continue;
    const key = `${entry.sources.join(",")} ${entry.redirect}`;
    const same = merged.get(key);
    if (same !== undefined && ordered.length > 0) {
      same["domains"] = [...(same["domains"] as string[]), host];
      continue;
    }
    const json: Json = { name: vhost, domains: [host], includeRequestAttemptCount: true, ...(entry.redirect ? { requireTls: "ALL" } : {}), ...(ordered.length === 0 ? {} : { routes: ordered.map((route) => route.route) }) };
    virtualHosts.push(json);
    merged.set(key, json);
    for (const [index, route] of ordered.entries()) origins.set(`route/${name}/vhost/${vhost}/${index}`, route.origin);
  }
  virtualHosts.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  return {
    name, validateClusters: false, ignorePortInHostMatching: true, maxDirectResponseBodySizeBytes: 1048576,
    virtualHosts: virtualHosts.length > 0 ? virtualHosts : [{ name: `blackhole:${servers[0]?.port.number ?? 0}`, domains: ["*"] }],
  };
}
