import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { compileProxy } from "../../src/istiod/compile.ts";
import { meshFindings } from "../../src/istiod/findings.ts";
import { hostIsSubset, hostMatches, mostSpecificHost } from "../../src/istiod/host.ts";
import { selectProtocol } from "../../src/istiod/protocol.ts";

const object = (apiVersion: string, kind: string, name: string, spec: unknown, labels = {}): Resource => ({ apiVersion, kind, metadata: { name, namespace: "shop", labels }, spec });
const pod: Resource = { ...object("v1", "Pod", "egress", {}, { istio: "egressgateway" }), status: { podIP: "10.0.0.9" } };
const entry = object("networking.istio.io/v1beta1", "ServiceEntry", "back", { hosts: ["back.test"], ports: [{ number: 9000, name: "tcp", protocol: "TCP" }], resolution: "DNS" });
const gateway = object("networking.istio.io/v1beta1", "Gateway", "egress", { selector: { istio: "egressgateway" }, servers: [{ port: { number: 9000, name: "tcp", protocol: "TCP" }, hosts: ["back.test"] }] });
const route = { match: [{ port: 9000 }], route: [{ destination: { host: "back.test" } }] };
const virtualService = (gateways: string[]): Resource => object("networking.istio.io/v1beta1", "VirtualService", "back", { hosts: ["back.test"], gateways, tcp: [route] });

describe("compileProxy", () => {
  it("gives an address-less TCP ServiceEntry every destination on its port, with the entry as origin", () => {
    const compiled = compileProxy({ resources: [entry] }, { type: "sidecar", name: "web", namespace: "shop", labels: {}, ips: ["10.0.0.5"] });
    expect(compiled.listeners.map((listener) => listener["name"])).toEqual(["0.0.0.0_9000", "virtualInbound", "virtualOutbound"]);
    expect(compiled.origins.get("listener/0.0.0.0_9000/chain/0")).toMatchObject({ object: "ServiceEntry shop/back", path: "spec.ports[0]" });
  });

  it("reports a delegate that leads back to itself", () => {
    const loop = (name: string, next: string): Resource => object("networking.istio.io/v1beta1", "VirtualService", name, { http: [{ delegate: { name: next } }] });
    const root = object("networking.istio.io/v1beta1", "VirtualService", "root", { hosts: ["a.test"], http: [{ delegate: { name: "a" } }] });
    const compiled = compileProxy({ resources: [root, loop("a", "b"), loop("b", "a")] }, { type: "sidecar", name: "web", namespace: "shop", labels: {}, ips: ["10.0.0.5"] });
    expect(compiled.diagnostics.map((d) => [d.code, d.origin.object, d.origin.path])).toContainEqual(["mesh/delegate-cycle", "VirtualService shop/a", "spec.http[0].delegate"]);
  });
});

describe("meshFindings", () => {
  it("finds an egress gateway that sidecars bypass", () => {
    const [finding] = meshFindings({ resources: [pod, entry, gateway, virtualService(["egress"])] });
    expect(finding).toMatchObject({ code: "mesh/egress-gateway-bypassed", origin: { object: "VirtualService shop/back", path: "spec.gateways" } });
  });

  it("is silent when the gateways list has mesh", () => {
    expect(meshFindings({ resources: [pod, entry, gateway, virtualService(["mesh", "egress"])] })).toEqual([]);
  });

  it("finds a Gateway that no pod serves", () => {
    expect(meshFindings({ resources: [gateway] }).map((finding) => finding.code)).toEqual(["mesh/gateway-without-workload"]);
  });
});

describe("names", () => {
  it("prefers an exact host, then the longest wildcard", () => {
    expect(mostSpecificHost("a.b.test", ["*", "*.test", "*.b.test"])).toBe("*.b.test");
    expect(hostMatches("*.test", "a.test")).toBe(true);
    expect(hostIsSubset("*.test", "a.test")).toBe(false);
  });

  it("takes a port's protocol from appProtocol before its name", () => {
    expect(selectProtocol(80, "tcp-x", "TCP", "http")).toBe("HTTP");
    expect(selectProtocol(80, "web", "TCP", undefined)).toBe("UnsupportedProtocol");
  });
});
