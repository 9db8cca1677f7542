import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { corpus } from "./_corpora.ts";
import type { Outcome, Scenario } from "./_simulation.ts";
import { clustersByDomain, compileScenario, simulate } from "./_simulation.ts";

const { folder, present } = corpus("istio-pilot-simulation");
const scenarios = present ? readdirSync(folder).sort().map((file) => ({ file, scenario: parse(readFileSync(`${folder}/${file}`, "utf8")) as Scenario })) : [];

/** Scenarios that are not followed yet. */
const OPEN: readonly string[] = [
  "TestIngress-001-ingress-shared-tls-cert-conflict-beta-first.yaml",
  "TestSidecarRoutes-034-simple-port-80.yaml",
  "TestSidecarRoutes-036-unknown-port-80.yaml",
  "TestSidecarRoutes-040-producer-rule-port-80.yaml",
  "TestSidecarRoutes-041-producer-rule-port-8080.yaml",
  "TestSidecarRoutes-042-consumer-rule-port-80.yaml",
  "TestSidecarRoutes-045-arbitrary-rule-port-8080.yaml",
  "TestSidecarRoutes-046-multiple-rules-80.yaml",
  "TestSidecarRoutes-047-multiple-rules-8080.yaml",
  "TestSidecarRoutes-048-sidecar-filter.yaml",
  "TestSidecarRoutes-050-cross-namespace-conflict.yaml",
];

const FIELDS = ["error", "listener", "filterChain", "route", "routeConfig", "virtualHost", "cluster"] as const;

/** What an expectation says; a field it leaves out is only checked where it is strict, an error always. */
const said = (outcome: Outcome, want: Outcome): Outcome =>
  Object.fromEntries(FIELDS.filter((field) => field === "error" || want.strict === true || (want[field] ?? "") !== "").map((field) => [field, outcome[field] ?? ""]));

describe.skipIf(!present)("compiled configuration under istio's simulation of Envoy", () => {
  it.each(scenarios.filter(({ file }) => !OPEN.includes(file)))("behaves as recorded: $file", ({ scenario }) => {
    const program = compileScenario(scenario);
    for (const { name, call, expect: want } of scenario.calls ?? []) expect(said(simulate(program, call), want), name).toEqual(said(want, want));
    if (scenario.routeName === undefined) return;
    const clusters = clustersByDomain(program, scenario.routeName);
    if (scenario.expectNoRouteConfig === true) expect(clusters).toBeUndefined();
    for (const [domain, wanted] of Object.entries(scenario.expectedVirtualHostClusters ?? {})) expect(clusters?.[domain] ?? null, domain).toEqual(wanted);
  });
});
