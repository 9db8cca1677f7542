import { snapshotOf } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { nodeFacts, podFacts, podNeighbours, podNetwork, resolveConfig } from "../../src/index.ts";

const node = (mac: string) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "n1",
    annotations: {
      "k8s.ovn.org/node-subnets": '{"default": ["10.128.4.0/23", "fd01:0:0:5::/64"]}',
      "k8s.ovn.org/node-mgmt-port-mac-address": mac,
      "k8s.ovn.org/node-id": "5",
    },
  },
});
const pod = (name: string, addresses: readonly string[], mac: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", annotations: { "k8s.ovn.org/pod-networks": JSON.stringify({ default: { ip_addresses: addresses, mac_address: mac } }) } },
  spec: { nodeName: "n1", containers: [] },
});

describe("a pod's network", () => {
  const snapshot = snapshotOf([node("7a:01:02:03:04:05"), pod("web", ["10.128.4.9/23", "fd01:0:0:5::9/64"], "0a:58:0a:80:04:09"), pod("other", ["10.128.4.10/23"], "02:00:00:00:00:10")]);
  const config = resolveConfig(snapshot, {});
  const nodes = nodeFacts(snapshot, config, []);
  const pods = podFacts(snapshot, nodes, []);
  const [facts] = nodes;
  if (facts === undefined || pods[0] === undefined) throw new Error("the snapshot has a node and pods");
  const neighbours = podNeighbours(facts, pods);

  it("knows the management port by the MAC that the node's annotation states", () => {
    expect(neighbours["10.128.4.2"]).toBe("7a:01:02:03:04:05");
    expect(neighbours["fd01:0:0:5::2"]).toBe("7a:01:02:03:04:05");
  });

  it("knows other pods of the node by their own MAC, not by one made of the address", () => {
    expect(neighbours["10.128.4.10"]).toBe("02:00:00:00:00:10");
  });

  it("reaches its gateway in both families by the router port's one MAC", () => {
    expect(neighbours["10.128.4.1"]).toBe("0a:58:0a:80:04:01");
    expect(neighbours["fd01:0:0:5::1"]).toBe("0a:58:0a:80:04:01");
  });

  it("has a prefix length and a default route for each of its families", () => {
    const [web, other] = pods.map((one) => podNetwork(one, facts, neighbours, 1400));
    expect(web?.eth0.addresses).toEqual(["10.128.4.9/23", "fd01:0:0:5::9/64"]);
    expect(web?.routes.map(({ to, via }) => [to, via])).toEqual([["default", "10.128.4.1"], ["::/0", "fd01:0:0:5::1"]]);
    expect(other?.routes).toHaveLength(1);
  });
});
