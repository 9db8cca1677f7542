import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trace } from "../network/_cluster.ts";
import { ask, caveats, told } from "./_ask.ts";

describe("the export of one namespace, without nodes and the rest of the cluster", () => {
  it("is traced with the addresses that it states", () => {
    const journey = ask("one-namespace", "deploy/shop/front", "http://back/");
    expect(told(journey)).toBe("delivered 200");
    expect(journey.legs[0]).toMatchObject({ from: { address: "10.129.2.17" }, to: { address: "172.30.88.4", object: "Pod shop/back-0" } });
    expect(journey.legs[0]?.hops.at(-1)?.node).toBe("worker-9.lab");
    expect(caveats(journey)).toEqual(expect.arrayContaining(["assumed/node", "assumed/dns-server"]));
  });

  it("does not know what becomes of packets to endpoints that it lacks", () => {
    const journey = ask("one-namespace", "deploy/shop/front", "http://gone/");
    expect(told(journey)).toBe("unknown");
    expect(journey.verdict.sentence).toContain("10.128.4.4 lies in the pod network and no Pod of the snapshot has it");
  });

  it("knows that a policy denies, whatever is behind the address", () => {
    const policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: none, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress]}\n";
    expect(told(trace([readFileSync(new URL("data/one-namespace.yaml", import.meta.url), "utf8"), policy], "deploy/shop/front", "tcp://10.130.9.9:80"))).toBe("dropped ovn/network-policy-denies");
  });

  it("reaches a Route's host by an assumed router", () => {
    const journey = ask("one-namespace", "external/203.0.113.4", "http://front-shop.apps.lab/");
    expect(told(journey)).toBe("delivered 200");
    expect(caveats(journey)).toEqual(expect.arrayContaining(["assumed/router", "assumed/dns-record"]));
  });
});
