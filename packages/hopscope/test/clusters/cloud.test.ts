import { describe, expect, it } from "vitest";
import { ask, caveats, cluster, told } from "./_ask.ts";

const CLIENT = "external/198.51.100.7";

describe("a cluster in a cloud, with sharded routers behind a load balancer that has a name only", () => {
  it.each([
    [CLIENT, "https://pass.apps.prod.bank.example/", "delivered 200"],
    [CLIENT, "http://re.apps.prod.bank.example/", "answered 302"],
    [CLIENT, "https://re.apps.prod.bank.example/", "delivered 200"],
    [CLIENT, "https://www.bank-bank.example/", "delivered 200"],
    [CLIENT, "tcp://xyz.elb.amazonaws.com:8443", "delivered"],
    [CLIENT, "tcp://xyz.elb.amazonaws.com:9999", "dropped"],
    ["deploy/ledger/cli", "https://api.partner.example/", "delivered 200"],
    ["deploy/ledger/cli", "https://other.example/", "dropped ovn/egress-firewall-denies"],
    ["deploy/ledger/cli", "https://ledger.ledger/", "delivered 200"],
  ])("%s asks %s: %s", (from, to, expected) => expect(told(ask("cloud", from, to))).toBe(expected));

  it("says that the address of a router without a known load balancer is unknown, and not that the name is", () => {
    const journey = ask("cloud", CLIENT, "http://ledger.int.bank.example/");
    expect(told(journey)).toBe("unknown");
    expect(caveats(journey)).toContain("dns/ingress-address-unknown");
  });

  it("goes from the load balancer to a node port of a node that has a router, and keeps the client's address", () => {
    const journey = ask("cloud", CLIENT, "https://pass.apps.prod.bank.example/");
    const routers = new Set([...cluster("cloud").seats.pods].filter(([name]) => name.startsWith("openshift-ingress/router-default-")).map(([, { identity }]) => identity.node));
    expect(journey.choices.find(({ point }) => point.startsWith("node for"))?.probability).toBe(1 / routers.size);
    expect(routers).toContain(journey.choices.find(({ point }) => point.startsWith("node for"))?.taken);
    expect(journey.legs[0]?.connection?.source.address).toBe("198.51.100.7");
    expect(journey.legs[0]?.hops.find(({ system }) => system === "fabric")?.changes).toEqual(expect.arrayContaining([expect.objectContaining({ field: "tcp.dst", from: 443, to: 31443 })]));
    expect(journey.legs[0]?.reply?.hops.at(-1)?.packet?.ip?.src).toBe(journey.legs[0]?.to.address);
    expect(caveats(journey)).toEqual(expect.arrayContaining(["assumed/load-balancer", "assumed/router", "assumed/dns-record", "assumed/pod-address"]));
  });

  it("puts no workload on the control plane's nodes", () => {
    const nodes = [...cluster("cloud").seats.pods.values()].map(({ identity }) => identity.node);
    expect(nodes.filter((node) => node?.startsWith("ip-10-0-1-"))).toEqual([]);
  });

  it("tells of assumptions about the nodes that were passed only", () => {
    const journey = ask("cloud", "deploy/ledger/cli", "https://api.partner.example/");
    const nodes = new Set(journey.legs.flatMap(({ hops }) => hops.flatMap(({ node }) => (node === undefined ? [] : [`Node ${node}`]))));
    for (const { origin } of journey.caveats) if (origin?.object.startsWith("Node ") === true) expect(nodes).toContain(origin.object);
  });
});
