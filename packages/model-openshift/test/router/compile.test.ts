import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRouter } from "../../src/index.ts";
import { rewriteTarget } from "../../src/router/annotations.ts";
import { compareMapLines, routePattern } from "../../src/router/keys.ts";
import { endpointWeights } from "../../src/router/servers.ts";
import { controller, route, service, slice, snapshotOfObjects } from "./objects.ts";

const compiled = (...objects: Parameters<typeof snapshotOfObjects>[0]) => compileRouter(snapshotOfObjects([controller(), ...objects]));

describe("a map key", () => {
  it.each([
    ["", "shop.test", true],
    ["", "shop.test.:8080/any", true],
    ["/api", "shop.test/api", true],
    ["/api", "shop.test/api/v1", true],
    ["/api", "shop.test/apis", false],
    ["/api/", "shop.test/api", false],
    ["/api/", "shop.test/api/v1", true],
    ["/a.b", "shop.test/axb", false],
  ])("of the path %j tells whether %s is meant: %s", (path, base, matches) => {
    expect(new RegExp(routePattern("shop.test", path, false)).test(base)).toBe(matches);
  });

  it("sorts longer paths first and wildcards last", () => {
    const lines = ["/", "/foo", "/foo/bar"].map((path) => routePattern("shop.test", path, false));
    const wildcard = routePattern("www.test", "/foo/bar/baz", true);
    expect([wildcard, ...lines].toSorted(compareMapLines)).toEqual([...lines.toReversed(), wildcard]);
  });
});

describe("weights of endpoints", () => {
  it.each([
    [[{ weight: 100, endpoints: 3 }], [1]],
    [[{ weight: 25, endpoints: 1 }, { weight: 75, endpoints: 1 }], [85, 256]],
    [[{ weight: 20, endpoints: 2 }, { weight: 10, endpoints: 4 }], [256, 64]],
    [[{ weight: 100, endpoints: 1 }, { weight: 0, endpoints: 1 }], [1, 0]],
    [[{ weight: 100, endpoints: 1 }, { weight: 100, endpoints: 0 }], [1, undefined]],
    [[{ weight: 256, endpoints: 1 }, { weight: 1, endpoints: 200 }], [256, 1]],
  ])("of %j are %j", (services, weights) => {
    expect(endpointWeights(services)).toEqual(weights);
  });
});

describe("a rewrite target", () => {
  it.each([
    ["/", "/\\1"],
    ["/new", "/new\\1"],
    ['/q"x"', "/qx\\1"],
    ["/h#cut", "/h"],
    ["/50%", "/50%%\\1"],
    ["/a%%b", "/a%%b\\1"],
    ["/b\\c", "/bc\\1"],
  ])("%j becomes %j", (value, target) => {
    expect(rewriteTarget(value)).toBe(target);
  });
});

describe("admission", () => {
  const young = { creationTimestamp: "2024-06-01T00:00:00Z" };

  it("gives a host to the namespace of its oldest route, whatever the path", () => {
    const program = compiled(route("first", { host: "shop.test", path: "/a" }), route("second", { host: "shop.test" }, { namespace: "other", ...young }));
    expect(program.status.map(({ name, admitted, reason }) => [name, admitted, reason])).toEqual([
      ["first", true, ""],
      ["second", false, "HostAlreadyClaimed"],
    ]);
    expect(program.status[1]?.owner?.object).toBe("Route demo/first");
    expect(program.diagnostics[0]?.origin.object).toBe("Route other/second");
  });

  it("leaves routes outside of its selectors alone", () => {
    const program = compileRouter(snapshotOfObjects([controller({ routeSelector: { matchLabels: { shard: "a" } } }), route("shop", {}), route("blog", {}, { labels: { shard: "a" } })]));
    expect(program.backends.map((backend) => backend.name)).toEqual(["be_http:demo:blog"]);
    expect(program.status.find((status) => status.name === "shop")?.admitted).toBe(undefined);
  });

  it("completes a subdomain with the domain of the router", () => {
    expect(compiled(route("shop", { host: undefined, subdomain: "www" })).status[0]?.host).toBe("www.apps.test");
  });

  it("does not depend on the order of the objects", () => {
    const drawn = fc.record({ host: fc.constantFrom("a.test", "b.test"), path: fc.constantFrom("", "/x"), namespace: fc.constantFrom("one", "two"), wildcard: fc.boolean(), day: fc.integer({ min: 1, max: 3 }), termination: fc.constantFrom("", "edge", "passthrough") });
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 10 }), fc.infiniteStream(fc.nat()), (items, ranks) => {
        const objects = items.map(({ host, path, namespace, wildcard, day, termination }, index) =>
          route(`r${index}`, { host, path, ...(wildcard && { wildcardPolicy: "Subdomain" }), ...(termination !== "" && { tls: { termination } }) }, { namespace, creationTimestamp: `2024-01-0${day}T00:00:00Z` }),
        );
        const shuffled = objects.map((object) => ({ object, rank: ranks.next().value as number })).toSorted((left, right) => left.rank - right.rank).map(({ object }) => object);
        const ic = controller({ routeAdmission: { wildcardPolicy: "WildcardsAllowed" } });
        expect(compileRouter(snapshotOfObjects([ic, ...shuffled]))).toEqual(compileRouter(snapshotOfObjects([ic, ...objects])));
      }),
    );
  });

  it("never serves one host and path twice", () => {
    const drawn = fc.record({ host: fc.constantFrom("a.test", "b.test"), path: fc.constantFrom("", "/x"), namespace: fc.constantFrom("one", "two") });
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 10 }), (items) => {
        const program = compiled(...items.map(({ namespace, ...spec }, index) => route(`r${index}`, spec, { namespace })));
        const keys = program.maps["os_http_be.map"].map((entry) => entry.key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

describe("a configuration that HAProxy refuses", () => {
  it.each([
    ["a path whose bracket is open", { path: "/a(b" }, { "haproxy.router.openshift.io/rewrite-target": "/" }],
    ["a header value with a bare percent sign", { httpHeaders: { actions: { request: [{ name: "X", action: { type: "Set", set: { value: "50% off" } } }] } } }, {}],
    ["a header value with an unknown fetch", { httpHeaders: { actions: { response: [{ name: "X", action: { type: "Set", set: { value: "%[nosuch(1)]" } } }] } } }, {}],
  ])("is told, with the Route that makes it: %s", (_, spec, annotations) => {
    const program = compiled(route("shop", spec, { annotations }), service("web"), slice("web", ["10.128.2.7"]));
    expect(program.status[0]?.admitted).toBe(true);
    expect(program.refused?.origin.object).toBe("Route demo/shop");
  });
});

describe("an idled Service", () => {
  const idle = service("web", 80, { "idling.alpha.openshift.io/idled-at": "2024-01-01T00:00:00Z" });
  it("is reached by its cluster address, unchecked", () => {
    const [backend] = compiled(route("shop", {}), idle, slice("web", [])).backends;
    expect(backend?.servers).toMatchObject([{ name: "ept:web:http:172.30.0.10:80", address: "172.30.0.10", flags: [] }]);
  });
  it("needs an EndpointSlice to be seen", () => {
    expect(compiled(route("shop", {}), idle).backends[0]?.servers).toEqual([]);
  });
});

describe("a Service whose EndpointSlices are not in the snapshot", () => {
  const pod = (name: string, ip: string, ready: boolean) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "demo", labels: { app: "web" } },
    spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: 8080 }] }] },
    status: { phase: "Running", podIP: ip, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });
  const web = { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "demo" }, spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] } };

  it("is served by the ready pods that it selects", () => {
    const program = compiled(route("shop", { port: { targetPort: "http" } }), web, pod("web-1", "10.128.2.7", true), pod("web-2", "10.128.2.8", false));
    expect(program.backends[0]?.servers.map((server) => server.name)).toEqual(["pod:web-1:web:http:10.128.2.7:8080"]);
  });
});
