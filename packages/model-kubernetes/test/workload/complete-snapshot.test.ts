import { describe, expect, it } from "vitest";
import { completeSnapshot, loadSnapshot, podIps, podsOf, podsOfWorkload, type Resource, resourcesOf, servicesOf, snapshotOf, workloadsOf } from "../../src/index.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: 8080 }] }] } };
const deployment = (replicas: number, more: Partial<Resource> = {}): Resource => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" }, spec: { replicas, selector: { matchLabels: { app: "web" } }, template }, ...more });
const service: Resource = { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] } };

describe("completeSnapshot", () => {
  it("derives nodes, pods, addresses and endpoints of a folder of manifests, each as a caveat", () => {
    const snapshot = completeSnapshot(snapshotOf([deployment(4), service]));
    const pods = podsOf(snapshot);
    expect(pods).toHaveLength(4);
    expect(new Set(pods.flatMap(podIps)).size).toBe(4);
    expect(resourcesOf(snapshot, "Node").map((node) => node.metadata.name)).toEqual(["node-1", "node-2", "node-3"]);
    const [slice] = resourcesOf(snapshot, "EndpointSlice");
    expect(slice?.["endpoints"]).toHaveLength(4);
    expect(slice?.["ports"]).toEqual([{ name: "", protocol: "TCP", port: 8080 }]);
    expect(servicesOf(snapshot)[0]?.spec.clusterIP).toMatch(/^172\.30\./);
    const codes = new Set(snapshot.caveats.map((caveat) => caveat.code));
    for (const code of ["assumed/node", "assumed/node-subnet", "assumed/pod-address", "assumed/cluster-ip", "assumed/endpoints", "assumed/namespace-labels"]) expect(codes).toContain(code);
  });

  it("gives the same each time, and leaves a complete snapshot alone", () => {
    const once = completeSnapshot(snapshotOf([deployment(2), service]));
    expect(JSON.stringify(completeSnapshot(snapshotOf([deployment(2), service])))).toBe(JSON.stringify(once));
    expect(completeSnapshot(once)).toBe(once);
  });

  it("keeps a workload's pods where they are when another comes", () => {
    const other: Resource = { ...deployment(1), metadata: { name: "api", namespace: "shop" } };
    const names = (resources: readonly Resource[]): readonly string[] => podsOf(completeSnapshot(snapshotOf(resources))).filter((pod) => pod.metadata.name.startsWith("web")).map((pod) => `${pod.metadata.name} ${pod.spec.nodeName ?? ""}`);
    expect(names([deployment(2), other])).toEqual(names([deployment(2)]));
  });

  it("never derives pods for a workload that has some, nor for a live one that runs none", () => {
    const pod: Resource = { apiVersion: "v1", kind: "Pod", metadata: { name: "web-5d9-x", namespace: "shop", labels: { app: "web" }, ownerReferences: [{ kind: "ReplicaSet", name: "web-5d9" }] }, spec: { nodeName: "n", containers: [] }, status: { phase: "Running", podIP: "10.128.0.9" } };
    expect(podsOf(completeSnapshot(snapshotOf([deployment(3), pod])))).toHaveLength(1);
    expect(podsOf(completeSnapshot(snapshotOf([deployment(3, { status: { observedGeneration: 4, replicas: 3, unavailableReplicas: 3 } })])))).toHaveLength(0);
    expect(podsOf(completeSnapshot(snapshotOf([deployment(0)])))).toHaveLength(0);
  });

  it("tells pods of workloads whose names begin alike apart", () => {
    const pod = (name: string, owner: string): Resource => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "shop", ownerReferences: [{ kind: "ReplicaSet", name: owner }] }, spec: { containers: [] }, status: { phase: "Running" } });
    const snapshot = snapshotOf([deployment(1), pod("web-5d9-x", "web-5d9"), pod("web-admin-7f8-y", "web-admin-7f8")]);
    expect(workloadsOf(snapshot).flatMap((workload) => podsOfWorkload(snapshot, workload)).map((found) => found.metadata.name)).toEqual(["web-5d9-x"]);
  });

  it("names StatefulSet pods by index, spreads DaemonSets and gives host network pods their node's address", () => {
    const set: Resource = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "db", namespace: "shop" }, spec: { replicas: 2, serviceName: "db", template } };
    const daemon: Resource = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", namespace: "shop" }, spec: { template: { ...template, spec: { ...template.spec, hostNetwork: true } } } };
    const snapshot = completeSnapshot(snapshotOf([set, daemon]));
    expect(podsOf(snapshot).filter((pod) => pod.metadata.name.startsWith("db")).map((pod) => `${pod.metadata.name} ${pod.spec.subdomain ?? ""}`)).toEqual(["db-0 db", "db-1 db"]);
    const agents = podsOf(snapshot).filter((pod) => pod.metadata.name.startsWith("agent"));
    expect(agents.map((pod) => pod.spec.nodeName)).toEqual(["node-1", "node-2", "node-3"]);
    expect(agents.map((pod) => podIps(pod)[0])).toEqual(["192.168.126.11", "192.168.126.12", "192.168.126.13"]);
  });

  it("keeps clear of addresses that are known", () => {
    const snapshot = completeSnapshot(snapshotOf([deployment(1)], { ingress: [{ controller: "default", vip: "192.168.77.11" }], outside: { hosts: [{ name: "c", addresses: ["192.168.77.12"], listens: [] }], dns: [] } }));
    expect(resourcesOf(snapshot, "Node").map((node) => (node.status as { addresses: readonly { address: string }[] }).addresses[0]?.address)).toEqual(["192.168.77.13", "192.168.77.14", "192.168.77.15"]);
  });

  it("points derived pods at the file of their workload", () => {
    const text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: n}\nspec: {template: {spec: {containers: [{name: c}]}}}\n";
    const [pod] = podsOf(completeSnapshot(loadSnapshot([{ name: "a.yaml", text }])));
    expect(pod?.[Symbol.for("hopscope.source") as never]).toMatchObject({ file: "a.yaml", document: 0 });
  });
});
