import { destinationRuleFor } from "../cluster/destination-rules.ts";
import type { Model } from "../model.ts";
import type { PortPolicy } from "../cluster/traffic-policy.ts";
import { protoDuration } from "../cluster/traffic-policy.ts";
import type { Json, MeshService, Proxy } from "../types.ts";
import type { Destination } from "./virtual-service.ts";

const hashIn = (policy: PortPolicy | undefined): Json | undefined => policy?.loadBalancer?.consistentHash;

/** What Envoy hashes for a rule's consistentHash (`route.go consistentHashToHashPolicy`). */
function hashPolicy(hash: Json | undefined): Json | undefined {
  if (hash === undefined) return undefined;
  if (typeof hash["httpHeaderName"] === "string") return { header: { headerName: hash["httpHeaderName"] } };
  const cookie = hash["httpCookie"] as { readonly name?: string; readonly path?: string; readonly ttl?: string } | undefined;
  if (cookie !== undefined) return { cookie: { name: cookie.name, ...((cookie.path ?? "") === "" ? {} : { path: cookie.path }), ...(cookie.ttl === undefined ? {} : { ttl: protoDuration(cookie.ttl) }) } };
  if (hash["useSourceIp"] !== undefined) return { connectionProperties: hash["useSourceIp"] === true ? { sourceIp: true } : {} };
  if (typeof hash["httpQueryParameterName"] === "string") return { queryParameter: { name: hash["httpQueryParameterName"] } };
  return undefined;
}

/**
 * What is hashed for a route's destination: the subset's port, the subset, the rule's port, the rule; a port counts only where the route names it.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/route/route.go hashForHTTPDestination
 */
export function destinationHash(model: Model, proxy: Proxy, byHost: ReadonlyMap<string, MeshService>): (destination: Destination) => Json | undefined {
  return (destination) => {
    const service = byHost.get(destination.host);
    const rule = service === undefined ? undefined : destinationRuleFor(model.destinationRules, proxy, service, model.mesh);
    if (rule === undefined) return undefined;
    const subset = rule.subsets.find((entry) => entry.name === (destination.subset ?? ""))?.trafficPolicy;
    const atPort = (policy: typeof subset): Json | undefined => (destination.port === undefined ? undefined : hashIn(policy?.portLevelSettings?.find((entry) => entry.port?.number === destination.port?.number)));
    return hashPolicy(atPort(subset) ?? hashIn(subset) ?? atPort(rule.trafficPolicy) ?? hashIn(rule.trafficPolicy));
  };
}

/** What is hashed for a service's default route. */
export function serviceHash(model: Model, proxy: Proxy, service: MeshService, port: number): Json | undefined {
  const policy = destinationRuleFor(model.destinationRules, proxy, service, model.mesh)?.trafficPolicy;
  return hashPolicy(hashIn(policy?.portLevelSettings?.find((entry) => entry.port?.number === port)) ?? hashIn(policy));
}
