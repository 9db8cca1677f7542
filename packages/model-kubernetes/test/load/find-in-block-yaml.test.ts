import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import type { PathStep } from "../../src/load/field-path.ts";
import { findInBlockYaml } from "../../src/load/find-in-block-yaml.ts";
import { findByParsing } from "../../src/load/find-in-yaml.ts";
import { printYaml, resourcesArbitrary } from "../../src/testing/index.ts";

function pathsIn(value: unknown, path: readonly PathStep[] = []): readonly (readonly PathStep[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries: readonly (readonly [PathStep, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, entry]) => pathsIn(entry, [...path, key]))];
}

/** How many of a document's paths were found quickly; each must be where the parser finds it. */
function compare(text: string): { readonly quick: number; readonly all: number } {
  const [one, other] = [findInBlockYaml(text), findByParsing(text)];
  const paths = pathsIn(load(text)).flatMap((path) => [path, [...path, "absent"], [...path, 7]]);
  const found = paths.map((path) => {
    const offset = one(path);
    if (offset !== undefined) expect(`${path.join(".")} at ${offset}`).toBe(`${path.join(".")} at ${other(0, path)}`);
    return offset;
  });
  return { quick: found.filter((offset) => offset !== undefined).length, all: found.length };
}

const documentsOf = (text: string): readonly string[] => text.split(/^(?=---)/m).filter((piece) => load(piece) !== undefined && load(piece) !== null);
const files = (folder: string): readonly string[] => readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]));

describe("findInBlockYaml", () => {
  it("finds fields where the parser does, in generated objects", () => {
    fc.assert(fc.property(resourcesArbitrary(), (resources) => {
      for (const piece of documentsOf(printYaml(resources))) {
        const { quick, all } = compare(piece);
        expect(quick / all).toBeGreaterThan(0.7);
      }
    }), { numRuns: 30 });
  });

  it("finds fields where the parser does, in the example", () => {
    const counts = files(fileURLToPath(new URL("../../../../examples/openshift-mesh", import.meta.url))).filter((name) => name.endsWith(".yaml")).flatMap((name) => documentsOf(readFileSync(name, "utf8"))).map(compare);
    expect(counts.length).toBeGreaterThan(25);
    expect(counts.reduce((sum, { quick }) => sum + quick, 0) / counts.reduce((sum, { all }) => sum + all, 0)).toBeGreaterThan(0.7);
  });

  it.each([
    "a: 1\n# c\nb:\n- x\n-  y: 2\n   z: [1, 2]\n- - q\nc: |\n  a: 3\n   # no\nd:\n  e:\n\n    f: 'it''s'\n",
    "---\n# head\na:\n    b:\n      - c: 1\n        d:\n        - 1\n        - 2\n      - {c: 2}\n    e: {f: {g: 1}}\n",
    "'k/x': 1\n\"y\": {z: 1}\na b: 2\n",
    "a: &x {b: 1}\nc: *x\nd: &y\n  e: 1\nf:\n  <<: *y\n  g: 2\n",
    "a: >-\n  b: 1\n\n  c\nd: plain\n  more: words\ne: 1\n",
    "- a: 1\n  b: 2\n-\n  a: 3\n",
    "? a\n: 1\nb: 2\n",
    "plain text",
    "a: # comment\n  b: 1 # x\nc: \"x: y\"\n",
  ])("agrees with the parser, or does not answer: %j", (text) => {
    let value: unknown;
    try {
      value = load(text);
    } catch {
      return;
    }
    expect(value).toBeDefined();
    compare(text);
  });
});
