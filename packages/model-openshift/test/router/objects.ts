import type { Resource, Snapshot } from "@hopscope/model-kubernetes";

const old = "2024-03-01T08:00:00Z";

/** Small objects that print as what `oc get -o yaml` would show. */
export const route = (name: string, spec: Readonly<Record<string, unknown>>, metadata: Partial<Resource["metadata"]> = {}): Resource => ({
  apiVersion: "route.openshift.io/v1",
  kind: "Route",
  metadata: { name, namespace: "demo", creationTimestamp: old, uid: name, ...metadata },
  spec: { host: `${name}.test`, to: { kind: "Service", name: "web", weight: 100 }, ...spec },
});

export const service = (name: string, port = 80, annotations: Readonly<Record<string, string>> = {}): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "demo", annotations },
  spec: { clusterIP: "172.30.0.10", ports: [{ name: "http", port, protocol: "TCP" }] },
});

export const slice = (name: string, addresses: readonly string[], port = 8080, portName = "http"): Resource => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${name}-abc`, namespace: "demo", labels: { "kubernetes.io/service-name": name } },
  endpoints: addresses.map((address, index) => ({ addresses: [address], conditions: { ready: true }, targetRef: { kind: "Pod", name: `${name}-${index}` } })),
  ports: [{ name: portName, port, protocol: "TCP" }],
});

export const controller = (spec: Readonly<Record<string, unknown>> = {}): Resource => ({
  apiVersion: "operator.openshift.io/v1",
  kind: "IngressController",
  metadata: { name: "default", namespace: "openshift-ingress-operator" },
  spec,
  status: { domain: "apps.test" },
});

/** A snapshot of bare objects. */
export const snapshotOfObjects = (resources: readonly Resource[]): Snapshot => ({
  resources,
  cluster: {
    name: "test",
    platform: {},
    network: { pods: [], services: [], gatewayMode: "shared", interconnect: false },
    ingress: [],
    outside: { hosts: [], dns: [] },
    applications: [],
    latency: {},
  },
  diagnostics: [],
  caveats: [],
  locate: (origin) => origin,
});
