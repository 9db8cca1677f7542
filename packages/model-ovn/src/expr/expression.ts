import type { FieldSymbol, PredicateSymbol, StringSymbol } from "./symbols.ts";

export type Relation = "==" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A match of a logical flow as a tree.
 *
 * An `and` or `or` has at least two operands, none of its own type. Negation is pushed down to the leaves. `value` and
 * `mask` of a comparison are aligned to the whole symbol (a test of `tcp.dst[8..15]` has the mask 0xff00), the value has no
 * bit outside the mask, and a test of a single bit for (in)equality is always written with `==`. After annotation no
 * predicate and no subfield symbol is left: `field.low` is 0 and `field.base` equals `field.name`.
 *
 * @see OVN 23.09, include/ovn/expr.h, struct expr
 */
export type Expression =
  | { readonly type: "and" | "or"; readonly of: readonly Expression[]; /** Address set whose members these are, as long as nothing was combined with them. */ readonly set?: string }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "compare"; readonly field: FieldSymbol; readonly relation: Relation; readonly value: bigint; readonly mask: bigint }
  | { readonly type: "compare-string"; readonly field: StringSymbol; readonly relation: "==" | "!="; readonly text: string }
  | { readonly type: "predicate"; readonly predicate: PredicateSymbol; readonly negated: boolean }
  | { readonly type: "resident"; readonly port: string; readonly negated: boolean }
  | { readonly type: "in-set"; readonly field: FieldSymbol | StringSymbol; /** Bits of the field that the members are compared with. */ readonly bits: Bits; readonly kind: "address-set" | "port-group"; readonly set: string; readonly negated: boolean };

/** A range of bits; a string field has none. */
export interface Bits {
  readonly low: number;
  readonly width: number;
}

/** A field, or a range of its bits, as an action names it: `reg8[16..31]`. */
export interface FieldRange {
  readonly symbol: FieldSymbol | StringSymbol;
  /** First bit within the symbol (not within its base). */
  readonly low: number;
  /** 0 for a string field. */
  readonly width: number;
}

/** How a number was written; it is printed back the same way. */
export type NumberFormat = "decimal" | "hexadecimal" | "ipv4" | "ipv6" | "ethernet";

/** A number of the language, with its mask where one was written. */
export interface IntegerConstant {
  readonly type: "integer";
  readonly value: bigint;
  readonly mask?: bigint;
  readonly format: NumberFormat;
}

export type Constant = IntegerConstant | { readonly type: "string"; readonly text: string };

/** What names of sets stand for; without one a match keeps them as `in-set`. */
export interface ExpressionSets {
  /** Members of an address set, in the order of {@link addressConstants}. */
  addressSet(name: string): readonly IntegerConstant[] | undefined;
  /** Ports of a port group, by the name the match uses. */
  portGroup(name: string): readonly string[] | undefined;
}
