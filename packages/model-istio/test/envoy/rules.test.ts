import { describe, expect, it } from "vitest";
import { findVirtualHost, loadEnvoyConfig, originOfResource, routeRequest } from "../../src/envoy/index.ts";
import { checkJwt } from "../../src/envoy/jwt.ts";
import { normalisePath } from "../../src/envoy/path.ts";
import { evaluateRbac, type RbacFacts } from "../../src/envoy/rbac.ts";
import { headerMatches } from "../../src/envoy/string-match.ts";

const choose = (): number => 0;

describe("a virtual host", () => {
  const routes = { virtual_hosts: ["shop.test", "*.shop.test", "*.test", "shop.*", "*"].map((domain) => ({ name: domain, domains: [domain] })) };
  it.each([
    ["SHOP.test", "shop.test"],
    ["a.shop.test", "*.shop.test"],
    ["b.test", "*.test"],
    ["shop.example", "shop.*"],
    ["shop.", "*"],
    ["", "*"],
  ])("for %s is %s", (authority, domain) => expect(findVirtualHost(routes, authority)?.["name"]).toBe(domain));
});

describe("a header matcher", () => {
  it.each([
    [{ name: "h", string_match: { exact: "a" }, invert_match: true }, [], false],
    [{ name: "h", present_match: true, invert_match: true }, [], true],
    [{ name: "h", present_match: false }, [], true],
    [{ name: "h", string_match: { exact: "" }, treat_missing_header_as_empty: true }, [], true],
    [{ name: "h", string_match: { exact: "a" } }, ["a", "b"], true],
    [{ name: "h", string_match: { exact: "a,b" } }, ["a", "b"], false],
    [{ name: "h", range_match: { start: 1, end: 4 } }, ["+3"], true],
    [{ name: "h", range_match: { start: 1, end: 3 } }, ["3"], false],
    [{ name: "h", range_match: { start: 1, end: 3 }, invert_match: true }, ["3x"], true],
  ])("%j with %j says %s", (matcher, values, expected) => expect(headerMatches(matcher, values.map((value) => ["h", value] as const))).toBe(expected));
});

describe("a path", () => {
  it.each([
    ["/%61%2d%7e", "/a-~"],
    ["/a/./b/../c?x=/../y", "/a/c?x=/../y"],
    ["/a\\b", "/a/b"],
    ["/%2e%2e/x%2f", "/x%2f"],
    ["/a//b", "/a//b"],
  ])("%s becomes %s", (path, expected) => expect(normalisePath({ normalize_path: true }, path)).toEqual({ type: "path", path: expected }));
  it("with a fragment is refused", () => expect(normalisePath({}, "/a#b")).toEqual({ type: "reject" }));
  it("with an escaped slash redirects to the path without", () => expect(normalisePath({ path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT" }, "/a%2Fb")).toEqual({ type: "redirect", path: "/a/b" }));
});

describe("RBAC", () => {
  const facts: RbacFacts = { direct: { address: "10.1.1.1", port: 1 }, remote: { address: "192.0.2.1", port: 0 }, destination: { address: "10.2.2.2", port: 80 }, sni: "", tls: true, peer: "spiffe://cluster.local/ns/shop/sa/web", headers: [] };
  const rules = (action: string, principal: object) => ({ action, policies: { p: { permissions: [{ any: true }], principals: [principal] } } });
  it.each([
    ["ALLOW", { authenticated: { principal_name: { exact: "spiffe://cluster.local/ns/shop/sa/web" } } }, true],
    ["ALLOW", { filter_state: { key: "io.istio.peer_principal", string_match: { exact: "spiffe://cluster.local/ns/shop/sa/other" } } }, false],
    ["DENY", { remote_ip: { address_prefix: "192.0.2.0", prefix_len: 24 } }, false],
    ["DENY", { direct_remote_ip: { address_prefix: "192.0.2.0", prefix_len: 24 } }, true],
    ["LOG", { any: true }, true],
  ])("%s %j allows: %s", (action, principal, allowed) => expect(evaluateRbac(rules(action, principal), facts).allowed).toBe(allowed));
});

describe("a token", () => {
  const filter = { providers: { p: { issuer: "me" } }, rules: [{ match: { prefix: "/" }, requires: { requires_any: { requirements: [{ provider_name: "p" }, { allow_missing: {} }] } } }] };
  const token = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
  const check = (value: string | undefined) => checkJwt(filter, [[":path", "/"], ...(value === undefined ? [] : [["authorization", `Bearer ${value}`] as const])]);
  it("may be missing where that is allowed", () => expect(check(undefined)).toEqual({ type: "pass" }));
  it("of a known issuer gives its claims", () => expect(check(token({ iss: "me", sub: "a" }))).toMatchObject({ type: "pass", claims: { sub: "a" } }));
  it("of another issuer is refused", () => expect(check(token({ iss: "you" }))).toMatchObject({ type: "deny", status: 401 }));
});

describe("a configuration", () => {
  it("may be written in camel case, but for keys that are the user's own", () => {
    const config = loadEnvoyConfig({ clusters: [{ name: "c", transportSocketMatches: [{ match: { tlsMode: "istio" }, transportSocket: {} }], metadata: { filterMetadata: { istio: { fooBar: 1 } } } }] });
    expect(config.clusters.get("c")).toMatchObject({ transport_socket_matches: [{ match: { tlsMode: "istio" }, transport_socket: {} }], metadata: { filter_metadata: { istio: { fooBar: 1 } } } });
  });
  it("says when it holds nothing", () => expect(loadEnvoyConfig({}).caveats).toMatchObject([{ code: "envoy/no-resources" }]));
  it("names the object that a resource was made from", () => {
    const resource = { name: "r", metadata: { filter_metadata: { istio: { config: "/apis/networking.istio.io/v1alpha3/namespaces/shop/virtual-service/web" } } } };
    expect(originOfResource(resource, "gw")).toEqual({ object: "VirtualService shop/web" });
    expect(originOfResource(resource, "gw", new Map([["VirtualService shop/web", { object: "VirtualService shop/web", file: "vs.yaml" }]]))).toMatchObject({ file: "vs.yaml" });
  });
});

describe("a route", () => {
  it("redirects without the port that only the old scheme implies", () => {
    const routes = { virtual_hosts: [{ name: "v", domains: ["*"], routes: [{ match: { prefix: "/" }, redirect: { https_redirect: true } }] }] };
    const to = (authority: string): string => routeRequest(routes, { method: "GET", authority, path: "/x?y" }, { choose }).location;
    expect([to("shop.test:80"), to("shop.test:8080")]).toEqual(["https://shop.test/x?y", "https://shop.test:8080/x?y"]);
  });
});
