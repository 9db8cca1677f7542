import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { compileProxy } from "../../src/istiod/compile.ts";
import { meshFindings } from "../../src/istiod/findings.ts";
import { hostIsSubset, hostMatches, mostSpecificHost } from "../../src/istiod/mesh/host.ts";
import { trustDomainOf } from "../../src/istiod/mesh/mesh.ts";
import { buildModel } from "../../src/istiod/model.ts";
import { selectProtocol } from "../../src/istiod/mesh/protocol.ts";

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

describe("caveats", () => {
  const proxy = { type: "sidecar", name: "web", namespace: "shop", labels: {}, ips: ["10.0.0.5"] } as const;
  const caveats = (resources: Resource[], options = {}) => compileProxy({ resources }, proxy, options).caveats;

  it("are given once for each kind that is read and not compiled, with the first object as origin", () => {
    const telemetry = (name: string): Resource => object("telemetry.istio.io/v1alpha1", "Telemetry", name, {});
    const sidecar = object("networking.istio.io/v1beta1", "Sidecar", "own", { egress: [{ bind: "127.0.0.1", captureMode: "NONE", port: { number: 80, protocol: "HTTP", name: "http" }, hosts: ["./*"] }] });
    expect(caveats([telemetry("a"), telemetry("b"), sidecar]).map((caveat) => caveat.origin)).toEqual([
      { object: "Telemetry shop/a" }, { object: "Sidecar shop/own", path: "spec.egress[0]" },
    ]);
    expect(caveats([entry, gateway])).toEqual([]);
  });

  it("leave out what the control plane does not read", () => {
    const route = object("gateway.networking.k8s.io/v1", "GRPCRoute", "web", {});
    expect(caveats([route])).toHaveLength(1);
    expect(caveats([route], { env: { PILOT_ENABLE_GATEWAY_API: "false" } })).toEqual([]);
  });
});

describe("meshFindings", () => {
  it("finds an egress gateway that sidecars bypass", () => {
    const [finding] = meshFindings({ resources: [pod, entry, gateway, virtualService(["egress"])] });
    expect(finding).toMatchObject({ code: "mesh/egress-gateway-bypassed", origin: { object: "VirtualService shop/back", path: "spec.gateways" } });
  });

  it("takes an ingress gateway for no egress gateway, though it serves a ServiceEntry's host", () => {
    const edge: Resource = { ...pod, metadata: { ...pod.metadata, name: "edge", labels: { app: "edge" } } };
    const service = object("v1", "Service", "edge", { clusterIP: "172.30.0.9", selector: { app: "edge" }, ports: [{ name: "tcp", port: 9000 }] });
    const open = object("route.openshift.io/v1", "Route", "edge", { to: { kind: "Service", name: "edge" } });
    const own = { ...gateway, spec: { ...(gateway.spec as object), selector: { app: "edge" } } };
    const codes = (...more: Resource[]): string[] => meshFindings({ resources: [edge, entry, own, virtualService(["egress"]), service, ...more] }).map((finding) => finding.code);
    expect(codes(open)).toEqual([]);
    expect(codes()).toEqual(["mesh/egress-gateway-bypassed"]);
  });

  it("finds a port whose name says no protocol, and what the proxies do with it", () => {
    const service = object("v1", "Service", "web", { clusterIP: "172.30.0.8", ports: [{ name: "http", port: 80 }, { name: "admin", port: 81 }] });
    const [finding, ...rest] = meshFindings({ resources: [service] }, { env: { PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND: "false" } });
    expect(finding).toMatchObject({ code: "mesh/port-name-unknown", severity: "warning", origin: { object: "Service shop/web", path: "spec.ports[1].name" } });
    expect(rest).toEqual([]);
    expect(meshFindings({ resources: [service] })).toMatchObject([{ code: "mesh/port-name-unknown", severity: "info" }]);
  });

  it("finds a subset that no DestinationRule defines", () => {
    const service = object("v1", "Service", "web", { clusterIP: "172.30.0.8", ports: [{ name: "http", port: 80 }] });
    const rule = object("networking.istio.io/v1beta1", "DestinationRule", "web", { host: "web", subsets: [{ name: "v1", labels: { version: "v1" } }] });
    const split = object("networking.istio.io/v1beta1", "VirtualService", "web", { hosts: ["web"], http: [{ route: [{ destination: { host: "web", subset: "v1" }, weight: 9 }, { destination: { host: "web", subset: "v2" }, weight: 1 }] }] });
    expect(meshFindings({ resources: [service, rule, split] })).toMatchObject([{ code: "mesh/subset-undefined", severity: "error", origin: { object: "VirtualService shop/web", path: "spec.http[0].route[1].destination.subset" } }]);
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

describe("an object that istiod's admission refuses", () => {
  const found = (kind: string, spec: object, group = "networking") => meshFindings({ resources: [object(`${group}.istio.io/v1beta1`, kind, "x", spec)] }).filter(({ code }) => code === "mesh/refused").map(({ origin, problem }) => [origin.object, problem]);
  it.each([
    ["VirtualService", { hosts: ["*"], http: [{ route: [{ destination: { host: "a" } }] }] }, "wildcard host * is not allowed"],
    ["VirtualService", { hosts: ["a"], http: [{ timeout: "0s", route: [{ destination: { host: "a" } }] }] }, "duration must be greater than 1ms"],
    ["DestinationRule", { host: "a", trafficPolicy: {} }, "traffic policy must have at least one field"],
    ["ServiceEntry", { hosts: ["a.test", "b.test"], resolution: "DNS", ports: [{ number: 80, name: "tcp", protocol: "TCP" }] }, "multiple hosts provided with non-HTTP, non-TLS ports"],
    ["Gateway", { servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["a"] }] }, "short names (non FQDN) are not allowed"],
    ["Sidecar", {}, "empty configuration provided"],
    ["WorkloadEntry", {}, "address must be set"],
  ])("is told, with its reason: %s %j", (kind, spec, reason) => expect(found(kind, spec)).toEqual([[`${kind} shop/x`, expect.stringContaining(reason)]]));

  it("may be a policy too", () => {
    expect(found("AuthorizationPolicy", { action: "DENY" }, "security")).toHaveLength(1);
    expect(found("RequestAuthentication", { jwtRules: [{}] }, "security")).toHaveLength(1);
    expect(found("PeerAuthentication", { mtls: { mode: "STRICT" } }, "security")).toEqual([]);
  });
});

describe("the control plane", () => {
  const plane = (spec: object): Resource => ({ ...object("maistra.io/v2", "ServiceMeshControlPlane", "basic", { mode: "ClusterWide", ...spec }), metadata: { name: "basic", namespace: "mesh" } });
  const model = (resources: Resource[], options = {}) => buildModel({ resources }, options);

  it("says how names are trusted and where unknown traffic goes", () => {
    const { mesh } = model([plane({ security: { trust: { domain: "corp.test", additionalDomains: ["old.test"] }, dataPlane: { automtls: false } }, proxy: { networking: { trafficControl: { outbound: { policy: "REGISTRY_ONLY" } } } } })]);
    expect(mesh).toMatchObject({ rootNamespace: "mesh", trustDomain: "corp.test", identityDomain: "corp.test", trustDomainAliases: ["old.test"], enableAutoMtls: false, outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } });
  });

  it("has its settings in a ConfigMap, which counts as far as it can be read", () => {
    const map = (mesh: string, name = "istio"): Resource => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "mesh" }, data: { mesh } }) as Resource;
    const text = "trustDomain: corp.test\noutboundTrafficPolicy:\n  mode: REGISTRY_ONLY\nenableAutoMtls: false\nextensionProviders: [{name: ask}]\nlocalityLbSetting: wrong\n";
    expect(model([map(text)]).mesh).toMatchObject({ rootNamespace: "mesh", trustDomain: "corp.test", identityDomain: "corp.test", outboundTrafficPolicy: { mode: "REGISTRY_ONLY" }, enableAutoMtls: false, extensionProviders: [{ name: "ask" }], localityLbSetting: { enabled: true } });
    expect(trustDomainOf({ resources: [map(text)] })).toBe("corp.test");
    expect(model([plane({ security: { trust: { domain: "plane.test" } } }), map("trustDomain: corp.test", "istio-basic")]).mesh.trustDomain).toBe("corp.test");
    expect(model([map("a: [")]).mesh).toMatchObject({ rootNamespace: "istio-system", trustDomain: "cluster.local" });
    expect(model([map(text)], { meshConfig: { trustDomain: "own.test" } }).mesh.trustDomain).toBe("own.test");
  });

  it("turns features on and off: its Deployment's environment, what the ServiceMeshControlPlane sets, the caller's word", () => {
    const istiod: Resource = { ...object("apps/v1", "Deployment", "istiod-basic", { template: { spec: { containers: [{ name: "discovery", env: [{ name: "PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND", value: "true" }, { name: "PILOT_HTTP10", value: "true" }] }] } } }), metadata: { name: "istiod-basic", namespace: "mesh", labels: { app: "istiod" } } };
    expect(model([plane({})]).flags).toMatchObject({ sniffOutbound: false, sniffInbound: false, http10: false });
    expect(model([plane({}), istiod]).flags).toMatchObject({ sniffOutbound: true, http10: true });
    expect(model([plane({ proxy: { networking: { protocol: { autoDetect: { outbound: false } } } } }), istiod]).flags).toMatchObject({ sniffOutbound: false });
    expect(model([plane({ runtime: { components: { pilot: { container: { env: { PILOT_HTTP10: "false" } } } } } }), istiod]).flags).toMatchObject({ http10: false });
    expect(model([istiod], { env: { PILOT_HTTP10: "false" } }).flags).toMatchObject({ http10: false, sniffInbound: true });
  });
});
