import fc from "fast-check";
import { expect, it } from "vitest";
import type { Resource } from "@hopscope/model-kubernetes";
import { kialiValidations } from "../../../src/telemetry/index.ts";

const NETWORKING = "networking.istio.io/v1beta1";
const SECURITY = "security.istio.io/v1beta1";
const of = (apiVersion: string, kind: string, name: string, spec: object, namespace = "shop"): Resource => ({ apiVersion, kind, metadata: { name, namespace }, spec });
const network = (kind: string, name: string, spec: object, namespace?: string): Resource => of(NETWORKING, kind, name, spec, namespace);
const secure = (kind: string, name: string, spec: object, namespace?: string): Resource => of(SECURITY, kind, name, spec, namespace);

const template = { metadata: { labels: { app: "web", version: "v1" } }, spec: { containers: [{ name: "web", ports: [{ containerPort: 8080 }] }] } };
const CLUSTER: readonly Resource[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } },
  { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop", labels: { app: "web" } }, spec: { selector: { matchLabels: { app: "web" } }, template } },
  { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] } },
];
/** What is said of the objects added, but for the missing authorization policies. */
const said = (objects: readonly Resource[], settings: Partial<Parameters<typeof kialiValidations>[1]> = {}): readonly string[] =>
  kialiValidations({ resources: [...CLUSTER, ...objects] }, { istioNamespace: "istio-system", ...settings })
    .flatMap(({ kind, name, checks }) => checks.map(({ code, severity, path }) => `${kind} ${name} ${code} ${severity} ${path}`))
    .filter((line) => !line.includes("KIA1301"))
    .sort();

const route = (host: string, more: object = {}): object => ({ hosts: ["web"], http: [{ route: [{ destination: { host } }] }], ...more });

it("says nothing of a plain, right cluster", () => {
  expect(said([])).toEqual([]);
});

it.each<readonly [string, readonly Resource[], readonly string[]]>([
  ["a gateway that does not exist", [network("VirtualService", "v", route("web", { gateways: ["mesh", "edge"] }))], ["virtualservice v KIA1102 error spec/gateways[1]"]],
  ["two VirtualServices for one host", [network("VirtualService", "a", route("web")), network("VirtualService", "b", route("web"))], ["virtualservice a KIA1106 warning spec/hosts", "virtualservice b KIA1106 warning spec/hosts"]],
  ["two DestinationRules for one host", [network("DestinationRule", "a", { host: "web" }), network("DestinationRule", "b", { host: "web.shop.svc.cluster.local", subsets: [{ name: "v1", labels: { version: "v1" } }] })], ["destinationrule a KIA0201 warning spec/host", "destinationrule b KIA0201 warning spec/host"]],
  [
    "two Gateways for one host and port, one of them through a wildcard",
    ["a", "b"].map((name, index) => network("Gateway", name, { selector: { app: "web" }, servers: [{ port: { number: 80 }, hosts: [index === 0 ? "*" : "shop.example.com"] }] })),
    ["gateway a KIA0301 warning spec/servers[0]/hosts[0]", "gateway b KIA0301 warning spec/servers[0]/hosts[0]"],
  ],
  ["two PeerAuthentications for one workload", ["a", "b"].map((name) => secure("PeerAuthentication", name, { selector: { matchLabels: { app: "web" } }, mtls: { mode: "STRICT" } })), ["peerauthentication a KIA0003 error spec/selector", "peerauthentication b KIA0003 error spec/selector"]],
  ["a Sidecar whose egress host is unknown", [network("Sidecar", "s", { egress: [{ hosts: ["./*", "shop/web.shop.svc.cluster.local", "shop/nobody.shop.svc.cluster.local"] }] })], ["sidecar s KIA1004 warning spec/egress[0]/hosts[2]"]],
  ["a namespace-wide DISABLE against STRICT", [network("DestinationRule", "d", { host: "*.shop.svc.cluster.local", trafficPolicy: { tls: { mode: "DISABLE" } } }), secure("PeerAuthentication", "default", { mtls: { mode: "STRICT" } })], ["destinationrule d KIA0207 error spec/trafficPolicy/tls/mode"]],
  ["a namespace-wide ISTIO_MUTUAL without a policy", [network("DestinationRule", "d", { host: "*.shop.svc.cluster.local", trafficPolicy: { tls: { mode: "ISTIO_MUTUAL" } } })], ["destinationrule d KIA0206 error spec/trafficPolicy/tls/mode"]],
  ["a selector that selects nobody", [secure("RequestAuthentication", "r", { selector: { matchLabels: { app: "gone" } } })], ["requestauthentication r KIA0004 warning spec/selector/matchLabels"]],
  ["a single TCP destination without weight", [network("VirtualService", "v", { hosts: ["web"], tcp: [{ route: [{ destination: { host: "web" } }] }] })], ["virtualservice v KIA1104 warning spec/tcp[0]/route[0]/weight"]],
  ["nothing, where a host is that of a ServiceEntry with a wildcard", [network("VirtualService", "v", route("api.example.com")), network("ServiceEntry", "e", { hosts: ["*.example.com"] })], []],
])("tells %s", (_what, objects, expected) => {
  expect(said(objects)).toEqual(expected);
});

const api = (kind: string, name: string, spec: object): Resource => of("gateway.networking.k8s.io/v1beta1", kind, name, spec);
const listener = (name: string, hostname: string | undefined): object => ({ name, hostname, port: 80, protocol: "HTTP" });

it("tells Gateways of Istio's class that clash, and HTTPRoutes that lead nowhere", () => {
  const gateway = (name: string, ...listeners: readonly object[]): Resource => api("Gateway", name, { gatewayClassName: "istio", listeners });
  const found = said([
    gateway("a", listener("x", "shop.example.com"), listener("y", "shop.example.com")),
    gateway("b", listener("x", "shop.example.com"), listener("open", undefined)),
    api("Gateway", "foreign", { gatewayClassName: "other", listeners: [listener("x", "shop.example.com")] }),
    api("HTTPRoute", "r", { parentRefs: [{ name: "a" }, { name: "foreign" }], rules: [{ backendRefs: [{ name: "web", port: 80 }, { name: "nobody", port: 80 }] }] }),
  ]);
  expect(found).toEqual([
    "k8sgateway a KIA1501 warning spec/listeners[0]/hostname",
    "k8sgateway a KIA1501 warning spec/listeners[1]/hostname",
    "k8sgateway a KIA1503 error spec/listeners[0]/name",
    "k8sgateway a KIA1503 error spec/listeners[1]/name",
    "k8sgateway b KIA1501 warning spec/listeners[0]/hostname",
    "k8shttproute r KIA1401 error spec/parentRefs[1]/name/foreign",
    "k8shttproute r KIA1402 error spec/rules[0]/backendRefs[1]/name",
  ]);
});

it("takes a missing host for an error only where unknown destinations are blocked", () => {
  const objects = [network("VirtualService", "v", route("nobody"))];
  expect(said(objects)).toEqual(["virtualservice v KIA1101 warning spec/http[0]/route[0]/destination/host"]);
  expect(said(objects, { outbound: "REGISTRY_ONLY" })).toEqual(["virtualservice v KIA1101 error spec/http[0]/route[0]/destination/host"]);
});

it("wants a mesh-wide rule beside STRICT where mutual TLS is not automatic", () => {
  const strict = [secure("PeerAuthentication", "default", { mtls: { mode: "STRICT" } }, "istio-system")];
  expect(said(strict)).toEqual([]);
  expect(said(strict, { autoMtls: false })).toEqual(["peerauthentication default KIA0401 error spec/mtls"]);
});

it("says nothing of a VirtualService that its own namespace cannot see", () => {
  expect(said([network("VirtualService", "v", route("nobody", { exportTo: ["elsewhere"] }))])).toEqual([]);
});

const KINDS = [[NETWORKING, "VirtualService"], [NETWORKING, "DestinationRule"], [NETWORKING, "Gateway"], [NETWORKING, "ServiceEntry"], [NETWORKING, "Sidecar"], [SECURITY, "PeerAuthentication"], [SECURITY, "AuthorizationPolicy"], [SECURITY, "RequestAuthentication"]] as const;
const FIELDS = "hosts host gateways exportTo http tcp tls route match destination subset subsets labels name trafficPolicy mode selector matchLabels workloadSelector mtls servers port number endpoints location addresses egress outboundTrafficPolicy rules from source principals namespaces to operation methods when key weight".split(" ");

it("takes whatever an object may hold", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, fc.constant(null), fc.boolean(), fc.integer(), fc.constantFrom("web", "*", "a.b", "STRICT", "__proto__"), fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...FIELDS), tie("value"), { maxKeys: 5 })),
  }));
  fc.assert(fc.property(fc.constantFrom(...KINDS), fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 8 }), ([version, kind], spec) => {
    expect(Array.isArray(said([of(version, kind, "x", spec)]))).toBe(true);
  }));
});
