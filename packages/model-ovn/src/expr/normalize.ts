import { uniqueSymbol } from "./annotate.ts";
import { crush, intersect } from "./crush.ts";
import type { Expression } from "./expression.ts";
import { combine, groupOf } from "./tree.ts";
import { type NormalRules, normalRules } from "./version.ts";

const RANK: Readonly<Record<string, number>> = { and: 1, or: 2, boolean: 3, resident: 4 };
const FALSE: Expression = { type: "boolean", value: false };

/** Operands of a conjunction in groups of one symbol each, by the symbol's name, the mixed ones last. */
function sortOperands(operands: readonly Expression[]) {
  const keyed = operands.map((expression) => {
    const symbol = uniqueSymbol(expression);
    const size = expression.type === "and" || expression.type === "or" ? expression.of.length : 0;
    return { expression, symbol, rank: symbol === undefined ? (RANK[expression.type] ?? 0) : 0, size };
  });
  return keyed.sort((a, b) => {
    if (a.rank !== b.rank) return a.rank - b.rank;
    if (a.symbol === undefined || b.symbol === undefined) return a.size - b.size;
    return a.symbol.name < b.symbol.name ? -1 : a.symbol.name > b.symbol.name ? 1 : 0;
  });
}

/** Brings tests of one symbol together and joins them into as few as possible. */
function gather(operands: readonly Expression[], rules: NormalRules): Expression {
  const sorted = sortOperands(operands);
  let result: Expression | undefined;
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at];
    if (first === undefined) break;
    const { symbol } = first;
    if (symbol === undefined) {
      result = combine("and", result, first.expression);
      at++;
      continue;
    }
    let joined: Expression = first.expression;
    for (at++; sorted[at]?.symbol === symbol; at++) joined = combine("and", joined, sorted[at]?.expression ?? joined);
    const crushed = crush(joined, symbol, rules);
    if (crushed.type !== "boolean") result = combine("and", result, crushed);
    else if (!crushed.value) return crushed;
  }
  return result ?? { type: "boolean", value: true };
}

/** Joins neighbouring tests of one field; undefined where they contradict each other. */
function joinNeighbours(operands: readonly Expression[]): readonly Expression[] | undefined {
  const joined: Expression[] = [];
  for (const operand of operands) {
    const last = joined.at(-1);
    if (operand.type === "compare" && last?.type === "compare" && last.field === operand.field) {
      const both = intersect(operand, last);
      if (both === undefined) return undefined;
      joined[joined.length - 1] = both;
    } else if (operand.type === "compare-string" && last?.type === "compare-string" && last.field === operand.field) {
      if (last.text !== operand.text) return undefined;
    } else joined.push(operand);
  }
  return joined;
}

function normalizeAnd(operands: readonly Expression[], rules: NormalRules): Expression {
  const gathered = gather(operands, rules);
  if (gathered.type !== "and") return gathered;
  const joined = joinNeighbours(gathered.of);
  if (joined === undefined) return FALSE;
  if (joined.length < 2) return groupOf("and", joined, true);
  const index = joined.findIndex((operand) => {
    if (operand.type !== "or") return false;
    const symbol = uniqueSymbol(operand);
    return symbol === undefined || (symbol.type === "field" && symbol.crossproduct);
  });
  const split = joined[index];
  if (split?.type !== "or") return { type: "and", of: joined };
  const products = split.of.map((alternative): Expression => ({
    type: "and",
    of: joined.flatMap((operand, at) => {
      const term = at === index ? alternative : operand;
      return term.type === "and" ? term.of : [term];
    }),
  }));
  return normalizeOr(products, rules);
}

function normalizeOr(operands: readonly Expression[], rules: NormalRules): Expression {
  const of: Expression[] = [];
  for (const operand of operands) {
    if (operand.type !== "and") {
      of.push(operand);
      continue;
    }
    const normal = normalizeAnd(operand.of, rules);
    if (normal.type === "boolean") {
      if (normal.value) return normal;
    } else if (normal.type === "or") for (const inner of normal.of) of.push(inner);
    else of.push(normal);
  }
  return groupOf("or", of, false);
}

/**
 * Brings a simplified expression into alternatives of conjunctions, each part of which is over one field.
 *
 * @see OVN 23.09, lib/expr.c, expr_normalize
 * @example
 * printExpression(normalize(simplify(annotate(parseExpression("ct.new && !ct.est"))))) // "ct_state == 0x21/0x23"
 */
export function normalize(expression: Expression, rules: NormalRules = normalRules()): Expression {
  if (expression.type === "and") return normalizeAnd(expression.of, rules);
  return expression.type === "or" ? normalizeOr(expression.of, rules) : expression;
}
