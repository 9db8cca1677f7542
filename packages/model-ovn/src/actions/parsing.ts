import { prerequisitesOf } from "../expr/annotate.ts";
import type { Expression, FieldRange } from "../expr/expression.ts";
import { parseFieldRange } from "../expr/field-range.ts";
import type { Lexer } from "../expr/lexer.ts";
import { parseExpression } from "../expr/parse.ts";
import type { SymbolTable } from "../expr/symbols.ts";
import { since } from "../expr/version.ts";
import type { Action, ActionAddress, ActionBackend, Place } from "./action.ts";
import type { DhcpOptions } from "./options.ts";

/** Where a flow stands, and in which release: what its actions mean depends on it. */
export interface ActionContext extends Place {
  /** Tables of a pipeline; `next` cannot leave them. */
  readonly tables: number;
  readonly dhcp?: DhcpOptions;
  /** The release whose symbols and actions are known. */
  readonly version?: string;
  /** Symbols other than the release's own. */
  readonly symbols?: SymbolTable;
}

/** What the actions at hand are parsed with. */
export interface Parsing {
  readonly lexer: Lexer;
  readonly symbols: SymbolTable;
  readonly context: ActionContext;
  readonly place: Place;
  readonly version: string;
  readonly dhcp: DhcpOptions;
  /** Where fields are written: the insides of `ct_commit { }` may write others than the rest. */
  readonly scope: "actions" | "ct_commit";
  readonly depth: number;
  /** What must hold for the actions to make sense, in the order met. */
  readonly prerequisites: Expression[];
}

/** Reads an action; undefined for a text that the real program takes and makes nothing of. */
export type ActionParser = (parsing: Parsing) => Action | undefined;

/** Whether the release has what came in with certain releases. */
export const has = ({ version }: Parsing, ...firsts: readonly string[]): boolean => since(version, ...firsts);

const known = new WeakMap<SymbolTable, Map<string, Expression>>();

/** Adds a prerequisite as it is written, not annotated. */
export function addPrerequisite({ symbols, prerequisites }: Parsing, text: string): void {
  let texts = known.get(symbols);
  if (texts === undefined) known.set(symbols, (texts = new Map()));
  let expression = texts.get(text);
  if (expression === undefined) texts.set(text, (expression = parseExpression(text, undefined, symbols)));
  prerequisites.push(expression);
}

/** Reads a field that an action reads or writes; its prerequisites become the action's. @see OVN 23.09, lib/expr.c, expr_field_parse */
export function parseField(parsing: Parsing): FieldRange {
  const { lexer, symbols, prerequisites } = parsing;
  const { symbol, low, width } = parseFieldRange(lexer, symbols);
  if (symbol.type === "predicate") return lexer.fail(`Predicate symbol ${symbol.name} used where lvalue required.`);
  for (const each of symbol.type === "field" && symbol.parent !== undefined ? [symbol, symbol.parent] : [symbol]) {
    const needs = prerequisitesOf(each, symbols);
    if (needs !== undefined) prerequisites.push(needs);
  }
  return { symbol, low, width };
}

/** Gives up where a field has not so many bits (0: is no string) or cannot be written here. @see OVN 23.09, lib/expr.c, expr_type_check */
export function checkField({ lexer, scope }: Parsing, field: FieldRange, bits: number, written: boolean): void {
  const { symbol, low, width } = field;
  if (bits !== width) {
    if (bits > 0 && width > 0) lexer.fail(`Cannot use ${width}-bit field ${symbol.name}[${low}..${low + width - 1}] where ${bits}-bit field is required.`);
    if (bits > 0) lexer.fail(`Cannot use string field ${symbol.name} where numeric field is required.`);
    lexer.fail(`Cannot use numeric field ${symbol.name} where string field is required.`);
  }
  if (written && symbol.writable !== scope && symbol.writable !== "anywhere") lexer.fail(`Field ${symbol.name} is not modifiable.`);
}

/** Reads a field of so many bits that is only read; 0 bits ask for a string. */
export function parseOperand(parsing: Parsing, bits: number): FieldRange {
  const field = parseField(parsing);
  checkField(parsing, field, bits, false);
  return field;
}

/** Reads a decimal number of 16 bits. */
export function parseUint16({ lexer }: Parsing, what: string): number {
  if (!lexer.isInt() || lexer.value > 0xffffn) lexer.unexpected(`expecting ${what}`);
  return lexer.forceInt();
}

/** The table after the flow's own, for actions that continue there. */
export function tableAfter({ lexer, context }: Parsing, action: string): number {
  if (context.table >= context.tables) lexer.fail(`"${action}" action not allowed in last table.`);
  return context.table + 1;
}

/** An address as the text of load balancers writes it, with a port or without. @see Open vSwitch 3.2, lib/socket-util.c, inet_parse_active */
export function parseEndpoint(text: string, parseAddress: (text: string) => ActionAddress | undefined): ActionBackend | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)|([^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1] ?? match[2] ?? match[3] ?? "");
  const port = Number(match?.[4] ?? 0);
  return address === undefined || port > 65535 ? undefined : { address, port };
}
