import { resourcesOf, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import { isKnown } from "./node-id.ts";
import type { KialiQuestion } from "./question.ts";
import type { TrafficMap, TrafficNode } from "./traffic.ts";
import { listedWorkloads } from "./workloads.ts";

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined), value);
const list = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
};
const has = (value: unknown, key: string): boolean => at(value, key) !== undefined && at(value, key) !== null;

/** Whether a host in an object of a namespace names a Service: by name in its own namespace, or with namespace. */
function isHostOf(host: unknown, inNamespace: string, service: { readonly name: string; readonly namespace: string }): boolean {
  const full = `${service.name}.${service.namespace}`;
  return (host === service.name && inNamespace === service.namespace) || host === full || host === `${full}.svc` || host === `${full}.svc.cluster.local`;
}

const breaks = (policy: unknown): boolean => has(policy, "connectionPool") || has(policy, "outlierDetection");

function hasBreaker(rule: Resource, service: { readonly name: string; readonly namespace: string }, version: string): boolean {
  if (!isHostOf(at(rule.spec, "host"), rule.metadata.namespace ?? "default", service)) return false;
  return breaks(at(rule.spec, "trafficPolicy")) || list(rule.spec, "subsets").some((subset) => breaks(at(subset, "trafficPolicy")) && (version === "" || at(subset, "labels", "version") === version));
}

function breakerOf(node: TrafficNode, namespace: string, rules: readonly Resource[]): boolean {
  if (node.type === "service") return rules.some((rule) => hasBreaker(rule, { name: node.service, namespace }, ""));
  if (!isKnown(node.version) && node.type !== "app") return false;
  return [...node.destServices.values()].some((service) => rules.some((rule) => hasBreaker(rule, service, isKnown(node.version) ? node.version : "")));
}

const routesOf = (rule: Resource, protocol: string): readonly unknown[] => list(rule.spec, protocol);

function routesTo(rule: Resource, node: TrafficNode): boolean {
  const service = { name: node.service, namespace: node.namespace };
  return ["http", "tcp", "tls"].some((protocol) =>
    routesOf(rule, protocol).some((route) => list(route, "route").some((target) => isHostOf(at(target, "destination", "host"), rule.metadata.namespace ?? "default", service))),
  );
}

function addRouteBadges(node: TrafficNode, rule: Resource): void {
  const http = routesOf(rule, "http");
  const hosts = list(rule.spec, "hosts");
  node.found["hasVS"] = hosts.length === 0 ? {} : { hostnames: hosts };
  const flags: Readonly<Record<string, boolean>> = {
    hasRequestRouting: ["http", "tcp", "tls"].some((protocol) => routesOf(rule, protocol).some((route) => list(route, "route").length > 0)),
    hasRequestTimeout: http.some((route) => has(route, "timeout")),
    hasFaultInjection: http.some((route) => has(route, "fault")),
    hasTrafficShifting: http.some((route) => list(route, "route").length > 1),
    hasTCPTrafficShifting: routesOf(rule, "tcp").some((route) => list(route, "route").length > 1),
    hasMirroring: http.some((route) => has(route, "mirror")),
  };
  for (const [name, value] of Object.entries(flags)) if (value) node.found[name] = true;
}

function addGatewayHosts(map: TrafficMap, snapshot: Pick<Snapshot, "resources">, { accessible, cluster }: KialiQuestion): void {
  for (const [component, kind] of [["IngressGateways", "ingressInfo"], ["EgressGateways", "egressInfo"]] as const) {
    for (const namespace of accessible) {
      const gateways = listedWorkloads(snapshot, namespace).filter(({ type, labels }) => type === "Deployment" && labels["operator.istio.io/component"] === component);
      for (const { labels } of gateways) {
        const nodes = [...map.values()].filter((node) => (node.type === "app" || node.type === "workload") && node.app === (labels["app"] ?? "") && node.cluster === cluster && node.namespace === namespace);
        if (nodes.length === 0) continue;
        const hostnames = resourcesOf(snapshot, "Gateway", { group: "networking.istio.io" })
          .filter(({ metadata, spec }) => accessible.includes(metadata.namespace ?? "default") && Object.entries(at(spec, "selector") ?? {}).every(([name, value]) => labels[name] === value))
          .flatMap(({ spec }) => list(spec, "servers").flatMap((server) => list(server, "hosts")));
        for (const node of nodes) node.found["isGateway"] ??= { ingressInfo: {}, egressInfo: {}, gatewayAPIInfo: {}, [kind]: hostnames.length === 0 ? {} : { hostnames } };
      }
    }
  }
}

/**
 * Adds the badges of Istio objects: circuit breakers, what the first matching VirtualService does, the hosts of gateways.
 *
 * @see Kiali 1.73, graph/telemetry/istio/appender/istio_details.go
 */
export function appendBadges(map: TrafficMap, namespace: string, question: KialiQuestion, snapshot: Pick<Snapshot, "resources">): void {
  const drawn = [...map.values()].some((node) => node.namespace === namespace && node.cluster === question.cluster);
  const rules = drawn ? resourcesOf(snapshot, "DestinationRule", { namespace }) : [];
  const services = drawn ? resourcesOf(snapshot, "VirtualService", { group: "networking.istio.io" }) : [];
  for (const node of map.values()) {
    if (node.cluster !== question.cluster) continue;
    if (node.namespace === namespace && breakerOf(node, namespace, rules)) node.found["hasCB"] = true;
    const rule = node.type === "service" ? services.find((candidate) => routesTo(candidate, node)) : undefined;
    if (rule !== undefined) addRouteBadges(node, rule);
  }
  addGatewayHosts(map, snapshot, question);
}
