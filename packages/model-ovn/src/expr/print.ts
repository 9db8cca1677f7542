import type { Expression } from "./expression.ts";
import { printHex as hex } from "./print-number.ts";
import { quote } from "./quoted.ts";
import { onesOf } from "./tree.ts";

/** The lowest set bit, and how many follow without a gap; undefined where there are none or several runs. */
export function bitRun(mask: bigint): { readonly low: number; readonly width: number } | undefined {
  if (mask === 0n) return undefined;
  const lowest = mask & -mask;
  const run = mask / lowest;
  if ((run & (run + 1n)) !== 0n) return undefined;
  return { low: lowest.toString(2).length - 1, width: run.toString(2).length };
}

function printComparison({ field, relation, value, mask }: Extract<Expression, { type: "compare" }>): string {
  if (mask === onesOf(field.width) && field.width > 1) return `${field.name} ${relation} ${hex(value)}`;
  const run = bitRun(mask);
  if (run === undefined) return `${field.name} ${relation} ${hex(value)}/${hex(mask)}`;
  const { low, width } = run;
  if (width === 1) {
    const bit = field.width > 1 ? `${field.name}[${low}]` : field.name;
    if (relation === "==" || relation === "!=") return (value !== 0n) === (relation === "==") ? bit : `!${bit}`;
    return `${bit} ${relation} ${hex(value >> BigInt(low))}`;
  }
  return `${field.name}[${low}..${low + width - 1}] ${relation} ${hex(value >> BigInt(low))}`;
}

function printMembership({ field, bits, kind, set, negated }: Extract<Expression, { type: "in-set" }>): string {
  const whole = field.type === "string" || bits.width === field.width;
  const range = whole ? "" : bits.width === 1 ? `[${bits.low}]` : `[${bits.low}..${bits.low + bits.width - 1}]`;
  return `${field.name}${range} ${negated ? "!=" : "=="} ${kind === "port-group" ? "@" : "$"}${set}`;
}

/**
 * An expression as text, in the form of the real program. Reading the text gives the same expression.
 *
 * @see OVN 23.09, lib/expr.c, expr_format
 */
export function printExpression(expression: Expression): string {
  switch (expression.type) {
    case "and": case "or": {
      const operator = expression.type === "and" ? " && " : " || ";
      return expression.of.map((operand) => (operand.type === "and" || operand.type === "or" ? `(${printExpression(operand)})` : printExpression(operand))).join(operator);
    }
    case "boolean": return expression.value ? "1" : "0";
    case "compare": return printComparison(expression);
    case "compare-string": return `${expression.field.name} ${expression.relation} ${quote(expression.text)}`;
    case "predicate": return `${expression.negated ? "!" : ""}${expression.predicate.name}`;
    case "resident": return `${expression.negated ? "!" : ""}is_chassis_resident(${quote(expression.port)})`;
    case "in-set": return printMembership(expression);
    default: throw new Error(`unknown expression ${(expression satisfies never as Expression).type}`);
  }
}
