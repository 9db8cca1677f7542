import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { Seen } from "@hopscope/core";
import { buildNetwork, loadSnapshot, observersOf, simulate } from "../../src/index.ts";

const example = (path: string): string => fileURLToPath(new URL(`../../../../examples/openshift-mesh/${path}`, import.meta.url));
const seen = (from: string, to: string, ...more: readonly string[]): readonly Seen[] => {
  const snapshot = loadSnapshot(["cluster", "policies", "route", "app/workload.yaml", "app/service.yaml", "app/listens.yaml", ...more].map(example));
  return observersOf(simulate(buildNetwork(snapshot), { from, to }), snapshot);
};
const kiali = (rows: readonly Seen[]): readonly Seen[] => rows.filter(({ vantage, sees }) => vantage === "kiali" && sees);

it("shows the server's response time on service to workload, and one row per vantage and edge", () => {
  const rows = seen("external/172.21.6.102", "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/");
  expect(kiali(rows).map(({ edge, value }) => `${edge.from} -> ${edge.to} ${value === undefined ? "no time" : "time"}`)).toEqual([
    "workload demo-mesh/istio-ingressgateway -> service demo-mesh-app/wzh-mesh-demo no time",
    "service demo-mesh-app/wzh-mesh-demo -> workload demo-mesh-app/wzh-mesh-demo time",
  ]);
  const keys = rows.map(({ vantage, edge }) => `${vantage} ${edge.from} ${edge.to}`);
  expect(new Set(keys).size).toBe(keys.length);
});

it("never shows a time on a TCP edge", () => {
  const rows = kiali(seen("deploy/demo-mesh-app/wzh-mesh-demo", "http://egress-demo-back-service.static.wzhlab.top:13000/", "egress-corrected"));
  expect(rows).toHaveLength(3);
  expect(rows.every(({ value }) => value === undefined)).toBe(true);
});
