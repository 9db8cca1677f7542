import type { Origin } from "@hopscope/core";
import { originOf } from "@hopscope/model-kubernetes";
import { sniName } from "../cluster/names.ts";
import { destinationRuleFor } from "../cluster/destination-rules.ts";
import { AUTHN, connectionManager, METADATA_EXCHANGE, rds, socket, stats, TLS_INSPECTOR } from "../filter/filters.ts";
import { gatewayRoute } from "./routes.ts";
import type { GatewayServer, MergedGateways, ServerGroup } from "./servers.ts";
import { isPassthrough, isTerminatedHttps, mergeGateways, serverHosts, sniHosts, takeHosts } from "./servers.ts";
import { hostIsSubset, hostMatches } from "../mesh/host.ts";
import { wildcardOf } from "../inbound/ports.ts";
import { causeOf } from "../convert/made.ts";
import type { Model } from "../model.ts";
import type { GatewayPorts } from "../patch/routes.ts";
import type { Policies } from "../policy/policies.ts";
import { policiesOf } from "../policy/policies.ts";
import { isHttp, isTls } from "../mesh/protocol.ts";
import type { Scope } from "../mesh/scope.ts";
import { routeFilters, serviceFilters } from "../filter/tcp-chains.ts";
import { gatewayTls } from "../cluster/tls-context.ts";
import type { Json, Proxy } from "../types.ts";
import type { L4Match, L4Route, VirtualService } from "../route/virtual-service.ts";
import { virtualServicesFor } from "../route/virtual-services.ts";

interface Chain { readonly chain: Json; readonly origin: Origin }
interface World { readonly model: Model; readonly proxy: Proxy; readonly scope: Scope; readonly policies: Policies; readonly merged: MergedGateways }

const MESH_ALPN = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"];

/** The names a chain answers to; one that serves any name has no such condition. */
const sniMatch = (hosts: readonly string[], more: Json = {}): Json => {
  const match = { ...more, ...(hosts.length === 0 || hosts.includes("*") ? {} : { serverNames: [...hosts].sort() }) };
  return Object.keys(match).length === 0 ? {} : { filterChainMatch: match };
};

/** Only port and gateway of a match count at a gateway's TCP and TLS servers (`gateway.go l4SingleMatch`). */
const matches = (match: L4Match, server: GatewayServer): boolean =>
  ((match.port ?? 0) === 0 || match.port === server.port.number) && ((match.gateways ?? []).length === 0 || match.gateways?.includes(server.gatewayName) === true);

/** Authorization stands before the filter that ends the chain. */
function guarded(filters: readonly Json[], policies: Policies): Json[] {
  return [...filters.slice(0, -1), AUTHN, ...policies.tcp, ...filters.slice(-1)];
}

const bound = (server: GatewayServer, vs: VirtualService): boolean => serverHosts(server, vs.namespace).some((host) => vs.hosts.some((own) => hostMatches(host, own)));

function tcpChain({ model, proxy, scope, policies }: World, server: GatewayServer): Chain[] {
  for (const vs of virtualServicesFor(model.virtualServices, proxy.namespace, server.gatewayName)) {
    if (!bound(server, vs)) continue;
    for (const [index, route] of vs.tcp.entries()) {
      if ((route.match ?? []).length > 0 && route.match?.some((match) => matches(match, server)) !== true) continue;
      const mutual = server.server.tls?.mode === "ISTIO_MUTUAL";
      const filters = [...(mutual ? [METADATA_EXCHANGE] : []), stats(true), ...l4Filters({ model, proxy, scope }, vs, route, server)];
      const { tls } = server.server;
      const secured = tls === undefined ? {} : { ...sniMatch(sniHosts(server)), transportSocket: gatewayTls(tls, mutual && !isTls(server.port.protocol) || mutual && server.port.protocol === "TLS" ? ["istio-peer-exchange", "h2", "http/1.1"] : ["h2", "http/1.1"]) };
      return [{ chain: { ...secured, filters: guarded(filters, policies) }, origin: causeOf(vs.resource, `spec.tcp[${index}]`) }];
    }
  }
  return [];
}

const l4Filters = ({ model, proxy, scope }: Pick<World, "model" | "proxy" | "scope">, vs: VirtualService, route: L4Route, server: GatewayServer): Json[] =>
  routeFilters(model, proxy, route, scope, server.port, `${vs.resource.metadata.name}.${vs.namespace}`);

function passthroughChains({ model, proxy, scope, policies }: World, server: GatewayServer, known: Map<string, string>): Chain[] {
  const out: Chain[] = [];
  for (const vs of virtualServicesFor(model.virtualServices, proxy.namespace, server.gatewayName)) {
    if (!bound(server, vs)) continue;
    for (const [index, route] of vs.tls.entries()) {
      for (const match of route.match ?? []) {
        if (!matches(match, server) || !takeHosts(known, match.sniHosts ?? [], server.bind)) continue;
        out.push({ chain: { ...sniMatch(match.sniHosts ?? []), filters: guarded([stats(true), ...l4Filters({ model, proxy, scope }, vs, route, server)], policies) }, origin: causeOf(vs.resource, `spec.tls[${index}]`) });
      }
    }
  }
  return out;
}

/** One chain for each service port and subset that another mesh may name (`gateway.go builtAutoPassthroughFilterChains`). */
function autoPassthroughChains({ model, proxy, scope, policies }: World, server: GatewayServer): Chain[] {
  const hosts = sniHosts(server);
  return scope.services.flatMap((service) => {
    if (service.external || !hosts.some((host) => hostIsSubset(service.host, host))) return [];
    const rule = destinationRuleFor(model.destinationRules, proxy, scope.byHost.get(service.host) ?? service, model.mesh);
    return service.ports.flatMap((port, index) => (port.protocol === "UDP" ? [] : [undefined, ...(rule?.subsets ?? [])].map((subset): Chain => {
      const name = sniName(port.number, subset?.name ?? "", service.host);
      return {
        chain: { ...sniMatch([name], { applicationProtocols: MESH_ALPN }), filters: guarded([stats(true), ...serviceFilters(model, { protocol: port.protocol, rule, subset: subset?.name ?? "" }, name)], policies) },
        origin: originOf(service.resource, `spec.ports[${index}]`),
      };
    })));
  });
}

function chainsOf(world: World, group: ServerGroup, listener: string, tlsHosts: Map<string, string>): Chain[] {
  const { model, policies } = world;
  const http = (server: GatewayServer, statPrefix: string, routeName: string): Json => connectionManager(model, { kind: "gateway", protocol: server.port.protocol, statPrefix, route: rds(routeName), policies: policies.http });
  const [head] = group.servers;
  if (isHttp(group.protocol)) return head === undefined ? [] : [{ chain: { filters: [AUTHN, http(head, `outbound_${listener}`, group.routeName)] }, origin: causeOf(head.gateway, head.path) }];
  return group.servers.flatMap((server): Chain[] => {
    if (isTerminatedHttps(server)) {
      const filters = [AUTHN, http(server, server.server.name ?? `outbound_${listener}`, server.routeName)];
      return [{ chain: { ...sniMatch(sniHosts(server)), filters, transportSocket: gatewayTls(server.server.tls ?? {}, ["h2", "http/1.1"]) }, origin: causeOf(server.gateway, server.path) }];
    }
    if (server.server.tls === undefined || !isPassthrough(server.server)) return tcpChain(world, server);
    return server.server.tls.mode === "AUTO_PASSTHROUGH" ? autoPassthroughChains(world, server) : passthroughChains(world, server, tlsHosts);
  });
}

/**
 * The listeners and route configurations of a gateway proxy.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/gateway.go buildGatewayListeners
 */
export function gatewayResources(model: Model, proxy: Proxy, scope: Scope, origins: Map<string, Origin>): { readonly listeners: readonly Json[]; readonly routes: readonly Json[]; readonly autoPassthrough: boolean; readonly ports: GatewayPorts } {
  const merged = mergeGateways(model, proxy);
  const world: World = { model, proxy, scope, merged, policies: policiesOf(model, proxy) };
  const wild = wildcardOf(proxy);
  const listeners = new Map<string, { readonly address: string; readonly port: number; readonly chains: Chain[]; readonly head: GatewayServer | undefined }>();
  const tlsHosts = new Map<number, Map<string, string>>();
  for (const group of merged.groups) {
    const address = group.bind === "" ? wild : group.bind;
    const name = `${address}_${group.listen}`;
    const known = tlsHosts.get(group.listen) ?? new Map<string, string>();
    tlsHosts.set(group.listen, known);
    const entry = listeners.get(name) ?? { address, port: group.listen, chains: [], head: group.servers[0] };
    listeners.set(name, entry);
    entry.chains.push(...chainsOf(world, group, name, known));
  }
  const out: Json[] = [];
  for (const [name, { address, port, chains, head }] of listeners) {
    if (chains.length === 0) continue;
    if (head !== undefined) origins.set(`listener/${name}`, causeOf(head.gateway, head.path));
    for (const [index, entry] of chains.entries()) origins.set(`listener/${name}/chain/${index}`, entry.origin);
    const inspects = chains.some(({ chain }) => (chain["filterChainMatch"] as Json | undefined)?.["serverNames"] !== undefined || chain["transportSocket"] !== undefined);
    const named = chains.some(({ chain }) => chain["filterChainMatch"] !== undefined);
    out.push({ name, address: socket(address, port), trafficDirection: "OUTBOUND", filterChains: chains.map((entry) => entry.chain), ...(inspects || named ? { listenerFilters: [TLS_INSPECTOR] } : {}) });
  }
  const ports = new Map<number, Set<number>>();
  for (const [name, servers] of merged.byRoute) {
    const listen = Number(name.split(".")[1]);
    ports.set(listen, new Set([...(ports.get(listen) ?? []), ...servers.map((server) => server.port.number)]));
  }
  const routes = [...merged.byRoute].map(([name, servers]) => gatewayRoute(model, proxy, scope, { name, servers }, origins));
  return { listeners: out, routes, autoPassthrough: merged.autoPassthrough, ports };
}
