import { Lexer } from "./lexer.ts";
import { printConstant } from "./print-number.ts";
import { quote } from "./quoted.ts";
import { SIGNS, T } from "./token.ts";

function printToken(lexer: Lexer): string {
  switch (lexer.kind) {
    case T.id: return lexer.text;
    case T.string: case T.integer: case T.masked: return printConstant(lexer.constant());
    case T.set: return `$${lexer.text}`;
    case T.group: return `@${lexer.text}`;
    case T.error: return `error(${quote(lexer.text)})`;
    default: return SIGNS[lexer.kind] ?? "";
  }
}

/**
 * Replaces the names of template variables (`^NAME`) in a match or in actions by what they are on one chassis.
 *
 * A text without any comes back as it is. Otherwise its tokens are written one after the other, as the real program does; a
 * name without a value stands for itself, without its prefix.
 *
 * @see OVN 23.09, lib/lex.c, lexer_parse_template_string
 * @example
 * expandTemplates("ip4.dst == ^NODE", new Map([["NODE", "10.0.0.1"]])) // "ip4.dst==10.0.0.1"
 */
export function expandTemplates(text: string, variables: ReadonlyMap<string, string>): string {
  if (!text.includes("^")) return text;
  const lexer = new Lexer(text);
  let expanded = "";
  for (; lexer.kind !== T.end; lexer.next()) expanded += lexer.kind === T.template ? (variables.get(lexer.text) ?? lexer.text) : printToken(lexer);
  return expanded;
}
