import { constantProblem, type ConstantSet, kindOf, type NamedSet, parseConstantSet } from "./constants.ts";
import type { Constant, Expression, ExpressionSets, Relation } from "./expression.ts";
import { parseFieldRange, type SymbolRange, widthOf } from "./field-range.ts";
import { Lexer } from "./lexer.ts";
import { symbolTable } from "./symbol-table.ts";
import type { SymbolTable } from "./symbols.ts";
import { T } from "./token.ts";
import { bitOf, combine, compare, groupOf, inverseOf, onesOf, turned } from "./tree.ts";

const RELATIONS: readonly (Relation | undefined)[] = (() => {
  const relations: (Relation | undefined)[] = [];
  for (const [kind, relation] of [[T.eq, "=="], [T.ne, "!="], [T.lt, "<"], [T.le, "<="], [T.gt, ">"], [T.ge, ">="]] as const) relations[kind] = relation;
  return relations;
})();

const MAX_DEPTH = 100;

interface Context {
  readonly lexer: Lexer;
  readonly symbols: SymbolTable;
  readonly sets: ExpressionSets | undefined;
  /** Inside an odd number of `!`: what is built is the negation of what is read. */
  negated: boolean;
  depth: number;
  /** Whether the operand read last may follow a `!` without parentheses. */
  atomic: boolean;
}

/** The smallest and the greatest number that a bit counts as. */
const ZERO: ConstantSet = { type: "integer", values: [{ type: "integer", value: 0n, format: "hexadecimal" }], braces: false };

function checkTypes({ lexer }: Context, { symbol }: SymbolRange, constants: ConstantSet): void {
  const width = widthOf(symbol);
  if (constants.values.length === 0 && (constants.type === "integer") !== width > 0)
    lexer.fail(`${width > 0 ? "Integer" : "String"} field ${symbol.name} is not compatible with ${constants.type} constant.`);
  for (const constant of constants.values) {
    const kind = kindOf(constant);
    const problem = constant.type === "set"
      ? (kind === "integer") === width > 0 ? undefined : `${width > 0 ? "Integer" : "String"} field ${symbol.name} is not compatible with ${kind} constant.`
      : constantProblem(symbol.name, width, constant);
    if (problem !== undefined) lexer.fail(problem);
  }
}

const levelName = (level: string): string => (level === "boolean" ? "Boolean" : level);

/** Whether the relation suits the field and the constants. */
function checkRelation({ lexer, negated }: Context, { symbol }: SymbolRange, relation: Relation, constants: ConstantSet): void {
  const [first] = constants.values;
  if (relation !== "==" && relation !== "!=") {
    if (constants.braces) lexer.fail("Only == and != operators may be used with value sets.");
    if (symbol.level !== "ordinal") lexer.fail(`Only == and != operators may be used with ${levelName(symbol.level)} field ${symbol.name}.`);
    if (first === undefined) return lexer.fail("Only == and != operators may be used to compare a field against an empty value set.");
    if (first.type === "integer" && first.mask !== undefined)
      lexer.fail("Only == and != operators may be used with masked constants.  Consider using subfields instead (e.g. eth.src[0..15] > 0x1111 in place of eth.src > 00:00:00:00:11:11/00:00:00:00:ff:ff).");
    if (first.type === "set") return lexer.fail(`Only == and != operators may be used with address set ${first.name}.`);
  }
  if (symbol.level !== "nominal") return;
  if (symbol.type !== "predicate") {
    if (relation !== (negated ? "!=" : "==")) lexer.fail(`Nominal field ${symbol.name} may only be tested for equality (taking enclosing \`!' operators into account).`);
    return;
  }
  for (const constant of constants.values) {
    const isOne = constant.type === "integer" && (constant.value & 1n) === 1n;
    if ((isOne !== (relation === "!=")) === negated) {
      const { name } = symbol;
      lexer.fail(`Nominal predicate ${name} may only be tested positively, e.g. \`${name}' or \`${name} == 1' but not \`!${name}' or \`${name} == 0'.`);
    }
  }
}

/** The comparison with one constant, already negated where it stands under `!`. */
function compareWith(context: Context, range: SymbolRange, relation: Relation, constant: Constant | NamedSet): Expression {
  const { symbol, low, width } = range;
  if (constant.type === "set") {
    if (symbol.type === "predicate") return context.lexer.fail(`Predicate ${symbol.name} cannot be compared with set ${constant.name}.`);
    return { type: "in-set", field: symbol, bits: { low, width }, kind: constant.kind, set: constant.name, negated: relation === "!=" };
  }
  if (symbol.type === "string") return { type: "compare-string", field: symbol, relation: relation === "==" ? "==" : "!=", text: constant.type === "string" ? constant.text : "" };
  if (constant.type === "string") return context.lexer.fail(`Integer field ${symbol.name} is not compatible with string constant.`);
  if (symbol.type === "predicate") return { type: "predicate", predicate: symbol, negated: ((constant.value & 1n) === 1n) === (relation === "!=") };
  const ones = onesOf(width);
  const mask = constant.mask === undefined ? ones : constant.mask & ones;
  const value = width === symbol.width ? constant.value : constant.value & ones;
  if (low === 0) return compare(symbol, relation, value, mask);
  const shift = BigInt(low);
  return compare(symbol, relation, value << shift, constant.mask === undefined && width === 1 ? bitOf(low) : mask << shift);
}

function comparison(context: Context, range: SymbolRange, relation: Relation, constants: ConstantSet): Expression {
  checkTypes(context, range, constants);
  checkRelation(context, range, relation, constants);
  const actual = context.negated ? inverseOf(relation) : relation;
  const { values } = constants;
  const [first] = values;
  if (values.length === 1 && first !== undefined) return compareWith(context, range, actual, first);
  const type = (relation === "==") !== context.negated ? "or" : "and";
  const of: Expression[] = [];
  for (const constant of values) of.push(compareWith(context, range, actual, constant));
  const group = groupOf(type, of, (relation === "!=") !== context.negated);
  return constants.set !== undefined && relation === "==" && group.type === "or" ? { ...group, set: constants.set } : group;
}

function parseRelation({ lexer }: Context): Relation {
  const relation = RELATIONS[lexer.kind];
  if (relation === undefined) return lexer.unexpected("expecting relational operator");
  lexer.next();
  return relation;
}

function parseResident({ lexer, negated }: Context): Expression {
  if (lexer.kind !== T.string) lexer.unexpected("expecting string");
  const port = lexer.text;
  lexer.next();
  lexer.force(T.rparen);
  return { type: "resident", port, negated };
}

/** `field`, `field == constants`. */
function parseField(context: Context): Expression {
  const { lexer } = context;
  if (lexer.peek() === T.lparen) {
    if (!lexer.matchId("is_chassis_resident")) lexer.fail("parsing function name");
    lexer.next();
    context.atomic = true;
    return parseResident(context);
  }
  const range = parseFieldRange(lexer, context.symbols);
  if (RELATIONS[lexer.kind] !== undefined) {
    const relation = parseRelation(context);
    const constants = parseConstantSet(lexer, context.sets);
    context.atomic = false;
    return comparison(context, range, relation, constants);
  }
  if (range.width === 0 || lexer.kind === T.equals) lexer.unexpected("expecting relational operator");
  if (range.width > 1 && !context.negated) lexer.fail("Explicit `!= 0' is required for inequality test of multibit field against 0.");
  context.atomic = true;
  return comparison(context, range, "!=", ZERO);
}

/** `1`, `constants == field`, `constant < field < constant`. */
function parseFromConstant(context: Context): Expression {
  const { lexer } = context;
  const first = parseConstantSet(lexer, context.sets);
  context.atomic = false;
  const [only] = first.values;
  if (RELATIONS[lexer.kind] === undefined && first.values.length === 1 && !first.braces && only?.type === "integer" && only.format === "decimal" && only.mask === undefined && only.value <= 1n) {
    context.atomic = true;
    return { type: "boolean", value: (only.value === 1n) !== context.negated };
  }
  const relation = parseRelation(context);
  const range = parseFieldRange(lexer, context.symbols);
  if (RELATIONS[lexer.kind] === undefined) return comparison(context, range, turned(relation), first);
  const second = parseRelation(context);
  const last = parseConstantSet(lexer, context.sets);
  if (relation.charAt(0) !== second.charAt(0) || relation === "==" || relation === "!=")
    lexer.fail("Range expressions must have the form `x < field < y' or `x > field > y', with each `<' optionally replaced by `<=' or `>' by `>=').");
  return combine(context.negated ? "or" : "and", comparison(context, range, turned(relation), first), comparison(context, range, second, last));
}

function parsePrimary(context: Context): Expression {
  const { lexer } = context;
  switch (lexer.kind) {
    case T.lparen: {
      if (context.depth >= MAX_DEPTH) {
        lexer.next();
        lexer.fail("Parentheses nested too deeply.");
      }
      lexer.next();
      context.depth++;
      const inner = parseGroup(context);
      context.depth--;
      lexer.force(T.rparen);
      context.atomic = true;
      return inner;
    }
    case T.template: return lexer.fail("Unexpanded template.");
    case T.id: return parseField(context);
    default: return parseFromConstant(context);
  }
}

function parseNot(context: Context): Expression {
  if (!context.lexer.match(T.not)) return parsePrimary(context);
  context.negated = !context.negated;
  const operand = parsePrimary(context);
  context.negated = !context.negated;
  if (!context.atomic) context.lexer.fail("Missing parentheses around operand of !.");
  return operand;
}

function parseGroup(context: Context): Expression {
  const { lexer } = context;
  const first = parseNot(context);
  const { kind } = lexer;
  if (kind !== T.and && kind !== T.or) return first;
  const type = (kind === T.and) === context.negated ? "or" : "and";
  const of: Expression[] = first.type === type ? [...first.of] : [first];
  while (lexer.match(kind)) {
    const operand = parseNot(context);
    if (operand.type === type) for (const inner of operand.of) of.push(inner);
    else of.push(operand);
  }
  if (lexer.kind === T.and || lexer.kind === T.or) lexer.fail("&& and || must be parenthesized when used together.");
  return { type, of };
}

/**
 * Reads a match of a logical flow.
 *
 * With `sets`, address sets and port groups are replaced by comparisons with their members; without, they are kept by name.
 *
 * @see OVN 23.09, lib/expr.c, expr_parse_string
 * @throws {@link OvnSyntaxError}
 * @example
 * printExpression(parseExpression("tcp.dst == {80, 443} && ip4.src == 10.0.0.0/8"))
 * // "(tcp.dst == 0x50 || tcp.dst == 0x1bb) && ip4.src[24..31] == 0xa"
 */
export function parseExpression(text: string, sets?: ExpressionSets, symbols: SymbolTable = symbolTable()): Expression {
  const lexer = new Lexer(text);
  const expression = parseGroup({ lexer, symbols, sets, negated: false, depth: 0, atomic: false });
  lexer.force(T.end);
  return expression;
}
