import { describe, expect, it } from "vitest";
import { addressesOf, clusterDnsAnswer, type ClusterSpec, podsOf, type Resource, resolveInCluster, resolveOutside, resolvConfOf, searchNames, snapshotOf } from "../../src/index.ts";

const service = (name: string, spec: object): Resource => ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec });
const slice = (name: string, endpoints: readonly object[]): Resource => ({ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: `${name}-1`, namespace: "shop", labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4", endpoints, ports: [{ name: "pg", port: 5432 }] });
const pod = (spec: object): Resource => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "client", namespace: "demo" }, spec: { containers: [], ...spec }, status: { podIP: "10.128.0.9" } });
const controller: Resource = { apiVersion: "operator.openshift.io/v1", kind: "IngressController", metadata: { name: "default", namespace: "openshift-ingress-operator" }, status: { domain: "apps.lab.example.com" } };

const resources = [
  service("web", { clusterIP: "172.30.0.50", ports: [{ name: "http", port: 80 }] }),
  service("db", { clusterIP: "None", ports: [{ name: "pg", port: 5432 }] }),
  slice("db", [{ addresses: ["10.128.0.5"], hostname: "db-0" }, { addresses: ["10.128.0.6"] }, { addresses: ["10.128.0.7"], conditions: { ready: false } }]),
  service("idle", { clusterIP: "None", ports: [] }),
  service("ext", { type: "ExternalName", externalName: "api.example.org" }),
  service("chain", { type: "ExternalName", externalName: "ext.shop.svc.cluster.local" }),
  service("loop", { type: "ExternalName", externalName: "loop.shop.svc.cluster.local" }),
  service("lost", { type: "ExternalName", externalName: "lost.example.org" }),
  pod({}),
  controller,
];
const outside: Partial<ClusterSpec> = {
  ingress: [{ controller: "default", vip: "192.168.9.5" }],
  outside: { hosts: [], dns: [{ name: "api.example.org", addresses: ["203.0.113.7", "2001:db8::7"] }, { name: "*.wild.example.org", addresses: ["203.0.113.8"] }, { name: "own.wild.example.org", addresses: ["203.0.113.9"] }, { name: "pinned.apps.lab.example.com", addresses: ["203.0.113.10"] }] },
};
const snapshot = snapshotOf(resources, outside);
const ask = (name: string, type: "A" | "AAAA" | "SRV" = "A"): string => {
  const answer = clusterDnsAnswer(snapshot, name, type);
  return [answer.code, ...answer.records.map((record) => (record.type === "CNAME" ? `CNAME ${record.target}` : record.type === "SRV" ? `SRV ${record.target}:${record.port}` : record.address))].join(" ");
};

describe("clusterDnsAnswer", () => {
  it.each([
    ["web.shop.svc.cluster.local", "NOERROR 172.30.0.50"],
    ["WEB.shop.svc.cluster.local.", "NOERROR 172.30.0.50"],
    ["nobody.shop.svc.cluster.local", "NXDOMAIN"],
    ["web.nowhere.svc.cluster.local", "NXDOMAIN"],
    ["shop.svc.cluster.local", "NOERROR"],
    ["svc.cluster.local", "NOERROR"],
    ["web.shop.cluster.local", "NXDOMAIN"],
    ["x.web.shop.svc.cluster.local", "NXDOMAIN"],
    ["db.shop.svc.cluster.local", "NOERROR 10.128.0.5 10.128.0.6"],
    ["db-0.db.shop.svc.cluster.local", "NOERROR 10.128.0.5"],
    ["10-128-0-6.db.shop.svc.cluster.local", "NOERROR 10.128.0.6"],
    ["10-128-0-7.db.shop.svc.cluster.local", "NXDOMAIN"],
    ["idle.shop.svc.cluster.local", "NXDOMAIN"],
    ["ext.shop.svc.cluster.local", "NOERROR CNAME api.example.org 203.0.113.7"],
    ["chain.shop.svc.cluster.local", "NOERROR CNAME ext.shop.svc.cluster.local CNAME api.example.org 203.0.113.7"],
    ["lost.shop.svc.cluster.local", "NXDOMAIN CNAME lost.example.org"],
    ["10-1-2-3.shop.pod.cluster.local", "NOERROR 10.1.2.3"],
    ["api.example.org", "NOERROR 203.0.113.7"],
    ["any.thing.wild.example.org", "NOERROR 203.0.113.8"],
    ["own.wild.example.org", "NOERROR 203.0.113.9"],
    ["x.own.wild.example.org", "NXDOMAIN"],
    ["wild.example.org", "NOERROR"],
    ["shop.apps.lab.example.com", "NOERROR 192.168.9.5"],
    ["pinned.apps.lab.example.com", "NOERROR 203.0.113.10"],
    ["unknown.example.org", "NXDOMAIN"],
  ])("answers %s with %s", (name, expected) => {
    expect(ask(name)).toBe(expected);
  });

  it("ends a loop of names", () => {
    expect(ask("loop.shop.svc.cluster.local")).toMatch(/^SERVFAIL CNAME/);
  });

  it("answers AAAA and SRV", () => {
    expect(ask("web.shop.svc.cluster.local", "AAAA")).toBe("NOERROR");
    expect(ask("api.example.org", "AAAA")).toBe("NOERROR 2001:db8::7");
    expect(ask("_http._tcp.web.shop.svc.cluster.local", "SRV")).toBe("NOERROR SRV web.shop.svc.cluster.local:80");
    expect(ask("_pg._tcp.db.shop.svc.cluster.local", "SRV")).toBe("NOERROR SRV db-0.db.shop.svc.cluster.local:5432 SRV 10-128-0-6.db.shop.svc.cluster.local:5432");
  });

  it("says that an ingress record is assumed", () => {
    expect(clusterDnsAnswer(snapshot, "a.apps.lab.example.com", "A").caveats).toMatchObject([{ code: "assumed/dns-record" }]);
    expect(clusterDnsAnswer(snapshot, "pinned.apps.lab.example.com", "A").caveats).toEqual([]);
    expect(clusterDnsAnswer(snapshotOf([controller]), "a.apps.lab.example.com", "A")).toMatchObject({ code: "SERVFAIL", caveats: [{ code: "dns/ingress-address-unknown" }] });
  });
});

describe("searchNames", () => {
  const conf = { search: ["demo.svc.cluster.local", "svc.cluster.local", "cluster.local"], ndots: 5 };
  it("tries the search path first below ndots", () => {
    expect(searchNames("web.shop", conf)).toEqual(["web.shop.demo.svc.cluster.local", "web.shop.svc.cluster.local", "web.shop.cluster.local", "web.shop"]);
    expect(searchNames("a.b.c.d.e.f", conf)[0]).toBe("a.b.c.d.e.f");
    expect(searchNames("web.shop.", conf)).toEqual(["web.shop"]);
    expect(searchNames("10.0.0.1", conf)).toEqual([]);
  });
});

describe("resolveInCluster", () => {
  const client = (spec: object): Parameters<typeof resolveInCluster>[1] => podsOf({ resources: [pod(spec)] })[0] as Parameters<typeof resolveInCluster>[1];

  it("asks name after name", () => {
    const { addresses, lookups } = resolveInCluster(snapshot, client({}), { name: "web.shop" });
    expect(addresses).toEqual(["172.30.0.50"]);
    expect(lookups.map((lookup) => `${lookup.name} ${lookup.answer.code}`)).toEqual(["web.shop.demo.svc.cluster.local NXDOMAIN", "web.shop.svc.cluster.local NOERROR"]);
    expect(resolveInCluster(snapshot, client({}), { name: "api.example.org" }).lookups).toHaveLength(4);
    expect(resolveInCluster(snapshot, client({}), { name: "nobody" })).toMatchObject({ addresses: [], answer: { code: "NXDOMAIN" } });
  });

  it("goes by the pod's policy and configuration", () => {
    expect(resolvConfOf(snapshot, client({}))).toMatchObject({ nameservers: ["172.30.0.10"], ndots: 5, asks: "cluster", caveats: [{ code: "assumed/cluster-dns" }] });
    expect(resolvConfOf(snapshot, client({ hostNetwork: true }))).toMatchObject({ search: [], asks: "node" });
    expect(resolvConfOf(snapshot, client({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }))).toMatchObject({ asks: "cluster" });
    expect(resolvConfOf(snapshot, client({ dnsPolicy: "None", dnsConfig: { nameservers: ["9.9.9.9"], searches: ["x"], options: [{ name: "ndots", value: "2" }] } }))).toMatchObject({ nameservers: ["9.9.9.9"], search: ["x"], ndots: 2, asks: "node" });
    expect(resolveInCluster(snapshot, client({ hostNetwork: true }), { name: "web.shop.svc.cluster.local" }).addresses).toEqual([]);
    expect(resolveInCluster(snapshot, client({ hostAliases: [{ ip: "10.9.9.9", hostnames: ["api.example.org"] }] }), { name: "api.example.org" }).addresses).toEqual(["10.9.9.9"]);
    expect(resolveInCluster(snapshot, client({}), { name: "10.1.1.1" }).addresses).toEqual(["10.1.1.1"]);
  });

  it("is another matter outside", () => {
    expect(resolveOutside(snapshot, { name: "web.shop.svc.cluster.local" }).addresses).toEqual([]);
    expect(addressesOf(resolveOutside(snapshot, { name: "x.apps.lab.example.com" }).answer ?? clusterDnsAnswer(snapshot, "x", "A"))).toEqual(["192.168.9.5"]);
  });
});
