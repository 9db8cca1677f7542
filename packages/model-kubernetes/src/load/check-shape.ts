import type { PathStep } from "./field-path.ts";
import { groupOf } from "./known-kinds.ts";
import type { Resource } from "../resource.ts";

type Shape = "list" | "mapping" | "text" | "number" | "boolean";

/** A field of a wrong type in a kind that the models read. */
export interface ShapeTrouble {
  readonly code: "input/wrong-type";
  readonly path: readonly PathStep[];
  readonly problem: string;
  readonly expected: string;
}

const container = (at: string): Readonly<Record<string, Shape>> => ({
  [at]: "list",
  [`${at}[]`]: "mapping",
  [`${at}[].name`]: "text",
  [`${at}[].ports`]: "list",
  [`${at}[].ports[]`]: "mapping",
  [`${at}[].ports[].containerPort`]: "number",
  [`${at}[].args`]: "list",
});
const podSpec = (at: string): Readonly<Record<string, Shape>> => ({ [at]: "mapping", ...container(`${at}.containers`), ...container(`${at}.initContainers`), [`${at}.nodeSelector`]: "mapping", [`${at}.nodeName`]: "text", [`${at}.dnsConfig`]: "mapping", [`${at}.hostAliases`]: "list" });
const selector = (at: string): Readonly<Record<string, Shape>> => ({ [at]: "mapping", [`${at}.matchLabels`]: "mapping", [`${at}.matchLabels.*`]: "text", [`${at}.matchExpressions`]: "list", [`${at}.matchExpressions[]`]: "mapping", [`${at}.matchExpressions[].values`]: "list" });
const workload: Readonly<Record<string, Shape>> = { "spec.replicas": "number", "spec.template": "mapping", "spec.template.metadata": "mapping", "spec.template.metadata.labels": "mapping", "spec.template.metadata.labels.*": "text", ...selector("spec.selector"), ...podSpec("spec.template.spec") };
const rules = (direction: string, peers: string): Readonly<Record<string, Shape>> => ({
  [`spec.${direction}`]: "list",
  [`spec.${direction}[]`]: "mapping",
  [`spec.${direction}[].${peers}`]: "list",
  [`spec.${direction}[].${peers}[]`]: "mapping",
  [`spec.${direction}[].${peers}[].ipBlock`]: "mapping",
  [`spec.${direction}[].${peers}[].ipBlock.cidr`]: "text",
  [`spec.${direction}[].ports`]: "list",
  [`spec.${direction}[].ports[]`]: "mapping",
});
const route = (protocol: string): Readonly<Record<string, Shape>> => ({
  [`spec.${protocol}`]: "list",
  [`spec.${protocol}[]`]: "mapping",
  [`spec.${protocol}[].match`]: "list",
  [`spec.${protocol}[].match[]`]: "mapping",
  [`spec.${protocol}[].route`]: "list",
  [`spec.${protocol}[].route[]`]: "mapping",
  [`spec.${protocol}[].route[].destination`]: "mapping",
});
const texts = (at: string): Readonly<Record<string, Shape>> => ({ [at]: "list", [`${at}[]`]: "text" });

/** Types of the fields that models walk over without a second look. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  "/Service": { "spec.ports": "list", "spec.ports[]": "mapping", "spec.ports[].port": "number", "spec.ports[].name": "text", "spec.selector": "mapping", "spec.selector.*": "text", "spec.clusterIP": "text", ...texts("spec.clusterIPs"), ...texts("spec.externalIPs"), "status.loadBalancer": "mapping", "status.loadBalancer.ingress": "list", "status.loadBalancer.ingress[]": "mapping" },
  "/Pod": { ...podSpec("spec"), "status.podIP": "text", "status.podIPs": "list", "status.podIPs[]": "mapping", "status.conditions": "list", "status.conditions[]": "mapping" },
  "/Node": { "status.addresses": "list", "status.addresses[]": "mapping" },
  "/Endpoints": { subsets: "list", "subsets[]": "mapping", "subsets[].addresses": "list", "subsets[].addresses[]": "mapping", "subsets[].notReadyAddresses": "list", "subsets[].notReadyAddresses[]": "mapping", "subsets[].ports": "list", "subsets[].ports[]": "mapping" },
  "discovery.k8s.io/EndpointSlice": { endpoints: "list", "endpoints[]": "mapping", ...texts("endpoints[].addresses"), "endpoints[].conditions": "mapping", ports: "list", "ports[]": "mapping", "ports[].port": "number" },
  "apps/Deployment": workload,
  "apps/StatefulSet": workload,
  "apps/DaemonSet": workload,
  "apps/ReplicaSet": workload,
  "batch/Job": workload,
  "networking.k8s.io/NetworkPolicy": { ...selector("spec.podSelector"), ...texts("spec.policyTypes"), ...rules("ingress", "from"), ...rules("egress", "to") },
  "k8s.ovn.org/EgressIP": { ...texts("spec.egressIPs"), ...selector("spec.namespaceSelector"), ...selector("spec.podSelector") },
  "k8s.ovn.org/EgressFirewall": { "spec.egress": "list", "spec.egress[]": "mapping", "spec.egress[].to": "mapping", "spec.egress[].ports": "list" },
  "route.openshift.io/Route": { "spec.host": "text", "spec.path": "text", "spec.to": "mapping", "spec.to.name": "text", "spec.tls": "mapping", "spec.port": "mapping", "spec.alternateBackends": "list", "spec.alternateBackends[]": "mapping" },
  "networking.istio.io/Gateway": { "spec.selector": "mapping", "spec.servers": "list", "spec.servers[]": "mapping", ...texts("spec.servers[].hosts"), "spec.servers[].port": "mapping", "spec.servers[].port.number": "number", "spec.servers[].tls": "mapping" },
  "networking.istio.io/VirtualService": { ...texts("spec.hosts"), ...texts("spec.gateways"), ...route("http"), ...route("tcp"), ...route("tls") },
  "networking.istio.io/DestinationRule": { "spec.host": "text", "spec.subsets": "list", "spec.subsets[]": "mapping", "spec.subsets[].labels": "mapping", "spec.trafficPolicy": "mapping" },
  "networking.istio.io/ServiceEntry": { ...texts("spec.hosts"), ...texts("spec.addresses"), "spec.ports": "list", "spec.ports[]": "mapping", "spec.ports[].number": "number", "spec.endpoints": "list", "spec.endpoints[]": "mapping", "spec.workloadSelector": "mapping" },
};

const compiled = new Map<string, readonly { readonly steps: readonly string[]; readonly shape: Shape }[]>();

/** The first field of a modelled kind whose type the API would refuse; what is absent or null is not looked at. */
export function checkShape(resource: Resource): ShapeTrouble | undefined {
  const key = `${groupOf(resource.apiVersion)}/${resource.kind}`;
  const shapes = SHAPES[key];
  if (shapes === undefined) return undefined;
  let list = compiled.get(key);
  if (list === undefined) {
    list = Object.entries(shapes).map(([path, shape]) => ({ steps: path.replace(/\[\]/g, ".[]").split("."), shape }));
    compiled.set(key, list);
  }
  for (const { steps, shape } of list) {
    const path = misfit(resource, steps, 0, shape, []);
    if (path !== undefined) return { code: "input/wrong-type", path: path.steps, problem: `the value is ${nameOf(path.value)}`, expected: shape === "text" ? "text; put it in quotes" : `a ${shape}` };
  }
  return undefined;
}

interface Misfit {
  readonly steps: readonly PathStep[];
  readonly value: unknown;
}

function misfit(value: unknown, steps: readonly string[], index: number, shape: Shape, path: readonly PathStep[]): Misfit | undefined {
  if (value === undefined || value === null) return undefined;
  const step = steps[index];
  if (step === undefined) return shapeOf(value) === shape ? undefined : { steps: path, value };
  // A parent of the wrong type is found by the entry of its own.
  if (typeof value !== "object" || Array.isArray(value) !== (step === "[]")) return undefined;
  if (step !== "[]" && step !== "*") return Object.hasOwn(value, step) ? misfit((value as Readonly<Record<string, unknown>>)[step], steps, index + 1, shape, [...path, step]) : undefined;
  const entries: readonly (readonly [PathStep, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, entry] of entries) {
    if (entry === null && step === "[]") return { steps: [...path, key], value: entry };
    const found = misfit(entry, steps, index + 1, shape, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const shapeOf = (value: unknown): Shape | undefined => {
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "mapping";
  if (typeof value === "string") return "text";
  return typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : undefined;
};

const nameOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "a mapping" : typeof value === "string" ? `"${value.slice(0, 60)}"` : String(value));
