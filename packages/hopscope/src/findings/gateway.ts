import type { Finding, Journey } from "@hopscope/core";
import { matchesLabels, objectName, originOf, type Pod, podsOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { codes } from "../codes/codes.ts";

interface GatewaySpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly servers?: readonly { readonly hosts?: readonly string[] }[];
}

interface VirtualServiceSpec {
  readonly hosts?: readonly string[];
  readonly gateways?: readonly string[];
}

/** Why a mesh's gateway had no route for a request: no Gateway has the host, no VirtualService bound to it has, or none of its routes matches. */
export function gatewayFindings(snapshot: Snapshot, journey: Journey): readonly Finding[] {
  return journey.observations.flatMap(({ fact, object, leg }) => {
    if (fact.type !== "envoy" || fact["code"] !== 404 || fact["details"] !== "route_not_found") return [];
    const pod = podsOf(snapshot).find((one) => objectName(one) === object);
    const request = journey.requests.find((one) => leg !== undefined && one.leg === leg + 1);
    if (pod === undefined || request === undefined || !isGateway(pod)) return [];
    const host = request.authority.replace(/:\d+$/, "").toLowerCase();
    const gateways = resourcesOf(snapshot, "Gateway", { group: "networking.istio.io" }).filter(({ spec }) => matchesLabels((spec as GatewaySpec | undefined)?.selector ?? {}, pod.metadata.labels));
    const serving = gateways.filter(({ spec }) => ((spec as GatewaySpec | undefined)?.servers ?? []).some(({ hosts = [] }) => hosts.some((one) => covers(one.replace(/^[^/]*\//, ""), host))));
    const [nearest] = serving.length > 0 ? serving : gateways;
    const find = (origin: Finding["origin"], problem: string): readonly Finding[] => [{ code: "mesh/gateway-unmatched", severity: "error", origin, problem, fix: codes["mesh/gateway-unmatched"]?.act ?? "" }];
    if (nearest === undefined) return find({ object }, `no Gateway selects ${object}, so it has no route for "${host}"`);
    if (serving.length === 0) return find(originOf(nearest, "spec.servers"), `no Gateway of ${object} has the host "${host}"; ${objectName(nearest)} has ${hostsOf(nearest)}`);
    const bound = resourcesOf(snapshot, "VirtualService").filter((one) => serving.some((gateway) => isBound(one, gateway)) && ((one.spec as VirtualServiceSpec | undefined)?.hosts ?? []).some((name) => covers(name, host)));
    const [first] = bound;
    if (first === undefined) return find(originOf(nearest, "spec.servers"), `${objectName(nearest)} has the host "${host}", and no VirtualService that is bound to it has`);
    return find(originOf(first, "spec.http"), `${objectName(first)} has the host "${host}", and none of its routes matches ${request.method} ${request.path}`);
  });
}

const isGateway = (pod: Pod): boolean => pod.spec.containers.some(({ name, args }) => name === "istio-proxy" && (args?.includes("router") === true || pod.spec.containers.length === 1));
const covers = (pattern: string, host: string): boolean => pattern === "*" || pattern.toLowerCase() === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1).toLowerCase()));
const hostsOf = ({ spec }: Resource): string => ((spec as GatewaySpec | undefined)?.servers ?? []).flatMap(({ hosts = [] }) => hosts).map((host) => `"${host}"`).join(", ") || "none";

function isBound({ spec, metadata }: Resource, gateway: Resource): boolean {
  const own = gateway.metadata;
  return ((spec as VirtualServiceSpec | undefined)?.gateways ?? []).some((name) => name === `${own.namespace ?? ""}/${own.name}` || (name === own.name && metadata.namespace === own.namespace));
}
