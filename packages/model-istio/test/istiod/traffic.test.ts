import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/istiod/model.ts";
import { at, compile, named, names, object, pod, routesOf, send, service } from "./_mesh.ts";

const FULL = "api.shop.svc.cluster.local";
const api: readonly Resource[] = [
  service("api", "172.30.0.7", [{ name: "http", port: 80, targetPort: 8080 }]), ...pod("api", "10.0.0.7", 8080), ...pod("api", "10.0.0.8", 8080, { version: "v2" }),
];
const vs = (http: object, extra: object = {}): Resource => object("VirtualService", "api", { hosts: ["api"], ...extra, http: [http].flat() });
const to = (host: string, subset?: string): object => ({ destination: { host, ...(subset === undefined ? {} : { subset }) } });
const route = (http: object, more: readonly Resource[] = []) => routesOf(compile([...api, vs(http), ...more]), "80", FULL)[0];
const cluster = (resources: readonly Resource[], name = `outbound|80||${FULL}`, options = {}, proxy = {}) => named(compile([...api, ...resources], proxy, options).clusters, name);
const rule = (spec: object, meta = {}): Resource => object("DestinationRule", "api", { host: "api", ...spec }, meta);

describe("a port's protocol", () => {
  const listeners = (port: object, options = {}) => compile([service("db", "172.30.0.9", [{ port: 9000, ...port }])], {}, options).listeners;
  const filters = (port: object, options = {}) => names(listeners(port, options)).filter((name) => String(name).includes("9000"));
  it("by its name decides between a listener for all and one for the address", () => {
    expect(filters({ name: "http-x" })).toEqual(["0.0.0.0_9000"]);
    expect(filters({ name: "tcp-x" })).toEqual(["172.30.0.9_9000"]);
    expect(filters({ name: "tcp-x", appProtocol: "http" })).toEqual(["0.0.0.0_9000"]);
    expect(filters({ name: "x", protocol: "UDP" })).toEqual([]);
  });
  it("is guessed where the name says nothing, unless istiod is told not to", () => {
    const chains = (options: object) => at(named(listeners({ name: "x" }, options), "172.30.0.9_9000"), "filterChains", "length");
    expect(at(listeners({ name: "x" })[0], "listenerFilters", 1, "name")).toBe("envoy.filters.listener.http_inspector");
    expect(chains({ env: { PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_OUTBOUND: "false" } })).toBe(1);
  });
});

describe("a VirtualService's HTTP item", () => {
  it("sends a share to each subset", () => {
    const subsets = rule({ subsets: [{ name: "v1", labels: { version: "v1" } }, { name: "v2", labels: { version: "v2" } }] });
    const resources = [...api, subsets, vs({ route: [{ ...to("api", "v1"), weight: 90 }, { ...to("api", "v2"), weight: 10 }] })];
    const compiled = compile(resources);
    expect(at(routesOf(compiled, "80", FULL)[0], "route", "weightedClusters", "clusters")).toMatchObject([{ name: `outbound|80|v1|${FULL}`, weight: 90 }, { name: `outbound|80|v2|${FULL}`, weight: 10 }]);
    const addresses = (name: string) => at(compiled.endpoints.find((entry) => entry["clusterName"] === name), "endpoints", 0, "lbEndpoints", 0, "endpoint", "address", "socketAddress", "address");
    expect([addresses(`outbound|80|v1|${FULL}`), addresses(`outbound|80|v2|${FULL}`)]).toEqual(["10.0.0.7", "10.0.0.8"]);
  });

  it("matches by path, header, method and query, the first item that fits", () => {
    const compiled = compile([...api, vs([
      { match: [{ uri: { exact: "/a" }, method: { exact: "POST" } }], route: [to("one.test")] },
      { match: [{ headers: { "x-user": { regex: "j.*" } } }, { queryParams: { v: { exact: "2" } } }], route: [to("two.test")] },
      { route: [to("api")] },
    ])]);
    const ask = (request: object) => send(compiled, { to: "172.30.0.7", port: 80, host: "api", ...request }).notes.find((note) => note.startsWith("route"));
    expect(ask({ path: "/a", method: "POST" })).toContain("outbound|80||one.test");
    expect(ask({ path: "/a", headers: [["x-user", "jo"]] })).toContain("outbound|80||two.test");
    expect(ask({ path: "/?v=2" })).toContain("outbound|80||two.test");
    expect(ask({ path: "/a" })).toContain(`outbound|80||${FULL}`);
  });

  it("rewrites, redirects, answers itself", () => {
    expect(at(route({ match: [{ uri: { prefix: "/old" } }], rewrite: { uri: "/new", authority: "b.test" }, route: [to("api")] }), "route")).toMatchObject({ prefixRewrite: "/new", hostRewriteLiteral: "b.test" });
    expect(route({ redirect: { uri: "/x", authority: "b.test", redirectCode: 308 } })).toMatchObject({ redirect: { pathRedirect: "/x", hostRedirect: "b.test", responseCode: "PERMANENT_REDIRECT" } });
    expect(route({ directResponse: { status: 418, body: { string: "no" } } })).toMatchObject({ directResponse: { status: 418, body: { inlineString: "no" } } });
  });

  it("mirrors, times out, retries, breaks on purpose", () => {
    expect(at(route({ route: [to("api")], mirror: { host: "copy.test" }, mirrorPercentage: { value: 25 } }), "route", "requestMirrorPolicies", 0)).toMatchObject({ cluster: "outbound|80||copy.test", runtimeFraction: { defaultValue: { numerator: 250_000 } } });
    expect(at(route({ route: [to("api")], timeout: "2s", retries: { attempts: 5, perTryTimeout: "1s", retryOn: "5xx" } }), "route")).toMatchObject({ timeout: "2s", retryPolicy: { numRetries: 5, perTryTimeout: "1s", retryOn: "5xx" } });
    expect(at(route({ route: [to("api")] }), "route")).toMatchObject({ timeout: "0s", retryPolicy: { numRetries: 2 } });
    expect(at(route({ route: [to("api")], retries: { attempts: 0 } }), "route", "retryPolicy")).toBeUndefined();
    const fault = { delay: { fixedDelay: "3s", percentage: { value: 50 } }, abort: { httpStatus: 503, percentage: { value: 100 } } };
    expect(at(route({ route: [to("api")], fault }), "typedPerFilterConfig", "envoy.filters.http.fault")).toMatchObject({ delay: { fixedDelay: "3s" }, abort: { httpStatus: 503 } });
  });

  it("changes headers and allows other origins", () => {
    expect(route({ route: [to("api")], headers: { request: { set: { a: "1" }, add: { b: "2" }, remove: ["c"] }, response: { remove: ["d"] } } })).toMatchObject({
      requestHeadersToAdd: [{ header: { key: "a", value: "1" }, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }, { header: { key: "b", value: "2" } }], requestHeadersToRemove: ["c"], responseHeadersToRemove: ["d"],
    });
    expect(JSON.stringify(route({ route: [to("api")], corsPolicy: { allowOrigins: [{ exact: "https://a.test" }], allowMethods: ["GET"], maxAge: "60s" } }))).toContain("https://a.test");
  });

  it("takes a delegate's items, each narrowed by the root's match", () => {
    const delegate = object("VirtualService", "part", { http: [{ match: [{ uri: { prefix: "/a/b" } }], route: [to("one.test")] }, { match: [{ uri: { prefix: "/c" } }], route: [to("two.test")] }] });
    const routes = routesOf(compile([...api, delegate, vs({ match: [{ uri: { prefix: "/a" } }], delegate: { name: "part" } })]), "80", FULL);
    expect(routes.map((item) => at(item, "route", "cluster"))).toEqual(["outbound|80||one.test"]);
  });

  it("counts for the namespaces it is exported to", () => {
    const exported = (exportTo: string[], namespace: string) =>
      at(routesOf(compile([...api, object("VirtualService", "x", { hosts: [FULL], exportTo, http: [{ route: [to("else.test")] }] })], { namespace }), "80", FULL)[0], "route", "cluster");
    expect(exported(["."], "shop")).toBe("outbound|80||else.test");
    expect(exported(["."], "other")).toBe(`outbound|80||${FULL}`);
    expect(exported(["other"], "other")).toBe("outbound|80||else.test");
  });

  it("can be bound to a gateway alone", () => expect(at(routesOf(compile([...api, vs({ route: [to("else.test")] }, { gateways: ["some"] })]), "80", FULL)[0], "route", "cluster")).toBe(`outbound|80||${FULL}`));
});

describe("a DestinationRule", () => {
  it("sets pools, outlier detection and the balancer", () => {
    const policy = { connectionPool: { tcp: { maxConnections: 7, connectTimeout: "3s" }, http: { http1MaxPendingRequests: 8, maxRequestsPerConnection: 9 } }, outlierDetection: { consecutive5xxErrors: 3, baseEjectionTime: "10s", maxEjectionPercent: 50 }, loadBalancer: { simple: "ROUND_ROBIN" } };
    expect(cluster([rule({ trafficPolicy: policy })])).toMatchObject({
      connectTimeout: "3s", circuitBreakers: { thresholds: [{ maxConnections: 7, maxPendingRequests: 8 }] }, outlierDetection: { consecutive5xx: 3, baseEjectionTime: "10s", maxEjectionPercent: 50 },
    });
    expect(cluster([rule({ trafficPolicy: { loadBalancer: { simple: "RANDOM" } } })])).toMatchObject({ lbPolicy: "RANDOM" });
    expect(cluster([])).toMatchObject({ lbPolicy: "LEAST_REQUEST", connectTimeout: "10s" });
  });

  it("chooses the TLS towards the service: mTLS of itself, plain, or a certificate's", () => {
    const socket = (tls: object | undefined) => { const made = cluster(tls === undefined ? [] : [rule({ trafficPolicy: { tls } })]); return [names((made["transportSocketMatches"] ?? []) as never), at(made, "transportSocket", "typedConfig", "sni")]; };
    expect(socket(undefined)).toEqual([["tlsMode-istio", "tlsMode-disabled"], undefined]);
    expect(socket({ mode: "DISABLE" })).toEqual([[], undefined]);
    expect(socket({ mode: "SIMPLE", sni: "a.test" })).toEqual([[], "a.test"]);
    expect(socket({ mode: "ISTIO_MUTUAL" })).toEqual([[], `outbound_.80_._.${FULL}`]);
  });

  it("for a port overrules the whole rule's, and a subset's overrules both", () => {
    const subsets = [{ name: "v1", labels: { version: "v1" }, trafficPolicy: { connectionPool: { tcp: { connectTimeout: "3s" } } } }];
    const resources = [rule({ trafficPolicy: { connectionPool: { tcp: { connectTimeout: "1s" } }, portLevelSettings: [{ port: { number: 80 }, connectionPool: { tcp: { connectTimeout: "2s" } } }] }, subsets })];
    expect(cluster(resources)).toMatchObject({ connectTimeout: "2s" });
    expect(cluster(resources, `outbound|80|v1|${FULL}`)).toMatchObject({ connectTimeout: "3s" });
  });

  it("of the caller's namespace wins over the service's own", () => {
    const timeout = (connectTimeout: string): object => ({ trafficPolicy: { connectionPool: { tcp: { connectTimeout } } } });
    const rules = [rule(timeout("1s")), object("DestinationRule", "mine", { host: FULL, ...timeout("2s") }, { namespace: "other", at: 1 })];
    expect(cluster(rules)).toMatchObject({ connectTimeout: "1s" });
    expect(cluster(rules, undefined, {}, { namespace: "other" })).toMatchObject({ connectTimeout: "2s" });
  });
});

describe("a ServiceEntry", () => {
  const entry = (spec: object): Resource => object("ServiceEntry", "ext", { hosts: ["ext.test"], ports: [{ number: 443, name: "tls", protocol: "TLS" }], ...spec });
  const type = (spec: object) => cluster([entry(spec)], "outbound|443||ext.test")["type"];
  it("is resolved as it says", () => {
    expect(type({ resolution: "DNS" })).toBe("STRICT_DNS");
    expect(type({ resolution: "DNS_ROUND_ROBIN" })).toBe("LOGICAL_DNS");
    expect(type({ resolution: "NONE" })).toBe("ORIGINAL_DST");
    expect(type({ resolution: "STATIC", endpoints: [{ address: "192.0.2.1" }] })).toBe("EDS");
  });
  it("can lead to a WorkloadEntry", () => {
    const vm = object("WorkloadEntry", "vm", { address: "192.0.2.9", labels: { app: "vm" } });
    const compiled = compile([vm, entry({ resolution: "STATIC", location: "MESH_INTERNAL", workloadSelector: { labels: { app: "vm" } } })]);
    expect(JSON.stringify(compiled.endpoints)).toContain("192.0.2.9");
  });
  it("is hidden from namespaces it is not exported to", () => {
    const hidden = entry({ resolution: "DNS", exportTo: ["."] });
    expect(names(compile([hidden]).clusters)).toContain("outbound|443||ext.test");
    expect(names(compile([hidden], { namespace: "other" }).clusters)).not.toContain("outbound|443||ext.test");
  });
});

describe("a Sidecar", () => {
  const sidecar = (spec: object, meta = {}): Resource => object("Sidecar", "default", spec, meta);
  const known = (spec: object, proxy = {}) => names(compile([...api, service("far", "172.30.0.8", [{ name: "http", port: 80 }], "other"), sidecar(spec)], proxy).clusters).filter((name) => String(name).startsWith("outbound"));
  it("limits what its workloads know", () => {
    expect(known({ egress: [{ hosts: ["./*"] }] })).toEqual([`outbound|80||${FULL}`]);
    expect(known({ egress: [{ hosts: ["other/*"] }] })).toEqual(["outbound|80||far.other.svc.cluster.local"]);
    expect(known({ egress: [{ hosts: ["./*"] }], workloadSelector: { labels: { app: "else" } } })).toHaveLength(2);
  });
  it("decides where unknown traffic goes", () => {
    const unknown = (resources: readonly Resource[], options = {}) => send(compile(resources, {}, options), { to: "192.0.2.1", port: 1234, tcp: true }).notes.at(-1);
    expect(unknown([])).toContain("PassthroughCluster");
    expect(unknown([], { meshConfig: { outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } } })).toContain("BlackHoleCluster");
    expect(unknown([sidecar({ outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } })])).toContain("BlackHoleCluster");
  });
});

describe("endpoints nearby", () => {
  const node = (name: string, zone: string): Resource => ({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { "topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": zone } } });
  const priorities = (policy: object) => {
    const resources = [node("a", "za"), node("b", "zb"), service("api", "172.30.0.7", [{ name: "http", port: 80, targetPort: 8080 }]), ...pod("api", "10.0.0.7", 8080), ...pod("api", "10.0.0.8", 8080, { version: "v2", node: "b" }), rule({ trafficPolicy: policy })];
    const found = compile(resources, { node: "a" }).endpoints.find((entry) => entry["clusterName"] === `outbound|80||${FULL}`);
    return (at(found, "endpoints") as { locality: { zone: string }; priority?: number }[]).map(({ locality, priority = 0 }) => [locality.zone, priority]);
  };
  it("come first only where outlier detection can tell that they fail", () => {
    expect(priorities({ outlierDetection: { consecutive5xxErrors: 3 } })).toEqual([["za", 0], ["zb", 1]]);
    expect(priorities({})).toEqual([["za", 0], ["zb", 0]]);
  });
});

describe("a snapshot's model", () => {
  it("is built once for its objects and options", () => {
    const snapshot = { resources: [...api] };
    expect(buildModel(snapshot)).toBe(buildModel({ resources: snapshot.resources }));
    expect(buildModel(snapshot, { meshConfig: { trustDomain: "a" } })).not.toBe(buildModel(snapshot));
    expect(buildModel({ resources: [...api] })).not.toBe(buildModel(snapshot));
  });
});

describe("a Telemetry", () => {
  const telemetry = (name: string, metrics: object, extra: object = {}, meta = {}): Resource => ({ ...object("Telemetry", name, { metrics: [metrics], ...extra }, meta), apiVersion: "telemetry.istio.io/v1alpha1" });
  const counts = (resources: readonly Resource[]) => {
    const { listeners } = compile([...api, ...resources]);
    return ["0.0.0.0_80", "virtualInbound"].map((name) => JSON.stringify(named(listeners, name)).includes("istio.stats"));
  };
  const off = { overrides: [{ disabled: true }] };
  it("switches a proxy's counting off, for one side or both, unless a nearer one counts again", () => {
    expect(counts([])).toEqual([true, true]);
    expect(counts([telemetry("off", off)])).toEqual([false, false]);
    expect(counts([telemetry("off", { overrides: [{ match: { mode: "SERVER" }, disabled: true }] })])).toEqual([true, false]);
    expect(counts([telemetry("off", { overrides: [{ match: { metric: "REQUEST_COUNT" }, disabled: true }] })])).toEqual([true, true]);
    expect(counts([telemetry("off", off, { selector: { matchLabels: { app: "else" } } })])).toEqual([true, true]);
    expect(counts([telemetry("off", off, {}, { namespace: "istio-system" }), telemetry("on", { overrides: [{ disabled: false }] })])).toEqual([true, true]);
  });
});
