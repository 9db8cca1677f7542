import { mapOrder } from "../pipeline/row-order.ts";
import type { Expression } from "./expression.ts";
import type { OvnSymbol } from "./symbols.ts";
import { combine, groupOf } from "./tree.ts";
import type { NormalRules } from "./version.ts";

type Comparison = Extract<Expression, { type: "compare" }>;
type StringTest = Extract<Expression, { type: "compare-string" }>;

const FALSE: Expression = { type: "boolean", value: false };
const TRUE: Expression = { type: "boolean", value: true };

const countOnes = (mask: bigint): number => {
  let count = 0;
  for (let rest = mask; rest !== 0n; rest &= rest - 1n) count++;
  return count;
};
const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Both tests as one; undefined where they contradict each other. */
export function intersect(a: Comparison, b: Comparison): Comparison | undefined {
  if (((a.value ^ b.value) & a.mask & b.mask) !== 0n) return undefined;
  return { ...a, value: a.value | b.value, mask: a.mask | b.mask };
}

/** Alternatives without repetitions, and without those that a wider one covers. */
function crushNumbers(tests: readonly Comparison[], set: string | undefined, rules: NormalRules): Expression {
  const counted = tests.map((test) => ({ test, bits: rules.keepSupersets ? 0 : countOnes(test.mask) }));
  counted.sort((a, b) => a.bits - b.bits || order(a.test.value, b.test.value) || order(a.test.mask, b.test.mask));
  const distinct: Comparison[] = [];
  for (const { test } of counted) {
    const last = distinct.at(-1);
    if (last === undefined || last.value !== test.value || last.mask !== test.mask) distinct.push(test);
  }
  const unchanged = distinct.length === tests.length;
  if (rules.keepSupersets || distinct[0]?.field.level !== "ordinal" || (unchanged && set !== undefined)) return group(distinct, unchanged ? set : undefined);
  const kept: Comparison[] = [];
  for (const test of distinct) {
    const covered = kept.some((wide) => wide.mask !== test.mask && (wide.mask & ~test.mask) === 0n && ((wide.value ^ test.value) & wide.mask) === 0n);
    if (!covered) kept.push(test);
  }
  return group(kept, undefined);
}

function group(of: readonly Expression[], set: string | undefined): Expression {
  const whole = groupOf("or", of, false);
  return set !== undefined && whole.type === "or" ? { ...whole, set } : whole;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function crushOr(expression: Extract<Expression, { type: "or" | "and" }>, symbol: OvnSymbol, rules: NormalRules): Expression {
  const tests: Expression[] = [];
  for (const operand of expression.of) {
    const crushed = crush(operand, symbol, rules);
    if (crushed.type === "boolean") {
      if (crushed.value) return TRUE;
    } else if (crushed.type === "or") for (const test of crushed.of) tests.push(test);
    else tests.push(crushed);
  }
  if (tests.length < 2) return group(tests, undefined);
  if (symbol.type === "string") {
    const texts = [...new Map(tests.map((test) => [(test as StringTest).text, test])).entries()].sort(([a], [b]) => compareTexts(a, b));
    return group(texts.map(([, test]) => test), undefined);
  }
  return crushNumbers(tests as readonly Comparison[], expression.set, rules);
}

/** The strings that all alternatives allow, in the order in which the real program's hash table of the first of them gives them back. */
function crushAndString(operands: readonly Expression[], symbol: OvnSymbol, rules: NormalRules): Expression {
  let common: readonly StringTest[] | undefined;
  for (const operand of operands) {
    const crushed = crush(operand, symbol, rules);
    if (crushed.type === "boolean") {
      if (!crushed.value) return FALSE;
      continue;
    }
    const tests = (crushed.type === "or" ? crushed.of : [crushed]) as readonly StringTest[];
    const texts = new Map(tests.map((test) => [test.text, test]));
    common = common === undefined ? mapOrder([...texts.keys()]).flatMap((text) => texts.get(text) ?? []) : common.filter(({ text }) => texts.has(text));
    if (common.length === 0) return FALSE;
  }
  return groupOf("or", common ?? [], true);
}

/** Distributes a conjunction of tests of one numeric field over its alternatives, one pair of them at a time. */
function crushAndNumber(operands: readonly Expression[], symbol: OvnSymbol, rules: NormalRules): Expression {
  let fixed: Comparison | undefined;
  const alternatives: (readonly Comparison[])[] = [];
  for (const operand of operands) {
    const crushed = crush(operand, symbol, rules);
    if (crushed.type === "boolean") {
      if (!crushed.value) return FALSE;
    } else if (crushed.type === "compare") {
      const joined: Comparison | undefined = fixed === undefined ? crushed : intersect(fixed, crushed);
      if (joined === undefined) return FALSE;
      fixed = joined;
    } else if (crushed.type === "or") alternatives.push(crushed.of as readonly Comparison[]);
  }
  const [first, second, ...rest] = alternatives;
  if (first === undefined) return fixed ?? TRUE;
  const withFixed = (test: Comparison): Comparison | undefined => (fixed === undefined ? test : intersect(fixed, test));
  const products: Comparison[] = [];
  for (const a of first) {
    const left = withFixed(a);
    if (left === undefined) continue;
    for (const b of second ?? [undefined]) {
      const product = b === undefined ? left : intersect(left, b);
      if (product !== undefined) products.push(product);
    }
  }
  if (products.length === 0) return FALSE;
  const product = groupOf("or", products, false);
  if (second === undefined && product.type === "compare") return product;
  const remaining = rest.reduce<Expression>((sum, tests) => combine("and", sum, { type: "or", of: tests }), product);
  return crush(remaining, symbol, rules);
}

/**
 * Reduces a simplified expression over one symbol to a test, or alternatives of tests.
 *
 * @see OVN 23.09, lib/expr.c, crush_cmps
 */
export function crush(expression: Expression, symbol: OvnSymbol, rules: NormalRules): Expression {
  if (expression.type === "or") return crushOr(expression, symbol, rules);
  if (expression.type !== "and") return expression;
  return symbol.type === "string" ? crushAndString(expression.of, symbol, rules) : crushAndNumber(expression.of, symbol, rules);
}
