import type { Expression } from "./expression.ts";
import { bitRun } from "./print.ts";
import { bitOf, groupOf, onesOf } from "./tree.ts";
import { type NormalRules, normalRules } from "./version.ts";

type Comparison = Extract<Expression, { type: "compare" }>;

/** Says whether a port is on the chassis for which the match is evaluated. */
export type IsResident = (port: string) => boolean;

const equal = ({ field }: Comparison, value: bigint, mask: bigint): Expression => ({ type: "compare", field, relation: "==", value, mask });

/** `a != 0b10` is `a[0] || !a[1]`, or `a == 0b11 || !a[1]` where alternatives exclude each other. */
function differences(comparison: Comparison, { disjointInequality }: NormalRules): Expression {
  const { value, mask } = comparison;
  const of: Expression[] = [];
  for (let bit = 0; bit < comparison.field.width; bit++) {
    const one = bitOf(bit);
    if ((mask & one) === 0n) continue;
    const tested = disjointInequality ? mask & ~onesOf(bit) : one;
    of.push(equal(comparison, (value & tested) ^ one, tested));
  }
  return groupOf("or", of, false);
}

/** An order test as the prefixes that satisfy it. */
function prefixes(comparison: Comparison, rules: NormalRules): Expression {
  const { value, mask, relation } = comparison;
  const run = bitRun(mask);
  if (run === undefined) throw new Error(`an order test of ${comparison.field.name} without bits`);
  const { low, width } = run;
  const less = relation === "<" || relation === "<=";
  const inclusive = relation === "<=" || relation === ">=";
  if (value === (less ? mask : 0n)) return inclusive ? { type: "boolean", value: true } : differences(comparison, rules);
  const of: Expression[] = inclusive ? [equal(comparison, value, mask)] : [];
  for (let bit = low; bit < low + width; bit++) {
    const one = bitOf(bit);
    if (((value & one) !== 0n) !== less) continue;
    const below = onesOf(bit) ^ onesOf(low);
    of.push(equal(comparison, (value ^ one) & ~below, mask & ~below));
  }
  return groupOf("or", of, false);
}

function simplifyComparison(comparison: Comparison, rules: NormalRules): Expression {
  if (comparison.relation === "==") return comparison.mask === 0n ? { type: "boolean", value: true } : comparison;
  return comparison.relation === "!=" ? differences(comparison, rules) : prefixes(comparison, rules);
}

/** A group of parts, with parts of its own type taken in and truth values worked off. */
function groupParts(type: "and" | "or", parts: readonly Expression[], set: string | undefined): Expression {
  const of: Expression[] = [];
  for (const part of parts) {
    if (part.type === "boolean") {
      if (part.value === (type === "or")) return part;
    } else if (part.type === type) for (const inner of part.of) of.push(inner);
    else of.push(part);
  }
  const group = groupOf(type, of, type === "and");
  return set !== undefined && group.type === "or" && type === "or" ? { ...group, set } : group;
}

/**
 * Rewrites an annotated expression with equality tests alone.
 *
 * With `isResident`, questions about the chassis are answered too.
 *
 * @see OVN 23.09, lib/expr.c, expr_simplify and expr_evaluate_condition
 * @example
 * printExpression(simplify(parseExpression("reg0[0..1] != 2"))) // "reg0[0] || !reg0[1]"
 */
export function simplify(expression: Expression, isResident?: IsResident, rules: NormalRules = normalRules()): Expression {
  switch (expression.type) {
    case "and": case "or": return groupParts(expression.type, expression.of.map((operand) => simplify(operand, isResident, rules)), expression.set);
    case "compare": return simplifyComparison(expression, rules);
    case "resident": return isResident === undefined ? expression : { type: "boolean", value: isResident(expression.port) !== expression.negated };
    default: return expression;
  }
}
