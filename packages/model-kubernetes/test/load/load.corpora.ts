import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { printDiagnostic } from "@hopscope/core";
import { completeSnapshot, containerPorts, endpointsOf, loadSnapshot, originOf, podIps, podsOf, resourcesOf, servicesOf, type Snapshot, type SourceFile } from "../../src/index.ts";

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const present = existsSync(corpora);
if (!present) console.log(`model-kubernetes: no corpora at ${corpora}; skipped`);

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)])).sort();
const sources = (folder: string): readonly SourceFile[] =>
  filesBelow(folder).filter((name) => /\.(?:ya?ml|json)$/.test(name)).map((name) => ({ name, text: readFileSync(name, "utf8") }));

const isResolvable = (snapshot: Snapshot, target: number | string | undefined, podName: string | undefined): boolean =>
  typeof target !== "string" || podsOf(snapshot).some((pod) => pod.metadata.name === podName && containerPorts(pod).some((port) => port.name === target));

describe.skipIf(!present)("the corpora", () => {
  it("load file by file without a crash, every message located", () => {
    const unlocated: string[] = [];
    const misfits: string[] = [];
    for (const file of sources(corpora)) {
      const snapshot = loadSnapshot([file]);
      for (const diagnostic of snapshot.diagnostics) if (diagnostic.origin.line === undefined) unlocated.push(printDiagnostic(diagnostic));
      misfits.push(...snapshot.diagnostics.filter((diagnostic) => diagnostic.code === "input/wrong-type").map(printDiagnostic));
      completeSnapshot(snapshot);
    }
    expect(unlocated).toEqual([]);
    // What real programs took in is of the right types.
    expect(misfits).toEqual([]);
  });

  const journeys = join(corpora, "journeys-measured/snapshot");
  const scenarios = present && existsSync(journeys) ? readdirSync(journeys).filter((name) => /^S\d+$/.test(name)) : [];
  it.each(scenarios)("journeys-measured %s loads completely", (name) => {
    const snapshot = loadSnapshot([...sources(join(journeys, "base")), ...sources(join(journeys, name))]);
    expect(snapshot.diagnostics.map(printDiagnostic)).toEqual([]);
    expect(snapshot.caveats).toEqual([]);
    expect(completeSnapshot(snapshot)).toBe(snapshot);
    for (const resource of snapshot.resources) expect(snapshot.locate(originOf(resource)).line).toBeGreaterThan(0);
  });

  it.each(scenarios)("journeys-measured %s: endpoints derived from selectors are those of the slices", (name) => {
    const snapshot = loadSnapshot([...sources(join(journeys, "base")), ...sources(join(journeys, name))]);
    const without = { ...snapshot, resources: snapshot.resources.filter((resource) => resource.kind !== "EndpointSlice") };
    // A port that is a name and that the pod as written does not carry is in the slice alone.
    const list = (from: typeof snapshot): readonly string[] =>
      servicesOf(from)
        .flatMap((service) =>
          endpointsOf(from, service)
            .endpoints.filter(({ portName, pod }) => isResolvable(snapshot, service.spec.ports?.find((port) => (port.name ?? "") === portName)?.targetPort, pod?.name))
            .map((e) => `${service.metadata.name} ${e.portName} ${e.address}:${e.port} ${e.nodeName ?? ""} ${String(e.ready)}`),
        )
        .sort();
    expect(list(without)).toEqual(list(snapshot));
    expect(podsOf(snapshot).every((pod) => podIps(pod).length > 0)).toBe(true);
    expect(resourcesOf(snapshot, "Node").length).toBeGreaterThan(0);
  });
});
