import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeSnapshot, endpointsOf, hasEnded, loadSnapshot, originOf, podIps, podsOf, servicesOf } from "../../src/index.ts";
import { printYaml, resourcesArbitrary, snapshotArbitrary } from "../../src/testing/index.ts";

describe("generated snapshots", () => {
  it("come back from YAML and JSON as they were written, with a place for each object", () => {
    fc.assert(
      fc.property(resourcesArbitrary(), (resources) => {
        const yaml = loadSnapshot([{ name: "a.yaml", text: printYaml(resources) }]);
        const json = loadSnapshot([{ name: "a.json", text: JSON.stringify({ apiVersion: "v1", kind: "List", items: resources }) }]);
        expect(yaml.diagnostics).toEqual([]);
        expect(JSON.stringify(yaml.resources)).toBe(JSON.stringify(resources));
        expect(JSON.stringify(json.resources)).toBe(JSON.stringify(resources));
        const lines = yaml.resources.map((resource) => yaml.locate(originOf(resource, "metadata.name")).line ?? 0);
        const text = printYaml(resources).split("\n");
        expect(lines.map((line) => text[line - 1]?.trim())).toEqual(resources.map((resource) => expect.stringMatching(new RegExp(`^name: '?${resource.metadata.name}'?$`)) as string));
      }),
      { numRuns: 50 },
    );
  });

  it("are completed so that every pod that runs has an address of its own and endpoints are addresses of pods", () => {
    fc.assert(
      fc.property(snapshotArbitrary(), ({ snapshot }) => {
        const complete = completeSnapshot(snapshot);
        const addresses = podsOf(complete).filter((pod) => !hasEnded(pod)).flatMap(podIps);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(addresses.length).toBe(podsOf(complete).length);
        for (const service of servicesOf(complete)) for (const endpoint of endpointsOf(complete, service).endpoints) expect(addresses).toContain(endpoint.address);
        expect(completeSnapshot(complete)).toBe(complete);
      }),
      { numRuns: 50 },
    );
  });
});
