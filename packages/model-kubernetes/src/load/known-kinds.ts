/** Kinds that a model reads, by API group (`""` is the core group). */
const MODELLED: Readonly<Record<string, readonly string[]>> = {
  "": ["Pod", "Service", "Endpoints", "Node", "Namespace", "Secret", "ConfigMap", "ReplicationController"],
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  "apps.openshift.io": ["DeploymentConfig"],
  batch: ["Job", "CronJob"],
  "discovery.k8s.io": ["EndpointSlice"],
  "networking.k8s.io": ["NetworkPolicy", "Ingress", "IngressClass"],
  "policy.networking.k8s.io": ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"],
  "k8s.ovn.org": ["EgressIP", "EgressFirewall", "EgressQoS", "EgressService", "AdminPolicyBasedExternalRoute"],
  "route.openshift.io": ["Route"],
  "project.openshift.io": ["Project"],
  "operator.openshift.io": ["IngressController", "Network", "DNS"],
  "config.openshift.io": ["ClusterVersion", "Network", "Infrastructure", "Ingress", "DNS"],
  "networking.istio.io": ["Gateway", "VirtualService", "DestinationRule", "ServiceEntry", "WorkloadEntry", "WorkloadGroup", "Sidecar", "EnvoyFilter", "ProxyConfig"],
  "security.istio.io": ["PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication"],
  "telemetry.istio.io": ["Telemetry"],
  "maistra.io": ["ServiceMeshControlPlane", "ServiceMeshMemberRoll", "ServiceMeshMember"],
  "gateway.networking.k8s.io": ["Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "ReferenceGrant"],
  "serving.knative.dev": ["Service", "Configuration", "Revision", "Route", "DomainMapping"],
  "networking.internal.knative.dev": ["Ingress", "ServerlessService", "Certificate"],
  "autoscaling.internal.knative.dev": ["PodAutoscaler", "Metric"],
  "hopscope": ["Cluster", "Scenario"],
};

/** Groups and kinds of which no packet takes notice. */
const WITHOUT_EFFECT_GROUPS = new Set([
  "rbac.authorization.k8s.io", "authorization.openshift.io", "apiextensions.k8s.io", "admissionregistration.k8s.io", "autoscaling", "policy", "storage.k8s.io", "coordination.k8s.io",
  "scheduling.k8s.io", "events.k8s.io", "user.openshift.io", "oauth.openshift.io", "image.openshift.io", "build.openshift.io", "imageregistry.operator.openshift.io", "monitoring.coreos.com",
  "packages.operators.coreos.com", "operators.coreos.com", "template.openshift.io", "console.openshift.io", "apiregistration.k8s.io", "security.openshift.io", "quota.openshift.io",
  "snapshot.storage.k8s.io", "node.k8s.io", "certificates.k8s.io", "metrics.k8s.io", "flowcontrol.apiserver.k8s.io", "samples.operator.openshift.io", "helm.openshift.io", "argoproj.io", "caching.internal.knative.dev",
]);
const WITHOUT_EFFECT_CORE = new Set(["ServiceAccount", "Event", "PersistentVolume", "PersistentVolumeClaim", "LimitRange", "ResourceQuota", "PodTemplate", "ComponentStatus"]);
const WITHOUT_EFFECT: Readonly<Record<string, readonly string[]>> = {
  apps: ["ControllerRevision"],
  "config.openshift.io": ["OAuth", "Image", "ImageContentPolicy", "Project", "Scheduler", "ClusterOperator", "Console", "Build", "FeatureGate", "OperatorHub", "Authentication"],
  "kiali.io": ["Kiali"],
  "jaegertracing.io": ["Jaeger"],
};

/** Group of an `apiVersion`: `""` for `v1`. */
export const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.lastIndexOf("/")) : "");

/** Whether a kind is read by a model, or is known to have no effect on a packet. */
export function isKnownKind(apiVersion: string, kind: string): boolean {
  const group = groupOf(apiVersion);
  if (MODELLED[group]?.includes(kind) === true) return true;
  if (WITHOUT_EFFECT_GROUPS.has(group) || (group === "" && WITHOUT_EFFECT_CORE.has(kind))) return true;
  return WITHOUT_EFFECT[group]?.includes(kind) === true;
}

const CLUSTER_SCOPED = new Set([
  "Node", "Namespace", "EgressIP", "AdminPolicyBasedExternalRoute", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "GatewayClass", "IngressClass", "Project", "ClusterVersion", "Infrastructure",
]);

/** Whether objects of a modelled kind live in a namespace. */
export function isNamespaced(apiVersion: string, kind: string): boolean {
  const group = groupOf(apiVersion);
  if (MODELLED[group]?.includes(kind) !== true || group === "config.openshift.io" || group === "hopscope") return false;
  return !(CLUSTER_SCOPED.has(kind) || (group === "operator.openshift.io" && kind !== "IngressController"));
}
