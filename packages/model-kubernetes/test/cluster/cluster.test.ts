import { describe, expect, it } from "vitest";
import { printDiagnostic } from "@hopscope/core";
import { loadScenarios, loadSnapshot, parseDuration, snapshotOf } from "../../src/index.ts";

const cluster = (spec: string, name = "c.yaml"): ReturnType<typeof loadSnapshot> => loadSnapshot([{ name, text: `apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n${spec}` }]);

describe("the Cluster document", () => {
  it("is read with all its fields", () => {
    const snapshot = cluster(`  platform: {openshift: "4.14", ovn: "23.09", mesh: {flavour: ossm, version: "2.5"}}
  network: {pods: [10.128.0.0/14], services: [172.30.0.0/16], gatewayMode: local, interconnect: false}
  ingress: [{controller: default, vip: 192.168.126.5}]
  outside:
    hosts: [{name: client, addresses: [172.21.6.102]}, {name: backend, addresses: [172.21.6.8], listens: []}]
    dns: [{name: a.example.com, addresses: [172.21.6.8]}]
  applications: [{select: {namespace: n, labels: {app: web}}, listens: [{port: 13000, application: http, latency: {p50: 2ms, p99: 1.5s}}]}]
  latency: {profile: cloud-vm}
`);
    expect(snapshot.diagnostics).toEqual([]);
    expect(snapshot.caveats).toEqual([]);
    expect(snapshot.cluster).toEqual({
      name: "lab",
      platform: { openshift: "4.14", ovn: "23.09", mesh: { flavour: "ossm", version: "2.5" } },
      network: { pods: ["10.128.0.0/14"], services: ["172.30.0.0/16"], gatewayMode: "local", interconnect: false },
      ingress: [{ controller: "default", vip: "192.168.126.5" }],
      outside: {
        hosts: [{ name: "client", addresses: ["172.21.6.102"], listens: [], listensUnknown: true }, { name: "backend", addresses: ["172.21.6.8"], listens: [] }],
        dns: [{ name: "a.example.com", addresses: ["172.21.6.8"] }],
      },
      applications: [{ select: { namespace: "n", labels: { app: "web" } }, listens: [{ port: 13000, application: "http", latency: { p50: 2_000_000, p99: 1_500_000_000 } }] }],
      latency: { profile: "cloud-vm" },
    });
  });

  it.each([
    ["  platfrom: {}\n", 'c.yaml:5:3: Cluster lab spec.platfrom: the field "platfrom" is unknown; expected "platform"'],
    ["  network: {gatewayMode: shard}\n", 'c.yaml:5:13: Cluster lab spec.network.gatewayMode: the value is "shard"; expected "shared", or one of shared, local'],
    ["  outside:\n    hosts:\n    - name: x\n", 'c.yaml:7:7: Cluster lab spec.outside.hosts[0]: the field "addresses" is missing'],
    ["  platform: {openshift: 4.14}\n", "c.yaml:5:14: Cluster lab spec.platform.openshift: the value is 4.14; expected string"],
    ["  applications: [{select: {}, listens: [{port: 1, application: http, latency: {p50: 2 parsec, p99: 1s}}]}]\n", expect.stringContaining("expected A duration such as 2ms")],
  ])("says where it is wrong: %j", (spec, message) => {
    expect(cluster(spec).diagnostics.map(printDiagnostic)).toEqual([message]);
  });

  it("may stand in several parts, which must agree", () => {
    const part = (name: string, spec: string): { name: string; text: string } => ({ name, text: `apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: lab}\nspec: ${spec}\n` });
    const joined = loadSnapshot([part("a.yaml", "{platform: {ovn: '23.09'}, outside: {dns: [{name: a, addresses: [10.0.0.1]}]}}"), part("b.yaml", "{outside: {dns: [{name: b, addresses: [10.0.0.2]}]}}")]);
    expect(joined.diagnostics).toEqual([]);
    expect(joined.cluster.outside.dns.map((record) => record.name)).toEqual(["a", "b"]);
    const clash = loadSnapshot([part("a.yaml", "{platform: {ovn: '23.09'}}"), part("b.yaml", "{platform: {ovn: '23.03'}}")]);
    expect(clash.diagnostics).toMatchObject([{ code: "input/cluster-documents-disagree", origin: { file: "b.yaml" } }]);
  });
});

describe("the facts of the objects", () => {
  const version = { apiVersion: "config.openshift.io/v1", kind: "ClusterVersion", metadata: { name: "version" }, status: { desired: { version: "4.13.9" } } };
  const infrastructure = { apiVersion: "config.openshift.io/v1", kind: "Infrastructure", metadata: { name: "cluster" }, status: { platformStatus: { baremetal: { ingressIPs: ["192.168.9.5"] } } } };
  const network = { apiVersion: "operator.openshift.io/v1", kind: "Network", metadata: { name: "cluster" }, spec: { clusterNetwork: [{ cidr: "10.4.0.0/16", hostPrefix: 24 }], serviceNetwork: ["10.5.0.0/16"], defaultNetwork: { ovnKubernetesConfig: { gatewayConfig: { routingViaHost: true } } } } };
  const plane = { apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", metadata: { name: "basic", namespace: "mesh" }, spec: { version: "v2.4" } };

  it("complete the document", () => {
    expect(snapshotOf([version, infrastructure, network, plane]).cluster).toMatchObject({
      platform: { openshift: "4.13", ovn: "23.03", mesh: { flavour: "ossm", version: "2.4" } },
      network: { pods: ["10.4.0.0/16"], services: ["10.5.0.0/16"], gatewayMode: "local", interconnect: false },
      ingress: [{ controller: "default", vip: "192.168.9.5" }],
    });
  });

  it("win over it, as a caveat", () => {
    const { cluster: spec, caveats } = snapshotOf([version, infrastructure], { platform: { openshift: "4.14" }, ingress: [{ controller: "default", vip: "192.168.9.6" }, { controller: "shard", vip: "192.168.9.7" }] });
    expect(spec.platform.openshift).toBe("4.13");
    expect(spec.ingress).toEqual([{ controller: "default", vip: "192.168.9.5" }, { controller: "shard", vip: "192.168.9.7" }]);
    expect(caveats.filter((caveat) => caveat.code === "kubernetes/cluster-document-contradicted")).toHaveLength(2);
  });
});

describe("the Scenario document", () => {
  const load = (steps: string): ReturnType<typeof loadScenarios> => loadScenarios([{ name: "s.yaml", text: `apiVersion: hopscope/v1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  snapshot: [../cluster]\n  steps:\n${steps}` }]);

  it("is read", () => {
    const { scenarios, diagnostics } = load('  - trace: {from: external/1.2.3.4, to: "http://a/"}\n    expect: {verdict: [refused, dropped], status: null, findings: [], latency: {p99: "< 50ms"}}\n');
    expect(diagnostics).toEqual([]);
    expect(scenarios).toMatchObject([{ name: "s", snapshot: ["../cluster"], steps: [{ expect: { verdict: ["refused", "dropped"], status: null } }] }]);
  });

  it("says where it is wrong", () => {
    const { diagnostics } = load('  - trace: {from: x, to: y}\n    expects: {verdict: delivered}\n  - trace: {from: x, to: y}\n    expect: {verdict: deliverd}\n');
    expect(diagnostics.map(printDiagnostic)).toEqual([
      's.yaml:8:5: Scenario s spec.steps[0].expects: the field "expects" is unknown; expected "expect"',
      expect.stringContaining("s.yaml:10:14: Scenario s spec.steps[1].expect.verdict"),
    ]);
  });
});

it("reads durations", () => {
  expect([parseDuration("2ms"), parseDuration("1.5s"), parseDuration("1m30s"), parseDuration("fast"), parseDuration("")]).toEqual([2e6, 1.5e9, 90e9, undefined, undefined]);
});
