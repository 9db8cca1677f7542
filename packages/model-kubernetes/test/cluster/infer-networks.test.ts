import { describe, expect, it } from "vitest";
import { completeSnapshot, type Resource, resourcesOf, snapshotOf } from "../../src/index.ts";

const node = (name: string, podCIDR?: string): Resource => ({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] }, status: { addresses: [{ type: "InternalIP", address: `192.0.2.${name.length}` }] } });
const pod = (name: string, nodeName: string, ...ips: readonly string[]): Resource => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: { nodeName, containers: [{ name: "web" }] },
  status: { phase: "Running", podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
});
const service = (clusterIP: string): Resource => ({ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { clusterIP, ports: [{ port: 80 }] } });
const complete = (...resources: readonly Resource[]) => {
  const snapshot = completeSnapshot(snapshotOf(resources));
  const subnets = resourcesOf(snapshot, "Node").map(({ metadata }) => (JSON.parse(metadata.annotations?.["k8s.ovn.org/node-subnets"] ?? "{}") as { default?: unknown }).default);
  return { ...snapshot.cluster.network, subnets, codes: snapshot.caveats.map(({ code }) => code) };
};

describe("networks that nothing states", () => {
  it("are OpenShift's usual ones where the addresses lie in them", () => {
    expect(complete(node("n"), pod("a", "n", "10.128.2.7"), service("172.30.4.4"))).toMatchObject({ pods: ["10.128.0.0/14"], services: ["172.30.0.0/16"], subnets: [["10.128.2.0/23"]] });
  });

  it("are read off a cluster of another kind: its pods, its node ranges, its Services", () => {
    expect(complete(node("n", "10.244.0.0/24"), node("nn", "10.244.1.0/24"), pod("a", "n", "10.244.0.5"), pod("b", "nn", "10.244.1.9"), service("10.96.0.10"))).toMatchObject({
      pods: ["10.244.0.0/16"],
      services: ["10.96.0.0/16"],
      subnets: [["10.244.0.0/24"], ["10.244.1.0/24"]],
    });
  });

  it("have both families where the pods have", () => {
    expect(complete(node("n"), pod("a", "n", "10.128.2.7", "fd01:0:0:2::7"))).toMatchObject({ pods: ["10.128.0.0/14", "fd01::/48"], subnets: [["10.128.2.0/23", "fd01:0:0:2::/64"]] });
  });

  it("hold every pod of a node that lives in several ranges", () => {
    const { subnets, codes } = complete(node("n"), node("nn"), pod("a", "n", "172.20.86.137"), pod("b", "n", "172.20.91.2"), pod("c", "nn", "172.20.231.1"));
    expect(subnets).toEqual([["172.20.80.0/20"], ["172.20.230.0/23"]]);
    expect(codes).not.toContain("assumed/pod-outside-subnet");
  });

  it("are reported where a stated one leaves a pod out", () => {
    const cluster: Resource = { apiVersion: "config.openshift.io/v1", kind: "Network", metadata: { name: "cluster" }, status: { clusterNetwork: [{ cidr: "10.128.0.0/14", hostPrefix: 23 }], serviceNetwork: ["172.30.0.0/16"] } };
    expect(complete(cluster, node("n"), pod("a", "n", "192.168.7.7")).codes).toContain("assumed/pod-outside-subnet");
  });
});
