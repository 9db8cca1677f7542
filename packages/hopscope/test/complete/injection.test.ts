import type { Pod } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { inject, injectionOf, type Injector } from "../../src/complete/injection.ts";
import { deployment, service, snapshotFrom, trace } from "../network/_cluster.ts";

const pod = (metadata: { labels?: Record<string, string>; annotations?: Record<string, string> } = {}, spec: object = {}): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", namespace: "shop", ...metadata }, spec: { containers: [{ name: "web" }], ...spec } });
const upstream: Injector = { flavour: "istio", cni: false, environment: {} };
const ossm: Injector = { flavour: "ossm", cni: true, environment: {}, members: new Set(["shop"]) };
const INJECT = "sidecar.istio.io/inject";

describe("the injector's decision", () => {
  it.each([
    ["an enabled namespace", {}, { "istio-injection": "enabled" }, "sidecar"],
    ["a disabled namespace", {}, { "istio-injection": "disabled" }, undefined],
    ["a disabled namespace, against the pod's label", { labels: { [INJECT]: "true" } }, { "istio-injection": "disabled" }, undefined],
    ["a namespace of a revision", {}, { "istio.io/rev": "canary" }, "sidecar"],
    ["a namespace that says nothing", {}, {}, undefined],
    ["a namespace that says nothing, and the pod's label", { labels: { [INJECT]: "true" } }, {}, "sidecar"],
    ["a namespace that says nothing, and the pod's annotation alone", { annotations: { [INJECT]: "true" } }, {}, undefined],
    ["the pod's label against an enabled namespace", { labels: { [INJECT]: "false" } }, { "istio-injection": "enabled" }, undefined],
    ["the pod's annotation against an enabled namespace", { annotations: { [INJECT]: "false" } }, { "istio-injection": "enabled" }, undefined],
    ["the label before the annotation", { labels: { [INJECT]: "true" }, annotations: { [INJECT]: "false" } }, { "istio-injection": "enabled" }, "sidecar"],
    ["the gateway template", { annotations: { "inject.istio.io/templates": "gateway" } }, { "istio-injection": "enabled" }, "gateway"],
  ] as const)("upstream, with %s", (_, metadata, namespace, expected) => expect(injectionOf(pod(metadata), namespace, upstream)).toBe(expected));

  it.each([
    ["a member's pod that asks by annotation", { annotations: { [INJECT]: "true" } }, ossm, "sidecar"],
    ["a member's pod that asks by label", { labels: { [INJECT]: "true" } }, ossm, "sidecar"],
    ["a member's pod that does not ask", {}, ossm, undefined],
    ["a pod that asks outside of the mesh", { annotations: { [INJECT]: "true" } }, { ...ossm, members: new Set(["other"]) }, undefined],
    ["a pod that asks where all are members", { annotations: { [INJECT]: "true" } }, { flavour: "ossm", cni: true, environment: {} }, "sidecar"],
  ] as const)("OpenShift Service Mesh, with %s", (_, metadata, injector, expected) => expect(injectionOf(pod(metadata), { "istio-injection": "enabled" }, injector)).toBe(expected));

  it("leaves pods alone that are on the host network or have a proxy", () => {
    expect(injectionOf(pod({}, { hostNetwork: true }), { "istio-injection": "enabled" }, upstream)).toBeUndefined();
    expect(injectionOf(pod({}, { containers: [{ name: "istio-proxy", image: "proxyv2" }] }), { "istio-injection": "enabled" }, upstream)).toBeUndefined();
  });

  it("puts a gateway in the place of its automatic container", () => {
    const made = inject(pod({}, { containers: [{ name: "istio-proxy", image: "auto", ports: [{ containerPort: 8080 }] }] }), "gateway", upstream);
    expect(made.spec.containers.map(({ name, args }) => [name, args?.[1]])).toEqual([["istio-proxy", "router"]]);
    expect(made.spec.initContainers).toEqual([]);
  });
});

const plane = `apiVersion: maistra.io/v2
kind: ServiceMeshControlPlane
metadata: {name: basic, namespace: mesh}
spec: {version: v2.5}
---
apiVersion: maistra.io/v1
kind: ServiceMeshMemberRoll
metadata: {name: default, namespace: mesh}
spec: {members: [shop]}
`;
const annotations = `${INJECT}: "true"`;

describe("manifests of an OpenShift Service Mesh", () => {
  const shop = [plane, deployment("shop", "web", { port: 8080, annotations }), deployment("shop", "client", { annotations }), deployment("other", "out", { annotations }), service("shop", "web", "{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}")];

  it("get sidecars for members that ask, so that requests pass both proxies", () => {
    const journey = trace(shop, "deploy/shop/client", "http://web/");
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(journey.legs.map(({ to }) => to.object?.replace(/-[a-z0-9]+-[a-z0-9]+$/, ""))).toEqual(["Pod shop/client", "Pod shop/web", "Pod shop/web"]);
    expect(journey.caveats.filter(({ code }) => code === "assumed/injected")).toHaveLength(2);
  });

  it("tell where a pod asks in vain", () => {
    const { caveats } = trace(shop, "deploy/other/out", "http://web.shop/");
    expect(caveats.map(({ code }) => code)).toContain("mesh/not-injected");
  });

  it("change no pod that a cluster printed", () => {
    const printed = `apiVersion: v1\nkind: Pod\nmetadata: {name: web-1, namespace: shop, annotations: {${annotations}}}\nspec: {containers: [{name: web}]}\nstatus: {phase: Running, podIP: 10.128.0.9}\n`;
    const { resources } = snapshotFrom(plane, printed);
    expect(resources.find(({ kind }) => kind === "Pod")?.spec).toEqual({ containers: [{ name: "web" }] });
  });
});

describe("a Gateway whose workload no manifest holds", () => {
  it("gets the mesh's usual gateway, which serves it", () => {
    const gateway = "apiVersion: networking.istio.io/v1beta1\nkind: Gateway\nmetadata: {name: g, namespace: shop}\nspec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}]}\n";
    const rule = "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\nspec: {hosts: [shop.example], gateways: [g], http: [{route: [{destination: {host: web}}]}]}\n";
    const route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: mesh}\nspec: {host: shop.example, to: {kind: Service, name: istio-ingressgateway}, port: {targetPort: http2}}\n";
    const journey = trace([plane, gateway, rule, route, deployment("shop", "web", { port: 8080, annotations }), service("shop", "web", "{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}")], "external/203.0.113.4", "http://shop.example/");
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(journey.legs.map(({ to }) => to.object?.split("/")[0])).toEqual(["Pod openshift-ingress", "Pod mesh", "Pod shop", "Pod shop"]);
    expect(journey.caveats.map(({ code }) => code)).toEqual(expect.arrayContaining(["assumed/mesh-gateway", "assumed/router", "assumed/injected"]));
  });
});
