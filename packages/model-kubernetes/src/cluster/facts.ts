import type { Origin } from "@hopscope/core";
import { originOf, type Resource } from "../resource.ts";
import { groupOf } from "../load/known-kinds.ts";

/** A fact that an object of the cluster states. */
export interface Fact<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** What the objects of a cluster say about the fields of a Cluster document. */
export interface ClusterFacts {
  readonly openshift?: Fact<string>;
  readonly mesh?: Fact<{ readonly flavour: "ossm" | "istio"; readonly version: string }>;
  readonly pods?: Fact<readonly string[]>;
  readonly services?: Fact<readonly string[]>;
  readonly gatewayMode?: Fact<"shared" | "local">;
  readonly interconnect?: Fact<boolean>;
  readonly ingress: readonly Fact<{ readonly controller: string; readonly vip: string }>[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Follows keys through mappings. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let node = value;
  for (const key of keys) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Readonly<Record<string | number, unknown>>)[key];
  }
  return node;
}

const textAt = (value: unknown, ...keys: readonly (string | number)[]): string | undefined => {
  const found = at(value, ...keys);
  return typeof found === "string" && found !== "" ? found : undefined;
};

const textsIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string" && entry !== "") : []);

/** Reads the facts. */
export function clusterFacts(resources: readonly Resource[]): ClusterFacts {
  const all = (group: string, kind: string): readonly Resource[] => resources.filter((resource) => resource.kind === kind && groupOf(resource.apiVersion) === group);
  const configs = all("config.openshift.io", "Network");
  const operators = all("operator.openshift.io", "Network");
  const nodes = all("", "Node");
  return {
    openshift: openshift(all("config.openshift.io", "ClusterVersion")),
    mesh: mesh(all("maistra.io", "ServiceMeshControlPlane"), resources),
    pods: podNetworks(configs) ?? podNetworks(operators),
    services: serviceNetworks(configs) ?? serviceNetworks(operators),
    gatewayMode: routingMode(operators) ?? nodeMode(nodes),
    interconnect: zones(nodes),
    ingress: [...platformVips(all("config.openshift.io", "Infrastructure")), ...publishedVips(all("", "Service"))],
  };
}

const first = <T>(resources: readonly Resource[], read: (resource: Resource) => { readonly value: T; readonly path: string } | undefined): Fact<T> | undefined => {
  for (const resource of resources) {
    const found = read(resource);
    if (found !== undefined) return { value: found.value, origin: originOf(resource, found.path) };
  }
  return undefined;
};

const openshift = (versions: readonly Resource[]): Fact<string> | undefined =>
  first(versions, (version) => {
    const completed = Array.isArray(at(version.status, "history")) ? (at(version.status, "history") as readonly unknown[]).findIndex((entry) => at(entry, "state") === "Completed") : -1;
    const running = completed < 0 ? undefined : textAt(version.status, "history", completed, "version");
    const value = running ?? textAt(version.status, "desired", "version") ?? textAt(version.spec, "desiredUpdate", "version");
    const minor = value === undefined ? undefined : /^\d+\.\d+/.exec(value)?.[0];
    return minor === undefined ? undefined : { value: minor, path: running === undefined ? "status.desired.version" : `status.history[${completed}].version` };
  });

function mesh(planes: readonly Resource[], resources: readonly Resource[]): ClusterFacts["mesh"] {
  const ossm = first(planes, (plane) => {
    const running = textAt(plane.status, "chartVersion") ?? textAt(plane.spec, "version");
    const version = running === undefined ? undefined : /\d+\.\d+/.exec(textAt(plane.spec, "version") ?? running)?.[0];
    return version === undefined ? undefined : { value: { flavour: "ossm" as const, version }, path: "spec.version" };
  });
  const operators = resources.filter((resource) => resource.kind === "Istio" && groupOf(resource.apiVersion) === "sailoperator.io");
  return (
    ossm ??
    first(operators, (operator) => {
      const version = /\d+\.\d+/.exec(textAt(operator.spec, "version") ?? "")?.[0];
      return version === undefined ? undefined : { value: { flavour: "istio" as const, version }, path: "spec.version" };
    }) ??
    first(
      resources.filter((resource) => resource.kind === "Deployment" && resource.metadata.name.startsWith("istiod")),
      (istiod) => {
        const version = /pilot[^:]*:v?(\d+\.\d+)/.exec(textAt(istiod.spec, "template", "spec", "containers", 0, "image") ?? "")?.[1];
        return version === undefined ? undefined : { value: { flavour: "istio" as const, version }, path: "spec.template.spec.containers[0].image" };
      },
    )
  );
}

const podNetworks = (networks: readonly Resource[]): Fact<readonly string[]> | undefined =>
  first(networks, (network) => {
    for (const part of ["status", "spec"] as const) {
      const list = at(network[part], "clusterNetwork");
      const cidrs = textsIn(Array.isArray(list) ? list.map((entry) => at(entry, "cidr")) : []);
      if (cidrs.length > 0) return { value: cidrs, path: `${part}.clusterNetwork` };
    }
    return undefined;
  });

const serviceNetworks = (networks: readonly Resource[]): Fact<readonly string[]> | undefined =>
  first(networks, (network) => {
    for (const part of ["status", "spec"] as const) {
      const cidrs = textsIn(at(network[part], "serviceNetwork"));
      if (cidrs.length > 0) return { value: cidrs, path: `${part}.serviceNetwork` };
    }
    return undefined;
  });

const routingMode = (operators: readonly Resource[]): Fact<"shared" | "local"> | undefined =>
  first(operators, (operator) => {
    const viaHost = at(operator.spec, "defaultNetwork", "ovnKubernetesConfig", "gatewayConfig", "routingViaHost");
    return typeof viaHost === "boolean" ? { value: viaHost ? "local" : "shared", path: "spec.defaultNetwork.ovnKubernetesConfig.gatewayConfig.routingViaHost" } : undefined;
  });

const nodeMode = (nodes: readonly Resource[]): Fact<"shared" | "local"> | undefined =>
  first(nodes, (node) => {
    const text = node.metadata.annotations?.["k8s.ovn.org/l3-gateway-config"];
    const mode = at(parseJson(text), "default", "mode");
    return mode === "shared" || mode === "local" ? { value: mode, path: 'metadata.annotations["k8s.ovn.org/l3-gateway-config"]' } : undefined;
  });

/** With Interconnect each node is a zone of its own; without it all are in the zone `global`. */
const zones = (nodes: readonly Resource[]): Fact<boolean> | undefined =>
  first(nodes, (node) => {
    const zone = node.metadata.annotations?.["k8s.ovn.org/zone-name"];
    return zone === undefined ? undefined : { value: zone !== "global", path: 'metadata.annotations["k8s.ovn.org/zone-name"]' };
  });

function platformVips(infrastructures: readonly Resource[]): ClusterFacts["ingress"] {
  return infrastructures.flatMap((infrastructure) => {
    const status = at(infrastructure.status, "platformStatus");
    for (const platform of ["baremetal", "vsphere", "openstack", "nutanix", "ovirt", "kubevirt"]) {
      const path = `status.platformStatus.${platform}`;
      const many = textsIn(at(status, platform, "ingressIPs"));
      const one = textAt(status, platform, "ingressIP");
      const vips = many.length > 0 ? many : one === undefined ? [] : [one];
      if (vips.length > 0) return vips.map((vip) => ({ value: { controller: "default", vip }, origin: originOf(infrastructure, `${path}.${many.length > 0 ? "ingressIPs" : "ingressIP"}`) }));
    }
    return [];
  });
}

/** LoadBalancer Services of routers: `router-NAME` in `openshift-ingress`. */
function publishedVips(services: readonly Resource[]): ClusterFacts["ingress"] {
  return services.flatMap((service) => {
    const { name, namespace } = service.metadata;
    if (namespace !== "openshift-ingress" || !name.startsWith("router-") || at(service.spec, "type") !== "LoadBalancer") return [];
    const entries = at(service.status, "loadBalancer", "ingress");
    const vips = textsIn(Array.isArray(entries) ? entries.map((entry) => at(entry, "ip")) : []);
    return vips.map((vip) => ({ value: { controller: name.slice("router-".length), vip }, origin: originOf(service, "status.loadBalancer.ingress") }));
  });
}

/** JSON in an annotation; undefined when it is none. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) || Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
