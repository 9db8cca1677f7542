import { printOrigin } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { loadSnapshot, originOf, resourcesOf } from "../../src/index.ts";

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  ports:\n  - port: 80\n    name: http\n";

describe("loadSnapshot", () => {
  it("reads YAML documents, JSON and Lists, and passes over empty documents", () => {
    const list = JSON.stringify({ kind: "ServiceList", apiVersion: "v1", metadata: {}, items: [{ metadata: { name: "api", namespace: "shop" }, spec: {} }] });
    const { resources, diagnostics } = loadSnapshot([
      { name: "a.yaml", text: `# head\n---\n---\n${service}---\n# nothing\n` },
      { name: "b.json", text: list },
      { name: "-", text: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}\n{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}' },
      { name: "empty.yaml", text: "" },
    ]);
    expect(diagnostics).toEqual([]);
    expect(resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(["Service web", "Service api", "Namespace a", "Namespace b"]);
  });

  it("finds line and column of fields late", () => {
    const snapshot = loadSnapshot([
      { name: "a.yaml", text: `# head\n---\n${service}` },
      { name: "b.json", text: '{"apiVersion": "v1", "kind": "List", "items": [\n  {"apiVersion": "v1", "kind": "Node", "metadata": {\n    "name": "n", "annotations": {"k8s.ovn.org/zone-name": "n"}}}\n]}' },
    ]);
    const place = (kind: string, path?: string): string => resourcesOf(snapshot, kind).map((resource) => printOrigin(snapshot.locate(originOf(resource, path))))[0] ?? "";
    expect(place("Service")).toBe("a.yaml:3:1");
    expect(place("Service", "spec.ports[0].name")).toBe("a.yaml:11:5");
    expect(place("Service", "spec.ports[0].gone.deeper")).toBe("a.yaml:10:5");
    expect(place("Node")).toBe("b.json:2:3");
    expect(place("Node", 'metadata.annotations["k8s.ovn.org/zone-name"]')).toBe("b.json:3:34");
    expect(place("Node", "metadata.annotations[k8s.ovn.org/zone-name]")).toBe("b.json:3:34");
  });

  it("keeps one of equal objects and names both places of differing ones", () => {
    const same = loadSnapshot([{ name: "a.yaml", text: service }, { name: "b.yaml", text: service.replace("namespace: shop", "namespace: shop\n  resourceVersion: '7'") }]);
    expect(same.resources).toHaveLength(1);
    expect(same.diagnostics).toEqual([]);
    const other = loadSnapshot([{ name: "a.yaml", text: service }, { name: "b.yaml", text: service.replace("80", "81") }]);
    expect(other.diagnostics).toEqual([]);
    expect(other.caveats.find(({ code }) => code === "input/object-defined-twice")?.problem).toBe("Service shop/web is defined at a.yaml:1:1 and, with other values, at b.yaml:1:1, which is used");
    expect(other.resources[0]?.spec).toMatchObject({ ports: [{ port: 81 }] });
  });

  it("reads an `oc adm inspect` tree, where pods stand in a list and alone", () => {
    const pod = "metadata:\n  name: p\n  namespace: shop\nspec:\n  containers: []\n";
    const item = pod.split("\n").map((line, index) => (line === "" ? line : `${index === 0 ? "- " : "  "}${line}`)).join("\n");
    const { resources, diagnostics } = loadSnapshot([
      { name: "namespaces/shop/core/pods.yaml", text: `apiVersion: v1\nitems:\n${item}kind: PodList\nmetadata: {resourceVersion: "1"}\n` },
      { name: "namespaces/shop/pods/p/p.yaml", text: `---\napiVersion: v1\nkind: Pod\n${pod}` },
      { name: "namespaces/shop/core/events.yaml", text: "apiVersion: v1\nitems: []\nkind: EventList\n" },
      { name: "namespaces/shop/core/secrets.yaml", text: "apiVersion: v1\nitems: null\nkind: SecretList\n" },
    ]);
    expect(diagnostics).toEqual([]);
    expect(resources.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).toEqual(["v1 Pod p"]);
  });

  it("keeps the later of two readings that differ in status", () => {
    const pod = (version: string, phase: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n, resourceVersion: "${version}"}\nspec: {containers: []}\nstatus: {phase: ${phase}}\n`;
    const { resources, diagnostics, caveats } = loadSnapshot([{ name: "a.yaml", text: pod("9", "Running") }, { name: "b.yaml", text: pod("10", "Failed") }]);
    expect(diagnostics).toEqual([]);
    expect(resources).toMatchObject([{ status: { phase: "Failed" } }]);
    expect(caveats.map((caveat) => caveat.code)).toContain("kubernetes/status-read-twice");
  });

  it("leaves times, versions and yes as the text they are", () => {
    const { resources } = loadSnapshot([{ name: "a.yaml", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: n, creationTimestamp: 2024-01-01T00:00:00Z}\ndata: {a: yes}\n" }]);
    expect(resources[0]).toMatchObject({ metadata: { creationTimestamp: "2024-01-01T00:00:00Z" }, data: { a: "yes" } });
  });
});
