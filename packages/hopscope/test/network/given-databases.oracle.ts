import { fileURLToPath } from "node:url";
import { buildNetwork, type Journey, loadCluster, type Request, simulate } from "hopscope";
import { describe, expect, it } from "vitest";
import { missingProgram, realZones } from "./real-zones.ts";

if (missingProgram !== undefined) console.log(`given databases: ${missingProgram} is not here, journeys through real Southbound databases are skipped`);

const example = (name: string): string => fileURLToPath(new URL(`../../../../examples/openshift-mesh/${name}`, import.meta.url));

/** Where a journey comes by, in order. The tables inside a pipeline are left out: releases number and name them differently. */
function placesOf(journey: Journey): readonly string[] {
  const places: string[] = [];
  JSON.stringify(journey.legs, (_, value: unknown) => {
    if (typeof value === "object" && value !== null && "system" in value && "place" in value && "stage" in value) {
      const place = `${String(value.system)} ${String(value.place)}`;
      if (places.at(-1) !== place) places.push(place);
    }
    return value;
  });
  return places;
}

const ingress: Request = { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" };
const egress: Request = { from: "deploy/demo-mesh-app/wzh-mesh-demo", to: "http://egress-demo-back-service.static.wzhlab.top:13000/" };
const app = ["app/workload.yaml", "app/service.yaml", "app/listens.yaml"];

describe.skipIf(missingProgram !== undefined && process.env["CI"] === undefined)("a journey through the databases of a real northd", () => {
  it.each([
    ["into the mesh", ["cluster", "policies", "route", "app"], ingress],
    ["out by the egress gateway", ["cluster", "policies", "route", ...app, "egress-corrected"], egress],
  ])("goes where it goes through compiled ones: %s", async (_, parts, request) => {
    const { snapshot } = loadCluster(parts.map(example));
    const compiled = buildNetwork(snapshot);
    const real = buildNetwork(snapshot, { databases: await realZones(snapshot, compiled) });
    expect(real.diagnostics.filter(({ code }) => code === "input/database-unused")).toEqual([]);
    const [expected, actual] = [simulate(compiled, request), simulate(real, request)];
    expect(expected.verdict.type).toBe("delivered");
    expect(actual.verdict).toMatchObject({ type: "delivered" });
    // The deciding flows are rows of the real database, which know no object of the cluster.
    expect(JSON.stringify(actual.legs)).toMatch(/Logical_Flow ls_in_\w+ [0-9a-f-]{36}/);
    expect(JSON.stringify(expected.legs)).not.toContain("Logical_Flow");
    expect(placesOf(actual)).toEqual(placesOf(expected));
    expect(placesOf(actual).filter((place) => place.startsWith("ovn ")).length).toBeGreaterThan(5);
  }, 90_000);
});
