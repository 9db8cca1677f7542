import type { FieldRange } from "./expression.ts";
import type { Lexer } from "./lexer.ts";
import type { OvnSymbol, SymbolTable } from "./symbols.ts";
import { T } from "./token.ts";

/** What a name in the text refers to, with the bits chosen of it. */
export interface SymbolRange {
  readonly symbol: OvnSymbol;
  readonly low: number;
  readonly width: number;
}

/** Bits of a symbol; a string has none. */
export const widthOf = (symbol: OvnSymbol): number => (symbol.type === "field" ? symbol.width : symbol.type === "predicate" ? 1 : 0);

/**
 * Reads a field, perhaps with a range of bits, from the lexer.
 *
 * @see OVN 23.09, lib/expr.c, parse_field
 */
export function parseFieldRange(lexer: Lexer, symbols: SymbolTable): SymbolRange {
  const symbol = lexer.kind === T.id ? symbols.get(lexer.text) : undefined;
  if (symbol === undefined) return lexer.unexpected("expecting field name");
  lexer.next();
  const width = widthOf(symbol);
  if (!lexer.match(T.lsquare)) return { symbol, low: 0, width };
  if (width === 0) lexer.fail(`Cannot select subfield of string field ${symbol.name}.`);
  const low = lexer.forceInt();
  const high = lexer.match(T.ellipsis) ? lexer.forceInt() : low;
  lexer.force(T.rsquare);
  if (low > high) lexer.fail(`Invalid bit range ${low} to ${high}.`);
  if (high >= width) lexer.fail(`Cannot select bits ${low} to ${high} of ${width}-bit field ${symbol.name}.`);
  if (symbol.level === "nominal" && (low !== 0 || high !== width - 1)) lexer.fail(`Cannot select subfield of nominal field ${symbol.name}.`);
  return { symbol, low, width: high - low + 1 };
}

/** A field with its bits as text: `reg8[16..31]`. */
export function printFieldRange({ symbol, low, width }: FieldRange): string {
  if (low === 0 && width === widthOf(symbol)) return symbol.name;
  return width === 1 ? `${symbol.name}[${low}]` : `${symbol.name}[${low}..${low + width - 1}]`;
}
