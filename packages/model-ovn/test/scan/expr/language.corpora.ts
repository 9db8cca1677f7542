import { describe, expect, it } from "vitest";
import { evaluate, type Fields, type Lookups, writeField } from "../../../src/scan/expr/evaluate.ts";
import { type Expression, parseExpression } from "../../../src/scan/expr/parse.ts";
import { golden, hasGolden } from "../../golden.ts";

const lookups: Lookups = { addressSet: () => undefined, portGroup: () => undefined, isResident: () => false };

/** A packet for which a conjunction of equalities holds. */
function packetOf(match: string): Fields {
  const fields: Fields = { values: new Map(), inport: "", outport: "" };
  const hold = (expression: Expression): void => {
    if (expression.type === "and") expression.of.forEach(hold);
    else if (expression.type === "or" && expression.of[0] !== undefined) hold(expression.of[0]);
    else if (expression.type === "compare" && expression.relation === "==") writeField(fields, expression.field, expression.value);
  };
  hold(parseExpression(match));
  if (/\bip6\b|\bnd_ns\b/.test(match)) writeField(fields, ethType(), 0x86ddn);
  return fields;
}

function ethType() {
  const expression = parseExpression("eth.type == 0x86dd");
  if (expression.type !== "compare") throw new Error("a comparison is expected");
  return expression.field;
}

const rows = golden("language/evaluate.txt").split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split("\t"));

describe.skipIf(!hasGolden)("truth of matches as the real program says", () => {
  const packets = rows.filter(([key]) => key?.startsWith("P")).map(([, match = ""]) => packetOf(match));
  for (const [bits = "", match = ""] of rows.filter(([key]) => /^[01]+$/.test(key ?? "")))
    it(match, () => {
      const expression = parseExpression(match);
      expect(packets.map((packet) => (evaluate(expression, packet, lookups) ? "1" : "0")).join("")).toBe(bits);
    });
});

const parses = [...golden("language/expressions.txt").matchAll(/^IN {8}(.*)\nparse\t(.*)$/gm)].map(([, match = "", answer = ""]) => ({ match, answer }));
/** The real program's complaints are sentences. */
const isError = (answer: string): boolean => /^[A-Z&\d].* .*\.$/.test(answer);

describe.skipIf(!hasGolden)("matches that the real program accepts or refuses", () => {
  for (const { match, answer } of parses)
    it(match, () => {
      if (isError(answer)) expect(() => parseExpression(match)).toThrow();
      else expect(() => parseExpression(match)).not.toThrow();
    });
});
