import { lex, OvnSyntaxError, type Token } from "./lex.ts";
import { type FieldSymbol, type PredicateSymbol, symbolOf } from "./symbols.ts";

export type Relation = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** A match expression as data; negation is pushed down to the comparisons. */
export type Expression =
  | { readonly type: "and" | "or"; readonly of: readonly Expression[] }
  | { readonly type: "constant"; readonly value: boolean }
  | { readonly type: "compare"; readonly field: FieldSymbol; readonly relation: Relation; readonly value: bigint; readonly mask?: bigint }
  /** Membership of a numeric field in an address set. */
  | { readonly type: "in-set"; readonly field: FieldSymbol; readonly set: string; readonly negated: boolean }
  | { readonly type: "port"; readonly field: "inport" | "outport"; readonly name: string; readonly negated: boolean }
  | { readonly type: "in-group"; readonly field: "inport" | "outport"; readonly group: string; readonly negated: boolean }
  | { readonly type: "resident"; readonly port: string; readonly negated: boolean };

const parsed = new Map<string, Expression>();

/** Parses a match expression; parsed texts are kept. @throws {@link OvnSyntaxError} */
export function parseExpression(text: string): Expression {
  let found = parsed.get(text);
  if (found === undefined) {
    found = parser(lex(text)).whole();
    parsed.set(text, found);
  }
  return found;
}

const opposite: Readonly<Record<Relation, Relation>> = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" };
const mirrored: Readonly<Record<Relation, Relation>> = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };
const isRelation = (text: string): text is Relation => text in opposite;

/** Joins a field's prerequisites to a comparison. */
function guarded(field: FieldSymbol, expression: Expression): Expression {
  return field.needs === undefined ? expression : { type: "and", of: [parseExpression(field.needs), expression] };
}

/** The negation of an expression; prerequisites inside are negated with it. */
function not(expression: Expression): Expression {
  switch (expression.type) {
    case "and":
    case "or":
      return { type: expression.type === "and" ? "or" : "and", of: expression.of.map(not) };
    case "constant":
      return { type: "constant", value: !expression.value };
    case "compare":
      return { ...expression, relation: opposite[expression.relation] };
    default:
      return { ...expression, negated: !expression.negated };
  }
}

const widthOf = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

type Constant = { readonly type: "number"; readonly value: bigint; readonly mask?: bigint; readonly bits?: number } | { readonly type: "string" | "set" | "group"; readonly text: string };

function parser(tokens: readonly Token[]) {
  let next = 0;
  const peek = (): Token | undefined => tokens[next];
  const fail = (problem: string): never => {
    throw new OvnSyntaxError(problem, peek()?.at ?? tokens.at(-1)?.at ?? 0);
  };
  const isSign = (text: string, token = peek()): boolean => token?.type === "sign" && token.text === text;
  const take = (text: string): boolean => {
    if (!isSign(text)) return false;
    next += 1;
    return true;
  };
  const expect = (text: string): void => {
    if (!take(text)) fail(`"${text}" is expected`);
  };

  const whole = (): Expression => {
    const result = disjunction(false);
    if (next < tokens.length) fail("the end of the expression is expected");
    return result;
  };

  // A negated "and" is an "or" of the negated parts, and the reverse.
  const disjunction = (negated: boolean): Expression => {
    const first = unary(negated);
    const operator = isSign("&&") ? "&&" : isSign("||") ? "||" : undefined;
    if (operator === undefined) return first;
    const of = [first];
    while (take(operator)) of.push(unary(negated));
    if (isSign("&&") || isSign("||")) fail("&& and || must be parenthesized when used together");
    return { type: (operator === "&&") === !negated ? "and" : "or", of };
  };

  const unary = (negated: boolean): Expression => {
    if (take("!")) {
      const start = next;
      const operand = unary(!negated);
      if (!isAtom(start)) fail("the operand of ! needs parentheses");
      return operand;
    }
    if (isSign("(")) {
      next += 1;
      const inner = disjunction(negated);
      expect(")");
      return inner;
    }
    const token = peek();
    if (token?.type === "number" && !isConstantComparison()) {
      next += 1;
      if (token.value > 1n || token.mask !== undefined) fail("0 or 1 is expected");
      return { type: "constant", value: (token.value === 1n) !== negated };
    }
    if (token?.type === "id" && token.text === "is_chassis_resident") {
      next += 1;
      expect("(");
      const port = peek();
      if (port?.type !== "string") return fail("a port name is expected");
      next += 1;
      expect(")");
      return { type: "resident", port: port.text, negated };
    }
    return comparison(negated);
  };

  /** Whether what was parsed since `start` is one unit: in parentheses, a call, a field alone or a constant. */
  const isAtom = (start: number): boolean => isSign("(", tokens[start]) || isSign("!", tokens[start]) || !tokens.slice(start, next).some((token) => token.type === "sign" && isRelation(token.text));

  const isConstantComparison = (): boolean => {
    const after = tokens[next + 1];
    return after?.type === "sign" && isRelation(after.text);
  };

  const comparison = (negated: boolean): Expression => {
    const token = peek();
    if (token === undefined) return fail("an expression is expected");
    if (token.type !== "id") {
      // constants < field [< constants]
      const left = constants();
      const relation = relationSign();
      const between = operand();
      const lower = compareField(between, mirrored[relation], left, negated);
      const again = peek();
      if (again?.type !== "sign" || !isRelation(again.text)) return lower;
      const second = relationSign();
      if (relation.charAt(0) !== second.charAt(0) || !/[<>]/.test(second)) fail("a range has the form x < field < y or x > field > y, each also with =");
      const upper = compareField(between, second, constants(), negated);
      return { type: negated ? "or" : "and", of: [lower, upper] };
    }
    const operandSymbol = operand();
    const sign = peek();
    if (sign?.type === "sign" && isRelation(sign.text)) {
      const relation = relationSign();
      return compareField(operandSymbol, relation, constants(), negated);
    }
    if (operandSymbol.type === "predicate") return predicate(operandSymbol, !negated);
    if (operandSymbol.type === "string") return fail(`string field ${operandSymbol.name} must be compared`);
    if (operandSymbol.width !== 1) fail(`the multibit field ${operandSymbol.name} must be compared`);
    return guarded(operandSymbol, { type: "compare", field: operandSymbol, relation: negated ? "!=" : "==", value: 1n });
  };

  const relationSign = (): Relation => {
    const token = peek();
    if (token?.type !== "sign" || !isRelation(token.text)) return fail("a relational operator is expected");
    next += 1;
    return token.text;
  };

  const operand = () => {
    const token = peek();
    if (token?.type !== "id") return fail("a field name is expected");
    const symbol = symbolOf(token.text);
    if (symbol === undefined) return fail(`"${token.text}" is no known field`);
    next += 1;
    if (!isSign("[")) return symbol;
    if (symbol.type !== "field") return fail(`${symbol.name} has no bits to select`);
    if (symbol.nominal) fail(`no subfield of nominal field ${symbol.name} can be selected`);
    next += 1;
    const low = integer();
    const high = take("..") ? integer() : low;
    expect("]");
    if (high < low || high >= symbol.width) fail(`bits ${low} to ${high} are not in ${symbol.name} of ${symbol.width} bits`);
    const sub: FieldSymbol = { ...symbol, name: `${symbol.name}[${low === high ? low : `${low}..${high}`}]`, low: symbol.low + low, width: high - low + 1 };
    return sub;
  };

  const integer = (): number => {
    const token = peek();
    if (token?.type !== "number") return fail("a number is expected");
    next += 1;
    return Number(token.value);
  };

  const constants = (): readonly Constant[] => {
    if (!take("{")) return [constant()];
    const list: Constant[] = [constant()];
    take(",");
    while (!take("}")) {
      list.push(constant());
      take(",");
    }
    return list;
  };

  const constant = (): Constant => {
    const token = peek();
    if (token === undefined || token.type === "sign" || token.type === "id" || token.type === "template") return fail("a constant is expected");
    next += 1;
    return token.type === "number" ? { type: "number", value: token.value, mask: token.mask, bits: token.bits } : { type: token.type, text: token.text };
  };

  const compareField = (symbol: ReturnType<typeof operand>, relation: Relation, list: readonly Constant[], negated: boolean): Expression => {
    const used = negated ? opposite[relation] : relation;
    const equality = relation === "==" || relation === "!=";
    const nominal = symbol.type === "string" || symbol.nominal;
    if (!equality) {
      if (list.length > 1 || list.some(({ type }) => type === "set" || type === "group")) fail("only == and != compare with a set of values");
      if (nominal || symbol.type === "predicate") fail(`only == and != compare nominal field ${symbol.name}`);
      if (list.some((one) => one.type === "number" && one.mask !== undefined)) fail("only == and != compare with a masked constant");
    }
    if (symbol.type === "predicate") {
      const tests = list.map((one) => {
        if (one.type !== "number" || one.mask !== undefined || one.value > 1n) return fail(`predicate ${symbol.name} is compared with 0 or 1`);
        return predicate(symbol, (one.value === 1n) === (used === "=="));
      });
      return tests.length === 1 && tests[0] !== undefined ? tests[0] : { type: used === "!=" ? "and" : "or", of: tests };
    }
    if (nominal && used !== "==") fail(`nominal field ${symbol.name} may only be tested for equality`);
    const parts = list.map((one): Expression => {
      if (symbol.type === "string") {
        const field = symbol.name === "inport" ? "inport" : "outport";
        if (one.type === "string") return { type: "port", field, name: one.text, negated: used === "!=" };
        if (one.type === "group") return { type: "in-group", field, group: one.text, negated: used === "!=" };
        return fail(`${symbol.name} is compared with a string`);
      }
      if (one.type === "set") return { type: "in-set", field: symbol, set: one.text, negated: used === "!=" };
      if (one.type !== "number") return fail(`${symbol.name} is compared with a number`);
      const width = one.mask === undefined ? (one.bits ?? widthOf(one.value)) : widthOf(one.mask);
      if (width > symbol.width) return fail(`a constant of ${width} bits does not fit ${symbol.name} of ${symbol.width} bits`);
      return { type: "compare", field: symbol, relation: used, value: one.value, mask: one.mask };
    });
    const [only] = parts;
    const joined: Expression = parts.length === 1 && only !== undefined ? only : { type: used === "!=" ? "and" : "or", of: parts };
    return symbol.type === "field" ? guarded(symbol, joined) : joined;
  };

  const predicate = (symbol: PredicateSymbol, positive: boolean): Expression => {
    if (symbol.nominal && !positive) fail(`nominal predicate ${symbol.name} may only be tested positively`);
    return positive ? parseExpression(symbol.means) : not(parseExpression(symbol.means));
  };

  return { whole };
}
