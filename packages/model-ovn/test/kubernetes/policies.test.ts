import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { l4Matches } from "../../src/kubernetes/gress-match.ts";
import { compileNorthbound } from "../../src/kubernetes/index.ts";
import { isEmptySelector, printSelector } from "../../src/kubernetes/selector.ts";
import { hostNamespace } from "../../src/node/index.ts";
import { snapshotOfObjects } from "./corpus.ts";

describe("l4Matches", () => {
  it("joins ports of a protocol", () => {
    expect(l4Matches([])).toEqual([["None", ""]]);
    expect(l4Matches([{ protocol: "TCP", port: 80 }, { protocol: "TCP", port: 443 }])).toEqual([["tcp", "tcp && tcp.dst=={80,443}"]]);
    expect(l4Matches([{ port: 80 }, { port: 1000, endPort: 2000 }, { protocol: "UDP" }])).toEqual([["tcp", "tcp && (tcp.dst==80 || 1000<=tcp.dst<=2000)"], ["udp", "udp"]]);
  });
  it("does not resolve named ports", () => {
    expect(l4Matches([{ port: "http" }])).toEqual([["tcp", "tcp"]]);
    expect(l4Matches([{ port: "http" }, { port: 9090 }])).toEqual([["tcp", "tcp && tcp.dst==9090"]]);
  });
});

describe("printSelector", () => {
  it("sorts what has no order", () => {
    expect(printSelector({})).toBe("LS{}");
    expect(isEmptySelector({ matchLabels: {} })).toBe(true);
    const selector = { matchLabels: { b: "2", a: "1" }, matchExpressions: [{ key: "z", operator: "In", values: ["y", "x"] }, { key: "c", operator: "Exists" }] } as const;
    expect(printSelector(selector)).toBe("LS{ML:{a: 1,b: 2,},ME:{LSR{Key:c,Operator:Exists,Values:[],},LSR{Key:z,Operator:In,Values:[x y],}},}");
  });
});

const object = (kind: string, metadata: Resource["metadata"], rest: Partial<Resource> = {}): Resource => ({ apiVersion: "v1", kind, metadata, ...rest });
const pod = (name: string, ip: string, labels: Readonly<Record<string, string>>): Resource =>
  object("Pod", { name, namespace: "shop", labels }, { spec: { nodeName: "a" }, status: { phase: "Running", podIP: ip } });
const cluster = [
  object("Node", { name: "a", annotations: { "k8s.ovn.org/host-cidrs": '["192.0.2.10/24","198.51.100.10/24"]' } }, { status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] } }),
  object("Namespace", { name: "shop", labels: { team: "a" } }),
  pod("web", "10.128.0.5", { app: "web" }),
  pod("db", "10.128.0.6", { app: "db" }),
];

describe("admin network policies", () => {
  const policy = object("AdminNetworkPolicy", { name: "deny-db" }, {
    apiVersion: "policy.networking.k8s.io/v1alpha1",
    spec: {
      priority: 10,
      subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: "db" } } } },
      ingress: [{ action: "Pass", from: [{ pods: { namespaces: { namespaceSelector: {} }, podSelector: { matchLabels: { app: "web" } } } }] }, { action: "Deny", from: [{ namespaces: { namespaceSelector: { matchLabels: { team: "a" } } } }], ports: [{ portNumber: { protocol: "TCP", port: 5432 } }] }],
    },
  });
  const snapshot = snapshotOfObjects([...cluster, policy]);

  it("become ACLs of the first tier", () => {
    const { northbound } = compileNorthbound(snapshot, { adminNetworkPolicy: true });
    const acls = northbound.ACL.filter(({ tier }) => tier === 1);
    expect(acls.map(({ action, priority, direction }) => [action, priority, direction])).toEqual([["pass", 29000, "to-lport"], ["drop", 28999, "to-lport"]]);
    expect(acls[1]?.match).toMatch(/^\(\(ip4\.src == \$a\d+\)\) && outport == @a\d+ && tcp && tcp\.dst==5432$/);
    expect(acls[1]?.origin?.path).toBe("spec.ingress[1]");
    const sets = northbound.Address_Set.filter(({ external_ids }) => external_ids["k8s.ovn.org/owner-type"] === "AdminNetworkPolicy");
    expect(sets.map(({ addresses }) => addresses)).toEqual([["10.128.0.5"], ["10.128.0.5", "10.128.0.6"]]);
  });

  it("are reported where the cluster does not read them", () => {
    const gate = { apiVersion: "config.openshift.io/v1", kind: "FeatureGate", metadata: { name: "cluster" }, spec: {} };
    const { northbound, caveats } = compileNorthbound(snapshotOfObjects([...cluster, policy, gate]));
    expect(northbound.ACL.filter(({ tier }) => tier === 1)).toEqual([]);
    expect(caveats.map(({ code }) => code)).toContain("ovn/admin-network-policy-off");
  });

  it("act where nothing says whether the cluster reads them, which is reported", () => {
    const { northbound, caveats } = compileNorthbound(snapshot);
    expect(northbound.ACL.filter(({ tier }) => tier === 1)).toHaveLength(2);
    expect(caveats.map(({ code }) => code)).toContain("assumed/admin-network-policy-on");
  });

  it("report what the controller does not read of them", () => {
    const named = object("AdminNetworkPolicy", { name: "later" }, { apiVersion: "policy.networking.k8s.io/v1alpha1", spec: { priority: 5, subject: { namespaces: {} }, egress: [{ action: "Deny", to: [{ networks: ["192.0.2.0/24"] }], ports: [{ namedPort: "web" }] }] } });
    const { caveats } = compileNorthbound(snapshotOfObjects([...cluster, named]));
    expect(caveats.find(({ code }) => code === "ovn/admin-network-policy-partial")?.problem).toContain('"networks", "namedPort"');
  });
});

describe("what cannot be known", () => {
  it("reports the names an egress firewall asks for", () => {
    const firewall = object("EgressFirewall", { name: "default", namespace: "shop" }, { apiVersion: "k8s.ovn.org/v1", spec: { egress: [{ type: "Allow", to: { dnsName: "www.example.com" } }] } });
    const { caveats } = compileNorthbound(snapshotOfObjects([...cluster, firewall]));
    expect(caveats.find(({ code }) => code === "ovn/egress-firewall-dns-unknown")?.origin).toMatchObject({ object: "EgressFirewall shop/default", path: "spec.egress[0].to.dnsName" });
    const known = compileNorthbound(snapshotOfObjects([...cluster, firewall]), { dns: { "www.example.com": ["203.0.113.1"] } });
    expect(known.caveats.some(({ code }) => code === "ovn/egress-firewall-dns-unknown")).toBe(false);
  });
});

describe("an egress address on a further network", () => {
  const egress = object("EgressIP", { name: "out" }, {
    apiVersion: "k8s.ovn.org/v1",
    spec: { egressIPs: ["198.51.100.50"], namespaceSelector: { matchLabels: { team: "a" } } },
    status: { items: [{ egressIP: "198.51.100.50", node: "a" }] },
  });
  const snapshot = snapshotOfObjects([...cluster, egress]);
  it("leads pods to the host, which sends them out with it", () => {
    const { northbound } = compileNorthbound(snapshot);
    expect(northbound.Logical_Router_Policy.filter(({ priority }) => priority === 100).map(({ nexthops }) => nexthops)).toEqual([["10.128.0.2"], ["10.128.0.2"]]);
    const host = hostNamespace(snapshot, "a");
    expect(host.netfilter?.v4).toContain("-A OVN-KUBE-EGRESS-IP-MULTI-NIC -s 10.128.0.5/32 -o eth1 -j SNAT --to-source 198.51.100.50");
    expect(host.rules?.filter(({ priority }) => priority === 6000)).toHaveLength(2);
  });
});
