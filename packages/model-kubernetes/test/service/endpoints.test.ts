import { describe, expect, it } from "vitest";
import { endpointsOf, type Resource, serviceNamed, snapshotOf } from "../../src/index.ts";

const service = (spec: object): Resource => ({ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec });
const pod = (name: string, ip: string, more: { ready?: boolean; port?: number; phase?: string; deletionTimestamp?: string } = {}): Resource => ({
  apiVersion: "v1", kind: "Pod",
  metadata: { name, namespace: "shop", labels: { app: "web" }, ...(more.deletionTimestamp === undefined ? {} : { deletionTimestamp: more.deletionTimestamp }) },
  spec: { nodeName: "n", containers: [{ name: "c", ports: more.port === undefined ? [] : [{ name: "http", containerPort: more.port }] }] },
  status: { phase: more.phase ?? "Running", podIP: ip, conditions: [{ type: "Ready", status: more.ready === false ? "False" : "True" }] },
});
const slice = (fields: object): Resource => ({ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: "web-1", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } }, addressType: "IPv4", ...fields });

const read = (...resources: readonly Resource[]): readonly string[] => {
  const snapshot = snapshotOf(resources);
  const found = serviceNamed(snapshot, "shop", "web");
  if (found === undefined) return [];
  const { source, endpoints } = endpointsOf(snapshot, found);
  return [source, ...endpoints.map((e) => `${e.portName} ${e.address}:${e.port}${e.ready ? " ready" : ""}${e.serving ? " serving" : ""}${e.terminating ? " terminating" : ""}`)];
};

const selecting = service({ selector: { app: "web" }, ports: [{ name: "web", port: 80, targetPort: "http" }] });

describe("endpointsOf", () => {
  it("reads slices: conditions that are not said are as if ready", () => {
    const endpoints = [{ addresses: ["10.0.0.1"] }, { addresses: ["10.0.0.2"], conditions: { ready: false, serving: true, terminating: true } }, { addresses: ["10.0.0.3"], conditions: { ready: false } }];
    expect(read(selecting, slice({ endpoints, ports: [{ name: "web", port: 8080 }] }))).toEqual(["EndpointSlice", "web 10.0.0.1:8080 ready serving", "web 10.0.0.2:8080 serving terminating", "web 10.0.0.3:8080"]);
  });

  it("takes an empty slice at its word", () => {
    expect(read(selecting, pod("a", "10.0.0.1", { port: 8080 }), slice({ endpoints: null, ports: null }))).toEqual(["EndpointSlice"]);
  });

  it("counts an endpoint once that stands in two slices", () => {
    const one = slice({ endpoints: [{ addresses: ["10.0.0.1"] }], ports: [{ name: "", port: 1 }] });
    expect(read(selecting, one, { ...one, metadata: { ...one.metadata, name: "web-2" } })).toHaveLength(2);
  });

  it("reads an Endpoints object where there are no slices", () => {
    const endpoints: Resource = { apiVersion: "v1", kind: "Endpoints", metadata: { name: "web", namespace: "shop" }, subsets: [{ addresses: [{ ip: "10.0.0.1" }], notReadyAddresses: [{ ip: "10.0.0.2" }], ports: [{ port: 8080 }] }] };
    expect(read(service({ ports: [{ port: 80 }] }), endpoints)).toEqual(["Endpoints", " 10.0.0.1:8080 ready serving", " 10.0.0.2:8080"]);
  });

  it("derives from the selector, with named ports resolved for each pod", () => {
    const pods = [pod("a", "10.0.0.1", { port: 8080 }), pod("b", "10.0.0.2", { port: 9090 }), pod("c", "10.0.0.3"), pod("d", "10.0.0.4", { port: 8080, ready: false }), pod("e", "10.0.0.5", { port: 8080, phase: "Succeeded" }), pod("f", "10.0.0.6", { port: 8080, deletionTimestamp: "2024-01-01T00:00:00Z" })];
    expect(read(selecting, ...pods)).toEqual(["selector", "web 10.0.0.1:8080 ready serving", "web 10.0.0.2:9090 ready serving", "web 10.0.0.4:8080", "web 10.0.0.6:8080 serving terminating"]);
  });

  it("counts pods that are not ready where the Service publishes them", () => {
    expect(read(service({ selector: { app: "web" }, publishNotReadyAddresses: true, ports: [{ port: 80 }] }), pod("a", "10.0.0.1", { ready: false }))).toEqual(["selector", " 10.0.0.1:80 ready serving"]);
  });

  it("knows none for ExternalName and for Services that select nothing", () => {
    expect(read(service({ type: "ExternalName", externalName: "x.example.com" }))).toEqual(["none"]);
    expect(read(service({ ports: [{ port: 80 }] }), pod("a", "10.0.0.1"))).toEqual(["none"]);
  });
});
