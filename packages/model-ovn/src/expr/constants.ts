import type { Constant, ExpressionSets, IntegerConstant } from "./expression.ts";
import { Lexer } from "./lexer.ts";
import { T } from "./token.ts";

/** A set that was named where no sets are known. */
export interface NamedSet {
  readonly type: "set";
  readonly kind: "address-set" | "port-group";
  readonly name: string;
}

/** Constants of one comparison: all numbers or all strings. */
export interface ConstantSet {
  readonly type: "integer" | "string";
  readonly values: readonly (Constant | NamedSet)[];
  readonly braces: boolean;
  /** The address set that they are the members of, if that is all. */
  readonly set?: string;
}

/** Sets of a language without any: every name is unknown. */
export const NO_SETS: ExpressionSets = { addressSet: () => undefined, portGroup: () => undefined };

/** Whether a constant is a number or a string. */
export const kindOf = (value: Constant | NamedSet): "integer" | "string" => value.type === "set" ? (value.kind === "address-set" ? "integer" : "string") : value.type;

function expectType(lexer: Lexer, [first]: readonly (Constant | NamedSet)[], type: "integer" | "string"): void {
  if (first !== undefined && kindOf(first) !== type) lexer.unexpected(`expecting ${kindOf(first)}`);
}

/** Adds the constant at hand to a list; undefined sets are kept by name. */
function addConstant(lexer: Lexer, values: (Constant | NamedSet)[], sets: ExpressionSets | undefined): string | undefined {
  let set: string | undefined;
  switch (lexer.kind) {
    case T.template:
      return lexer.fail("Unexpanded template.");
    case T.string: case T.integer: case T.masked: {
      const constant = lexer.constant();
      expectType(lexer, values, constant.type);
      values.push(constant);
      break;
    }
    case T.set: {
      const members = sets?.addressSet(lexer.text);
      if (sets !== undefined && members === undefined) lexer.unexpected("expecting address set name");
      expectType(lexer, values, "integer");
      if (values.length === 0) set = lexer.text;
      if (members === undefined) values.push({ type: "set", kind: "address-set", name: lexer.text });
      else for (const member of members) values.push(member);
      break;
    }
    case T.group: {
      const ports = sets?.portGroup(lexer.text);
      if (sets !== undefined && ports === undefined) lexer.unexpected("expecting port group name");
      expectType(lexer, values, "string");
      if (ports === undefined) values.push({ type: "set", kind: "port-group", name: lexer.text });
      else for (const text of ports) values.push({ type: "string", text });
      break;
    }
    default:
      return lexer.unexpected("expecting constant");
  }
  lexer.next();
  return set;
}

/** The type of a list; one that is empty because its sets are has the type of the set named last. */
const typeOf = (values: readonly (Constant | NamedSet)[], lastKind: number): "integer" | "string" => {
  const [first] = values;
  if (first !== undefined) return kindOf(first);
  return lastKind === T.group ? "string" : "integer";
};

/** Reads the one constant at hand; names of sets stand for nothing. */
export function parseConstant(lexer: Lexer): Constant {
  const values: (Constant | NamedSet)[] = [];
  addConstant(lexer, values, NO_SETS);
  const [constant] = values;
  return constant === undefined || constant.type === "set" ? lexer.unexpected("expecting constant") : constant;
}

/**
 * Reads one constant, or several in braces, from the lexer.
 *
 * @see OVN 23.09, lib/expr.c, parse_constant_set
 */
export function parseConstantSet(lexer: Lexer, sets: ExpressionSets | undefined): ConstantSet {
  const values: (Constant | NamedSet)[] = [];
  let { kind } = lexer;
  if (!lexer.match(T.lcurly)) {
    const set = addConstant(lexer, values, sets);
    return { type: typeOf(values, kind), values, braces: false, ...(set === undefined ? {} : { set }) };
  }
  let set: string | undefined;
  do {
    kind = lexer.kind;
    set = addConstant(lexer, values, sets);
    lexer.match(T.comma);
  } while (!lexer.match(T.rcurly));
  return { type: typeOf(values, kind), values, braces: true, ...(set === undefined ? {} : { set }) };
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Members of an address set as constants, sorted; what is no number is left out.
 *
 * @see OVN 23.09, lib/expr.c, expr_constant_set_create_integers
 */
export function addressConstants(members: readonly string[]): readonly IntegerConstant[] {
  const constants: IntegerConstant[] = [];
  for (const member of members) {
    const lexer = new Lexer(member);
    if (lexer.kind === T.integer || lexer.kind === T.masked) constants.push(lexer.integer());
  }
  return constants.sort((a, b) => order(a.value, b.value) || Number(a.mask === undefined) - Number(b.mask === undefined) || order(a.mask ?? 0n, b.mask ?? 0n));
}

const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);
const WIDTHS: Readonly<Record<"ipv4" | "ipv6" | "ethernet", number>> = { ipv4: 32, ipv6: 128, ethernet: 48 };

/** What is wrong with comparing a field of so many bits (0: a string) with a constant, or writing it there. */
export function constantProblem(name: string, width: number, constant: Constant): string | undefined {
  if ((constant.type === "integer") !== width > 0) return `${width > 0 ? "Integer" : "String"} field ${name} is not compatible with ${constant.type} constant.`;
  const needed = constant.type === "integer" ? constantWidth(constant) : 0;
  return needed > width ? `${needed}-bit constant is not compatible with ${width}-bit field ${name}.` : undefined;
}

/** Bits that a field must have for a number to be compared with it: those of its notation, or of its value. */
export function constantWidth(constant: IntegerConstant): number {
  if (constant.mask !== undefined) return bitLength(constant.mask);
  return constant.format === "decimal" || constant.format === "hexadecimal" ? bitLength(constant.value) : WIDTHS[constant.format];
}
