import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { at, compile, named, names, object, pod, send, service } from "./_mesh.ts";

const api: readonly Resource[] = [service("api", "172.30.0.7", [{ name: "http", port: 80, targetPort: 8080 }]), ...pod("api", "10.0.0.7", 8080)];
const proxy = { type: "router", name: "gw", labels: { istio: "ingressgateway" }, ips: ["10.0.0.9"], unprivileged: false } as const;
interface Server { readonly number?: number; readonly protocol?: string; readonly hosts?: readonly string[]; readonly tls?: object; readonly name?: string }
const server = ({ number = 80, protocol = "HTTP", hosts = ["*"], tls, name = protocol.toLowerCase() }: Server): object => ({ port: { number, protocol, name }, hosts, ...(tls === undefined ? {} : { tls }) });
const gateway = (name: string, servers: readonly Server[], meta = {}): Resource => object("Gateway", name, { selector: { istio: "ingressgateway" }, servers: servers.map(server) }, meta);
const vs = (name: string, hosts: readonly string[], spec: object, gateways = ["gw"]): Resource => object("VirtualService", name, { hosts, gateways, ...spec });
const http = (...paths: readonly string[]): object => ({ http: paths.map((prefix) => ({ match: [{ uri: { prefix } }], route: [{ destination: { host: "api" } }] })) });
const gw = (resources: readonly Resource[]) => compile([...api, ...resources], proxy);

describe("a Gateway", () => {
  it("serves a host's VirtualService, and answers 404 to any other host and path", () => {
    const compiled = gw([gateway("gw", [{ hosts: ["a.test"] }]), vs("a", ["a.test"], http("/shop"))]);
    const ask = (host: string, path: string) => send(compiled, { to: "0.0.0.0", port: 80, host, path }).verdict;
    expect(ask("a.test", "/shop/1")).toMatchObject({ status: 200, cluster: "outbound|80||api.shop.svc.cluster.local" });
    expect(ask("a.test", "/else")).toMatchObject({ status: 404, flags: ["NR"] });
    expect(ask("b.test", "/shop")).toMatchObject({ status: 404 });
  });

  it("shares a port with other Gateways, each with its own hosts", () => {
    const compiled = gw([gateway("gw", [{ hosts: ["a.test"] }]), gateway("more", [{ hosts: ["b.test"] }], { at: 1 }), vs("a", ["a.test"], http("/a")), vs("b", ["b.test"], http("/b"), ["more"])]);
    expect(names(compiled.listeners)).toEqual(["0.0.0.0_80"]);
    expect(send(compiled, { to: "0.0.0.0", port: 80, host: "b.test", path: "/b" }).verdict).toMatchObject({ status: 200 });
    expect(send(compiled, { to: "0.0.0.0", port: 80, host: "a.test", path: "/b" }).verdict).toMatchObject({ status: 404 });
  });

  it("loses a port whose protocol an older one decided", () => {
    const compiled = gw([gateway("gw", [{ protocol: "HTTP" }]), gateway("late", [{ protocol: "TCP" }], { at: 1 })]);
    expect(names(compiled.routes)).toEqual(["http.80"]);
  });

  it("redirects to HTTPS where it is told to", () => {
    const compiled = gw([gateway("gw", [{ hosts: ["a.test"], tls: { httpsRedirect: true } }]), vs("a", ["a.test"], http("/"))]);
    expect(send(compiled, { to: "0.0.0.0", port: 80, host: "a.test", path: "/x" }).verdict).toMatchObject({ status: 301 });
  });

  it("terminates TLS with the Secret it names, and asks for certificates in MUTUAL", () => {
    const context = (tls: object) => at(gw([gateway("gw", [{ number: 443, protocol: "HTTPS", hosts: ["a.test"], tls }]), vs("a", ["a.test"], http("/"))]).listeners[0], "filterChains", 0, "transportSocket", "typedConfig");
    const secret = (tls: object) => at(context(tls), "commonTlsContext", "tlsCertificateSdsSecretConfigs", 0, "name");
    expect(secret({ mode: "SIMPLE", credentialName: "cert" })).toBe("kubernetes://cert");
    expect(secret({ mode: "SIMPLE", serverCertificate: "/c", privateKey: "/k" })).toBe("file-cert:/c~/k");
    expect(secret({ mode: "ISTIO_MUTUAL" })).toBe("default");
    expect(context({ mode: "MUTUAL", credentialName: "cert" })).toMatchObject({ requireClientCertificate: true, commonTlsContext: { combinedValidationContext: { validationContextSdsSecretConfig: { name: "kubernetes://cert-cacert" } } } });
  });

  it("passes TLS on by its server name, unread", () => {
    const tls = { tls: [{ match: [{ sniHosts: ["a.test"] }], route: [{ destination: { host: "api" } }] }] };
    const compiled = gw([gateway("gw", [{ number: 443, protocol: "TLS", hosts: ["a.test"], tls: { mode: "PASSTHROUGH" } }]), vs("a", ["a.test"], tls)]);
    expect(send(compiled, { to: "0.0.0.0", port: 443, tls: true, sni: "a.test", tcp: true }).verdict).toMatchObject({ kind: "tcp", cluster: "outbound|80||api.shop.svc.cluster.local" });
    expect(send(compiled, { to: "0.0.0.0", port: 443, tls: true, sni: "b.test", tcp: true }).verdict).toMatchObject({ details: "filter_chain_not_found" });
  });

  it("between networks leads a server name to the service's cluster by itself", () => {
    const compiled = gw([gateway("gw", [{ number: 15443, protocol: "TLS", hosts: ["*.local"], tls: { mode: "AUTO_PASSTHROUGH" } }])]);
    const sni = "outbound_.80_._.api.shop.svc.cluster.local";
    expect(names(compiled.clusters)).toContain(sni);
    expect(send(compiled, { to: "0.0.0.0", port: 15443, tls: true, sni, tcp: true, peer: "spiffe://cluster.local/ns/a/sa/b" }).verdict).toMatchObject({ cluster: sni });
  });

  it("sends TCP where its VirtualService says", () => {
    const compiled = gw([gateway("gw", [{ number: 9000, protocol: "TCP" }]), vs("a", ["*"], { tcp: [{ match: [{ port: 9000 }], route: [{ destination: { host: "api" } }] }] })]);
    expect(send(compiled, { to: "0.0.0.0", port: 9000, tcp: true }).verdict).toMatchObject({ cluster: "outbound|80||api.shop.svc.cluster.local" });
  });

  it("listens on its Service's target port, and not below 1024 as an ordinary user", () => {
    const front = { ...service("ingress", "172.30.0.99", [{ name: "http", port: 80, targetPort: 8080 }]), spec: { clusterIP: "172.30.0.99", selector: { istio: "ingressgateway" }, ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }] } };
    const [own] = pod("ingress", "10.0.0.9", 8080);
    const resources = [...api, gateway("gw", [{}]), vs("a", ["*"], http("/"))];
    const marked = own === undefined ? [] : [{ ...own, metadata: { ...own.metadata, labels: { istio: "ingressgateway" } } }];
    expect(names(compile([...resources, front, ...marked], { ...proxy, unprivileged: true }).listeners)).toEqual(["0.0.0.0_8080"]);
    expect(compile(resources, { ...proxy, unprivileged: true }).listeners).toEqual([]);
  });
});

describe("an EnvoyFilter", () => {
  const filter = (applyTo: string, match: object, patch: object, spec: object = {}): Resource => object("EnvoyFilter", applyTo.toLowerCase(), { ...spec, configPatches: [{ applyTo, match, patch }] });
  const own = { name: "mine", typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua" } };
  const router = { listener: { filterChain: { filter: { name: "envoy.filters.network.http_connection_manager", subFilter: { name: "envoy.filters.http.router" } } } } };
  const filters = (resources: readonly Resource[]) => {
    const chain = (named(compile([...api, ...resources]).listeners, "0.0.0.0_80")["filterChains"] as readonly object[]).at(-1);
    return names(at((at(chain, "filters") as readonly Record<string, unknown>[]).at(-1), "typedConfig", "httpFilters") as never);
  };

  it("puts an HTTP filter before another", () => expect(filters([filter("HTTP_FILTER", { context: "SIDECAR_OUTBOUND", ...router }, { operation: "INSERT_BEFORE", value: own })]).slice(-2)).toEqual(["mine", "envoy.filters.http.router"]));
  it("for the other direction changes nothing", () => expect(filters([filter("HTTP_FILTER", { context: "SIDECAR_INBOUND", ...router }, { operation: "INSERT_FIRST", value: own })])).not.toContain("mine"));
  it("for other workloads changes nothing", () => expect(filters([filter("HTTP_FILTER", { context: "SIDECAR_OUTBOUND", ...router }, { operation: "INSERT_FIRST", value: own }, { workloadSelector: { labels: { app: "else" } } })])).not.toContain("mine"));
  it("merges into a cluster, adds one, removes one", () => {
    const name = "outbound|80||api.shop.svc.cluster.local";
    const clusters = (operation: string, value: object, match = {}) => compile([...api, filter("CLUSTER", { context: "SIDECAR_OUTBOUND", ...match }, { operation, value })]).clusters;
    expect(named(clusters("MERGE", { connect_timeout: "1s" }, { cluster: { service: "api.shop.svc.cluster.local" } }), name)).toMatchObject({ connectTimeout: "1s", lbPolicy: "LEAST_REQUEST" });
    expect(names(clusters("ADD", { name: "mine" }))).toContain("mine");
    expect(names(clusters("REMOVE", {}, { cluster: { name } }))).not.toContain(name);
  });
  it("merges into routes, and leaves the compiled originals alone", () => {
    const resources = [...api, filter("HTTP_ROUTE", { context: "SIDECAR_OUTBOUND", routeConfiguration: { vhost: { route: { action: "ROUTE" } } } }, { operation: "MERGE", value: { route: { timeout: "7s" } } })];
    const routes = (proxyName: object) => JSON.stringify(named(compile(resources, proxyName).routes, "80"));
    expect(routes({})).toContain('"timeout":"7s"');
    expect(routes({ namespace: "other" })).not.toContain('"timeout":"7s"');
  });
});

describe("the Gateway API", () => {
  const kube = (spec: object): Resource => ({ ...object("Gateway", "front", { gatewayClassName: "istio", addresses: [{ type: "Hostname", value: "ingress" }], ...spec }), apiVersion: "gateway.networking.k8s.io/v1beta1" });
  const [own] = pod("ingress", "10.0.0.9", 80);
  const front = [service("ingress", "172.30.0.99", [{ name: "http", port: 80 }]), ...(own === undefined ? [] : [own])];
  const route = (name: string, spec: object, meta = {}): Resource => object("HTTPRoute", name, spec, meta);
  const backendRefs = [{ name: "api", port: 80 }];
  const listeners = [{ name: "web", port: 80, protocol: "HTTP", hostname: "*.test", allowedRoutes: { namespaces: { from: "Same" } } }];

  it("leads a host's paths to Services, the longest path first, and names the rule as origin", () => {
    const rules = [{ matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs }, { matches: [{ path: { type: "PathPrefix", value: "/no" } }], filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "b.test", statusCode: 302 } }] }];
    const compiled = gw([kube({ listeners }), ...front, route("r", { parentRefs: [{ name: "front" }], hostnames: ["a.test"], rules })]);
    const ask = (path: string) => send(compiled, { to: "0.0.0.0", port: 80, host: "a.test", path }).verdict;
    expect(ask("/x")).toMatchObject({ status: 200, cluster: "outbound|80||api.shop.svc.cluster.local" });
    expect(ask("/no/x")).toMatchObject({ status: 302 });
    expect([...compiled.origins.values()]).toContainEqual(expect.objectContaining({ object: "HTTPRoute shop/r", path: "spec.rules[1].matches[0]" }));
    expect(compiled.caveats).toEqual([]);
  });

  it("binds no route of a namespace, host or section that the listener does not allow", () => {
    const bound = (spec: object, meta = {}) => send(gw([kube({ listeners }), ...front, route("r", { parentRefs: [{ name: "front", namespace: "shop" }], hostnames: ["a.test"], rules: [{ backendRefs: [{ ...backendRefs[0], namespace: "shop" }] }], ...spec }, meta)]), { to: "0.0.0.0", port: 80, host: "a.test" }).verdict?.status;
    expect(bound({})).toBe(200);
    expect(bound({}, { namespace: "other" })).toBe(404);
    expect(bound({ hostnames: ["a.example"] })).toBe(404);
    expect(bound({ parentRefs: [{ name: "front", sectionName: "else" }] })).toBe(404);
  });

  it("routes inside the mesh where the parent is a Service", () => {
    const compiled = compile([...api, route("r", { parentRefs: [{ kind: "Service", group: "", name: "api" }], rules: [{ matches: [{ headers: [{ name: "x", value: "1" }] }], backendRefs: [{ name: "else", port: 81 }] }, { backendRefs }] })]);
    const ask = (headers: readonly (readonly [string, string])[]) => send(compiled, { to: "172.30.0.7", port: 80, host: "api", headers }).notes.join();
    expect(ask([["x", "1"]])).toContain("outbound|81||else.shop.svc.cluster.local");
    expect(ask([])).toContain("outbound|80||api.shop.svc.cluster.local");
  });
});

describe("an Ingress", () => {
  const ingress = (className: string): Resource => object("Ingress", "web", { rules: [{ host: "a.test", http: { paths: [{ path: "/shop", pathType: "Prefix", backend: { service: { name: "api", port: { name: "http" } } } }] } }] }, { annotations: { "kubernetes.io/ingress.class": className } });
  it("of istio's class is served by the ingress gateway, one of another class is not", () => {
    const ask = (className: string) => send(gw([ingress(className)]), { to: "0.0.0.0", port: 80, host: "a.test", path: "/shop/1" }).verdict;
    expect(ask("istio")).toMatchObject({ status: 200 });
    expect(ask("nginx")).toBeUndefined();
  });
});
