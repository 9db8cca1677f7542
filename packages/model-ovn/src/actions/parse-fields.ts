import { constantProblem, parseConstant } from "../expr/constants.ts";
import type { FieldRange } from "../expr/expression.ts";
import { widthOf } from "../expr/field-range.ts";
import { T } from "../expr/token.ts";
import type { Action, ResultActionType } from "./action.ts";
import { type ActionParser, checkField, parseField, parseOperand, type Parsing, parseUint16, tableAfter } from "./parsing.ts";

/** An action of the form `field = name(…)`; the lexer is at its name. */
export type AssignmentParser = (parsing: Parsing, to: FieldRange) => Action;

/** `field = constant`. */
export const parseLoad: AssignmentParser = (parsing, to) => {
  const { lexer } = parsing;
  checkField(parsing, to, to.width, true);
  const value = parseConstant(lexer);
  const problem = constantProblem(to.symbol.name, widthOf(to.symbol), value);
  if (problem !== undefined) lexer.fail(problem);
  return { type: to.symbol.writable === "anywhere" ? "ovnfield_load" : "load", to, value };
};

const kindOf = ({ width }: FieldRange): string => (width > 0 ? "integer" : "string");

/** `field = field` and `field <-> field`. */
export function parseMove(parsing: Parsing, left: FieldRange, exchange: boolean): Action {
  const { lexer } = parsing;
  const right = parseField(parsing);
  const describe = (field: FieldRange): string => `${kindOf(field)} field (${field.symbol.name})`;
  if (kindOf(left) !== kindOf(right)) lexer.fail(exchange ? `Can't exchange ${describe(left)} with ${describe(right)}.` : `Can't assign ${describe(right)} to ${describe(left)}.`);
  if (left.width !== right.width)
    lexer.fail(exchange ? `Can't exchange ${left.width}-bit field with ${right.width}-bit field.` : `Can't assign ${right.width}-bit value to ${left.width}-bit destination.`);
  checkField(parsing, left, left.width, true);
  checkField(parsing, right, right.width, exchange);
  return exchange ? { type: "exchange", left, right } : { type: "move", to: left, from: right };
}

export const parsePushPop = (type: "push" | "pop"): ActionParser => (parsing) => {
  parsing.lexer.force(T.lparen);
  const field = parseField(parsing);
  checkField(parsing, field, field.width, type === "pop");
  parsing.lexer.force(T.rparen);
  return { type, field };
};

/** `field = select(id=weight, …)`. */
export const parseSelect: AssignmentParser = (parsing, to) => {
  const { lexer } = parsing;
  checkField(parsing, to, to.width, true);
  if (to.width < 16) lexer.fail(`cannot use ${to.width}-bit field ${to.symbol.name}[${to.low}..${to.low + to.width - 1}] for "select", which requires at least 16 bits.`);
  const table = tableAfter(parsing, "select");
  enter(parsing);
  const members: { id: number; weight: number }[] = [];
  while (!lexer.match(T.rparen)) {
    const id = parseUint16(parsing, "id");
    let weight = 100;
    if (lexer.match(T.equals)) {
      weight = parseUint16(parsing, "weight");
      if (weight === 0) lexer.unexpected("weight can't be 0");
    }
    lexer.match(T.comma);
    members.push({ id, weight });
  }
  if (members.length <= 1) lexer.unexpected("expecting at least 2 group members");
  return { type: "select", to, members, table };
};

/** Goes past the name of an action and its parenthesis. */
function enter({ lexer }: Parsing): void {
  lexer.next();
  lexer.next();
}

/** `field = name()` for a field of so many bits. */
export const parseResult = (type: ResultActionType, bits: number, prerequisite?: (parsing: Parsing) => void): AssignmentParser => (parsing, to) => {
  enter(parsing);
  if (!parsing.lexer.match(T.rparen)) parsing.lexer.fail(`${type} doesn't take any parameters`);
  checkField(parsing, to, bits, true);
  prerequisite?.(parsing);
  return { type, to };
};

/** @remarks Differs: of `check_pkt_larger(;` the real program makes an action without a field. */
export const parseCheckPacketLarger: AssignmentParser = (parsing, to) => {
  const { lexer } = parsing;
  checkField(parsing, to, 1, true);
  lexer.next();
  lexer.force(T.lparen);
  if (!lexer.isInt()) lexer.force(T.semicolon);
  const bytes = lexer.forceInt() & 0xffff;
  lexer.force(T.rparen);
  return { type: "check_pkt_larger", to, bytes };
};

/** `get_arp(port, ip)` and `get_nd`. */
export const parseGetBinding = (type: "get_arp" | "get_nd"): ActionParser => (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const ip = parseOperand(parsing, type === "get_arp" ? 32 : 128);
  lexer.force(T.rparen);
  return { type, port, ip };
};

/** `put_arp(port, ip, mac)` and `put_nd`. */
export const parsePutBinding = (type: "put_arp" | "put_nd"): ActionParser => (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const ip = parseOperand(parsing, type === "put_arp" ? 32 : 128);
  lexer.force(T.comma);
  const mac = parseOperand(parsing, 48);
  lexer.force(T.rparen);
  return { type, port, ip, mac };
};

/** `bit = lookup_arp(port, ip, mac)` and `lookup_nd`. */
export const parseLookupBinding = (type: "lookup_arp" | "lookup_nd"): AssignmentParser => (parsing, to) => {
  const { lexer } = parsing;
  checkField(parsing, to, 1, true);
  enter(parsing);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const ip = parseOperand(parsing, type === "lookup_arp" ? 32 : 128);
  lexer.force(T.comma);
  const mac = parseOperand(parsing, 48);
  lexer.force(T.rparen);
  return { type, to, port, ip, mac };
};

/** `bit = lookup_arp_ip(port, ip)` and `lookup_nd_ip`. */
export const parseLookupBindingIp = (type: "lookup_arp_ip" | "lookup_nd_ip"): AssignmentParser => (parsing, to) => {
  const { lexer } = parsing;
  checkField(parsing, to, 1, true);
  enter(parsing);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const ip = parseOperand(parsing, type === "lookup_arp_ip" ? 32 : 128);
  lexer.force(T.rparen);
  return { type, to, port, ip };
};

export const parsePutFdb: ActionParser = (parsing) => {
  const { lexer } = parsing;
  lexer.force(T.lparen);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const mac = parseOperand(parsing, 48);
  lexer.force(T.rparen);
  return { type: "put_fdb", port, mac };
};

export const parseGetFdb: AssignmentParser = (parsing, to) => {
  enter(parsing);
  if (to.width > 0) checkField(parsing, to, 32, true);
  const mac = parseOperand(parsing, 48);
  parsing.lexer.force(T.rparen);
  return { type: "get_fdb", to, mac };
};

export const parseLookupFdb: AssignmentParser = (parsing, to) => {
  const { lexer } = parsing;
  enter(parsing);
  checkField(parsing, to, 1, true);
  const port = parseOperand(parsing, 0);
  lexer.force(T.comma);
  const mac = parseOperand(parsing, 48);
  lexer.force(T.rparen);
  return { type: "lookup_fdb", to, port, mac };
};
