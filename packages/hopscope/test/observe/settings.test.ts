import { expect, it } from "vitest";
import { type Resource, snapshotOf } from "@hopscope/model-kubernetes";
import { observabilityOf } from "../../src/observe/settings.ts";

const plane = (spec: object): Resource => ({ apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", metadata: { name: "basic", namespace: "mesh" }, spec });
const of = (...resources: readonly Resource[]): ReturnType<typeof observabilityOf> => observabilityOf(snapshotOf(resources));

it("takes the defaults of the Service Mesh profile: tracing of one percent, Kiali, no access log", () => {
  expect(of(plane({}))).toMatchObject({ mesh: true, kiali: true, tracing: 1, envoyAccessLog: false, istioNamespace: "mesh" });
});

it("reads sampling in hundredths of a percent, and that tracing is off", () => {
  expect(of(plane({ tracing: { type: "Jaeger", sampling: 10_000 } })).tracing).toBe(100);
  expect(of(plane({ tracing: { type: "None" } })).tracing).toBeUndefined();
});

it.each([
  ["the control plane", plane({ proxy: { accessLogging: { file: { name: "/dev/stdout" } } } })],
  ["a Telemetry", { apiVersion: "telemetry.istio.io/v1alpha1", kind: "Telemetry", metadata: { name: "log", namespace: "mesh" }, spec: { accessLogging: [{ providers: [{ name: "envoy" }] }] } }],
  ["the mesh's ConfigMap", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "istio", namespace: "istio-system" }, data: { mesh: "accessLogFile: /dev/stdout\ndefaultConfig: {}\n" } }],
])("knows the access log by %s", (_by, resource) => {
  expect(of(resource).envoyAccessLog).toBe(true);
});

it("knows that an empty file name or a disabled Telemetry logs nothing", () => {
  expect(of({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "istio", namespace: "istio-system" }, data: { mesh: 'accessLogFile: ""\nrootNamespace: istio-system\n' } }).envoyAccessLog).toBe(false);
  expect(of({ apiVersion: "telemetry.istio.io/v1alpha1", kind: "Telemetry", metadata: { name: "log", namespace: "mesh" }, spec: { accessLogging: [{ disabled: true }] } }).envoyAccessLog).toBe(false);
});

it("finds an upstream mesh by its control plane's Deployment, and no tracing in it unless asked for", () => {
  const istiod: Resource = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "istiod", namespace: "istio-system", labels: { app: "istiod" } }, spec: {} };
  expect(of(istiod)).toMatchObject({ mesh: true, kiali: true, tracing: undefined, istioNamespace: "istio-system" });
  expect(of().mesh).toBe(false);
});

it("reads the flow agent's features and the router's log", () => {
  const collector: Resource = { apiVersion: "flows.netobserv.io/v1beta1", kind: "FlowCollector", metadata: { name: "cluster" }, spec: { agent: { ebpf: { features: ["FlowRTT", "DNSTracking"] } } } };
  const router: Resource = { apiVersion: "operator.openshift.io/v1", kind: "IngressController", metadata: { name: "default", namespace: "openshift-ingress-operator" }, spec: { logging: { access: { destination: { type: "Container" } } } } };
  expect(of(collector, router)).toMatchObject({ flowRtt: true, dnsTracking: true, routerAccessLog: true });
});
