import fc from "fast-check";
import type { Expression, Relation } from "../expr/expression.ts";
import { symbolTable } from "../expr/symbol-table.ts";
import type { FieldSymbol, PredicateSymbol, StringSymbol, SymbolTable } from "../expr/symbols.ts";
import { compare, onesOf } from "../expr/tree.ts";

/** Knobs of the generated matches. */
export interface ExpressionOptions {
  readonly symbols?: SymbolTable;
  /** Widest field that is tested; narrow ones keep a normalised match small. */
  readonly maxWidth?: number;
  /** How deep groups nest. */
  readonly depth?: number;
  /** Names of logical ports. */
  readonly ports?: readonly string[];
  /** Names of address sets and port groups; none by default. */
  readonly sets?: { readonly addresses: readonly string[]; readonly ports: readonly string[] };
}

const numberOf = (bits: number): fc.Arbitrary<bigint> => fc.oneof(fc.bigInt(0n, onesOf(bits)), fc.constantFrom(0n, 1n & onesOf(bits), onesOf(bits)));
const rangeOf = (field: FieldSymbol): fc.Arbitrary<{ readonly low: number; readonly width: number }> =>
  field.level === "ordinal" ? fc.nat({ max: field.width - 1 }).chain((low) => fc.integer({ min: 1, max: field.width - low }).map((width) => ({ low, width }))) : fc.constant({ low: 0, width: field.width });

/** A test of a range of bits by any relation that the field allows. */
const rangeTest = (field: FieldSymbol): fc.Arbitrary<Expression> =>
  rangeOf(field).chain(({ low, width }) => {
    const relation: fc.Arbitrary<Relation> = field.level === "ordinal" ? fc.constantFrom("==", "!=", "<", "<=", ">", ">=") : fc.constant("==");
    return fc.tuple(relation, numberOf(width)).map(([chosen, value]) => compare(field, chosen, value << BigInt(low), onesOf(width) << BigInt(low)));
  });

/** A test of arbitrary bits. */
const maskTest = (field: FieldSymbol): fc.Arbitrary<Expression> =>
  fc.tuple(fc.constantFrom<Relation>("==", "!="), numberOf(field.width), numberOf(field.width)).map(([relation, value, mask]) => compare(field, relation, value & mask, mask));

function leaves({ symbols = symbolTable(), maxWidth = 128, ports = ["a", "b", 'quo"ted'], sets }: ExpressionOptions): readonly fc.Arbitrary<Expression>[] {
  const all = [...symbols.values()];
  const fields = all.filter((symbol): symbol is FieldSymbol => symbol.type === "field" && symbol.width <= maxWidth && symbol.writable !== "anywhere");
  const ordinal = fields.filter(({ level }) => level === "ordinal");
  const strings = all.filter((symbol): symbol is StringSymbol => symbol.type === "string");
  const predicates = all.filter((symbol): symbol is PredicateSymbol => symbol.type === "predicate");
  const port = fc.constantFrom(...ports);
  const plain: readonly fc.Arbitrary<Expression>[] = [
    fc.constantFrom(...fields).chain(rangeTest),
    fc.constantFrom(...ordinal).chain(maskTest),
    fc.record({ type: fc.constant("compare-string" as const), field: fc.constantFrom(...strings), relation: fc.constant("==" as const), text: port }),
    fc.record({ type: fc.constant("resident" as const), port, negated: fc.boolean() }),
    fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  ];
  const named = predicates.length === 0 ? [] : [fc.constantFrom(...predicates).chain((predicate) => fc.boolean().map((negated): Expression => ({ type: "predicate", predicate, negated: negated && predicate.level === "boolean" })))];
  if (sets === undefined) return [...plain, ...named];
  const member = fc.constantFrom(...ordinal).chain((field) => fc.tuple(rangeOf(field), fc.boolean(), fc.constantFrom(...sets.addresses)).map(([bits, negated, set]): Expression => ({ type: "in-set", field, bits, kind: "address-set", set, negated })));
  const grouped = fc.tuple(fc.constantFrom(...strings), fc.constantFrom(...sets.ports)).map(([field, set]): Expression => ({ type: "in-set", field, bits: { low: 0, width: 0 }, kind: "port-group", set, negated: false }));
  return [...plain, ...named, member, grouped];
}

/**
 * Matches of logical flows as trees that the parser could have made: reading what is printed gives the tree back.
 *
 * @example
 * fc.assert(fc.property(arbitraryExpression(), (match) => isDeepStrictEqual(parseExpression(printExpression(match)), match)))
 */
export function arbitraryExpression(options: ExpressionOptions = {}): fc.Arbitrary<Expression> {
  const leaf = fc.oneof(...leaves(options));
  const group = (type: "and" | "or", depth: number): fc.Arbitrary<Expression> => {
    const inner = depth > 1 ? fc.oneof({ arbitrary: leaf, weight: 3 }, { arbitrary: group(type === "and" ? "or" : "and", depth - 1), weight: 1 }) : leaf;
    return fc.array(inner, { minLength: 2, maxLength: 4 }).map((of): Expression => ({ type, of }));
  };
  const depth = options.depth ?? 3;
  return depth === 0 ? leaf : fc.oneof(leaf, group("and", depth), group("or", depth));
}
