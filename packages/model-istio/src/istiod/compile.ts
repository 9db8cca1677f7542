import type { Origin } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { outboundClusters } from "./cluster.ts";
import { prune } from "./config-order.ts";
import { gatewayResources } from "./gateway.ts";
import { inboundListeners } from "./inbound-listener.ts";
import { inboundPorts } from "./inbound-ports.ts";
import { buildModel } from "./model.ts";
import { outboundListeners } from "./outbound-listeners.ts";
import { outboundRoute } from "./outbound-routes.ts";
import { scopeOf } from "./scope.ts";
import { inboundClusters, staticClusters } from "./static-clusters.ts";
import type { CompiledProxy, CompileOptions, Json, Proxy } from "./types.ts";

const byName = (field: string) => (a: Json, b: Json): number => (String(a[field]) < String(b[field]) ? -1 : String(a[field]) > String(b[field]) ? 1 : 0);

function routeNames(listeners: readonly Json[]): string[] {
  const names = new Set<string>();
  for (const listener of listeners) {
    for (const chain of (listener["filterChains"] ?? []) as readonly { filters: readonly { typedConfig?: { rds?: { routeConfigName: string } } }[] }[]) {
      for (const filter of chain.filters) if (filter.typedConfig?.rds !== undefined) names.add(filter.typedConfig.rds.routeConfigName);
    }
  }
  return [...names];
}

/**
 * Compiles the configuration istiod sends to one proxy: Envoy's own JSON, each resource with the object that caused it.
 * @see istio 1.18 (maistra-2.5) pilot/pkg/networking/core/v1alpha3
 * @example
 * compileProxy(snapshot, { type: "sidecar", name: "web-1", namespace: "shop", labels: { app: "web" }, ips: ["10.128.2.7"] }).routes
 */
export function compileProxy(snapshot: Pick<Snapshot, "resources">, proxy: Proxy, options: CompileOptions = {}): CompiledProxy {
  const model = buildModel(snapshot, options);
  const scope = scopeOf(model, proxy);
  const origins = new Map<string, Origin>();
  const outbound = outboundClusters(model, proxy, scope, origins);
  const clusters: Json[] = [...staticClusters(model, proxy), ...outbound.clusters];
  const endpoints: Json[] = [...outbound.endpoints];
  let listeners: readonly Json[];
  let routes: readonly Json[];
  if (proxy.type === "router") {
    const gateway = gatewayResources(model, proxy, scope, origins);
    ({ listeners, routes } = gateway);
    if (gateway.autoPassthrough) {
      const passed = outboundClusters(model, proxy, scope, origins, true);
      clusters.push(...passed.clusters);
      endpoints.push(...passed.endpoints);
    }
  }
  else {
    const ports = inboundPorts(model, proxy, scope);
    clusters.push(...inboundClusters(model, proxy, ports, origins));
    listeners = [...outboundListeners(model, proxy, scope, origins), ...inboundListeners(model, proxy, ports, origins)];
    routes = routeNames(listeners).map((name) => outboundRoute(model, proxy, scope, name, origins));
  }
  for (const name of ["BlackHoleCluster", "PassthroughCluster"]) origins.set(`cluster/${name}`, { object: name });
  const compiled = prune({
    listeners: [...listeners].sort(byName("name")), routes: [...routes].sort(byName("name")), clusters: clusters.sort(byName("name")),
    endpoints: endpoints.sort(byName("clusterName")),
  });
  return { ...compiled, origins, diagnostics: model.diagnostics, caveats: model.caveats };
}
