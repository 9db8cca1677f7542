import type { Caveat } from "@hopscope/core";
import { matchesLabels, originOf, podsOf, type Resource, resourcesOf, serviceNamed, type Snapshot, workloadsOf } from "@hopscope/model-kubernetes";

/** A gateway that every installation of the mesh has unless told otherwise. */
interface Usual {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
}

const status = { name: "status-port", port: 15021, targetPort: 15021 };
const web = [{ name: "http2", port: 80, targetPort: 8080 }, { name: "https", port: 443, targetPort: 8443 }];
const USUAL: readonly Usual[] = [
  { name: "istio-ingressgateway", labels: { app: "istio-ingressgateway", istio: "ingressgateway" }, ports: [status, ...web] },
  { name: "istio-egressgateway", labels: { app: "istio-egressgateway", istio: "egressgateway" }, ports: [status, ...web] },
];

/**
 * The usual gateways of a mesh that Gateways of the snapshot select and that nothing in it runs: Deployment and Service, as the mesh's
 * operator or chart installs them.
 *
 * @see OpenShift Service Mesh 2.5, gateways of the default profile; Istio 1.18, manifests/charts/gateways
 */
export function assumeGateways(snapshot: Snapshot, caveats: Caveat[]): readonly Resource[] {
  const home = homeOf(snapshot);
  const ossm = resourcesOf(snapshot, "ServiceMeshControlPlane").length > 0 || snapshot.cluster.platform.mesh?.flavour === "ossm";
  return USUAL.flatMap((usual) => {
    const wanting = resourcesOf(snapshot, "Gateway", { group: "networking.istio.io" }).find(({ spec }) => isFor((spec as { selector?: Readonly<Record<string, string>> } | undefined)?.selector, usual));
    const runs = [...podsOf(snapshot).map(({ metadata }) => metadata.labels), ...workloadsOf(snapshot).map(({ spec }) => spec.template.metadata?.labels)].some((labels) => matchesLabels({ istio: usual.labels["istio"] ?? "" }, labels));
    if (wanting === undefined || runs) return [];
    caveats.push({ code: "assumed/mesh-gateway", problem: `nothing in the snapshot runs the gateway that ${wanting.kind} ${wanting.metadata.namespace ?? ""}/${wanting.metadata.name} selects; Deployment ${home}/${usual.name} is assumed, as the mesh installs it`, origin: originOf(wanting, "spec.selector") });
    const deployment: Resource = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: usual.name, namespace: home, labels: usual.labels },
      spec: {
        selector: { matchLabels: usual.labels },
        template: {
          metadata: { labels: usual.labels, annotations: { "sidecar.istio.io/inject": "false" } },
          spec: { serviceAccountName: `${usual.name}-service-account`, containers: [{ name: "istio-proxy", args: ["proxy", "router"], ports: usual.ports.map(({ targetPort }) => ({ containerPort: targetPort })), securityContext: { runAsUser: 1337, runAsGroup: 1337 } }] },
        },
      },
    };
    const service: Resource = { apiVersion: "v1", kind: "Service", metadata: { name: usual.name, namespace: home, labels: usual.labels }, spec: { type: ossm || usual.name.includes("egress") ? "ClusterIP" : "LoadBalancer", selector: usual.labels, ports: usual.ports } };
    return [deployment, ...(serviceNamed(snapshot, home, usual.name) === undefined ? [service] : [])];
  });
}

const isFor = (selector: Readonly<Record<string, string>> | undefined, usual: Usual): boolean => selector !== undefined && selector["istio"] === usual.labels["istio"] && matchesLabels(selector, usual.labels);

/** The control plane's namespace. */
function homeOf(snapshot: Snapshot): string {
  const plane = resourcesOf(snapshot, "ServiceMeshControlPlane")[0]?.metadata.namespace;
  const istiod = workloadsOf(snapshot).find(({ metadata }) => metadata.name.startsWith("istiod"))?.metadata.namespace;
  return plane ?? istiod ?? "istio-system";
}
