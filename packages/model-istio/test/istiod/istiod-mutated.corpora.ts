import { readFileSync } from "node:fs";
import { loadSnapshot } from "@hopscope/model-kubernetes";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileProxy } from "../../src/istiod/compile.ts";
import { meshFindings } from "../../src/istiod/findings.ts";
import { cases, folder, present } from "./_case.ts";
import { objectsOf } from "./_corpora.ts";

interface Spec { readonly type: "sidecar" | "router"; readonly id: string; readonly ips: string[]; readonly metadata: { readonly NAMESPACE: string; readonly LABELS?: Record<string, string> } }
interface Info { readonly env: Record<string, string>; readonly meshConfig: Record<string, unknown>; readonly proxies: readonly Spec[] }
type Path = readonly (string | number)[];

const MESH = /istio\.io|gateway\.networking|maistra|networking\.k8s/;
const WRONG: readonly unknown[] = [null, "x", 7, true, [], {}, ["x"], { x: "y" }, -1, ""];

const paths = (value: unknown): readonly Path[] =>
  typeof value !== "object" || value === null ? [] : Object.entries(value).flatMap(([key, item]) => { const step = Array.isArray(value) ? Number(key) : key; return [[step], ...paths(item).map((path) => [step, ...path])]; });

function replaced(value: unknown, [step, ...rest]: Path, by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === step ? replaced(item, rest, by) : item));
  const record = value as Record<string, unknown>;
  return { ...record, [step]: replaced(record[step], rest, by) };
}

describe.skipIf(!present)("a value of the wrong kind", () => {
  it("anywhere in a mesh object stops neither compiler nor findings", () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.nat(), fc.nat(), fc.constantFrom(...WRONG), (name, at, where, wrong) => {
        const info = JSON.parse(readFileSync(`${folder}/${name}/case.json`, "utf8")) as Info;
        const objects = objectsOf(readFileSync(`${folder}/${name}/config.yaml`, "utf8"));
        const mesh = objects.filter(({ apiVersion, spec }) => MESH.test(apiVersion) && paths(spec).length > 0);
        const chosen = mesh[at % Math.max(1, mesh.length)];
        if (chosen === undefined) return;
        const all = paths(chosen.spec);
        const text = objects.map((object) => JSON.stringify(object === chosen ? { ...object, spec: replaced(object.spec, all[where % all.length] ?? [], wrong) } : object)).join("\n---\n");
        const snapshot = loadSnapshot([{ name: "a.yaml", text }]);
        for (const { type, id, ips, metadata } of info.proxies) compileProxy(snapshot, { type, name: id, namespace: metadata.NAMESPACE, labels: metadata.LABELS ?? {}, ips }, info);
        expect(meshFindings(snapshot, info)).toBeInstanceOf(Array);
      }),
      { numRuns: 400, seed: 1 },
    );
  });
});
