import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { configMapMesh } from "./config-map.ts";
import type { CompileOptions, Flags, MeshConfig } from "../types.ts";

/** istiod's own defaults (istio 1.18 pkg/config/mesh/mesh.go DefaultMeshConfig). */
export const DEFAULT_MESH: MeshConfig = {
  rootNamespace: "istio-system",
  trustDomain: "cluster.local",
  identityDomain: "cluster.local",
  domain: "cluster.local",
  enableAutoMtls: true,
  connectTimeout: "10s",
  dnsRefreshRate: "60s",
  protocolDetectionTimeout: "0s",
  outboundTrafficPolicy: { mode: "ALLOW_ANY" },
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  defaultServiceExportTo: ["*"],
  defaultVirtualServiceExportTo: ["*"],
  defaultDestinationRuleExportTo: ["*"],
  localityLbSetting: { enabled: true },
};

interface Detection { readonly inbound?: boolean; readonly outbound?: boolean; readonly timeout?: string }
interface ControlPlane {
  readonly security?: { readonly trust?: { readonly domain?: string; readonly additionalDomains?: readonly string[] }; readonly dataPlane?: { readonly automtls?: boolean } };
  readonly proxy?: { readonly networking?: { readonly protocol?: { readonly autoDetect?: Detection }; readonly trafficControl?: { readonly outbound?: { readonly policy?: "ALLOW_ANY" | "REGISTRY_ONLY" } } } };
  readonly runtime?: { readonly components?: { readonly pilot?: { readonly container?: { readonly env?: Readonly<Record<string, string>> } } } };
  readonly techPreview?: { readonly meshConfig?: Readonly<Record<string, unknown>> };
}

/** The mesh's control plane, when a ServiceMeshControlPlane says which (OpenShift Service Mesh). */
function controlPlane(snapshot: Pick<Snapshot, "resources">): { readonly namespace: string; readonly spec: ControlPlane } | undefined {
  const resource = resourcesOf(snapshot, "ServiceMeshControlPlane")[0];
  return resource?.metadata.namespace === undefined ? undefined : { namespace: resource.metadata.namespace, spec: (resource.spec ?? {}) as ControlPlane };
}

/** What a ServiceMeshControlPlane says of meshConfig (maistra-2.5 ControlPlaneSpec). */
function planeMesh(plane: ReturnType<typeof controlPlane>): Partial<MeshConfig> {
  if (plane === undefined) return {};
  const { security, proxy, techPreview } = plane.spec;
  const policy = proxy?.networking?.trafficControl?.outbound?.policy;
  const domain = security?.trust?.domain;
  const timeout = proxy?.networking?.protocol?.autoDetect?.timeout;
  return {
    rootNamespace: plane.namespace, dnsRefreshRate: "300s", ingressControllerMode: "OFF",
    ...(policy === undefined ? {} : { outboundTrafficPolicy: { mode: policy } }),
    ...(domain === undefined || domain === "" ? {} : { trustDomain: domain, identityDomain: domain }),
    ...(security?.trust?.additionalDomains === undefined ? {} : { trustDomainAliases: security.trust.additionalDomains }),
    ...(security?.dataPlane?.automtls === undefined ? {} : { enableAutoMtls: security.dataPlane.automtls }),
    ...(timeout === undefined ? {} : { protocolDetectionTimeout: timeout }),
    ...techPreview?.meshConfig,
  };
}

/** meshConfig: istiod's defaults, what a ServiceMeshControlPlane says, the ConfigMap that istiod reads, then the caller's overrides. */
export function readMesh(snapshot: Pick<Snapshot, "resources">, options: CompileOptions): MeshConfig {
  const plane = controlPlane(snapshot);
  return { ...DEFAULT_MESH, ...planeMesh(plane), ...configMapMesh(snapshot, plane?.namespace), ...options.meshConfig };
}

const DOMAINS = new WeakMap<readonly Resource[], string>();

/** The trust domain in the names of the mesh's workloads. */
export function trustDomainOf(snapshot: Pick<Snapshot, "resources">): string {
  const domain = DOMAINS.get(snapshot.resources) ?? readMesh(snapshot, {}).identityDomain;
  DOMAINS.set(snapshot.resources, domain);
  return domain;
}

/** The namespace whose policies hold for the whole mesh. */
export const rootNamespaceOf = (snapshot: Pick<Snapshot, "resources">): string => readMesh(snapshot, {}).rootNamespace;

interface DeploymentSpec { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly name?: string; readonly env?: readonly { readonly name: string; readonly value?: string }[] }[] } } }

/** istiod's environment: of its Deployment, then what a ServiceMeshControlPlane sets, then the caller's overrides. */
function readEnv(snapshot: Pick<Snapshot, "resources">, options: CompileOptions): Readonly<Record<string, string>> {
  const plane = controlPlane(snapshot);
  const istiod = resourcesOf(snapshot, "Deployment").find(({ metadata }) => metadata.labels?.["app"] === "istiod" && (plane === undefined || metadata.namespace === plane.namespace));
  const containers = ((istiod?.spec ?? {}) as DeploymentSpec).template?.spec?.containers ?? [];
  const own = (containers.find(({ name }) => name === "discovery")?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const { inbound, outbound } = plane?.spec.proxy?.networking?.protocol?.autoDetect ?? {};
  return {
    ...Object.fromEntries(own), ...plane?.spec.runtime?.components?.pilot?.container?.env,
    ...(inbound === undefined ? {} : { PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_INBOUND: String(inbound) }), ...(outbound === undefined ? {} : { PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND: String(outbound) }),
    ...options.env,
  };
}

/** istiod's feature flags; OpenShift Service Mesh turns protocol sniffing off unless told otherwise. */
export function readFlags(snapshot: Pick<Snapshot, "resources">, options: CompileOptions): Flags {
  const ossm = controlPlane(snapshot) !== undefined;
  const env = readEnv(snapshot, options);
  const flag = (name: string, fallback: boolean): boolean => {
    const value = env[name];
    return value === undefined ? fallback : value === "true";
  };
  return {
    sniffOutbound: flag("PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND", !ossm),
    sniffInbound: flag("PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_INBOUND", !ossm),
    mongo: flag("PILOT_ENABLE_MONGO_FILTER", true),
    mysql: flag("PILOT_ENABLE_MYSQL_FILTER", false),
    redis: flag("PILOT_ENABLE_REDIS_FILTER", false),
    inboundPassthrough: flag("PILOT_ENABLE_INBOUND_PASSTHROUGH", true),
    http10: flag("PILOT_HTTP10", false),
    scopeGatewayToNamespace: flag("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", false),
    ignorePortInHostMatch: flag("SIDECAR_IGNORE_PORT_IN_HOST_MATCH", true),
    gatewayApi: flag("PILOT_ENABLE_GATEWAY_API", !ossm),
    sidecarIngressTls: flag("ENABLE_TLS_ON_SIDECAR_INGRESS", false),
    oldestHostMatch: flag("PERSIST_OLDEST_FIRST_HEURISTIC_FOR_VIRTUAL_SERVICE_HOST_MATCHING", false),
  };
}

/**
 * The namespaces istiod watches, or undefined for all: the control plane's and the members of its roll.
 * @see maistra-2.5 ServiceMeshMemberRoll `default`, ServiceMeshMember
 */
export function memberNamespaces(snapshot: Pick<Snapshot, "resources">): ReadonlySet<string> | undefined {
  const plane = resourcesOf(snapshot, "ServiceMeshControlPlane")[0];
  if (plane === undefined || (plane.spec as { mode?: string } | undefined)?.mode === "ClusterWide") return undefined;
  const home = plane.metadata.namespace;
  const roll = resourcesOf(snapshot, "ServiceMeshMemberRoll").find((r) => r.metadata.namespace === home);
  const spec = roll?.spec as { members?: readonly string[] } | undefined;
  const status = roll?.status as { configuredMembers?: readonly string[] } | undefined;
  const members = new Set<string>([...(home === undefined ? [] : [home]), ...(spec?.members ?? []), ...(status?.configuredMembers ?? [])]);
  for (const member of resourcesOf(snapshot, "ServiceMeshMember")) {
    const ref = (member.spec as { controlPlaneRef?: { namespace?: string } } | undefined)?.controlPlaneRef;
    if (ref?.namespace === home && member.metadata.namespace !== undefined) members.add(member.metadata.namespace);
  }
  for (const namespace of resourcesOf(snapshot, "Namespace")) {
    if (namespace.metadata.labels?.["maistra.io/member-of"] === home) members.add(namespace.metadata.name);
  }
  return members;
}
