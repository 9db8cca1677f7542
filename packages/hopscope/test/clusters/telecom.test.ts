import { describe, expect, it } from "vitest";
import { ask, caveats, told } from "./_ask.ts";

const CLIENT = "external/10.9.9.9";

describe("a cluster with EgressIPs on two nodes, admin policies and Routes that contend", () => {
  it.each([
    ["deploy/edge/gw", "http://sig.core/", "dropped ovn/network-policy-denies"],
    [CLIENT, "http://172.20.0.13:30080/", "delivered 200"],
    [CLIENT, "http://172.20.0.13:30081/", "refused kubernetes/service-without-endpoints"],
    [CLIENT, "http://172.20.0.11:30081/", "delivered 200"],
    [CLIENT, "http://172.20.0.200/", "delivered 200"],
    [CLIENT, "http://172.20.0.201/", "delivered 200"],
    ["deploy/core/sig", "tcp://manual:5432", "delivered"],
    ["deploy/core/sig", "http://localhost:8080/", "delivered 200"],
    ["deploy/core/sig", "http://sig/", "delivered 200"],
    ["node/n-c", "svc/core/sig:80", "delivered 200"],
    [CLIENT, "http://sig.apps.tele.lan/", "delivered 200 router/route-not-admitted"],
    [CLIENT, "http://z.wild.apps.tele.lan/", "answered 503 router/no-route-for-host router/route-not-admitted"],
    [CLIENT, "http://none.apps.tele.lan/", "answered 503 kubernetes/service-without-endpoints"],
    [CLIENT, "https://split.apps.tele.lan/api/1", "delivered 200"],
    [CLIENT, "http://split.apps.tele.lan/other", "answered 503 router/no-route-for-host"],
  ])("%s asks %s: %s", (from, to, expected) => expect(told(ask("telecom", from, to))).toBe(expected));

  it("leaves by either egress address, each as likely", () => {
    const journey = ask("telecom", "deploy/core/sig", "http://203.0.113.5/", { choose: { type: "all" } });
    const seen = [journey, ...journey.alternatives].map(({ probability, legs }) => `${probability} ${legs.at(-1)?.connection?.source.address}`);
    expect(seen.sort()).toEqual(["0.5 172.20.0.100", "0.5 172.20.0.101"]);
  });

  it("serves the older of two Routes for a host, whatever the younger's path", () => {
    const journey = ask("telecom", CLIENT, "http://sig.apps.tele.lan/x");
    expect(journey.legs.at(-1)?.to.object).toMatch(/^Pod core\/sig-/);
    expect(journey.findings.find(({ code }) => code === "router/route-not-admitted")?.origin).toMatchObject({ object: "Route edge/b" });
  });

  it("says that a node port takes local endpoints only, where others exist", () => {
    expect(ask("telecom", CLIENT, "http://172.20.0.13:30081/").findings[0]?.problem).toBe("Service core/local has no ready endpoint on node n-c, and its externalTrafficPolicy Local takes no others");
  });

  it("does not pretend to know what the snapshot leaves out", () => {
    const journey = ask("telecom", "deploy/edge/gw", "https://172.30.0.1/");
    expect(told(journey)).toBe("unknown");
    expect(caveats(journey)).toContain("kubernetes/address-unknown");
  });
});
