import type { Expression, Relation } from "./expression.ts";
import type { FieldSymbol } from "./symbols.ts";

const INVERSE: Readonly<Record<Relation, Relation>> = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" };
const TURNED: Readonly<Record<Relation, Relation>> = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** The relation that holds when the given one does not. */
export const inverseOf = (relation: Relation): Relation => INVERSE[relation];

/** The relation with its operands exchanged. */
export const turned = (relation: Relation): Relation => TURNED[relation];

const ones: bigint[] = [];
/** A number of so many one-bits. */
export const onesOf = (width: number): bigint => (ones[width] ??= (1n << BigInt(width)) - 1n);

const singles: bigint[] = [];
/** The number of which only one bit is set. */
export const bitOf = (bit: number): bigint => (singles[bit] ??= 1n << BigInt(bit));

/** A comparison in its only form: a test of one bit for (in)equality is one for equality. */
export function compare(field: FieldSymbol, relation: Relation, value: bigint, mask: bigint): Expression {
  if (relation === "!=" && mask !== 0n && (mask & (mask - 1n)) === 0n) return { type: "compare", field, relation: "==", value: value ^ mask, mask };
  return { type: "compare", field, relation, value, mask };
}

/** What holds where the expression does not. */
export function negate(expression: Expression): Expression {
  switch (expression.type) {
    case "and": return { type: "or", of: expression.of.map(negate) };
    case "or": return { type: "and", of: expression.of.map(negate) };
    case "boolean": return { type: "boolean", value: !expression.value };
    case "compare": return compare(expression.field, INVERSE[expression.relation], expression.value, expression.mask);
    case "compare-string": return { ...expression, relation: expression.relation === "==" ? "!=" : "==" };
    case "predicate": case "resident": case "in-set": return { ...expression, negated: !expression.negated };
    default: throw new Error(`unknown expression ${(expression satisfies never as Expression).type}`);
  }
}

/**
 * Joins two expressions, with operands of the same type taken in.
 *
 * @see OVN 23.09, lib/expr.c, expr_combine
 */
export function combine(type: "and" | "or", a: Expression | undefined, b: Expression): Expression {
  if (a === undefined) return b;
  if (a.type === type) return { type, of: b.type === type ? [...a.of, ...b.of] : [...a.of, b] };
  return { type, of: b.type === type ? [a, ...b.of] : [a, b] };
}

/** The expression of a list of operands: none counts as `empty`, one stands for itself. */
export const groupOf = (type: "and" | "or", of: readonly Expression[], empty: boolean): Expression => of.length > 1 ? { type, of } : (of[0] ?? { type: "boolean", value: empty });
