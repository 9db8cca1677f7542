import { readdirSync, readFileSync } from "node:fs";
import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { refusals } from "../../src/istiod/validate/validate.ts";
import { corpus, objectsOf } from "./_corpora.ts";

const { folder, present } = corpus("istiod-xds");
interface Verdict { readonly title: string; readonly object: Resource; readonly accepted: boolean; readonly message: string | null }
const verdicts = present ? (JSON.parse(readFileSync(`${folder}/validation.json`, "utf8")) as readonly Verdict[]) : [];

/** Several errors as istiod prints them. */
const printed = (problems: readonly string[]): string | null => (problems.length < 2 ? (problems[0] ?? null) : [`${problems.length} errors occurred:`, ...problems.map((problem) => `\t* ${problem}`)].join(" | "));

describe.skipIf(!present)("istiod's admission", () => {
  it.each(verdicts)("is followed for $title", ({ object, message, accepted }) => {
    const problems = refusals(object);
    expect({ accepted: problems.length === 0, message: printed(problems) }).toEqual({ accepted, message });
  });
});

describe.skipIf(!present)("objects that istiod took", () => {
  const cases = present ? readdirSync(`${folder}/curated`).sort() : [];
  it.each(cases)("are refused by nothing: %s", (name) => {
    const refused = objectsOf(readFileSync(`${folder}/curated/${name}/config.yaml`, "utf8")).flatMap((object) => refusals(object).map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`));
    expect(refused).toEqual([]);
  });
});
