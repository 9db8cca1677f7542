import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { AUTHN, connectionManager, METADATA_EXCHANGE, rds, socket, stats, TLS_INSPECTOR } from "./filters.ts";
import { gatewayRoute } from "./gateway-routes.ts";
import type { GatewayServer } from "./gateway-servers.ts";
import { serverHosts, serversOf } from "./gateway-servers.ts";
import { hostMatches } from "./host.ts";
import type { Model } from "./model.ts";
import { isHttp, isTls } from "./protocol.ts";
import { applies } from "./route-match.ts";
import type { Scope } from "./scope.ts";
import { prefixRange, routeFilters } from "./tcp-chains.ts";
import { gatewayTls } from "./tls-context.ts";
import type { Json, Port, Proxy } from "./types.ts";
import type { L4Match, L4Route, VirtualService } from "./virtual-services.ts";
import { virtualServicesFor } from "./virtual-services.ts";

const bare = (hosts: readonly string[] | undefined): string[] => (hosts ?? []).map((host) => host.slice(host.indexOf("/") + 1));
const isTerminated = (server: GatewayServer): boolean => server.server.tls !== undefined && isTls(server.port.protocol) && server.server.tls.mode !== "PASSTHROUGH" && server.server.tls.mode !== "AUTO_PASSTHROUGH";
const isPlainHttp = (server: GatewayServer): boolean => isHttp(server.port.protocol);

/** The route configuration a server's chain names. */
function routeName(server: GatewayServer): string {
  return isPlainHttp(server) ? `http.${server.listen}` : `https.${server.port.number}.${server.port.name}.${server.gateway.metadata.name}.${server.gateway.metadata.namespace ?? ""}`;
}

function sniMatch(server: GatewayServer): Json {
  const hosts = bare(server.server.hosts);
  return hosts.includes("*") || hosts.length === 0 ? {} : { filterChainMatch: { serverNames: hosts } };
}

function l4Chains(model: Model, proxy: Proxy, scope: Scope, server: GatewayServer): { chain: Json; origin: Origin }[] {
  const out: { chain: Json; origin: Origin }[] = [];
  const passthrough = server.server.tls?.mode === "PASSTHROUGH";
  const mutual = server.server.tls?.mode === "ISTIO_MUTUAL";
  const context = { proxy, gateways: [server.gatewayName], port: server.port.number };
  const chain = (route: L4Route, match: Json): Json => ({
    ...(Object.keys(match).length === 0 ? {} : { filterChainMatch: match }),
    filters: [...(mutual ? [METADATA_EXCHANGE] : []), stats(true), AUTHN, ...routeFilters(model, proxy, route, scope, server.port, `outbound|${server.port.number}||`)],
    ...(isTerminated(server) ? { transportSocket: gatewayTls(server.server.tls ?? {}, mutual ? ["istio-peer-exchange", "h2", "http/1.1"] : ["h2", "http/1.1"]) } : {}),
  });
  const bound = (vs: VirtualService): boolean => serverHosts(server, vs.namespace).some((host) => vs.hosts.some((own) => hostMatches(own, host)));
  for (const vs of virtualServicesFor(model.virtualServices, proxy.namespace, server.gatewayName)) {
    if (!bound(vs)) continue;
    if (passthrough) {
      for (const [index, route] of vs.tls.entries()) {
        for (const match of route.match ?? []) {
          if (!applies(match, context)) continue;
          const names = (match.sniHosts ?? []);
          out.push({ chain: chain(route, { serverNames: names, ...subnets(match) }), origin: originOf(vs.resource, `spec.tls[${index}]`) });
        }
      }
      continue;
    }
    for (const [index, route] of vs.tcp.entries()) {
      const matches = route.match === undefined || route.match.length === 0 ? [{}] : route.match;
      const hit = matches.find((match) => applies(match, context));
      if (hit === undefined) continue;
      const sni = isTerminated(server) ? ((sniMatch(server)["filterChainMatch"] as Json | undefined) ?? {}) : {};
      out.push({ chain: chain(route, { ...sni, ...subnets(hit) }), origin: originOf(vs.resource, `spec.tcp[${index}]`) });
      return out;
    }
  }
  return out;
}

const subnets = (match: L4Match): Json => ((match.destinationSubnets ?? []).length === 0 ? {} : { prefixRanges: (match.destinationSubnets ?? []).map(prefixRange) });

/**
 * The listeners and route configurations of a gateway proxy.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/gateway.go buildGatewayListeners
 */
export function gatewayResources(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>): { readonly listeners: readonly Json[]; readonly routes: readonly Json[] } {
  const byPort = new Map<number, GatewayServer[]>();
  for (const server of serversOf(model, proxy)) byPort.set(server.listen, [...(byPort.get(server.listen) ?? []), server]);
  const listeners: Json[] = [];
  const routes = new Map<string, Json>();
  for (const [listen, servers] of byPort) {
    const name = `0.0.0.0_${listen}`;
    const chains: { chain: Json; origin: Origin }[] = [];
    const plain = servers.filter(isPlainHttp);
    const first = servers[0];
    const plaintextTcp = first !== undefined && !isPlainHttp(first) && first.server.tls === undefined;
    const manager = (server: GatewayServer, protocol: Port["protocol"]): Json => connectionManager(model, { kind: "gateway", protocol, statPrefix: `outbound_${name}`, route: rds(routeName(server)) });
    const head = plain[0];
    if (head !== undefined && !plaintextTcp) {
      chains.push({ chain: { filters: [AUTHN, manager(head, head.port.protocol)] }, origin: originOf(head.gateway, head.path) });
      routes.set(routeName(head), gatewayRoute(model, proxy, scope, { name: routeName(head), servers: plain }, origins));
    }
    const hosts = new Set<string>();
    const portNames = new Set<string>();
    for (const server of servers) {
      if (isPlainHttp(server)) continue;
      if (server.server.tls === undefined && head !== undefined && !plaintextTcp) continue;
      if (server.server.tls !== undefined) {
        const own = bare(server.server.hosts);
        if (own.some((host) => hosts.has(host)) && server.server.tls.mode !== "PASSTHROUGH") continue;
        for (const host of own) hosts.add(host);
      }
      if (server.port.protocol === "HTTPS" && isTerminated(server)) {
        if (portNames.has(routeName(server))) continue;
        portNames.add(routeName(server));
        chains.push({ chain: { ...sniMatch(server), filters: [AUTHN, manager(server, server.port.protocol)], transportSocket: gatewayTls(server.server.tls ?? {}, ["h2", "http/1.1"]) }, origin: originOf(server.gateway, server.path) });
        routes.set(routeName(server), gatewayRoute(model, proxy, scope, { name: routeName(server), servers: [server] }, origins));
      } else chains.push(...l4Chains(model, proxy, scope, server));
    }
    if (chains.length === 0) continue;
    const tls = servers.some((server) => server.server.tls !== undefined && !isPlainHttp(server));
    if (first !== undefined) origins.set(`listener/${name}`, originOf(first.gateway, first.path));
    for (const [index, entry] of chains.entries()) origins.set(`listener/${name}/chain/${index}`, entry.origin);
    listeners.push({ name, address: socket("0.0.0.0", listen), trafficDirection: "OUTBOUND", filterChains: chains.map((entry) => entry.chain), ...(tls ? { listenerFilters: [TLS_INSPECTOR] } : {}) });
  }
  return { listeners, routes: [...routes.values()] };
}
