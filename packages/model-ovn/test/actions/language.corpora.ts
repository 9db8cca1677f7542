import { describe, expect, it } from "vitest";
import { parseActions, printActions } from "../../src/actions/index.ts";
import { OvnSyntaxError, printExpression } from "../../src/expr/index.ts";
import { golden, hasGolden } from "../golden.ts";

/** The test program stands in ingress table 10 of 24. */
const context = { pipeline: "ingress", table: 10, tables: 24 } as const;

interface Answer {
  readonly form?: string;
  readonly prerequisites?: string;
  readonly problem?: string;
}

/** What the real program prints: the canonical form and prerequisites, or a complaint. */
function wanted(text: string, lines: readonly string[]): Answer {
  const after = (start: string): string | undefined => lines.find((line) => line.startsWith(start))?.slice(start.length);
  if (after("encodes as ") === undefined) return { problem: lines.at(-1) ?? "" };
  const prerequisites = after("has prereqs ");
  return { form: after("formats as ") ?? text, ...(prerequisites === undefined ? {} : { prerequisites }) };
}

function ours(text: string): Answer {
  try {
    const { actions, prerequisites } = parseActions(text, context);
    return { form: printActions(actions), ...(prerequisites === undefined ? {} : { prerequisites: printExpression(prerequisites) }) };
  } catch (error) {
    if (error instanceof OvnSyntaxError) return { problem: error.problem };
    throw error;
  }
}

const cases = [...golden("language/actions.txt").matchAll(/^IN {2}(.*)\n((?: {4}.*\n?)*)/gm)].map(([, text = "", lines = ""]) => ({ text, lines: lines.split("\n").map((line) => line.slice(4)).filter((line) => line !== "") }));

describe.skipIf(!hasGolden)("actions as the real program reads them", () => {
  it("covers the whole file", () => expect(cases).toHaveLength(178));

  for (const { text, lines } of cases)
    it(text, () => {
      expect(ours(text)).toEqual(wanted(text, lines));
    });
});
