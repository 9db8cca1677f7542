import { describe, expect, it } from "vitest";
import type { Resource } from "@hopscope/model-kubernetes";
import { compileRouter } from "../../src/index.ts";
import { controller, service, slice, snapshotOfObjects } from "./objects.ts";

const path = (spec: Readonly<Record<string, unknown>> = {}) => ({ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } }, ...spec });
const ingress = (spec: Readonly<Record<string, unknown>>, annotations: Readonly<Record<string, string>> = {}): Resource => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "shop", namespace: "demo", annotations },
  spec: { rules: [{ host: "shop.test", http: { paths: [path()] } }], ...spec },
});
const secret: Resource = { apiVersion: "v1", kind: "Secret", metadata: { name: "shop", namespace: "demo" }, type: "kubernetes.io/tls", keys: ["tls.crt", "tls.key"] };
const compiled = (...objects: readonly Resource[]) => compileRouter(snapshotOfObjects([controller({ routeAdmission: { wildcardPolicy: "WildcardsAllowed" } }), service("web"), slice("web", ["10.128.2.7"]), ...objects]));
const prefixes = (...objects: readonly Resource[]): readonly string[] => compiled(...objects).backends.map((backend) => backend.name.split(":")[0] ?? "");

describe("an Ingress", () => {
  it("becomes a Route for each host and path, with the Service's port by name", () => {
    const program = compiled(ingress({ rules: [{ host: "shop.test", http: { paths: [path(), path({ path: "/api" })] } }] }));
    expect(program.maps["os_http_be.map"].map((entry) => entry.key)).toEqual(["^shop\\.test\\.?(:[0-9]+)?/api(/.*)?$", "^shop\\.test\\.?(:[0-9]+)?(/.*)?$"]);
    expect(program.backends[0]?.servers.map((server) => server.name)).toEqual(["pod:web-0:web:http:10.128.2.7:8080"]);
  });

  it("serves a wildcard host as a wildcard Route", () => {
    const program = compiled(ingress({ rules: [{ host: "*.shop.test", http: { paths: [path()] } }] }));
    expect(program.maps["os_wildcard_domain.map"]).toHaveLength(1);
  });

  it.each([
    ["a TLS entry without hosts", { tls: [{}] }, {}, ["be_edge_http"]],
    ["a TLS entry with a Secret", { tls: [{ hosts: ["shop.test"], secretName: "shop" }] }, {}, ["be_edge_http"]],
    ["a termination annotation", {}, { "route.openshift.io/termination": "reencrypt" }, ["be_secure"]],
    ["nothing of TLS", {}, {}, ["be_http"]],
    ["another controller's class", { ingressClassName: "nginx" }, {}, []],
    ["the router's class", { ingressClassName: "openshift-default" }, {}, ["be_http"]],
  ])("with %s", (_, spec, annotations, backends) => {
    expect(prefixes(ingress(spec, annotations), secret)).toEqual(backends);
  });

  it.each([
    ["an exact path", { rules: [{ host: "shop.test", http: { paths: [path({ pathType: "Exact" })] } }] }],
    ["no host", { rules: [{ http: { paths: [path()] } }] }],
    ["a port that the Service does not have", { rules: [{ host: "shop.test", http: { paths: [path({ backend: { service: { name: "web", port: { number: 81 } } } })] } }] }],
    ["a Secret that does not exist", { tls: [{ hosts: ["shop.test"], secretName: "gone" }] }],
  ])("gives no Route for %s, and says so", (_, spec) => {
    const program = compiled(ingress(spec));
    expect(program.backends).toEqual([]);
    expect(program.caveats.map((caveat) => caveat.code)).toEqual(["router/ingress-without-route"]);
  });

  it("is left alone where its Routes are in the snapshot", () => {
    const own: Resource = { apiVersion: "route.openshift.io/v1", kind: "Route", metadata: { name: "shop-abcde", namespace: "demo", ownerReferences: [{ kind: "Ingress", name: "shop" }] }, spec: { host: "shop.test", to: { kind: "Service", name: "web" } } };
    expect(compiled(ingress({}), own).backends.map((backend) => backend.name)).toEqual(["be_http:demo:shop-abcde"]);
  });
});
