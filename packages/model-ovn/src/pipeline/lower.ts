import { constantWidth } from "../expr/constants.ts";
import type { Expression, IntegerConstant, Relation } from "../expr/expression.ts";
import type { FieldSymbol, StringSymbol } from "../expr/symbols.ts";
import { places, type Place } from "./registers.ts";
import { constantWords, spanIn, type Span } from "./ranges.ts";
import { all, any, FALSE, type Test, TRUE } from "./test.ts";

/** What names in a match stand for in one datapath. */
export interface MatchNames {
  /** Tunnel key of a port or multicast group; a name unknown here makes its comparison false. */
  portKey(name: string): number | undefined;
  isResident(port: string): boolean;
  addressSet(name: string): readonly IntegerConstant[] | undefined;
  portGroup(name: string): readonly string[] | undefined;
  /** Test of a prerequisite or predicate; shared by all flows. */
  meaning(text: string, negated: boolean): Test;
  /** Prerequisites of fields, shared by all flows. */
  readonly needs: Map<FieldSymbol, Test>;
}

/** A match that OVN refuses. */
export class MatchProblem extends Error {}

/**
 * Compiles a match to tests on registers.
 *
 * Prerequisites are added at each comparison, so the result needs no annotation before. What comparisons of an alternative have in
 * common is drawn out, so that a list of addresses tests the type of the packet once.
 *
 * @see OVN 23.09, lib/expr.c expr_annotate, expr_evaluate
 */
export function lower(expression: Expression, names: MatchNames): Test {
  switch (expression.type) {
    case "boolean":
      return expression.value ? TRUE : FALSE;
    case "and":
      return all(expression.of.map((one) => lower(one, names)));
    case "or":
      return anyShared(expression.of.map((one) => lower(one, names)));
    case "resident":
      return names.isResident(expression.port) === expression.negated ? FALSE : TRUE;
    case "predicate":
      return names.meaning(expression.predicate.means, expression.negated);
    case "compare-string":
      return portTest(expression.field, expression.text, expression.relation === "!=", names);
    case "compare":
      return all([needs(expression.field, names), comparison(fieldSpan(expression.field), expression.relation, expression.value, expression.mask)]);
    case "in-set":
      return inSet(expression, names);
  }
}

function needs(field: FieldSymbol, names: MatchNames): Test {
  const known = names.needs.get(field);
  if (known !== undefined) return known;
  const tests: Test[] = [];
  for (let at: FieldSymbol | undefined = field; at !== undefined; at = at.parent) if (at.needs !== undefined) tests.push(names.meaning(at.needs, false));
  const test = all(tests);
  names.needs.set(field, test);
  return test;
}

function placeOf(field: FieldSymbol): Place {
  const place = places.get(field.base);
  if (place === undefined) throw new MatchProblem(`Field ${field.name} cannot be matched.`);
  return place;
}

const spans = new WeakMap<FieldSymbol, Span>();

function fieldSpan(field: FieldSymbol): Span {
  const known = spans.get(field);
  if (known !== undefined) return known;
  const span = spanIn(placeOf(field), field.low, field.width);
  spans.set(field, span);
  return span;
}

function portTest(field: StringSymbol, name: string, negated: boolean, names: MatchNames): Test {
  const key = names.portKey(name);
  if (key === undefined) return FALSE;
  const word = (places.get(field.name) as Place).word;
  return { op: negated ? "not-bits" : "bits", word, mask: -1, value: key | 0 };
}

function comparison(span: Span, relation: Relation, value: bigint, mask: bigint): Test {
  const { single } = span;
  if (single !== undefined && mask !== 0n && (relation === "==" || relation === "!=")) {
    const bits = Number(mask) << single.shift;
    return { op: relation === "==" ? "bits" : "not-bits", word: single.word, mask: bits, value: (Number(value) << single.shift) & bits };
  }
  const words = constantWords(span, value, mask);
  switch (relation) {
    case "==":
      return all(words.map((one) => ({ op: "bits", ...one })));
    case "!=":
      return any(words.map((one) => ({ op: "not-bits", ...one })));
    default: {
      const [first] = words;
      if (first === undefined) return relation === "<=" || relation === ">=" ? TRUE : FALSE;
      const length = span.place.word + span.place.words - first.word;
      const at = (word: number): { readonly mask: number; readonly value: number } => words.find((one) => one.word === word) ?? { mask: 0, value: 0 };
      const range = Array.from({ length }, (_, index) => at(first.word + index));
      return {
        op: "order", word: first.word, masks: range.map((one) => one.mask), values: range.map((one) => one.value),
        less: relation === "<" || relation === "<=", equal: relation === "<=" || relation === ">=", greater: relation === ">" || relation === ">=",
      };
    }
  }
}

function inSet(expression: Extract<Expression, { type: "in-set" }>, names: MatchNames): Test {
  const { field, set, kind, negated } = expression;
  if (kind === "port-group") {
    if (field.type !== "string") throw new MatchProblem(`Integer field ${field.name} is not compatible with string constant.`);
    const ports = names.portGroup(set);
    if (ports === undefined) throw new MatchProblem(`Syntax error at \`@${set}' expecting port group name.`);
    return negated ? all(ports.map((port) => portTest(field, port, true, names))) : anyShared(ports.map((port) => portTest(field, port, false, names)));
  }
  if (field.type !== "field") throw new MatchProblem(`String field ${field.name} is not compatible with integer constant.`);
  const members = names.addressSet(set);
  if (members === undefined) throw new MatchProblem(`Syntax error at \`$${set}' expecting address set name.`);
  const span = spanIn(placeOf(field), field.low + expression.bits.low, expression.bits.width);
  const full = (1n << BigInt(span.width)) - 1n;
  const tests = members.map((member) => {
    const needed = constantWidth(member);
    if (needed > span.width) throw new MatchProblem(`${needed}-bit constant is not compatible with ${span.width}-bit field ${field.name}.`);
    return comparison(span, negated ? "!=" : "==", member.value & full, (member.mask ?? full) & full);
  });
  if (tests.length === 0) return negated ? TRUE : FALSE;
  return all([needs(field, names), negated ? all(tests) : anyShared(tests)]);
}

/** Any of some tests; what all have in common is tested once, and tests of one masked word become one of membership. */
function anyShared(tests: readonly Test[]): Test {
  const open = tests.filter((test) => test !== FALSE);
  const [first, ...others] = open;
  if (first === undefined) return FALSE;
  if (others.length === 0 || open.includes(TRUE)) return any(open);
  const parts = (test: Test): readonly Test[] => (test.op === "and" ? test.of : [test]);
  const keyOf = (test: Test): string | Test => (test.op === "bits" ? `${test.word} ${test.mask} ${test.value}` : test);
  let common = new Set(parts(first).map(keyOf));
  for (const other of others) {
    const keys = new Set(parts(other).map(keyOf));
    common = new Set([...common].filter((key) => keys.has(key)));
    if (common.size === 0) return members(open);
  }
  const shared = parts(first).filter((test) => common.has(keyOf(test)));
  return all([...shared, members(open.map((test) => all(parts(test).filter((part) => !common.has(keyOf(part))))))]);
}

function members(tests: readonly Test[]): Test {
  const byWord = new Map<string, { readonly word: number; readonly mask: number; readonly values: Set<number> }>();
  const others: Test[] = [];
  for (const test of tests) {
    if (test.op !== "bits") {
      others.push(test);
      continue;
    }
    const key = `${test.word} ${test.mask}`;
    const group = byWord.get(key) ?? { word: test.word, mask: test.mask, values: new Set<number>() };
    byWord.set(key, group);
    group.values.add(test.value);
  }
  const groups = [...byWord.values()].map(({ word, mask, values }): Test => {
    const [value] = values;
    return values.size === 1 ? { op: "bits", word, mask, value: value as number } : { op: "among", word, mask, values };
  });
  return any([...groups, ...others]);
}
