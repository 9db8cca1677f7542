import type { Direction, Tuple } from "@hopscope/core";
import { constantOf } from "./lex.ts";
import type { Expression } from "./parse.ts";
import type { FieldSymbol } from "./symbols.ts";

/** The fields of one packet inside the pipeline; numbers by base name, ports by name. */
export interface Fields {
  readonly values: Map<string, bigint>;
  inport: string;
  outport: string;
  /** The connection that the packet carries with it inside one datapath, so that a second look in the same zone finds it although its addresses changed. */
  tracked?: { readonly zone: number; readonly original: Tuple; readonly direction: Direction };
}

/** What a match can ask beside the packet. */
export interface Lookups {
  addressSet(name: string): readonly string[] | undefined;
  portGroup(name: string): ReadonlySet<string> | undefined;
  isResident(port: string): boolean;
}

/** Reads a field. */
export function readField(fields: Fields, { base, low, width }: FieldSymbol): bigint {
  return ((fields.values.get(base) ?? 0n) >> BigInt(low)) & ((1n << BigInt(width)) - 1n);
}

/** Writes a field; bits outside of it stay. */
export function writeField(fields: Fields, { base, low, width }: FieldSymbol, value: bigint, mask?: bigint): void {
  const bits = (mask ?? (1n << BigInt(width)) - 1n) << BigInt(low);
  fields.values.set(base, ((fields.values.get(base) ?? 0n) & ~bits) | ((value << BigInt(low)) & bits));
}

const members = new Map<string, { readonly value: bigint; readonly mask?: bigint } | undefined>();
const memberOf = (text: string): { readonly value: bigint; readonly mask?: bigint } | undefined => {
  if (!members.has(text)) members.set(text, constantOf(text));
  return members.get(text);
};

/** Whether a packet matches. */
export function evaluate(expression: Expression, fields: Fields, lookups: Lookups): boolean {
  switch (expression.type) {
    case "constant":
      return expression.value;
    case "and":
      return expression.of.every((part) => evaluate(part, fields, lookups));
    case "or":
      return expression.of.some((part) => evaluate(part, fields, lookups));
    case "compare": {
      const { mask } = expression;
      const own = readField(fields, expression.field);
      const value = mask === undefined ? own : own & mask;
      switch (expression.relation) {
        case "==":
          return value === expression.value;
        case "!=":
          return value !== expression.value;
        case "<":
          return value < expression.value;
        case "<=":
          return value <= expression.value;
        case ">":
          return value > expression.value;
        case ">=":
          return value >= expression.value;
      }
    }
    case "in-set": {
      const value = readField(fields, expression.field);
      const within = (lookups.addressSet(expression.set) ?? []).some((text) => {
        const member = memberOf(text);
        return member !== undefined && (member.mask === undefined ? value : value & member.mask) === member.value;
      });
      return within !== expression.negated;
    }
    case "port":
      return (fields[expression.field] === expression.name) !== expression.negated;
    case "in-group":
      return (lookups.portGroup(expression.group)?.has(fields[expression.field]) === true) !== expression.negated;
    case "resident":
      return lookups.isResident(expression.port) !== expression.negated;
  }
}
