import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Seen } from "@hopscope/core";
import type { Resource } from "@hopscope/model-kubernetes";
import { buildNetwork, loadSnapshot, observersOf, simulate } from "../../src/index.ts";

const example = (path: string): string => fileURLToPath(new URL(`../../../../examples/openshift-mesh/${path}`, import.meta.url));
const BASE = ["cluster", "policies", "route", "app/workload.yaml", "app/service.yaml", "app/listens.yaml"];
const seen = (from: string, to: string, more: readonly string[] = [], base: readonly string[] = BASE): readonly Seen[] => {
  const snapshot = loadSnapshot([...base, ...more].map(example));
  return observersOf(simulate(buildNetwork(snapshot), { from, to }), snapshot);
};
const of = (rows: readonly Seen[], vantage: Seen["vantage"]): readonly Seen[] => rows.filter((row) => row.vantage === vantage);
const lines = (rows: readonly Seen[]): readonly string[] => rows.map(({ edge, value }) => `${edge.from} -> ${edge.to} ${value === undefined ? "no time" : "time"}`);
const drawn = (rows: readonly Seen[]): readonly string[] => lines(of(rows, "kiali").filter(({ sees }) => sees));
const CLIENT = "external/172.21.6.102";
const APP = "deploy/demo-mesh-app/wzh-mesh-demo";
const POD = "Pod demo-mesh-app/wzh-mesh-demo-6d9f8b7c5d-h5w9n";
const ROUTER = "Pod openshift-ingress/router-default-5f6c8d9b7f-4kq2v";
const GATEWAY = "Pod demo-mesh/istio-ingressgateway-7b6d9f8c54-bbq7k";
const EGRESS = "http://egress-demo-back-service.static.wzhlab.top:13000/";

describe("The way in", () => {
  const rows = seen(CLIENT, "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/");

  it("has the server's response time on service to workload, none on the edge before", () => {
    expect(drawn(rows)).toEqual([
      "workload demo-mesh/istio-ingressgateway -> service demo-mesh-app/wzh-mesh-demo no time",
      "service demo-mesh-app/wzh-mesh-demo -> workload demo-mesh-app/wzh-mesh-demo time",
    ]);
  });

  it("is unseen by Kiali outside, before the gateway, and inside the pod", () => {
    expect(lines(of(rows, "kiali").filter(({ sees }) => !sees))).toEqual([`outside client -> ${ROUTER} no time`, `${ROUTER} -> ${GATEWAY} no time`, `${POD} -> ${POD} no time`]);
  });

  it("has one row per vantage and edge", () => {
    const keys = rows.map(({ vantage, edge }) => `${vantage} ${edge.from} ${edge.to}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has an RTT in no metric, access log time or span, and one in each capture and in the router's log", () => {
    for (const vantage of ["kiali", "prometheus", "jaeger", "envoy-access-log"] as const) for (const { measures } of of(rows, vantage)) expect(measures).not.toBe("round trip");
    expect(of(rows, "tcpdump").map(({ measures, sees }) => `${String(sees)} ${measures ?? ""}`)).toEqual(Array.from({ length: 4 }, () => "true round trip"));
    expect(of(rows, "haproxy-log")).toMatchObject([{ edge: { from: ROUTER, to: GATEWAY }, what: "Tc", sees: false, measures: "round trip", wouldIf: expect.stringContaining("spec.logging.access") }]);
  });

  it("has the server's think time in the kernel's smoothed RTT, but for the client outside, who is seen from the router's end", () => {
    const [outside, inside] = of(rows, "netobserv");
    const capture = (edge: Seen["edge"] | undefined): number => rows.find((row) => row.vantage === "tcpdump" && row.edge.to === edge?.to)?.value ?? 0;
    expect(outside?.value).toBe(capture(outside?.edge));
    expect(inside?.value).toBeGreaterThan(3 * capture(inside?.edge));
    expect(of(rows, "netobserv").at(-1)).toMatchObject({ sees: false, why: expect.stringContaining("loopback") });
  });

  it("says that a server's proxy times less than the client's", () => {
    const [front, back] = of(rows, "jaeger");
    expect(front?.value).toBeGreaterThan(back?.value ?? Infinity);
  });
});

describe("A Telemetry that switches metrics off", () => {
  const telemetry = (overrides: readonly object[]): Resource => ({ apiVersion: "telemetry.istio.io/v1alpha1", kind: "Telemetry", metadata: { name: "less", namespace: "demo-mesh" }, spec: { metrics: [{ overrides }] } });
  const withTelemetry = (overrides: readonly object[]): readonly Seen[] => {
    const loaded = loadSnapshot(BASE.map(example));
    const snapshot = { ...loaded, resources: [...loaded.resources, telemetry(overrides)] };
    return observersOf(simulate(buildNetwork(snapshot), { from: CLIENT, to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" }), snapshot);
  };

  it("takes the time from the edge, and is named", () => {
    const rows = withTelemetry([{ match: { metric: "REQUEST_DURATION" }, disabled: true }]);
    expect(drawn(rows).every((line) => line.endsWith("no time"))).toBe(true);
    expect(of(rows, "kiali").filter(({ sees }) => sees).at(-1)?.why).toContain("Telemetry demo-mesh/less");
    expect(of(rows, "prometheus")).toMatchObject([{ sees: false, why: expect.stringContaining("Telemetry demo-mesh/less") }]);
  });

  it("takes the edge away where it removes a label that Kiali needs", () => {
    const rows = withTelemetry([{ match: { metric: "REQUEST_COUNT" }, tagOverrides: { request_protocol: { operation: "REMOVE" } } }]);
    expect(drawn(rows)).toEqual([]);
    expect(of(rows, "kiali").some(({ sees, why }) => !sees && why.includes("Telemetry demo-mesh/less"))).toBe(true);
  });
});

describe("The way out over TCP", () => {
  it("never has a time in the mesh, and says why", () => {
    const rows = seen(APP, EGRESS, ["egress-corrected"]);
    expect(drawn(rows)).toEqual([
      "workload demo-mesh/istio-egressgateway -> service egress-demo-back-service.static.wzhlab.top no time",
      "workload demo-mesh-app/wzh-mesh-demo -> service demo-mesh/istio-egressgateway no time",
      "service demo-mesh/istio-egressgateway -> workload demo-mesh/istio-egressgateway no time",
    ]);
    for (const { measures, why, value } of of(rows, "kiali").filter(({ sees }) => sees)) expect({ measures, value, why }).toEqual({ measures: "bytes", value: undefined, why: expect.stringContaining("no istio TCP metric has one") });
    expect(of(rows, "jaeger").every(({ sees, value }) => !sees && value === undefined)).toBe(true);
  });

  it("has an RTT in the proxy's own connect time and in a capture, not in curl's, which ends at the sidecar", () => {
    const rows = seen(APP, "http://172.21.6.8:13000/");
    expect(of(rows, "curl")).toMatchObject([{ edge: { from: POD, to: POD }, measures: "connection", why: expect.stringContaining("loopback") }]);
    expect(of(rows, "envoy-access-log").find(({ edge }) => edge.to === "outside backend")).toMatchObject({ measures: "round trip", sees: false, what: "%UPSTREAM_CONNECTION_POOL_READY_DURATION%" });
    expect(drawn(rows)).toEqual(["workload demo-mesh-app/wzh-mesh-demo -> service PassthroughCluster no time"]);
  });

  it("has a look-up's time at a capture", () => {
    expect(of(seen(APP, EGRESS, ["egress-as-written"]), "tcpdump")[0]).toMatchObject({ sees: true, what: "time from query to answer", measures: "request" });
  });
});

describe("A failing way", () => {
  it("is seen by a capture as a SYN without answer, and in no metric", () => {
    const rows = seen(CLIENT, "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/", ["variants/policy-denies.yaml"], BASE.filter((part) => part !== "policies"));
    const [row] = of(rows, "tcpdump").filter(({ sees }) => !sees);
    expect(row).toMatchObject({ value: undefined, why: expect.stringContaining("no SYN, ACK comes back") });
    expect(of(rows, "netobserv").find(({ edge }) => edge.to === row?.edge.to)?.value).toBeUndefined();
  });

  it("has the router's own line where it asked no server", () => {
    const rows = seen(CLIENT, "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/", [], BASE.filter((part) => part !== "route"));
    expect(of(rows, "haproxy-log")).toEqual([expect.objectContaining({ edge: { from: "outside client", to: ROUTER }, why: expect.stringContaining("-1") })]);
  });

  it("is in no metric and no span where the proxy found no filter chain, and is a line of the log", () => {
    const rows = seen("pod/outside-mesh/client", "http://wzh-mesh-demo.demo-mesh-app.svc.cluster.local/", ["variants/strict-mtls.yaml"], BASE.filter((part) => part !== "policies"));
    expect(of(rows, "kiali").map(({ sees, why }) => ({ sees, why }))).toEqual([{ sees: false, why: expect.stringContaining("refused the connection") }]);
    expect(of(rows, "jaeger")).toEqual([expect.objectContaining({ sees: false, why: expect.stringContaining("before it read a request") })]);
    expect(of(rows, "envoy-access-log")).toEqual([expect.objectContaining({ why: expect.stringContaining("flag NR") })]);
  });

  it("has no connect time where the name has no address", () => {
    const rows = seen(CLIENT, "http://no-such-name.example.test/");
    expect(of(rows, "curl")).toEqual([expect.objectContaining({ sees: false, why: expect.stringContaining("no connect time") })]);
  });
});
