import type { Origin } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { outboundClusters } from "./cluster/cluster.ts";
import { prune } from "./mesh/config-order.ts";
import type { Patch, PatchContext } from "./patch/envoy-filters.ts";
import { envoyPatches } from "./patch/envoy-filters.ts";
import { gatewayResources } from "./gateway/gateway.ts";
import { httpProxyListener } from "./gateway/http-proxy.ts";
import { inboundListeners } from "./inbound/listener.ts";
import type { InboundPort } from "./inbound/ports.ts";
import { inboundPorts } from "./inbound/ports.ts";
import { metricsOff, withoutStats } from "./patch/metrics-off.ts";
import type { Model } from "./model.ts";
import { buildModel } from "./model.ts";
import { outboundListeners } from "./outbound/listeners.ts";
import { outboundRoute } from "./outbound/routes.ts";
import { patchClusters } from "./patch/clusters.ts";
import { patchListeners } from "./patch/listeners.ts";
import { patchRouteConfiguration } from "./patch/routes.ts";
import type { Scope } from "./mesh/scope.ts";
import { scopeOf } from "./mesh/scope.ts";
import { inboundClusters, staticClusters } from "./cluster/static-clusters.ts";
import type { CompiledProxy, CompileOptions, Json, Proxy } from "./types.ts";

const byName = (field: string) => (a: Json, b: Json): number => (String(a[field]) < String(b[field]) ? -1 : String(a[field]) > String(b[field]) ? 1 : 0);

function routeNames(listeners: readonly Json[]): string[] {
  const names = new Set<string>();
  for (const listener of listeners) {
    for (const chain of (listener["filterChains"] ?? []) as readonly { filters?: readonly { typedConfig?: { rds?: { routeConfigName: string } } }[] }[]) {
      for (const filter of chain.filters ?? []) if (filter.typedConfig?.rds !== undefined) names.add(filter.typedConfig.rds.routeConfigName);
    }
  }
  return [...names];
}

interface World { readonly model: Model; readonly proxy: Proxy; readonly scope: Scope; readonly origins: Map<string, Origin>; readonly patches: readonly Patch[]; readonly off: ReturnType<typeof metricsOff> }
interface Program { readonly listeners: readonly Json[]; readonly routes: readonly Json[]; readonly clusters: readonly Json[]; readonly endpoints: readonly Json[] }

/** Patches change what they touch, so they work on copies. */
const patched = <T>(patches: readonly Patch[], value: readonly T[], apply: (copy: T[]) => T[]): readonly T[] => (patches.length === 0 ? value : apply(structuredClone(value) as T[]));

const counted = ({ off }: World, mode: "CLIENT" | "SERVER", listeners: readonly Json[]): readonly Json[] => (off.has(mode) ? withoutStats(listeners) : listeners);

function clustersIn({ patches }: World, context: PatchContext, clusters: readonly Json[], hostsOf: (cluster: Json) => readonly string[] = () => []): readonly Json[] {
  return patched(patches, clusters, (copy) => patchClusters(patches, context, copy, hostsOf));
}

function gateway(world: World): Program {
  const { model, proxy, scope, origins, patches } = world;
  const outbound = outboundClusters(model, proxy, scope, origins);
  const built = gatewayResources(model, proxy, scope, origins);
  const passed = built.autoPassthrough ? outboundClusters(model, proxy, scope, origins, true) : { clusters: [], endpoints: [] };
  const listeners = patched(patches, counted(world, "CLIENT", built.listeners), (copy) => patchListeners(patches, "GATEWAY", copy, false));
  const wanted = new Set(routeNames(listeners));
  return {
    listeners, endpoints: [...outbound.endpoints, ...passed.endpoints],
    clusters: clustersIn(world, "GATEWAY", [...outbound.clusters, ...staticClusters(model, proxy), ...passed.clusters]),
    routes: patched(patches, built.routes.filter((route) => wanted.has(String(route["name"]))), (copy) => {
      for (const route of copy) patchRouteConfiguration(patches, "GATEWAY", route, built.ports);
      return copy;
    }),
  };
}

function sidecar(world: World): Program {
  const { model, proxy, scope, origins, patches } = world;
  const ports = inboundPorts(model, proxy, scope);
  const outbound = outboundClusters(model, proxy, scope, origins);
  const fixed = staticClusters(model, proxy);
  const isInbound = (cluster: Json): boolean => String(cluster["name"]).startsWith("InboundPassthrough");
  const hostsOf = (cluster: Json): readonly string[] => hostsBehind(ports, cluster);
  const made = counted(world, "CLIENT", outboundListeners(model, proxy, scope, origins));
  const isVirtual = (listener: Json): boolean => listener["name"] === "virtualOutbound";
  const listeners = [
    ...patched(patches, made.filter((listener) => !isVirtual(listener)), (copy) => patchListeners(patches, "SIDECAR_OUTBOUND", copy, false)),
    ...patched(patches, [...made.filter(isVirtual), ...counted(world, "CLIENT", httpProxyListener(model, proxy, origins))], (copy) => patchListeners(patches, "SIDECAR_OUTBOUND", copy, true)),
    ...patched(patches, counted(world, "SERVER", inboundListeners(model, proxy, ports, origins)), (copy) => patchListeners(patches, "SIDECAR_INBOUND", copy, false)),
  ];
  return {
    listeners, endpoints: outbound.endpoints,
    clusters: [
      ...clustersIn(world, "SIDECAR_OUTBOUND", [...outbound.clusters, ...fixed.filter((cluster) => !isInbound(cluster))]),
      ...clustersIn(world, "SIDECAR_INBOUND", [...inboundClusters(model, proxy, ports, origins), ...fixed.filter(isInbound)], hostsOf),
    ],
    routes: routeNames(listeners).map((name) => {
      const route = outboundRoute(model, proxy, scope, name, origins);
      const [copy = route] = patched(patches, [route], (copies) => {
        for (const entry of copies) patchRouteConfiguration(patches, "SIDECAR_OUTBOUND", entry, undefined);
        return copies;
      });
      return copy;
    }),
  };
}

const hostsBehind = (ports: readonly InboundPort[], cluster: Json): readonly string[] =>
  ports.filter((port) => cluster["name"] === `inbound|${port.targetPort}||`).flatMap((port) => (port.services.length === 0 ? [port.host] : port.services.map((service) => String(service["host"]))));

/**
 * Compiles the configuration istiod sends to one proxy: Envoy's own JSON, each resource with the object that caused it.
 * @see istio 1.18 (maistra-2.5) pilot/pkg/networking/core/v1alpha3
 * @example
 * compileProxy(snapshot, { type: "sidecar", name: "web-1", namespace: "shop", labels: { app: "web" }, ips: ["10.128.2.7"] }).routes
 */
export function compileProxy(snapshot: Pick<Snapshot, "resources">, proxy: Proxy, options: CompileOptions = {}): CompiledProxy {
  const model = buildModel(snapshot, options);
  const origins = new Map<string, Origin>();
  const world: World = { model, proxy, origins, scope: scopeOf(model, proxy), patches: envoyPatches(model, proxy), off: metricsOff(model, proxy) };
  const { listeners, routes, clusters, endpoints } = proxy.type === "router" ? gateway(world) : sidecar(world);
  for (const name of ["BlackHoleCluster", "PassthroughCluster"]) origins.set(`cluster/${name}`, { object: name });
  const served = new Set(clusters.map((cluster) => cluster["name"]));
  const compiled = prune({
    listeners: [...listeners].sort(byName("name")), routes: [...routes].sort(byName("name")), clusters: [...clusters].sort(byName("name")),
    endpoints: endpoints.filter((entry) => served.has(entry["clusterName"])).sort(byName("clusterName")),
  });
  return { ...compiled, origins, diagnostics: model.diagnostics, caveats: model.caveats };
}
