import type { Expression } from "./expression.ts";
import { parseExpression } from "./parse.ts";
import { symbolTable } from "./symbol-table.ts";
import type { FieldSymbol, OvnSymbol, PredicateSymbol, SymbolTable } from "./symbols.ts";
import { combine, negate } from "./tree.ts";

/** Annotated texts of prerequisites and predicates, and the negations of the latter, by symbol table. */
const known = new WeakMap<SymbolTable, Map<string, Expression>>();

function annotatedText(text: string, symbols: SymbolTable, negated = false): Expression {
  let texts = known.get(symbols);
  if (texts === undefined) known.set(symbols, (texts = new Map()));
  const key = negated ? `!${text}` : text;
  let expression = texts.get(key);
  if (expression === undefined) {
    expression = negated ? negate(annotatedText(text, symbols)) : annotate(parseExpression(text, undefined, symbols), symbols);
    texts.set(key, expression);
  }
  return expression;
}

/** What must hold besides a test of the symbol, annotated. */
export const prerequisitesOf = (symbol: OvnSymbol, symbols: SymbolTable = symbolTable()): Expression | undefined =>
  symbol.type === "field" && symbol.needs !== undefined ? annotatedText(symbol.needs, symbols) : undefined;

/** An expression with the prerequisites of one symbol added at its end. */
function withPrerequisites(expression: Expression, symbol: OvnSymbol, symbols: SymbolTable): Expression {
  const prerequisites = prerequisitesOf(symbol, symbols);
  return prerequisites === undefined ? expression : combine("and", expression, prerequisites);
}

/** The symbol that every test of the expression is about; undefined where there are several or none. */
export function uniqueSymbol(expression: Expression): OvnSymbol | undefined {
  switch (expression.type) {
    case "compare": case "compare-string": case "in-set": return expression.field;
    case "predicate": return expression.predicate;
    case "and": case "or": {
      let found: OvnSymbol | undefined;
      for (const operand of expression.of) {
        const symbol = uniqueSymbol(operand);
        if (symbol === undefined || (found !== undefined && symbol !== found)) return undefined;
        found = symbol;
      }
      return found;
    }
    default: return undefined;
  }
}

function expandSubfield(expression: Expression, field: FieldSymbol, parent: FieldSymbol): Expression {
  const shift = BigInt(field.low);
  if (expression.type === "compare") return { ...expression, field: parent, value: expression.value << shift, mask: expression.mask << shift };
  if (expression.type === "in-set") return { ...expression, field: parent, bits: { low: expression.bits.low + field.low, width: expression.bits.width } };
  return expression;
}

const expandPredicate = (predicate: PredicateSymbol, negated: boolean, symbols: SymbolTable): Expression => annotatedText(predicate.means, symbols, negated);

/**
 * Adds the prerequisites of every field tested, and replaces subfields and predicates by what they stand for.
 *
 * A group whose tests are all of one symbol gets that symbol's prerequisites once.
 *
 * @see OVN 23.09, lib/expr.c, expr_annotate
 * @example
 * printExpression(annotate(parseExpression("ct.new"))) // "ct_state[0] && ct_state[5]"
 */
export function annotate(expression: Expression, symbols: SymbolTable = symbolTable()): Expression {
  return annotateNode(expression, symbols, true);
}

function annotateNode(expression: Expression, symbols: SymbolTable, prerequisites: boolean): Expression {
  switch (expression.type) {
    case "compare": case "in-set": {
      const { field } = expression;
      if (field.type === "string") return expression;
      const expanded = field.parent === undefined ? expression : expandSubfield(expression, field, field.parent);
      return prerequisites ? withPrerequisites(expanded, field, symbols) : expanded;
    }
    case "predicate": return expandPredicate(expression.predicate, expression.negated, symbols);
    case "and": case "or": return annotateGroup(expression, symbols, prerequisites);
    default: return expression;
  }
}

function annotateGroup(group: Extract<Expression, { type: "and" | "or" }>, symbols: SymbolTable, prerequisites: boolean): Expression {
  const symbol = prerequisites ? uniqueSymbol(group) : undefined;
  const whole = symbol === undefined ? group : withPrerequisites(group, symbol, symbols);
  if (whole.type !== "and" && whole.type !== "or") return whole;
  const of: Expression[] = [];
  for (const operand of whole.of) {
    const annotated = annotateNode(operand, symbols, prerequisites && symbol === undefined);
    if (annotated.type === whole.type) for (const inner of annotated.of) of.push(inner);
    else of.push(annotated);
  }
  return whole.set === undefined ? { type: whole.type, of } : { type: whole.type, of, set: whole.set };
}
