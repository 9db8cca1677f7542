import { describe, expect, it } from "vitest";
import { parseActions } from "../../../src/scan/actions/parse.ts";
import { golden, hasGolden } from "../../golden.ts";

const cases = [...golden("language/actions.txt").matchAll(/^IN {2}(.*)\n((?: {4}.*\n?)*)/gm)].map(([, text = "", answer = ""]) => ({ text, refused: !answer.includes("encodes as") && /\.$/m.test(answer), answer }));

describe.skipIf(!hasGolden)("actions that the real program accepts or refuses", () => {
  // Tables are counted per pipeline by the caller, so that "next" beyond the last table is no matter of syntax.
  for (const { text, refused } of cases.filter(({ answer }) => !answer.includes("cannot advance beyond")))
    it(text, () => {
      if (refused) expect(() => parseActions(text)).toThrow();
      else expect(() => parseActions(text)).not.toThrow();
    });
});
