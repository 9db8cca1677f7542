import { describe, expect, it } from "vitest";
import {
  addressConstants, annotate, evaluate, type Expression, type ExpressionSets, normalize, OvnSyntaxError, parseExpression, printExpression, printSymbolTable, simplify, type Subject,
} from "../../src/expr/index.ts";
import { golden, hasGolden } from "../golden.ts";

const set1 = addressConstants(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
const sets: ExpressionSets = { addressSet: (name) => (name === "set1" ? set1 : undefined), portGroup: (name) => (name === "pg1" ? ["lsp1", "lsp2", "lsp3"] : undefined) };

const annotated = (match: string): Expression => annotate(parseExpression(match, sets));
const simplified = (match: string): Expression => simplify(annotated(match), () => true);
/** What the real program does with a match in each of its steps; ports count as resident there. */
const steps: Readonly<Record<string, (match: string) => Expression>> = {
  parse: (match) => parseExpression(match, sets),
  annotate: annotated,
  simplify: simplified,
  normalize: (match) => normalize(simplified(match)),
};

const textOf = (step: (match: string) => Expression, match: string): string => {
  try {
    return printExpression(step(match));
  } catch (error) {
    if (error instanceof OvnSyntaxError) return error.problem;
    throw error;
  }
};

const cases = [...golden("language/expressions.txt").matchAll(/^IN {8}(.*)\n((?:(?:parse|annotate|simplify|normalize)\t.*\n?)*)/gm)].map(([, match = "", answers = ""]) => ({
  match, answers: answers.trim().split("\n").map((line) => line.split("\t")),
}));

describe.skipIf(!hasGolden)("matches in every step of the real program", () => {
  it("covers the whole file", () => expect(cases).toHaveLength(127));

  for (const { match, answers } of cases)
    it(match, () => {
      expect(answers.map(([step = ""]) => [step, textOf(steps[step] ?? steps["parse"] ?? annotated, match)])).toEqual(answers);
    });
});

describe.skipIf(!hasGolden)("the table of symbols", () => {
  it("is the real program's", () => expect(printSymbolTable()).toBe(golden("language/symtab.txt").trimEnd()));
});

/** The packet that a conjunction of equalities describes; a field that it does not name is zero. */
function packetOf(match: string): Subject {
  const normal = normalize(simplified(match));
  const tests = normal.type === "and" ? normal.of : [normal];
  const values = new Map(tests.flatMap((test) => (test.type === "compare" ? [[test.field.name, test.value] as const] : [])));
  return { field: (name) => values.get(name) ?? 0n, port: () => "", isResident: () => true };
}

const rows = golden("language/evaluate.txt").split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split("\t"));

describe.skipIf(!hasGolden)("the truth of matches", () => {
  const packets = rows.filter(([key]) => key?.startsWith("P")).map(([, match = ""]) => packetOf(match));
  for (const [bits = "", match = ""] of rows.filter(([key]) => /^[01]+$/.test(key ?? "")))
    it(match, () => {
      for (const step of [annotated, simplified]) expect(packets.map((packet) => (evaluate(step(match), packet) ? "1" : "0")).join("")).toBe(bits);
    });
});
