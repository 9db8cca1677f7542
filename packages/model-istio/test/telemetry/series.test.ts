import { expect, it } from "vitest";
import type { Leg, Noted } from "@hopscope/core";
import { type Resource, snapshotOf } from "@hopscope/model-kubernetes";
import { type SeriesLabels, seriesOf, steadyTraffic } from "../../src/telemetry/index.ts";

const pod = (name: string, labels: Readonly<Record<string, string>> = {}): Resource => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `${name}-7f4d-abcde`, namespace: "shop", labels: { app: name, version: "v1", "pod-template-hash": "7f4d", ...labels }, ownerReferences: [{ kind: "ReplicaSet", name: `${name}-7f4d` }] },
  spec: { serviceAccountName: name, containers: [{ name, ports: [{ containerPort: 8080, name: "web" }] }] },
});
const service = (name: string, to: string, created: string, selector: Readonly<Record<string, string>> | undefined = { app: to }): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop", creationTimestamp: created },
  spec: { selector, ports: [{ name: "http", port: 80, targetPort: "web" }] },
});
const cluster = [pod("web"), pod("catalog"), service("catalog", "catalog", "2024-01-02T00:00:00Z"), service("catalog-old", "catalog", "2024-01-01T00:00:00Z")];

const party = (name: string | undefined): Leg["to"] => ({ object: name === undefined ? undefined : `Pod shop/${name}-7f4d-abcde`, address: "10.0.0.1", port: 8080 });
const leg = (id: number, parent: number | undefined, to: string | undefined): Leg => ({
  id, parent, protocol: "http", from: party("web"), to: party(to), outcome: "accepted", hops: [],
  times: { opened: 0, connected: 1, closed: 5_000_000 },
  roundTrip: { mean: 1, p50: 1, p90: 1, p99: 1 },
});
const noted = (index: number, name: string, fact: Readonly<Record<string, unknown>>): Noted => ({ leg: index, endpoint: name, object: `Pod shop/${name}-7f4d-abcde`, at: 0, fact: { type: "envoy", proxy: `${name} sidecar`, flags: "-", duration: 3_000_000, ...fact } });

const http = { protocol: "HTTP/1.1", authority: "catalog", code: 200 };
const PEER = "spiffe://cluster.local/ns/shop/sa/web";
/** Leg 1: application to its sidecar; leg 2: sidecar to sidecar. */
const story = (client: Readonly<Record<string, unknown>>, server: Readonly<Record<string, unknown>> | undefined, options: { readonly to?: string; readonly resources?: readonly Resource[] } = {}): readonly SeriesLabels[] => {
  const to = options.to ?? "catalog";
  const observations = [noted(0, "web", client), ...(server === undefined ? [] : [noted(1, to, server)])];
  return seriesOf({ legs: [leg(1, undefined, "web"), leg(2, 1, to === "nobody" ? undefined : to)], observations }, snapshotOf(options.resources ?? cluster)).map(({ labels }) => labels);
};
const outbound = "outbound|80||catalog.shop.svc.cluster.local";

it("has both peers and both identities in both reports over mutual TLS", () => {
  const [client, server] = story({ ...http, cluster: outbound }, { ...http, cluster: "inbound|8080||", downstreamPeer: PEER });
  expect(client).toMatchObject({ reporter: "source", source_workload: "web", destination_workload: "catalog", destination_app: "catalog", source_principal: PEER, destination_principal: "spiffe://cluster.local/ns/shop/sa/catalog", connection_security_policy: "unknown" });
  expect(server).toMatchObject({ reporter: "destination", source_workload: "web", source_app: "web", source_principal: PEER, destination_principal: "spiffe://cluster.local/ns/shop/sa/catalog", connection_security_policy: "mutual_tls" });
});

it("names the service of the client's cluster at the client, and the oldest of the port's at the server", () => {
  const [client, server] = story({ ...http, cluster: outbound }, { ...http, cluster: "inbound|8080||", downstreamPeer: PEER });
  expect(client).toMatchObject({ destination_service: "catalog.shop.svc.cluster.local", destination_service_name: "catalog", destination_service_namespace: "shop" });
  expect(server).toMatchObject({ destination_service: "catalog-old.shop.svc.cluster.local", destination_service_name: "catalog-old" });
});

it("knows the peer of plain HTTP by a header, and of plain TCP at the client alone, without app and version", () => {
  const [, server] = story({ ...http, cluster: outbound }, { ...http, cluster: "inbound|8080||" });
  expect(server).toMatchObject({ source_workload: "web", source_principal: "unknown", connection_security_policy: "none" });
  const [tcpClient, tcpServer] = story({ cluster: outbound }, { cluster: "inbound|8080||" });
  expect(tcpClient).toMatchObject({ destination_workload: "catalog", destination_canonical_service: "catalog", destination_app: "unknown", destination_version: "unknown" });
  expect(tcpServer).toMatchObject({ source_workload: "unknown", source_canonical_revision: "latest", source_cluster: "unknown", connection_security_policy: "none" });
});

it("falls back to the endpoint where no answer came", () => {
  const [client] = story({ ...http, code: 503, flags: "UC", cluster: outbound }, undefined);
  expect(client).toMatchObject({ response_code: "503", response_flags: "UC", destination_workload: "catalog", destination_app: "unknown", destination_principal: "unknown" });
});

it("knows no workload behind a Service without selector", () => {
  const [client] = story({ ...http, cluster: "outbound|80||mainframe.shop.svc.cluster.local" }, undefined, { resources: [...cluster, { ...service("mainframe", "", "2024-01-01T00:00:00Z"), spec: { ports: [{ port: 80 }] } }] });
  expect(client).toMatchObject({ destination_service: "mainframe.shop.svc.cluster.local", destination_service_name: "mainframe", destination_service_namespace: "unknown", destination_workload: "unknown", destination_cluster: "unknown" });
});

it.each([
  ["by HTTP", { ...http, authority: "example.net", cluster: "PassthroughCluster", route: "allow_any" }, { destination_service: "example.net", destination_service_name: "PassthroughCluster" }],
  ["by TCP", { cluster: "PassthroughCluster" }, { destination_service: "unknown", destination_service_name: "PassthroughCluster" }],
  ["blocked by HTTP", { ...http, code: 502, authority: "example.net", route: "block_all" }, { destination_service: "example.net", destination_service_name: "BlackHoleCluster", response_code: "502" }],
  ["blocked by TCP", { cluster: "BlackHoleCluster", flags: "UH" }, { destination_service: "unknown", destination_service_name: "BlackHoleCluster", response_flags: "UH" }],
])("names the catch-all for what the registry does not know, %s", (_how, fact, expected) => {
  expect(story(fact, undefined, { to: "nobody" })[0]).toMatchObject({ ...expected, destination_workload: "unknown", destination_cluster: "unknown", destination_service_namespace: "unknown" });
});

it("has no Host header as a fallback at a gateway", () => {
  const [refused] = story({ ...http, proxy: "istio-ingressgateway", code: 404, flags: "NR", authority: "nothing.example.com" }, undefined, { to: "nobody" });
  expect(refused).toMatchObject({ reporter: "source", response_code: "404", response_flags: "NR", destination_service: "unknown", destination_service_name: "unknown" });
});

it("names an inbound port of no Service by the catch-all and the workload", () => {
  const [, server] = story({ cluster: "PassthroughCluster" }, { ...http, authority: "10.0.0.1:9999", cluster: "InboundPassthroughClusterIpv4" });
  expect(server).toMatchObject({ reporter: "destination", destination_service: "catalog", destination_service_name: "InboundPassthroughClusterIpv4", destination_service_namespace: "shop" });
});

it("has no time in any metric of TCP", () => {
  const series = seriesOf({ legs: [leg(1, undefined, "web"), leg(2, 1, "catalog")], observations: [noted(0, "web", { cluster: outbound })] }, snapshotOf(cluster));
  expect(series.map(({ duration }) => duration)).toEqual([undefined]);
  expect(steadyTraffic(series).map(({ name }) => name)).toEqual(["istio_tcp_connections_opened_total", "istio_tcp_connections_closed_total", "istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"]);
});

const telemetry = (namespace: string, overrides: readonly object[], selector?: object): Resource => ({ apiVersion: "telemetry.istio.io/v1alpha1", kind: "Telemetry", metadata: { name: "metrics", namespace }, spec: { selector, metrics: [{ overrides }] } });
const families = (...resources: readonly Resource[]): readonly string[] => {
  const legs = [leg(1, undefined, "web"), leg(2, 1, "catalog")];
  const observations = [noted(0, "web", { ...http, cluster: outbound }), noted(1, "catalog", { ...http, cluster: "inbound|8080||", downstreamPeer: PEER })];
  return [...new Set(steadyTraffic(seriesOf({ legs, observations }, snapshotOf([...cluster, ...resources]))).map(({ name, labels }) => `${labels["reporter"] ?? "?"} ${name.replace(/_(bucket|sum|count)$/, "")}`))].sort();
};
const BOTH = ["destination istio_request_duration_milliseconds", "destination istio_requests_total", "source istio_request_duration_milliseconds", "source istio_requests_total"];

it("leaves out what a Telemetry disables, for the side that it names", () => {
  expect(families()).toEqual(BOTH);
  expect(families(telemetry("shop", [{ match: { metric: "REQUEST_DURATION", mode: "SERVER" }, disabled: true }]))).toEqual(BOTH.slice(1));
  expect(families(telemetry("istio-system", [{ disabled: true }]))).toEqual([]);
});

it("lets a nearer Telemetry switch on again what a wider one switched off, and heeds its selector", () => {
  const off = telemetry("istio-system", [{ match: { metric: "REQUEST_DURATION" }, disabled: true }]);
  expect(families(off, telemetry("shop", [{ match: { metric: "REQUEST_DURATION" }, disabled: false }]))).toEqual(BOTH);
  expect(families(telemetry("istio-system", [{ disabled: true }]), telemetry("shop", [{ match: { metric: "REQUEST_DURATION" }, disabled: false }]))).toEqual(BOTH);
  expect(families(telemetry("shop", [{ disabled: true }], { matchLabels: { app: "nobody" } }))).toEqual(BOTH);
  expect(families(telemetry("shop", [{ disabled: true }], { matchLabels: { app: "catalog" } }))).toEqual(BOTH.slice(2));
});

it("drops a label that a Telemetry removes", () => {
  const remove = telemetry("shop", [{ match: { metric: "REQUEST_COUNT" }, tagOverrides: { request_protocol: { operation: "REMOVE" } } }]);
  const series = seriesOf({ legs: [leg(1, undefined, "web"), leg(2, 1, "catalog")], observations: [noted(0, "web", { ...http, cluster: outbound })] }, snapshotOf([...cluster, remove]));
  const [count, duration] = steadyTraffic(series);
  expect(count?.labels["request_protocol"]).toBeUndefined();
  expect(duration?.labels["request_protocol"]).toBe("http");
});

it.each([null, "all", { metrics: "none" }, { metrics: [null, { overrides: {} }, { overrides: [null, 7, { match: "x", tagOverrides: [] }] }] }])("takes a Telemetry that makes no sense for one that says nothing: %j", (spec) => {
  expect(families({ apiVersion: "telemetry.istio.io/v1alpha1", kind: "Telemetry", metadata: { name: "odd", namespace: "shop" }, spec })).toEqual(BOTH);
});
