import { expect, it } from "vitest";
import type { Resource } from "@hopscope/model-kubernetes";
import { type KialiEdge, type KialiGraph, kialiGraph, kialiGraphs, type KialiQuestion, parseQuestion, type Sample } from "../../../src/telemetry/index.ts";

const ask = (query: Readonly<Record<string, string>> = {}, path = "/namespaces/graph"): KialiQuestion =>
  parseQuestion(path, { namespaces: "shop", graphType: "versionedApp", injectServiceNodes: "true", appenders: "deadNode,istio,serviceEntry,meshCheck,responseTime,securityPolicy", ...query }, { istioNamespace: "istio-system", accessible: ["shop", "pay", "istio-system"] });

const end = (side: "source" | "destination", name: string, namespace = "shop"): Record<string, string> => ({
  [`${side}_cluster`]: name === "unknown" ? "unknown" : "Kubernetes",
  [`${side}_workload`]: name === "unknown" ? "unknown" : `${name}-v1`,
  [`${side}_workload_namespace`]: name === "unknown" ? "unknown" : namespace,
  [`${side}_canonical_service`]: name,
  [`${side}_canonical_revision`]: "v1",
  [`${side}_principal`]: `spiffe://cluster.local/ns/${namespace}/sa/${name}`,
});

interface Report {
  readonly reporter: "source" | "destination";
  readonly to?: string;
  readonly namespace?: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly ms?: number;
  readonly rate?: number;
}

function http({ reporter, to = "catalog", namespace = "shop", more = {}, ms = 10, rate = 2 }: Report): readonly Sample[] {
  const labels = {
    reporter,
    ...end("source", "web"),
    ...end("destination", to, namespace),
    destination_service: `${to}.${namespace}.svc.cluster.local`,
    destination_service_name: to,
    destination_service_namespace: namespace,
    request_protocol: "http",
    response_code: "200",
    response_flags: "-",
    connection_security_policy: reporter === "destination" ? "mutual_tls" : "unknown",
    ...more,
  };
  const bucket = (le: string, value: number): Sample => ({ name: "istio_request_duration_milliseconds_bucket", labels: { ...labels, le }, value });
  return [{ name: "istio_requests_total", labels, value: rate }, bucket(String(ms - 1), 0), bucket(String(ms), rate), bucket("+Inf", rate)];
}

const external = (cluster: string): Readonly<Record<string, string>> => ({
  ...end("destination", "unknown"),
  destination_cluster: cluster,
  destination_service: "api.example.com",
  destination_service_name: "api.example.com",
  destination_service_namespace: cluster === "unknown" ? "unknown" : "shop",
});
const entry: Resource = { apiVersion: "networking.istio.io/v1beta1", kind: "ServiceEntry", metadata: { name: "partner", namespace: "shop" }, spec: { hosts: ["api.example.com"], location: "MESH_EXTERNAL" } };
const edges = ({ edges: all }: Pick<KialiGraph, "edges">): readonly string[] =>
  all.map(({ source, target, traffic, responseTime, isMTLS }: KialiEdge) => `${source} > ${target} ${traffic.protocol} ${traffic.rates?.[traffic.protocol] ?? "none"} time ${responseTime ?? "none"} lock ${isMTLS ?? "none"}`);

it("counts one traffic that both proxies report once, and shows the server's time on service to workload only", () => {
  const graph = kialiGraph([...http({ reporter: "source", ms: 50 }), ...http({ reporter: "destination", ms: 25 })], { resources: [] }, ask());
  expect(edges(graph)).toEqual(["vapp_Kubernetes_shop_web-v1 > svc_Kubernetes_shop_catalog http 2.00 time none lock 100", "svc_Kubernetes_shop_catalog > vapp_Kubernetes_shop_catalog-v1 http 2.00 time 25 lock 100"]);
});

it("adds what two reports call by different hosts", () => {
  const graph = kialiGraph([...http({ reporter: "source" }), ...http({ reporter: "destination", more: { destination_service: "catalog.example.com" } })], { resources: [] }, ask());
  expect(edges(graph)[0]).toContain("http 4.00");
});

it("has no time and no lock where the page asks for neither", () => {
  const graph = kialiGraph(http({ reporter: "destination" }), { resources: [] }, ask({ appenders: "deadNode,istio,serviceEntry,meshCheck,workloadEntry,health" }));
  expect(edges(graph).every((edge) => edge.endsWith("time none lock none"))).toBe(true);
});

it("shows the client's time where only the client's namespace is asked for", () => {
  const reports = [...http({ reporter: "source", to: "pay", namespace: "pay", ms: 50 }), ...http({ reporter: "destination", to: "pay", namespace: "pay", ms: 25 })];
  expect(edges(kialiGraph(reports, { resources: [] }, ask())).at(-1)).toContain("time 50");
  expect(edges(kialiGraph(reports, { resources: [] }, ask({ namespaces: "shop,pay" }))).at(-1)).toContain("time 25");
});

it("does not recognise the host of a ServiceEntry as a 1.18 proxy reports it, and shows its time", () => {
  const graphs = kialiGraphs(http({ reporter: "source", more: external("unknown") }), { resources: [entry] }, ask());
  expect(graphs.map(edges)).toEqual([["vapp_Kubernetes_shop_web-v1 > svc_unknown_unknown_api.example.com http 2.00 time 10 lock none"]]);
  expect(graphs[0]?.nodes.find(({ service }) => service === "api.example.com")).toMatchObject({ isInaccessible: true });
});

it("loses the time of a ServiceEntry that it recognises", () => {
  const [graph] = kialiGraphs(http({ reporter: "source", more: external("Kubernetes") }), { resources: [entry] }, ask());
  expect(edges(graph ?? { edges: [] })).toEqual(["vapp_Kubernetes_shop_web-v1 > svc_Kubernetes_shop_partner http 2.00 time none lock none"]);
  expect(graph?.nodes.find(({ service }) => service === "partner")).toMatchObject({ isServiceEntry: { hosts: ["api.example.com"], location: "MESH_EXTERNAL", namespace: "shop" } });
});

it("gives both answers where it is chance which service is looked at first", () => {
  const graphs = kialiGraphs([...http({ reporter: "destination" }), ...http({ reporter: "source", more: external("unknown") })], { resources: [entry] }, ask());
  expect(graphs.map((graph) => edges(graph).some((edge) => edge.includes("svc_Kubernetes_shop_partner")))).toEqual([true, false]);
});

it("answers status 500 for a workload in a cluster that it does not know", () => {
  expect(kialiGraph(http({ reporter: "destination", more: { destination_cluster: "east" } }), { resources: [] }, ask()).status).toBe(500);
});

it("skips series without a label that it needs", () => {
  const stripped = http({ reporter: "destination" }).map((sample) => ({ ...sample, labels: Object.fromEntries(Object.entries(sample.labels).filter(([name]) => name !== "request_protocol")) }));
  expect(kialiGraph(stripped, { resources: [] }, ask()).edges).toEqual([]);
});

it("draws a node graph from its own reports alone", () => {
  const reports = [...http({ reporter: "destination" }), ...http({ reporter: "source" }), ...http({ reporter: "source", to: "cart" })];
  const graph = kialiGraph(reports, { resources: [] }, ask({ graphType: "workload" }, "/namespaces/shop/workloads/catalog-v1/graph"));
  expect(graph.nodes.map(({ id }) => id)).toEqual(["wl_Kubernetes_shop_web-v1", "wl_Kubernetes_shop_catalog-v1", "svc_Kubernetes_shop_catalog"]);
});

it("reduces a service graph to services and to workloads that only send", () => {
  const graph = kialiGraph(http({ reporter: "destination" }), { resources: [] }, ask({ graphType: "service" }));
  expect(edges(graph)).toEqual(["wl_Kubernetes_shop_web-v1 > svc_Kubernetes_shop_catalog http 2.00 time none lock 100"]);
});

it("does not depend on the order of the series", () => {
  const reports = [...http({ reporter: "source", ms: 50 }), ...http({ reporter: "destination", ms: 25 }), ...http({ reporter: "source", to: "cart" })];
  expect(kialiGraph([...reports].reverse(), { resources: [] }, ask())).toEqual(kialiGraph(reports, { resources: [] }, ask()));
});

const web: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "catalog-v1", namespace: "shop" },
  spec: { replicas: 3, selector: { matchLabels: { app: "catalog" } }, template: { metadata: { labels: { app: "catalog", version: "v1", tier: "back" } }, spec: { containers: [{ name: "c" }] } } },
  status: { replicas: 2, availableReplicas: 1 },
};

it("tells the box of an app its replicas and rates by code, where health is asked for", () => {
  const graph = kialiGraph(http({ reporter: "destination" }), { resources: [web] }, ask({ appenders: "health" }));
  const health = (id: string): unknown => graph.nodes.find((node) => node.id === id)?.["healthData"];
  expect(health("svc_Kubernetes_shop_catalog")).toEqual({ requests: { inbound: { http: { 200: 2 } }, outbound: { http: { 200: 2 } }, healthAnnotations: {} } });
  expect(health("vapp_Kubernetes_shop_catalog-v1")).toMatchObject({ workloadStatuses: [], requests: { outbound: {} } });
  const wide = kialiGraph(http({ reporter: "destination" }), { resources: [web] }, ask({ appenders: "health", graphType: "app" }));
  expect(wide.nodes.find(({ id }) => id === "app_Kubernetes_shop_catalog")?.["healthData"]).toMatchObject({ workloadStatuses: [{ name: "catalog-v1", desiredReplicas: 3, currentReplicas: 2, availableReplicas: 1 }] });
});

it("gives nodes their Kubernetes labels but for app and version, where they are asked for", () => {
  const graph = kialiGraph(http({ reporter: "destination" }), { resources: [web] }, ask({ appenders: "labeler" }));
  expect(graph.nodes.flatMap(({ id, labels }) => (labels === undefined ? [] : [[id, labels]]))).toEqual([["vapp_Kubernetes_shop_catalog-v1", { tier: "back" }]]);
});
