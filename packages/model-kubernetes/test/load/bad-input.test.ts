import { describe, expect, it } from "vitest";
import { printDiagnostic } from "@hopscope/core";
import { loadSnapshot } from "../../src/index.ts";

const messages = (text: string, name = "bad.yaml"): readonly string[] => loadSnapshot([{ name, text }]).diagnostics.map(printDiagnostic);

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;

describe("loadSnapshot on bad input", () => {
  it("locates broken YAML and keeps the other documents", () => {
    const text = `${namespace("a")}---\nkind: [\n---\n${namespace("b")}`;
    const snapshot = loadSnapshot([{ name: "bad.yaml", text }]);
    expect(snapshot.resources.map((resource) => resource.metadata.name)).toEqual(["a", "b"]);
    expect(snapshot.diagnostics).toMatchObject([{ code: "input/yaml-syntax", origin: { file: "bad.yaml", line: 6 } }]);
  });

  it("locates duplicate keys in YAML and JSON", () => {
    expect(messages("apiVersion: v1\nkind: Pod\nkind: Pod\n")).toEqual(["bad.yaml:3:1: a key stands twice in one mapping"]);
    expect(messages('{\n  "kind": "Pod",\n  "kind": "Pod"\n}', "bad.json")).toEqual(['bad.json:3:3: the key "kind" stands twice in one object']);
  });

  it.each([
    ['{"a": 1,}', 'bad.json:1:9: "}" stands where a key in double quotes is expected'],
    ['{"a": [1, 2}', 'bad.json:1:12: "}" stands where "," or "]" is expected'],
    ['{"a": ', "bad.json:1:7: the text ends where a value is expected"],
    ['{"a": "x', "bad.json:1:7: a string has no end"],
  ])("locates broken JSON %s", (text, message) => {
    expect(messages(text, "bad.json")).toEqual([message]);
  });

  it.each([
    ["kind: Pod\nmetadata: {name: x}\n", 'bad.yaml:1:1: Pod apiVersion: apiVersion is missing'],
    ["apiVersion: v1\nmetadata: {name: x}\n", "bad.yaml:1:1: kind: kind is missing"],
    ["apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: x\n", "bad.yaml:3:1: Pod metadata: metadata.name is missing"],
    ["apiVersion: v1\nkind: Pod\nmetadata:\n  name: 7\n", "bad.yaml:4:3: Pod metadata.name: metadata.name is number 7; expected text; put it in quotes"],
    ["apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  labels:\n    v: 1\n", 'bad.yaml:6:5: Pod x metadata.labels.v: the value of "v" is number 1; expected text; put it in quotes'],
    ["apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: []\n", "bad.yaml:4:1: Pod x spec: spec is a list; expected a mapping"],
    ["- 1\n- 2\n", "bad.yaml:1:1: the document is a list; expected a Kubernetes object"],
    ["apiVersion: v1\nkind: List\nitems: {}\n", "bad.yaml:3:1: List items: items is a mapping; expected a list"],
  ])("locates a wrong envelope: %j", (text, message) => {
    expect(messages(text)).toEqual([message]);
  });

  it.each([
    ["v1", "Service", "spec:\n  ports: {http: 80}\n", "bad.yaml:5:3: Service n/x spec.ports: the value is a mapping; expected a list"],
    ["v1", "Service", "spec:\n  ports:\n  - port: http\n", 'bad.yaml:6:5: Service n/x spec.ports[0].port: the value is "http"; expected a port number from 0 to 65535'],
    ["v1", "Service", "spec:\n  selector:\n    v: 1\n", "bad.yaml:6:5: Service n/x spec.selector.v: the value is 1; expected text; put it in quotes"],
    ["v1", "Pod", "spec:\n  containers: [null]\n", "bad.yaml:5:16: Pod n/x spec.containers[0]: the value is null; expected a mapping"],
    ["apps/v1", "Deployment", "spec:\n  replicas: '2'\n", 'bad.yaml:5:3: Deployment n/x spec.replicas: the value is "2"; expected a number'],
    ["v1", "Service", "spec:\n  ports:\n  - port: 70000\n", "bad.yaml:6:5: Service n/x spec.ports[0].port: the value is 70000; expected a port number from 0 to 65535"],
    ["v1", "Pod", "spec: {containers: []}\nstatus:\n  podIP: 10.0.0.256\n", 'bad.yaml:6:3: Pod n/x status.podIP: the value is "10.0.0.256"; expected an IP address'],
    ["networking.k8s.io/v1", "NetworkPolicy", "spec:\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/33}\n", 'bad.yaml:7:17: NetworkPolicy n/x spec.ingress[0].from[0].ipBlock.cidr: the value is "10.0.0.0/33"; expected a network such as 10.0.0.0/8'],
    ["networking.istio.io/v1beta1", "Gateway", "spec:\n  servers:\n  - port: {number: '80'}\n", 'bad.yaml:6:12: Gateway n/x spec.servers[0].port.number: the value is "80"; expected a port number from 0 to 65535'],
    ["networking.istio.io/v1beta1", "VirtualService", "spec:\n  hosts: shop\n", 'bad.yaml:5:3: VirtualService n/x spec.hosts: the value is "shop"; expected a list'],
  ])("locates a wrong type in %s %s", (apiVersion, kind, body, message) => {
    const snapshot = loadSnapshot([{ name: "bad.yaml", text: `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x, namespace: n}\n${body}` }]);
    expect(snapshot.diagnostics.map(printDiagnostic)).toEqual([message]);
    expect(snapshot.resources).toEqual([]);
  });

  it.each([
    ['k8s.ovn.org/host-cidrs: "["', /a\.yaml:\d+:\d+: Node n .*the annotation "k8s\.ovn\.org\/host-cidrs" holds no JSON/],
    ["k8s.ovn.org/host-cidrs: '{}'", /is a mapping; expected a JSON list/],
    ["k8s.ovn.org/node-primary-ifaddr: '{\"ipv4\":\"x\"}'", /ipv4 is "x"; expected a network/],
    ['k8s.ovn.org/node-mgmt-port-mac-address: "-"', /expected a MAC address/],
  ])("locates the annotation %s", (annotation, message) => {
    expect(messages(`apiVersion: v1\nkind: Node\nmetadata:\n  name: n\n  annotations:\n    ${annotation}\n`, "a.yaml")).toEqual([expect.stringMatching(message)]);
  });

  it.each(["../../etc/passwd", "..", "a/b", "%2e%2e"])("refuses the name %s, which no API takes", (name) => {
    expect(messages(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "${name}"\n`)).toEqual([expect.stringMatching(/^bad\.yaml:4:3: .* is no name that the API takes/)]);
    expect(messages(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: "${name}"\n`)).toEqual([expect.stringMatching(/^bad\.yaml:5:3: .* is no name that the API takes/)]);
  });

  it("takes a field that is null as one that is not said", () => {
    const { resources, diagnostics } = loadSnapshot([{ name: "a.yaml", text: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: n, creationTimestamp: null}\nspec:\n  strategy: null\n  selector: {matchLabels: {app: x}}\n  template: {metadata: {labels: null}, spec: {containers: [{name: c, ports: null}]}}\nstatus: null\n" }]);
    expect(diagnostics).toEqual([]);
    expect(resources[0]?.spec).toEqual({ selector: { matchLabels: { app: "x" } }, template: { metadata: {}, spec: { containers: [{ name: "c" }] } } });
  });

  it("counts lines from the start of the file in later documents and items", () => {
    const text = `${namespace("a")}---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n- apiVersion: v1\n  metadata: {name: c}\n`;
    expect(messages(text)).toEqual(["bad.yaml:11:3: kind: kind is missing"]);
  });

  it.each(["__proto__", "constructor", "prototype"])("refuses the key %s, located", (key) => {
    expect(messages(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  ${key}: y\n`)).toEqual([`bad.yaml:5:3: data.${key}: the key "${key}" is refused`]);
    expect(messages(`{"apiVersion": "v1",\n "${key}": {"polluted": true}}`, "bad.json")).toEqual([`bad.json:2:2: ${key}: the key "${key}" is refused`]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("refuses an alias bomb without unfolding it", () => {
    const levels = Array.from({ length: 30 }, (_, index) => `  l${index + 1}: &l${index + 1} [${Array.from({ length: 9 }, () => `*l${index}`).join(", ")}]`);
    const started = performance.now();
    const [diagnostic] = loadSnapshot([{ name: "bomb.yaml", text: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  l0: &l0 [a]\n${levels.join("\n")}\n` }]).diagnostics;
    expect(diagnostic).toMatchObject({ code: "input/alias-bomb", origin: { file: "bomb.yaml" } });
    expect(diagnostic?.origin.line).toBeGreaterThan(5);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("refuses an alias that contains itself", () => {
    expect(messages("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: &d\n  a: *d\n")).toEqual([expect.stringContaining("an alias contains itself")]);
  });

  it("takes ordinary aliases and merge keys", () => {
    const text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  namespace: y\n  labels: &l {app: x}\nspec:\n  selector: *l\n  <<: {clusterIP: None}\n";
    const snapshot = loadSnapshot([{ name: "x.yaml", text }]);
    expect(snapshot.diagnostics).toEqual([]);
    expect(snapshot.resources[0]?.spec).toEqual({ selector: { app: "x" }, clusterIP: "None" });
  });

  it("reads a line of a megabyte in no time, in YAML and JSON", () => {
    const long = "x".repeat(1_000_000);
    const started = performance.now();
    const snapshot = loadSnapshot([
      { name: "a.yaml", text: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n}\ndata: {long: "${long}"}\n` },
      { name: "b.json", text: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b", namespace: "n" }, data: { long } }) },
      { name: "c.yaml", text: `# ${long}\n${" ".repeat(1_000_000)}\n` },
    ]);
    expect(snapshot.diagnostics).toEqual([]);
    expect(snapshot.resources).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("refuses what is nested without end", () => {
    const deep = "[".repeat(100_000);
    expect(loadSnapshot([{ name: "a.json", text: deep }]).diagnostics).toMatchObject([{ code: "input/too-deep" }]);
    expect(loadSnapshot([{ name: "a.yaml", text: `a: ${deep}` }]).diagnostics).toMatchObject([{ code: expect.stringMatching(/too-deep|yaml-syntax/) as string }]);
  });

  it("says once for each kind that it is not modelled", () => {
    const widget = (name: string): string => `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: ${name}}\n`;
    const { caveats } = loadSnapshot([{ name: "w.yaml", text: `${widget("a")}---\n${widget("b")}` }]);
    expect(caveats.filter((caveat) => caveat.code === "kubernetes/kind-not-modelled")).toMatchObject([{ origin: { object: "Widget a", file: "w.yaml" } }]);
  });
});
