import type { Expression, Relation } from "./expression.ts";

/** What a match is asked about: a packet, and where it is. */
export interface Subject {
  /** Value of a whole field, by the name of the symbol. */
  field(name: string): bigint;
  /** Name of a logical port: `inport` or `outport`. */
  port(name: "inport" | "outport"): string;
  isResident?(port: string): boolean;
  /** Whether a value of a field is in an address set. */
  inAddressSet?(set: string, value: bigint): boolean;
  inPortGroup?(group: string, port: string): boolean;
}

function relate(relation: Relation, a: bigint, b: bigint): boolean {
  switch (relation) {
    case "==": return a === b;
    case "!=": return a !== b;
    case "<": return a < b;
    case "<=": return a <= b;
    case ">": return a > b;
    case ">=": return a >= b;
    default: throw new Error(`unknown relation ${relation satisfies never as string}`);
  }
}

/**
 * The truth of an annotated expression, by the definition of the language and nothing else.
 *
 * A faster machine must agree with it; bulk work is not what it is for.
 *
 * @see OVN 23.09, lib/expr.c, expr_evaluate
 */
export function evaluate(expression: Expression, subject: Subject): boolean {
  switch (expression.type) {
    case "and": return expression.of.every((operand) => evaluate(operand, subject));
    case "or": return expression.of.some((operand) => evaluate(operand, subject));
    case "boolean": return expression.value;
    case "compare": return relate(expression.relation, subject.field(expression.field.name) & expression.mask, expression.value);
    case "compare-string": return (subject.port(expression.field.name) === expression.text) === (expression.relation === "==");
    case "resident": return (subject.isResident?.(expression.port) ?? false) !== expression.negated;
    case "in-set": {
      const { field, bits, kind, set, negated } = expression;
      if (field.type === "string") return (kind === "port-group" && (subject.inPortGroup?.(set, subject.port(field.name)) ?? false)) !== negated;
      const value = (subject.field(field.name) >> BigInt(bits.low)) & ((1n << BigInt(bits.width)) - 1n);
      return (subject.inAddressSet?.(set, value) ?? false) !== negated;
    }
    case "predicate": throw new Error(`${expression.predicate.name} is not expanded: annotate the expression first`);
    default: throw new Error(`unknown expression ${(expression satisfies never as Expression).type}`);
  }
}
