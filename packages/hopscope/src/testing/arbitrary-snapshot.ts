import { loadSnapshot, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import { printYaml, resourcesArbitrary } from "@hopscope/model-kubernetes/testing";
import fc from "fast-check";
import { completeCluster } from "../complete/complete.ts";
import { arbitraryMesh } from "./arbitrary-mesh.ts";

/** A generated cluster: its objects as a user would write them, and the snapshot that the front door makes of them. */
export interface GeneratedSnapshot {
  readonly resources: readonly Resource[];
  readonly yaml: string;
  readonly snapshot: Snapshot;
}

/** Which parts a generated cluster may have. */
export interface SnapshotOptions {
  /** Sidecars, Gateways, VirtualServices, DestinationRules, ServiceEntries; true unless stated. */
  readonly mesh?: boolean;
  /** Router, Routes and cluster DNS; true unless stated. */
  readonly openshift?: boolean;
}

const DOMAIN = "apps.lab.example.com";

const node = (index: number): Resource => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: `worker-${index}`, labels: { "kubernetes.io/hostname": `worker-${index}` } },
  status: { addresses: [{ type: "InternalIP", address: `192.168.126.${21 + index}` }] },
});

const document: Resource = {
  apiVersion: "hopscope/v1",
  kind: "Cluster",
  metadata: { name: "lab" },
  spec: {
    ingress: [{ controller: "default", vip: "192.168.126.5" }],
    outside: { hosts: [{ name: "api", addresses: ["172.21.6.8"], listens: [{ port: 80, application: "http" }] }], dns: [{ name: "api.example.org", addresses: ["172.21.6.8"] }] },
  },
};

const workload = (kind: string, namespace: string, name: string, labels: Readonly<Record<string, string>>, spec: object): Resource => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, namespace },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
});

const ROUTER = { "ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default" };
const DNS = { "dns.operator.openshift.io/daemonset-dns": "default" };
const platform: readonly Resource[] = [
  { apiVersion: "operator.openshift.io/v1", kind: "IngressController", metadata: { name: "default", namespace: "openshift-ingress-operator" }, spec: {}, status: { domain: DOMAIN, endpointPublishingStrategy: { type: "HostNetwork" } } },
  workload("Deployment", "openshift-ingress", "router-default", ROUTER, { hostNetwork: true, containers: [{ name: "router", ports: [{ containerPort: 80 }, { containerPort: 443 }] }] }),
  workload("DaemonSet", "openshift-dns", "dns-default", DNS, { dnsPolicy: "Default", containers: [{ name: "dns", ports: [{ name: "dns", containerPort: 5353, protocol: "UDP" }] }] }),
  { apiVersion: "v1", kind: "Service", metadata: { name: "dns-default", namespace: "openshift-dns" }, spec: { clusterIP: "172.30.0.10", selector: DNS, ports: [{ name: "dns", port: 53, targetPort: "dns", protocol: "UDP" }] } },
];

function arbitraryRoutes(resources: readonly Resource[]): fc.Arbitrary<readonly Resource[]> {
  const services = resources.filter(({ kind }) => kind === "Service");
  if (services.length === 0) return fc.constant([]);
  const tls = fc.constantFrom(undefined, { termination: "edge" }, { termination: "edge", insecureEdgeTerminationPolicy: "Redirect" }, { termination: "passthrough" });
  const route = fc.record({ service: fc.constantFrom(...services), tls, path: fc.constantFrom(undefined, "/api"), host: fc.constantFrom("a", "b", "c") }).map(({ service, tls: secured, path, host }): Resource => ({
    apiVersion: "route.openshift.io/v1",
    kind: "Route",
    metadata: { name: `${service.metadata.name}-${host}`, namespace: service.metadata.namespace, creationTimestamp: "2024-01-01T00:00:00Z" },
    spec: { host: `${host}.${DOMAIN}`, to: { kind: "Service", name: service.metadata.name }, ...(secured === undefined ? {} : { tls: secured }), ...(path === undefined || secured?.termination === "passthrough" ? {} : { path }) },
  }));
  return fc.uniqueArray(route, { maxLength: 3, selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}` });
}

/**
 * A small cluster: namespaces, workloads, Services and policies, and what an OpenShift cluster and a mesh add to them. It prints as
 * YAML and shrinks to fewer objects.
 *
 * @example
 * fc.assert(fc.property(arbitrarySnapshot(), ({ snapshot }) => buildNetwork(snapshot).network.stages.size > 0));
 */
export function arbitrarySnapshot({ mesh = true, openshift = true }: SnapshotOptions = {}): fc.Arbitrary<GeneratedSnapshot> {
  return fc
    .record({ base: resourcesArbitrary(), nodes: fc.constantFrom(0, 1, 3) })
    .chain(({ base, nodes }) =>
      fc.record({ routes: openshift ? arbitraryRoutes(base) : fc.constant([]), meshed: mesh ? arbitraryMesh(base) : fc.constant(base) }).map(({ routes, meshed }) => [...Array.from({ length: nodes }, (_, index) => node(index)), document, ...(openshift ? platform : []), ...meshed, ...routes]),
    )
    .map((resources) => {
      const yaml = printYaml(resources);
      const snapshot = completeCluster(loadSnapshot([{ name: "generated.yaml", text: yaml }]));
      return { resources, yaml, snapshot, toString: () => yaml };
    });
}
