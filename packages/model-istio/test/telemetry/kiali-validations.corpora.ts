import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import type { Resource } from "@hopscope/model-kubernetes";
import { kialiValidations } from "../../src/telemetry/index.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/kiali-graph/validation`;
const present = existsSync(root);
if (!present) console.log("kiali-graph corpus not found; set HOPSCOPE_CORPORA");
const cases = present ? readdirSync(root).sort() : [];

interface Line {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly valid: boolean;
  readonly code?: string;
  readonly severity?: string;
  readonly path?: string;
}
interface Expected {
  readonly istioNamespace: string;
  readonly meshConfig?: string;
  readonly validations: readonly Line[];
}

const printed = ({ namespace, kind, name, valid, code, severity, path }: Line): string => [namespace, kind, name, valid ? "valid" : "invalid", code, severity, path].filter((part) => part !== undefined).join(" ");

function both(name: string): { readonly ours: readonly string[]; readonly kiali: readonly string[] } {
  const expected = JSON.parse(readFileSync(`${root}/${name}/expect.json`, "utf8")) as Expected;
  const resources = parseAllDocuments(readFileSync(`${root}/${name}/objects.yaml`, "utf8")).flatMap((document) => (document.contents === null ? [] : [document.toJS() as Resource]));
  const mesh = expected.meshConfig ?? "";
  const made = kialiValidations({ resources }, { istioNamespace: expected.istioNamespace, outbound: mesh.includes("REGISTRY_ONLY") ? "REGISTRY_ONLY" : "ALLOW_ANY", autoMtls: !/enableAutoMtls: false/.test(mesh) });
  const lines = made.flatMap(({ checks, ...one }): readonly Line[] => (checks.length === 0 ? [one] : checks.map((check) => ({ ...one, ...check }))));
  return { ours: lines.map(printed).sort(), kiali: expected.validations.map(printed).sort() };
}

describe.skipIf(!present)("Kiali's own validations", () => {
  it.each(cases)("are reproduced for %s", (name) => {
    const { ours, kiali } = both(name);
    expect(ours).toEqual(kiali);
  });
});
