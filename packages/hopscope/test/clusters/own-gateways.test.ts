import { describe, expect, it } from "vitest";
import { ask, cluster, told } from "./_ask.ts";

const CLIENT = "external/203.0.113.250";

describe("a mesh with gateways of its own, injected by template, and registered hosts only", () => {
  it.each([
    [CLIENT, "https://pay.example.com/", "delivered 200"],
    [CLIENT, "http://pay.example.com/", "answered 301"],
    [CLIENT, "https://pay.example.com/v2/x", "delivered 200"],
    [CLIENT, "https://a.partner.example:30443/", "delivered 200"],
    [CLIENT, "https://b.partner.example:30443/", "refused"],
    ["deploy/pay/pay", "https://bank.example/", "delivered 200"],
    ["deploy/pay/pay", "https://other.example/", "refused mesh/outbound-not-registered"],
    ["deploy/pay/pay", "http://other.example/", "answered 502 mesh/outbound-not-registered"],
    ["deploy/pay/pay", "http://public-gw.edge/", "answered 502 mesh/outbound-not-registered"],
    ["deploy/pay/pay", "http://pay-v2/", "delivered 200"],
  ])("%s asks %s: %s", (from, to, expected) => expect(told(ask("own-gateways", from, to))).toBe(expected));

  it("routes by path at the gateway, and by SNI where it passes TLS through", () => {
    const at = (to: string): string | undefined => ask("own-gateways", CLIENT, to).legs.at(-1)?.to.object;
    expect(at("https://pay.example.com/v2/x")).toMatch(/^Pod pay\/pay-v2-/);
    expect(at("https://pay.example.com/x")).toMatch(/^Pod pay\/pay-[a-z0-9]+-[a-z0-9]+$/);
    expect(at("https://a.partner.example:30443/")).toMatch(/^Pod pay\/pay-tls-/);
  });

  it("injects gateways in place of their automatic containers", () => {
    const gateways = [...cluster("own-gateways").proxies.keys()].filter((name) => name.startsWith("edge/")).map((name) => name.replace(/-[a-z0-9]+-[a-z0-9]+$/, ""));
    expect(gateways.sort()).toEqual(["edge/partner-gw", "edge/public-gw"]);
  });
});
