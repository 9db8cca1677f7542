import { describe, expect, it } from "vitest";
import { parseExpression, printExpression, symbolTable } from "../../src/expr/index.ts";
import { flowTexts } from "../flow-texts.ts";

const flows = flowTexts();

describe.skipIf(flows.length === 0)("matches that real northd programs write", () => {
  it("are all read, and read back from print as the same tree", () => {
    const seen = new Set<string>();
    for (const { match, version } of flows) {
      if (seen.has(match)) continue;
      seen.add(match);
      const symbols = symbolTable(version);
      const tree = parseExpression(match, undefined, symbols);
      expect(parseExpression(printExpression(tree), undefined, symbols), match).toEqual(tree);
    }
    expect(seen.size).toBeGreaterThan(1000);
  });
});
