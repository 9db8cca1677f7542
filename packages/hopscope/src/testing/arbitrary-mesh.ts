import type { Resource } from "@hopscope/model-kubernetes";
import fc from "fast-check";

const api = (kind: string, namespace: string, name: string, spec: object): Resource => ({ apiVersion: kind === "PeerAuthentication" ? "security.istio.io/v1beta1" : "networking.istio.io/v1beta1", kind, metadata: { name, namespace }, spec });

interface WorkloadSpec {
  readonly template: { readonly metadata: object; readonly spec: { readonly containers: readonly object[] } };
}

/** The workload with the sidecar that an injector puts into its pods. */
function injected(workload: Resource): Resource {
  const spec = workload.spec as WorkloadSpec & object;
  const { metadata, spec: pod } = spec.template;
  const template = { metadata: { ...metadata, annotations: { "sidecar.istio.io/status": "{}" } }, spec: { ...pod, containers: [...pod.containers, { name: "istio-proxy", image: "registry.example.com/proxyv2", args: ["proxy", "sidecar"] }] } };
  return { ...workload, spec: { ...spec, template } };
}

const match = fc.constantFrom<object | undefined>(undefined, { uri: { prefix: "/api" } }, { headers: { "x-user": { exact: "a" } } });

function virtualService(service: Resource): fc.Arbitrary<readonly Resource[]> {
  const { name, namespace = "default" } = service.metadata;
  const host = `${name}.${namespace}.svc.cluster.local`;
  return fc.record({ when: match, subset: fc.boolean(), tls: fc.constantFrom(undefined, "DISABLE", "ISTIO_MUTUAL"), tier: fc.constantFrom("web", "api") }).map(({ when, subset, tls, tier }) => {
    const plain = { route: [{ destination: { host } }] };
    const first = { ...(when === undefined ? {} : { match: [when] }), route: [{ destination: { host, ...(subset ? { subset: "one" } : {}) } }] };
    return [
      api("VirtualService", namespace, name, { hosts: [host], http: when === undefined ? [first] : [first, plain] }),
      api("DestinationRule", namespace, name, { host, subsets: [{ name: "one", labels: { app: tier } }], ...(tls === undefined ? {} : { trafficPolicy: { tls: { mode: tls } } }) }),
    ];
  });
}

/**
 * A cluster's objects with a mesh in them: some workloads get sidecars, some Services rules for their traffic, a namespace perhaps
 * STRICT mutual TLS, and an outside host a ServiceEntry.
 *
 * @example
 * fc.assert(fc.property(arbitraryMesh(resources), (meshed) => meshed.length >= resources.length));
 */
export function arbitraryMesh(resources: readonly Resource[]): fc.Arbitrary<readonly Resource[]> {
  const workloads = resources.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet");
  const services = resources.filter(({ kind }) => kind === "Service");
  const namespaces = [...new Set(workloads.map(({ metadata }) => metadata.namespace ?? "default"))];
  if (workloads.length === 0) return fc.constant(resources);
  const entry = api("ServiceEntry", namespaces[0] ?? "default", "api", { hosts: ["api.example.org"], ports: [{ number: 80, name: "http", protocol: "HTTP" }], resolution: "DNS", location: "MESH_EXTERNAL" });
  return fc
    .record({
      with: fc.subarray(workloads),
      rules: services.length === 0 ? fc.constant([]) : fc.subarray(services, { maxLength: Math.min(2, services.length) }).chain((chosen) => fc.tuple(...chosen.map(virtualService))),
      strict: fc.subarray(namespaces, { maxLength: 1 }),
      entry: fc.boolean(),
    })
    .map((made) => [
      ...resources.map((resource) => (made.with.includes(resource) ? injected(resource) : resource)),
      ...made.rules.flat(),
      ...made.strict.map((namespace) => api("PeerAuthentication", namespace, "default", { mtls: { mode: "STRICT" } })),
      ...(made.entry ? [entry] : []),
    ]);
}
