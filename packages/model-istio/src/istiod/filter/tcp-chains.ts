import type { Origin } from "@hopscope/core";
import { cidrRange } from "../policy/authorization-matchers.ts";
import { clusterName } from "../cluster/names.ts";
import { istioConfigName, selects } from "../mesh/config-order.ts";
import type { DestinationRule } from "../cluster/destination-rules.ts";
import { destinationRuleFor } from "../cluster/destination-rules.ts";
import { protocolFilters, stats, tcpProxy } from "./filters.ts";
import { hostMatches } from "../mesh/host.ts";
import { causeOf } from "../convert/made.ts";
import type { Model } from "../model.ts";
import { isTls } from "../mesh/protocol.ts";
import { destinationCluster } from "../route/action.ts";
import type { Scope } from "../mesh/scope.ts";
import { typed } from "../cluster/tls-context.ts";
import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json, MeshService, Port, Protocol, Proxy } from "../types.ts";
import type { L4Match, L4Route, VirtualService } from "../route/virtual-service.ts";

/** What a tcp_proxy takes from a rule: a hash of the source, the longest time of a connection (`networkfilter.go maybeSetHashPolicy`). */
function ruleFields(rule: DestinationRule | undefined, subset: string): Json {
  const own = rule?.subsets.find((entry) => entry.name === subset)?.trafficPolicy?.loadBalancer;
  const hash = (own ?? rule?.trafficPolicy?.loadBalancer)?.consistentHash;
  const longest = rule?.trafficPolicy?.connectionPool?.tcp?.maxConnectionDuration;
  const tunnel = rule?.subsets.find((entry) => entry.name === subset)?.trafficPolicy?.tunnel ?? rule?.trafficPolicy?.tunnel;
  return {
    ...(hash?.["useSourceIp"] === true ? { hashPolicy: [{ sourceIp: {} }] } : {}),
    ...(longest === undefined ? {} : { maxDownstreamConnectionDuration: protoDuration(longest) }),
    ...(tunnel === undefined ? {} : { tunnelingConfig: { hostname: `${String(tunnel["targetHost"])}:${String(tunnel["targetPort"])}`, ...(tunnel["protocol"] === "POST" ? { usePost: true } : {}) } }),
  };
}

const withFields = (filter: Json, fields: Json): Json => ({ ...filter, typedConfig: { ...(filter["typedConfig"] as Json), ...fields } });

/** The filters that lead a connection to one cluster. */
export function serviceFilters(model: Model, { protocol, rule, subset }: { readonly protocol: Protocol; readonly rule: DestinationRule | undefined; readonly subset: string }, cluster: string): Json[] {
  return protocolFilters(model, protocol, cluster, withFields(tcpProxy(cluster), ruleFields(rule, subset)));
}

/** The tcp_proxy towards a route's destinations, weighted when there are several. */
export function routeFilters(model: Model, proxy: Proxy, route: L4Route, scope: Pick<Scope, "byHost">, port: Port, statPrefix: string): Json[] {
  const targets = route.route ?? [];
  const [first] = targets;
  const named = (target: NonNullable<typeof first>): string => destinationCluster(target.destination, { byHost: scope.byHost, port: port.number });
  const service = scope.byHost.get(first?.destination.host ?? "");
  const rule = service === undefined ? undefined : destinationRuleFor(model.destinationRules, proxy, service, model.mesh);
  if (targets.length === 1 && first !== undefined) return serviceFilters(model, { protocol: port.protocol, rule, subset: first.destination.subset ?? "" }, named(first));
  const clusters = targets.filter((target) => (target.weight ?? 0) > 0).map((target) => ({ name: named(target), weight: target.weight ?? 0 }));
  return protocolFilters(model, port.protocol, statPrefix, typed("envoy.filters.network.tcp_proxy", "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", { statPrefix, weightedClusters: { clusters }, ...ruleFields(rule, "") }));
}

/** Says whether a tls or tcp match can apply to a sidecar; all its conditions must hold (`tls.go matchTLS`). */
const applies = (match: L4Match, proxy: Proxy, port: number): boolean =>
  ((match.gateways ?? []).length === 0 || match.gateways?.includes("mesh") === true) && selects(match.sourceLabels, proxy.labels)
  && ((match.port ?? 0) === 0 || match.port === port) && ((match.sourceNamespace ?? "") === "" || match.sourceNamespace === proxy.namespace);

/** One chain as it will stand in a listener. */
export interface OutboundChain { readonly match?: Json; readonly filters: readonly Json[]; readonly sni: boolean; readonly origin: Origin; readonly config?: string }

export interface ChainTarget {
  readonly service: MeshService;
  readonly port: Port;
  readonly virtualServices: readonly VirtualService[];
  readonly origin: Origin;
  readonly cidr: string | undefined;
  /** The listener takes connections to any address. */
  readonly wildcard: boolean;
  /** The service has no address of its own, or only a range. */
  readonly addressless: boolean;
}

function chainOf(filters: Json[], where: { readonly subnets: readonly string[]; readonly sni?: readonly string[] | undefined }, origin: Origin, config?: string): OutboundChain {
  const { sni = [] } = where;
  const ranges = [...where.subnets].sort().flatMap((subnet): Json[] => { const range = cidrRange(subnet); return range === undefined ? [] : [range]; }).filter((range) => range["addressPrefix"] !== "0.0.0.0");
  const match = { ...(ranges.length === 0 ? {} : { prefixRanges: ranges }), ...(sni.length === 0 || sni.includes("*") ? {} : { serverNames: [...sni].sort() }) };
  return { filters: [stats(false), ...filters], sni: sni.length > 0, origin, ...(Object.keys(match).length === 0 ? {} : { match }), ...(config === undefined ? {} : { config }) };
}

/**
 * The TCP chains of one service port: those of VirtualServices' tls and tcp routes, else one to the service.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/tls.go buildSidecarOutboundTCPTLSFilterChainOpts
 */
export function serviceChains(model: Model, proxy: Proxy, scope: Scope, target: ChainTarget): readonly OutboundChain[] {
  const { service, port } = target;
  const applicable = target.virtualServices.filter((vs) => vs.tls.length + vs.tcp.length > 0 && vs.hosts.some((host) => hostMatches(host, service.host)));
  const own = target.cidr === undefined ? [] : [target.cidr];
  const number = service.ports.length === 1 ? (service.ports[0]?.number ?? port.number) : port.number;
  const toService = (): Json[] => serviceFilters(model, { protocol: port.protocol, rule: destinationRuleFor(model.destinationRules, proxy, scope.byHost.get(service.host) ?? service, model.mesh), subset: "" }, clusterName(number, "", service.host));
  const filters = (vs: VirtualService, route: L4Route): Json[] => routeFilters(model, proxy, route, scope, port, `${vs.resource.metadata.name}.${vs.namespace}`);
  const out: OutboundChain[] = [];
  if (isTls(port.protocol)) {
    const seen = new Set<string>();
    for (const vs of applicable) {
      for (const [index, route] of vs.tls.entries()) {
        for (const match of route.match ?? []) {
          const key = `${(match.sniHosts ?? []).join(",")}|${(match.destinationSubnets ?? []).join(",")}`;
          if (!applies(match, proxy, port.number) || seen.has(key)) continue;
          seen.add(key);
          const subnets = (match.destinationSubnets ?? []).length > 0 && port.number > 0 ? (match.destinationSubnets ?? []) : own;
          out.push(chainOf(filters(vs, route), { subnets, sni: match.sniHosts }, causeOf(vs.resource, `spec.tls[${index}]`), istioConfigName("virtual-service", vs.resource)));
        }
      }
    }
    if (out.length > 0) return out;
    const byName = target.cidr !== undefined || (target.addressless && target.wildcard);
    return [chainOf(toService(), { subnets: own, sni: byName ? [service.host] : [] }, target.origin)];
  }
  for (const vs of applicable) {
    for (const [index, route] of vs.tcp.entries()) {
      const origin = causeOf(vs.resource, `spec.tcp[${index}]`);
      const matches = route.match ?? [];
      const hit = matches.filter((match) => applies(match, proxy, port.number));
      if (matches.length === 0 || hit.some((match) => (match.destinationSubnets ?? []).length === 0 || port.number === 0)) {
        return [...out, chainOf(filters(vs, route), { subnets: own }, origin, istioConfigName("virtual-service", vs.resource))];
      }
      const subnets = hit.flatMap((match) => match.destinationSubnets ?? []);
      if (subnets.length === 0) continue;
      out.push(chainOf(filters(vs, route), { subnets }, origin));
      if (own.length > 0 && [...subnets].sort().join() === own.join()) return out;
    }
  }
  return [...out, chainOf(toService(), { subnets: own }, target.origin)];
}
