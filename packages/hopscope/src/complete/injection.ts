import { type Container, type Pod, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

/** The mesh as its injector's webhooks see it. */
export interface Injector {
  readonly flavour: "ossm" | "istio";
  /** Namespaces of an OpenShift Service Mesh; `undefined` for all. */
  readonly members?: ReadonlySet<string>;
  /** Whether the CNI plugin programs pods, so that no init container does. */
  readonly cni: boolean;
  /** Environment of all proxies. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What is put into a pod: a sidecar beside its containers, or a gateway in place of one. */
export type Injection = "sidecar" | "gateway";

const NEVER = new Set(["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]);
const YES = new Set(["y", "yes", "true", "on"]);
const PROXY = "istio-proxy";

/**
 * Whether the injector puts a proxy into a new pod.
 *
 * Upstream Istio goes by the namespace's label `istio-injection` or `istio.io/rev`, which the pod's label overrides; OpenShift Service
 * Mesh by membership of the namespace and by the pod's own label or annotation. Pods on the host network get none.
 *
 * @see Istio 1.18.7, pkg/kube/inject/inject.go injectRequired; manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml
 * @see OpenShift Service Mesh 2.5, Injecting sidecars
 */
export function injectionOf(pod: Pod, namespace: Readonly<Record<string, string>>, injector: Injector): Injection | undefined {
  const labels = pod.metadata.labels ?? {};
  const annotations = pod.metadata.annotations ?? {};
  const name = pod.metadata.namespace ?? "default";
  if (pod.spec.hostNetwork === true || NEVER.has(name)) return undefined;
  if ([...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some((container) => container.name === PROXY && container.image !== "auto")) return undefined;
  const asked = labels["sidecar.istio.io/inject"] ?? annotations["sidecar.istio.io/inject"];
  const wanted = asked === undefined || asked === "" ? undefined : YES.has(asked.toLowerCase());
  const called = injector.flavour === "ossm" ? isMember(name, namespace, injector) && wanted === true : isCalled(labels, namespace) && wanted !== false;
  if (!called) return undefined;
  return (annotations["inject.istio.io/templates"] ?? "").split(",").includes("gateway") ? "gateway" : "sidecar";
}

const isMember = (name: string, namespace: Readonly<Record<string, string>>, { members }: Injector): boolean => (members === undefined || members.has(name)) && namespace["maistra.io/ignore-namespace"] === undefined;

/** Which of the four webhooks of a revision is called: by the namespace's labels, or by the pod's where the namespace says nothing. */
function isCalled(labels: Readonly<Record<string, string>>, namespace: Readonly<Record<string, string>>): boolean {
  const injection = namespace["istio-injection"];
  if (labels["sidecar.istio.io/inject"] === "false") return false;
  if (injection !== undefined) return injection === "enabled";
  if (namespace["istio.io/rev"] !== undefined) return true;
  return labels["istio.io/rev"] !== undefined || labels["sidecar.istio.io/inject"] === "true";
}

/** The pod as the injector leaves it: its proxy, what prepares the network for it, and the labels that the mesh goes by. */
export function inject(pod: Pod, kind: Injection, injector: Injector): Pod {
  const { labels = {}, annotations = {} } = pod.metadata;
  const owner = pod.metadata.ownerReferences?.[0]?.name;
  const canonical = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? owner?.replace(/-[a-z0-9]{8,10}$/, "") ?? pod.metadata.name;
  const revision = labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"] ?? labels["version"] ?? "latest";
  const prepare = kind === "gateway" ? [] : [injector.cni ? "istio-validation" : "istio-init"];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...labels, "security.istio.io/tlsMode": labels["security.istio.io/tlsMode"] ?? "istio", "service.istio.io/canonical-name": canonical, "service.istio.io/canonical-revision": revision },
      annotations: { ...annotations, "sidecar.istio.io/status": JSON.stringify({ initContainers: prepare.length === 0 ? null : prepare, containers: [PROXY] }) },
    },
    spec: {
      ...pod.spec,
      containers: containersWith(pod, kind, injector),
      initContainers: [...prepare.map((name): Container => ({ name, securityContext: { runAsUser: name === "istio-init" ? 0 : 1337 } })), ...(pod.spec.initContainers ?? [])],
    },
  };
}

function containersWith(pod: Pod, kind: Injection, injector: Injector): readonly Container[] {
  const root = pod.metadata.annotations?.["sidecar.istio.io/interceptionMode"] === "TPROXY";
  const proxy: Container = {
    name: PROXY,
    args: ["proxy", kind === "gateway" ? "router" : "sidecar"],
    ports: [{ containerPort: 15090, protocol: "TCP", name: "http-envoy-prom" }],
    env: Object.entries({ ...injector.environment }).map(([name, value]) => ({ name, value })),
    securityContext: { runAsUser: root ? 0 : 1337, runAsGroup: 1337 },
  };
  const own = pod.spec.containers.find(({ name }) => name === PROXY);
  if (own !== undefined) return pod.spec.containers.map((container) => (container === own ? { ...own, ...proxy, ports: [...(own.ports ?? []), ...(proxy.ports ?? [])], env: [...(proxy.env ?? []), ...(own.env ?? [])] } : container));
  return holdsApplication(pod) ? [proxy, ...pod.spec.containers] : [...pod.spec.containers, proxy];
}

const holdsApplication = (pod: Pod): boolean => /holdApplicationUntilProxyStarts["']?\s*:\s*["']?true/.test(pod.metadata.annotations?.["proxy.istio.io/config"] ?? "");

/** Reads from a snapshot what its injector goes by; nothing where nothing speaks of a mesh. */
export function injectorOf(snapshot: Snapshot): Injector | undefined {
  const plane = resourcesOf(snapshot, "ServiceMeshControlPlane")[0];
  const { mesh, openshift } = snapshot.cluster.platform;
  const labelled = resourcesOf(snapshot, "Namespace", { group: "" }).some(({ metadata }) => metadata.labels?.["istio-injection"] !== undefined || metadata.labels?.["istio.io/rev"] !== undefined);
  const rolls = resourcesOf(snapshot, "ServiceMeshMemberRoll").length + resourcesOf(snapshot, "ServiceMeshMember").length;
  const flavour = plane !== undefined || rolls > 0 ? "ossm" : (mesh?.flavour ?? (labelled ? "istio" : undefined));
  if (flavour === undefined) return undefined;
  const cni = flavour === "ossm" || openshift !== undefined || resourcesOf(snapshot, "DaemonSet", { group: "apps" }).some(({ metadata }) => metadata.name === "istio-cni-node");
  return { flavour, cni, environment: environmentOf(plane?.spec), ...(flavour === "ossm" ? { members: membersOf(snapshot) } : {}) };
}

interface PlaneSpec {
  readonly mode?: string;
  readonly techPreview?: { readonly meshConfig?: { readonly defaultConfig?: { readonly proxyMetadata?: Readonly<Record<string, unknown>> } } };
}

const environmentOf = (spec: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries((spec as PlaneSpec | undefined)?.techPreview?.meshConfig?.defaultConfig?.proxyMetadata ?? {}).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));

/** Members by the roll, by members' own objects and by the label that the operator sets; all where the mesh is cluster-wide or a roll says `*`. */
function membersOf(snapshot: Snapshot): ReadonlySet<string> | undefined {
  const plane = resourcesOf(snapshot, "ServiceMeshControlPlane")[0];
  if ((plane?.spec as PlaneSpec | undefined)?.mode === "ClusterWide") return undefined;
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);
  const rolled = resourcesOf(snapshot, "ServiceMeshMemberRoll").flatMap(({ spec, status }) => [...texts((spec as { members?: unknown } | undefined)?.members), ...texts((status as { configuredMembers?: unknown } | undefined)?.configuredMembers)]);
  if (rolled.includes("*")) return undefined;
  const joined = resourcesOf(snapshot, "ServiceMeshMember").flatMap(({ metadata }) => metadata.namespace ?? []);
  const labelled = resourcesOf(snapshot, "Namespace", { group: "" }).filter(({ metadata }) => metadata.labels?.["maistra.io/member-of"] !== undefined).map(({ metadata }) => metadata.name);
  return new Set([...rolled, ...joined, ...labelled]);
}
