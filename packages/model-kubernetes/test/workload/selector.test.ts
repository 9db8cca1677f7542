import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LabelRequirement, matchesSelector } from "../../src/index.ts";

const labels = { app: "web", tier: "front", build: "12" };
const meets = (requirement: LabelRequirement): boolean => matchesSelector({ matchExpressions: [requirement] }, labels);

describe("matchesSelector", () => {
  it.each<[LabelRequirement, boolean]>([
    [{ key: "app", operator: "In", values: ["web", "api"] }, true],
    [{ key: "app", operator: "In", values: ["api"] }, false],
    [{ key: "gone", operator: "In", values: ["x"] }, false],
    [{ key: "app", operator: "NotIn", values: ["web"] }, false],
    [{ key: "gone", operator: "NotIn", values: ["web"] }, true],
    [{ key: "app", operator: "Exists" }, true],
    [{ key: "gone", operator: "Exists" }, false],
    [{ key: "gone", operator: "DoesNotExist" }, true],
    [{ key: "app", operator: "DoesNotExist" }, false],
    [{ key: "build", operator: "Gt", values: ["9"] }, true],
    [{ key: "build", operator: "Lt", values: ["9"] }, false],
    [{ key: "app", operator: "Gt", values: ["9"] }, false],
    [{ key: "toString", operator: "Exists" }, false],
  ])("%j is %s", (requirement, expected) => {
    expect(meets(requirement)).toBe(expected);
  });

  it("selects everything when empty and nothing when absent", () => {
    expect([matchesSelector({}, labels), matchesSelector(undefined, labels)]).toEqual([true, false]);
  });

  it("never lets NotIn and In, or Exists and DoesNotExist, agree", () => {
    const label = fc.constantFrom("a", "b", "c");
    fc.assert(
      fc.property(fc.dictionary(label, label), label, fc.array(label, { minLength: 1 }), (random, key, values) => {
        const one = (operator: LabelRequirement["operator"]): boolean => matchesSelector({ matchExpressions: [{ key, operator, values }] }, random);
        expect(one("In")).toBe(!one("NotIn"));
        expect(one("Exists")).toBe(!one("DoesNotExist"));
      }),
    );
  });
});
