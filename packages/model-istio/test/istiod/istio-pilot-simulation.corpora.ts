import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { corpus } from "./_corpora.ts";
import type { Outcome, Scenario } from "./_simulation.ts";
import { clustersByDomain, compileScenario, simulate } from "./_simulation.ts";

const { folder, present } = corpus("istio-pilot-simulation");
const scenarios = present ? readdirSync(folder).sort().map((file) => ({ file, scenario: parse(readFileSync(`${folder}/${file}`, "utf8")) as Scenario })) : [];

/** Scenarios that are not followed yet. */
const OPEN: readonly string[] = [];

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
