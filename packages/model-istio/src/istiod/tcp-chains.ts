import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { clusterName } from "./cluster-names.ts";
import { istioConfigName } from "./config-order.ts";
import { destinationRuleFor } from "./destination-rules.ts";
import { protocolFilters, stats, tcpProxy } from "./filters.ts";
import { hostMatches } from "./host.ts";
import type { Model } from "./model.ts";
import { isTls } from "./protocol.ts";
import { destinationCluster } from "./route-action.ts";
import { applies } from "./route-match.ts";
import type { Scope } from "./scope.ts";
import { typed } from "./tls-context.ts";
import type { Json, MeshService, Port, Proxy } from "./types.ts";
import type { L4Route, VirtualService } from "./virtual-services.ts";

/** The tcp_proxy's hash by source address, from the rule's own policy or the subset's, never a port's (`networkfilter.go maybeSetHashPolicy`). */
function sourceHash(model: Model, proxy: Proxy, service: MeshService | undefined, subset: string): Json {
  const rule = service === undefined ? undefined : destinationRuleFor(model.destinationRules, proxy, service, model.mesh);
  const own = rule?.subsets.find((entry) => entry.name === subset)?.trafficPolicy?.loadBalancer;
  const hash = (own ?? rule?.trafficPolicy?.loadBalancer)?.consistentHash;
  return hash?.["useSourceIp"] === true ? { hashPolicy: [{ sourceIp: {} }] } : {};
}

const withFields = (filter: Json, fields: Json): Json => ({ ...filter, typedConfig: { ...(filter["typedConfig"] as Json), ...fields } });

/** The tcp_proxy towards a route's destinations, weighted when there are several. */
export function routeFilters(model: Model, proxy: Proxy, route: L4Route, scope: Pick<Scope, "byHost">, port: Port, statPrefix?: string): Json[] {
  const targets = route.route ?? [];
  const cluster = (index: number): string => { const t = targets[index]; return t === undefined ? "" : destinationCluster(t.destination, { byHost: scope.byHost, port: port.number }); };
  const first = targets[0]?.destination;
  const hash = sourceHash(model, proxy, scope.byHost.get(first?.host ?? ""), targets.length === 1 ? (first?.subset ?? "") : "");
  if (targets.length === 1) return protocolFilters(model, port.protocol, cluster(0), withFields(tcpProxy(cluster(0)), hash));
  const weighted = targets.map((target, index) => ({ name: cluster(index), weight: target.weight ?? 0 })).filter((item) => item.weight > 0);
  return protocolFilters(model, port.protocol, statPrefix ?? "", typed("envoy.filters.network.tcp_proxy", "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", { statPrefix: statPrefix ?? cluster(0), weightedClusters: { clusters: weighted }, ...hash }));
}

export const prefixRange = (subnet: string): Json => {
  const [addressPrefix = "", length] = subnet.split("/");
  return { addressPrefix, prefixLen: length === undefined ? (addressPrefix.includes(":") ? 128 : 32) : Number(length) };
};

/**
 * The TCP chains of one service port: those of VirtualServices' tls and tcp routes, else one to the service.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/tls.go buildSidecarOutboundTCPTLSFilterChainOpts
 */
export function serviceChains(model: Model, proxy: Proxy, scope: Scope, target: { readonly service: MeshService; readonly port: Port; readonly virtualServices: readonly VirtualService[]; readonly origin: Origin; readonly cidr: string | undefined; readonly sni: boolean }): { chain: Json; origin: Origin }[] {
  const { service, port } = target;
  const out: { chain: Json; origin: Origin }[] = [];
  const seen = new Set<string>();
  const context = { proxy, gateways: ["mesh"], port: port.number };
  const push = (filterChainMatch: Json | undefined, filters: Json[], origin: Origin, config?: string): void => {
    const key = JSON.stringify(filterChainMatch ?? {});
    if (seen.has(key)) return;
    seen.add(key);
    out.push({ chain: { ...(filterChainMatch === undefined || Object.keys(filterChainMatch).length === 0 ? {} : { filterChainMatch }), filters: [stats(false), ...filters], ...(config === undefined ? {} : { metadata: { filterMetadata: { istio: { config } } } }) }, origin });
  };
  const applicable = target.virtualServices.filter((vs) => vs.hosts.some((host) => hostMatches(host, service.host)));
  const ranges = (subnets: readonly string[] | undefined): Json => {
    const all = subnets !== undefined && subnets.length > 0 ? subnets : target.cidr === undefined ? [] : [target.cidr];
    return all.length === 0 ? {} : { prefixRanges: all.map(prefixRange) };
  };
  if (isTls(port.protocol)) {
    for (const vs of applicable) {
      for (const [index, route] of vs.tls.entries()) {
        for (const match of route.match ?? []) {
          if (!applies(match, context)) continue;
          push({ ...ranges(match.destinationSubnets), serverNames: match.sniHosts }, routeFilters(model, proxy, route, scope, port), originOf(vs.resource, `spec.tls[${index}]`), istioConfigName("virtual-service", vs.resource));
        }
      }
    }
  }
  let terminal = out.length > 0;
  // A TLS port knows tls routes alone.
  if (!isTls(port.protocol)) {
    tcp: for (const vs of applicable) {
      for (const [index, route] of vs.tcp.entries()) {
        const matches = route.match ?? [];
        const origin = originOf(vs.resource, `spec.tcp[${index}]`);
        const config = istioConfigName("virtual-service", vs.resource);
        if (matches.length === 0) { push(ranges(undefined), routeFilters(model, proxy, route, scope, port), origin, config); terminal = true; break tcp; }
        for (const match of matches) {
          if (!applies(match, context)) continue;
          push(ranges(match.destinationSubnets), routeFilters(model, proxy, route, scope, port), origin, config);
          if ((match.destinationSubnets ?? []).length === 0) { terminal = true; break tcp; }
        }
      }
    }
  }
  if (!terminal) {
    const cluster = clusterName(port.number, "", service.host);
    push({ ...ranges(undefined), ...(target.sni && target.cidr === undefined ? { serverNames: [service.host] } : {}) }, protocolFilters(model, port.protocol, cluster, withFields(tcpProxy(cluster), sourceHash(model, proxy, service, ""))), target.origin);
  }
  return out;
}
