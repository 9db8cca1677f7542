import { describe, expect, it } from "vitest";
import { parseActions, printActions } from "../../src/actions/index.ts";
import { flowTexts } from "../flow-texts.ts";

const flows = flowTexts();

describe.skipIf(flows.length === 0)("actions that real northd programs write", () => {
  it("are all read, and read back from print as the same data", () => {
    const seen = new Set<string>();
    for (const { action, version, pipeline, table } of flows) {
      const key = `${version} ${pipeline} ${table} ${action}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const context = { pipeline, table, tables: 29, version };
      const { actions, prerequisites } = parseActions(action, context);
      expect(parseActions(printActions(actions), context), action).toEqual({ actions, prerequisites });
    }
    expect(seen.size).toBeGreaterThan(1000);
  });
});
