import { describe, expect, it } from "vitest";
import { ask, caveats, cluster, told } from "./_ask.ts";

describe("manifests of an upstream Istio mesh, without pods", () => {
  it.each([
    ["external/198.51.100.7", "http://bookinfo.example.com/productpage", "delivered 200"],
    ["external/198.51.100.7", "http://bookinfo.example.com/other", "answered 404 mesh/gateway-unmatched"],
    ["deploy/bookinfo/productpage-v1", "http://reviews:9080/", "delivered 200"],
    ["deploy/bookinfo/reviews-v1", "http://reviews:9080/", "answered 403 mesh/authorization-denies"],
    ["deploy/legacy/old", "http://reviews.bookinfo:9080/", "refused mesh/mtls-required"],
    ["deploy/legacy/old", "tcp://db-1.db:5432", "delivered"],
    ["deploy/bookinfo/productpage-v1", "tcp://db-1.db.legacy:5432", "refused ovn/network-policy-denies"],
    ["deploy/legacy/old", "http://ext/", "refused dns/name-not-resolved"],
    ["deploy/legacy/old", "http://ext2:9080/productpage", "refused mesh/mtls-required"],
    ["deploy/legacy/old", "http://agent:9100/", "delivered 200"],
    ["external/198.51.100.7", "node/node-1:9100", "delivered"],
  ])("%s asks %s: %s", (from, to, expected) => expect(told(ask("upstream-istio", from, to))).toBe(expected));

  it("injects sidecars where the namespace asks for them, and nowhere else", () => {
    const proxied = [...cluster("upstream-istio").proxies.keys()].map((name) => name.replace(/-[a-z0-9]+-[a-z0-9]+$/, "")).sort();
    expect(proxied).toEqual(["bookinfo/productpage-v1", "bookinfo/reviews-v1", "bookinfo/reviews-v2", "istio-system/istio-ingressgateway"]);
  });

  it("tells what it assumed", () => {
    expect(caveats(ask("upstream-istio", "external/198.51.100.7", "http://bookinfo.example.com/productpage"))).toEqual(expect.arrayContaining(["assumed/injected", "assumed/mesh-gateway", "assumed/load-balancer-address", "assumed/dns-record"]));
  });

  it.each([
    ["http://bookinfo.example.com/other", 'VirtualService bookinfo/bookinfo has the host "bookinfo.example.com", and none of its routes matches GET /other'],
    ["svc/istio-system/istio-ingressgateway:80", /^no Gateway of Pod istio-system\/istio-ingressgateway-\S+ has the host "172\.30\.\d+\.\d+"; Gateway bookinfo\/bookinfo-gateway has "bookinfo\.example\.com"$/],
  ])("says why the gateway has no route for %s", (to, problem) => {
    const found = ask("upstream-istio", to.startsWith("svc") ? "deploy/legacy/old" : "external/198.51.100.7", to).findings.find(({ code }) => code === "mesh/gateway-unmatched")?.problem;
    if (typeof problem === "string") expect(found).toBe(problem);
    else expect(found).toMatch(problem);
  });

  it("splits by weights", () => {
    const { choices } = ask("upstream-istio", "deploy/bookinfo/productpage-v1", "http://reviews:9080/");
    expect(choices.some(({ taken, probability }) => taken.includes("v1") && probability === 0.9)).toBe(true);
  });
});
