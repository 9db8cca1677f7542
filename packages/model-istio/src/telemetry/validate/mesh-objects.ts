import { matchesLabels, podsOf, type Resource, resourcesOf, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { type ListedWorkload, listedWorkloads } from "../kiali/workloads.ts";
import { clean } from "./clean.ts";

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly labels?: Labels;
}
export interface Destination {
  readonly host?: string;
  readonly subset?: string;
}
export interface RouteOf {
  readonly route?: readonly { readonly destination?: Destination; readonly weight?: number }[];
  readonly match?: readonly { readonly gateways?: readonly string[] }[];
}
/** The fields that Kiali's checkers read, over all kinds. */
export interface MeshSpec {
  readonly hosts?: readonly string[];
  readonly host?: string;
  readonly gateways?: readonly string[];
  readonly exportTo?: readonly string[];
  readonly http?: readonly RouteOf[];
  readonly tcp?: readonly RouteOf[];
  readonly tls?: readonly RouteOf[];
  readonly subsets?: readonly { readonly name?: string; readonly labels?: Labels }[];
  readonly trafficPolicy?: { readonly tls?: { readonly mode?: string }; readonly portLevelSettings?: readonly { readonly tls?: object }[] };
  readonly selector?: Selector & Labels;
  readonly workloadSelector?: Selector;
  readonly mtls?: { readonly mode?: string };
  readonly servers?: readonly { readonly port?: { readonly number?: number }; readonly hosts?: readonly string[] }[];
  readonly endpoints?: readonly { readonly labels?: Labels }[];
  readonly location?: string;
  readonly addresses?: readonly string[];
  readonly address?: string;
  readonly labels?: Labels;
  readonly egress?: readonly { readonly hosts?: readonly string[] }[];
  readonly outboundTrafficPolicy?: { readonly mode?: string };
  readonly rules?: readonly {
    readonly from?: readonly { readonly source?: { readonly namespaces?: readonly string[]; readonly notNamespaces?: readonly string[]; readonly principals?: readonly string[]; readonly notPrincipals?: readonly string[] } }[];
    readonly to?: readonly { readonly operation?: { readonly methods?: readonly string[]; readonly hosts?: readonly string[] } }[];
    readonly when?: readonly { readonly key?: string }[];
  }[];
}

export interface MeshObject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly spec: MeshSpec;
}

/** One name that istiod knows. */
export interface RegistryEntry {
  readonly hostname: string;
  readonly name: string;
  readonly namespace: string;
  readonly selector: Labels;
  readonly labels: Labels;
  readonly exportTo: readonly string[];
}

/** What Kiali sees when it validates one namespace. */
export interface Scene {
  readonly namespace: string;
  readonly namespaces: readonly string[];
  readonly rootNamespace: string;
  readonly workloads: ReadonlyMap<string, readonly ListedWorkload[]>;
  readonly serviceAccounts: readonly string[];
  readonly registry: readonly RegistryEntry[];
  readonly virtualServices: readonly MeshObject[];
  readonly destinationRules: readonly MeshObject[];
  readonly serviceEntries: readonly MeshObject[];
  readonly gateways: readonly MeshObject[];
  readonly sidecars: readonly MeshObject[];
  readonly requestAuthentications: readonly MeshObject[];
  readonly workloadEntries: readonly MeshObject[];
  readonly peerAuthentications: readonly MeshObject[];
  readonly meshPeerAuthentications: readonly MeshObject[];
  readonly authorizationPolicies: readonly MeshObject[];
  readonly allowAny: boolean;
  readonly autoMtls: boolean;
}

export interface MeshSettings {
  readonly istioNamespace: string;
  /** Mode of `outboundTrafficPolicy`; ALLOW_ANY where nothing is said. */
  readonly outbound?: "ALLOW_ANY" | "REGISTRY_ONLY";
  readonly autoMtls?: boolean;
}

const meshObject = ({ kind, metadata, spec }: Resource): MeshObject => ({ kind, name: metadata.name, namespace: metadata.namespace ?? "default", spec: specOf(spec) });

/** A `tls` that is no list of routes belongs to no VirtualService. */
function specOf(spec: unknown): MeshSpec {
  const { tls, ...rest } = clean(spec);
  return { ...rest, ...(Array.isArray(tls) ? { tls: tls as MeshSpec["tls"] } : {}) };
}
const list = (snapshot: Pick<Snapshot, "resources">, kind: string, group: string): readonly MeshObject[] => resourcesOf(snapshot, kind, { group }).map(meshObject);

/** An object is taken once for each of its exports that reaches the namespace: that is how Kiali comes to see some twice. */
const reaching = (objects: readonly MeshObject[], namespace: string): readonly MeshObject[] =>
  objects.flatMap((one) => {
    const to = one.spec.exportTo ?? [];
    return to.length === 0 ? [one] : to.filter((name) => name === "*" || name === namespace || (name === "." && one.namespace === namespace)).map(() => one);
  });

function registryOf(snapshot: Pick<Snapshot, "resources">, entries: readonly MeshObject[]): readonly RegistryEntry[] {
  const services = servicesOf(snapshot).map(({ metadata, spec }): RegistryEntry => {
    const namespace = metadata.namespace ?? "default";
    return { hostname: `${metadata.name}.${namespace}.svc.cluster.local`, name: metadata.name, namespace, selector: spec.selector ?? {}, labels: metadata.labels ?? {}, exportTo: [] };
  });
  return [...services, ...entries.flatMap(({ namespace, spec }) => (spec.hosts ?? []).map((hostname): RegistryEntry => ({ hostname, name: hostname, namespace, selector: {}, labels: {}, exportTo: spec.exportTo ?? [] })))];
}

/** All namespaces that a snapshot tells of. */
export const namespacesOf = (snapshot: Pick<Snapshot, "resources">): readonly string[] =>
  [...new Set([...resourcesOf(snapshot, "Namespace").map(({ metadata }) => metadata.name), ...snapshot.resources.flatMap(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]))])].sort();

/** Sets the scene for each namespace; what is the same for all is read once. */
export function scenesOf(snapshot: Pick<Snapshot, "resources">, settings: MeshSettings): readonly Scene[] {
  const NETWORKING = "networking.istio.io";
  const SECURITY = "security.istio.io";
  const namespaces = namespacesOf(snapshot);
  const entries = list(snapshot, "ServiceEntry", NETWORKING);
  const rules = list(snapshot, "DestinationRule", NETWORKING);
  const services = list(snapshot, "VirtualService", NETWORKING);
  const peers = list(snapshot, "PeerAuthentication", SECURITY);
  const policies = list(snapshot, "AuthorizationPolicy", SECURITY);
  const workloads = new Map(namespaces.map((namespace) => [namespace, listedWorkloads(snapshot, namespace)]));
  const accounts = namespaces.flatMap((namespace) =>
    podsOf(snapshot, namespace)
      .filter((pod) => (workloads.get(namespace) ?? []).some(({ labels }) => matchesLabels(labels, pod.metadata.labels)))
      .map((pod) => `cluster.local/ns/${namespace}/sa/${pod.spec.serviceAccountName ?? ""}`),
  );
  const common = {
    namespaces,
    rootNamespace: settings.istioNamespace,
    workloads,
    serviceAccounts: [...new Set(accounts)],
    registry: registryOf(snapshot, entries),
    gateways: list(snapshot, "Gateway", NETWORKING),
    sidecars: list(snapshot, "Sidecar", NETWORKING),
    requestAuthentications: list(snapshot, "RequestAuthentication", SECURITY),
    workloadEntries: list(snapshot, "WorkloadEntry", NETWORKING),
    meshPeerAuthentications: peers.filter(({ namespace }) => namespace === settings.istioNamespace),
    allowAny: settings.outbound !== "REGISTRY_ONLY",
    autoMtls: settings.autoMtls !== false,
  };
  return namespaces.map((namespace): Scene => ({
    ...common,
    namespace,
    virtualServices: reaching(services, namespace),
    destinationRules: reaching(rules, namespace),
    serviceEntries: reaching(entries, namespace),
    peerAuthentications: peers.filter((peer) => peer.namespace === namespace),
    authorizationPolicies: policies.filter((policy) => policy.namespace === namespace),
  }));
}

/** Labels of a `selector`; undefined without one. */
export const selected = ({ spec }: MeshObject): Labels | undefined => (spec.selector === undefined ? undefined : (spec.selector.matchLabels ?? {}));

/** Whether any workload of any namespace, or of one, carries the labels. */
export const anyWorkload = ({ workloads }: Scene, labels: Labels): boolean => [...workloads.values()].some((all) => all.some((one) => matchesLabels(labels, one.labels)));

/** Whether the registry has the host, exported so that a namespace may use it. */
export const inRegistry = ({ registry }: Scene, namespace: string, host: string): boolean =>
  registry.some((entry) => entry.hostname === host && (entry.exportTo.length === 0 || entry.exportTo.some((to) => to === "*" || to === namespace || (to === "." && entry.namespace === namespace))));

/** Whether a host ends like one of the ServiceEntries', a wildcard standing for any beginning. */
export const inEntries = ({ serviceEntries }: Scene, host: string): boolean => serviceEntries.some(({ spec }) => (spec.hosts ?? []).some((name) => host.endsWith(name.slice(name.indexOf("*") + 1))));
