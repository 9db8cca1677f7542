import type { Resource } from "@hopscope/model-kubernetes";
import { namespaceStage } from "@hopscope/model-linux";
import { tcpPacket } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { hostSubnet } from "../../src/kubernetes/node-facts.ts";
import { parseSubnet, printSubnet, macOfAddress, linkLocalOfMac, printAddress, parseAddress } from "../../src/kubernetes/address.ts";
import { hashForOvn } from "../../src/kubernetes/hash.ts";
import { compileNorthbound } from "../../src/kubernetes/index.ts";
import { hostNamespace } from "../../src/node/index.ts";
import { snapshotOfObjects } from "./corpus.ts";

const node = (name: string, ip: string): Resource => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  status: { addresses: [{ type: "InternalIP", address: ip }] },
});
const bare = snapshotOfObjects([
  node("a", "192.0.2.10"),
  node("b", "192.0.2.11"),
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
  { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop" }, spec: { nodeName: "a" }, status: { phase: "Running" } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { type: "NodePort", clusterIP: "172.30.0.7", ports: [{ port: 80, nodePort: 30080, protocol: "TCP" }] },
  },
]);

describe("what is derived without annotations", () => {
  it("gives every node a subnet, an id and a join address, and says so", () => {
    const { northbound, caveats } = compileNorthbound(bare, { zone: "a" });
    const port = northbound.Logical_Switch_Port.find(({ name }) => name === "shop_web");
    expect(port?.addresses).toEqual(["0a:58:0a:80:00:03 10.128.0.3"]);
    expect(port?.origin?.object).toBe("Pod shop/web");
    expect(northbound.Logical_Router_Static_Route.map(({ ip_prefix, nexthop }) => `${ip_prefix} ${nexthop}`)).toContain("10.129.0.0/23 100.88.0.3");
    expect(caveats.filter(({ code }) => code === "assumed/ovn-annotation")).toHaveLength(3);
  });

  it("gives every row an origin", () => {
    const { northbound } = compileNorthbound(bare, { zone: "a" });
    for (const rows of Object.values(northbound)) for (const row of rows) expect(row.origin?.object).toBeTruthy();
  });

  it("gives the same rows every time", () => {
    expect(compileNorthbound(bare, { zone: "b" })).toEqual(compileNorthbound(bare, { zone: "b" }));
  });
});

describe("hostNamespace", () => {
  const stage = namespaceStage(hostNamespace(bare, "a", { vips: ["192.0.2.5"] }));
  const leave = (dst: string, dstPort: number): unknown => {
    const { outcome } = stage.decide({ packet: tcpPacket({ src: "0.0.0.0", dst, srcPort: 40000, dstPort }), port: "local", state: undefined, choose: () => 0 });
    return outcome.type === "forward" ? [outcome.out, outcome.packet.ip?.src, outcome.packet.ip?.dst] : outcome;
  };
  it("reaches pods by the management port, services and the outside by br-ex", () => {
    expect(leave("10.129.0.9", 8080)).toEqual(["ovn-k8s-mp0", "10.128.0.2", "10.129.0.9"]);
    expect(leave("172.30.0.7", 80)).toEqual(["br-ex", "169.254.169.2", "172.30.0.7"]);
    expect(leave("203.0.113.9", 443)).toEqual(["br-ex", "192.0.2.10", "203.0.113.9"]);
  });
  it("sends its own packets for a node port to the service", () => {
    expect(leave("192.0.2.10", 30080)).toMatchObject(["br-ex", expect.any(String), "172.30.0.7"]);
  });
});

describe("derivation rules", () => {
  it("hashes as OVN-Kubernetes does", () => {
    expect(hashForOvn("default")).toBe("a16982411286042166782");
    expect(hashForOvn("prod_allow-web")).toBe("a13213719209433254149");
  });
  it("hands out host subnets third octet first", () => {
    const cluster = parseSubnet("10.128.0.0/14");
    if (cluster === undefined) throw new Error("not a subnet");
    expect([0, 1, 2, 3, 4].map((n) => printSubnet(hostSubnet(cluster, 23, n)))).toEqual(["10.128.0.0/23", "10.129.0.0/23", "10.130.0.0/23", "10.131.0.0/23", "10.128.2.0/23"]);
  });
  it("makes MAC addresses of addresses", () => {
    expect(macOfAddress("10.128.0.10")).toBe("0a:58:0a:80:00:0a");
    expect(macOfAddress("fd69::4")).toBe("0a:58:1b:ac:71:41");
    expect(linkLocalOfMac("0a:58:0a:80:00:01")).toBe("fe80::858:aff:fe80:1");
  });
  it("prints IPv6 addresses in their short form", () => {
    for (const text of ["fd01:0:0:1::a", "::", "::1", "fe80::1", "2001:db8::50", "1:2:3:4:5:6:7:8"]) {
      const address = parseAddress(text);
      expect(address === undefined ? undefined : printAddress(address)).toBe(text);
    }
  });
});
