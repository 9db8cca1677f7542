import type { Constant, IntegerConstant, NumberFormat } from "./expression.ts";
import { maskNumber, scanNumber } from "./number.ts";
import { unquote } from "./quoted.ts";
import { OvnSyntaxError } from "./syntax-error.ts";
import { SIGNS, T } from "./token.ts";

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isIdStart = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 46;
const isId = (code: number): boolean => isIdStart(code) || isDigit(code);
const isHex = (code: number): boolean => isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
const isAlphanumeric = (code: number): boolean => isDigit(code) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

/** Kinds of the tokens that are one character whatever follows, by character code. */
const SINGLE = new Uint8Array(128);
for (const [sign, kind] of [["(", T.lparen], [")", T.rparen], ["{", T.lcurly], ["}", T.rcurly], ["[", T.lsquare], ["]", T.rsquare], [",", T.comma], [";", T.semicolon]] as const) SINGLE[sign.charCodeAt(0)] = kind;

/**
 * The tokens of a match or of actions, one at a time; the current one is in the fields.
 *
 * A class because it is the inner loop of loading: nothing is allocated for a sign, and texts and numbers only for the tokens that have them.
 *
 * @see OVN 23.09, lib/lex.c
 */
export class Lexer {
  readonly input: string;
  kind: number = T.end;
  start = 0;
  end = 0;
  /** The identifier, the string's contents, the name of a set; or the problem of an error token. */
  text = "";
  value = 0n;
  mask = 0n;
  format: NumberFormat = "decimal";

  constructor(input: string) {
    this.input = input;
    this.next();
  }

  /** Goes to the next token. */
  next(): number {
    const { input } = this;
    const start = this.skip(this.end);
    if (start < 0) return this.kind;
    this.start = start;
    if (start >= input.length) {
      this.end = start;
      return (this.kind = T.end);
    }
    const code = input.charCodeAt(start);
    const single = code < 128 ? (SINGLE[code] ?? 0) : 0;
    if (single !== 0) {
      this.end = start + 1;
      return (this.kind = single);
    }
    if (isHex(code) && !isDigit(code)) {
      let at = start + 1;
      while (isHex(input.charCodeAt(at))) at++;
      return input.charCodeAt(at) === 58 ? this.number(start) : this.name(T.id, start);
    }
    if (isIdStart(code) && code !== 46) return this.name(T.id, start);
    if (isDigit(code)) return this.number(start);
    return this.sign(code, start);
  }

  /** The kind of the token after the current one, of the signs that decide what the current one starts; -1 for every other. */
  peek(): number {
    const { input } = this;
    for (let at = this.end; ; at++) {
      const code = input.charCodeAt(at);
      if (isBlank(code)) continue;
      if (code === 47) break;
      if (code < 128 && SINGLE[code]) return SINGLE[code] ?? -1;
      if (code === 61) return input.charCodeAt(at + 1) === 61 ? T.eq : T.equals;
      return code === 60 && input.startsWith("->", at + 1) ? T.exchange : -1;
    }
    const { start, end, text, value, mask, format, kind } = this;
    const next = this.next();
    Object.assign(this, { start, end, text, value, mask, format, kind });
    return next;
  }

  /** Goes past the current token if it is of a kind. */
  match(kind: number): boolean {
    if (this.kind !== kind) return false;
    this.next();
    return true;
  }

  /** Goes past the current token if it is a certain identifier. */
  matchId(name: string): boolean {
    if (this.kind !== T.id || this.text !== name) return false;
    this.next();
    return true;
  }

  /** Goes past the current token, which must be of a kind. @throws {@link OvnSyntaxError} */
  force(kind: number): void {
    if (this.kind === kind) this.next();
    else this.unexpected(kind === T.end ? "expecting end of input" : `expecting \`${SIGNS[kind] ?? ""}'`);
  }

  /** Whether the current token is a number that fits a C int and is written in decimal. */
  isInt(): boolean {
    return this.kind === T.integer && this.format === "decimal" && this.value <= 0x7fffffffn;
  }

  forceInt(): number {
    if (!this.isInt()) this.unexpected("expecting small integer");
    const value = Number(this.value);
    this.next();
    return value;
  }

  /** The current number or string as data. */
  constant(): Constant {
    return this.kind === T.string ? { type: "string", text: this.text } : this.integer();
  }

  integer(): IntegerConstant {
    return this.kind === T.masked ? { type: "integer", value: this.value, mask: this.mask, format: this.format } : { type: "integer", value: this.value, format: this.format };
  }

  /** Gives up with a sentence; a token that is itself wrong is the deeper cause. @throws {@link OvnSyntaxError} */
  fail(problem: string): never {
    throw new OvnSyntaxError(this.kind === T.error ? this.text : problem, this.start);
  }

  /** Gives up because of the current token. @throws {@link OvnSyntaxError} */
  unexpected(detail = ""): never {
    const place = this.kind === T.end ? " at end of input" : ` at \`${this.input.slice(this.start, this.end)}'`;
    this.fail(`Syntax error${place}${detail === "" ? "" : ` ${detail}`}.`);
  }

  /** Offset of the next token, past blanks and comments; -1 after an error. */
  private skip(from: number): number {
    const { input } = this;
    for (let at = from; ; ) {
      const code = input.charCodeAt(at);
      if (isBlank(code)) at++;
      else if (code !== 47) return at;
      else {
        const second = input.charCodeAt(at + 1);
        const line = input.indexOf("\n", at + 2);
        const stop = line < 0 ? input.length : line;
        if (second === 47) at = stop;
        else if (second === 42) {
          const close = input.indexOf("*/", at + 2);
          this.start = at;
          if (close < 0 || close > stop) return this.error("`/*' without matching `*/'.", stop);
          at = close + 2;
        } else {
          this.start = at;
          return this.error("`/' is only valid as part of `//' or `/*'.", at + 1);
        }
      }
    }
  }

  private error(problem: string, end: number): -1 {
    this.kind = T.error;
    this.text = problem;
    this.end = end;
    return -1;
  }

  private name(kind: number, start: number): number {
    const { input } = this;
    let at = start + 1;
    while (isId(input.charCodeAt(at))) at++;
    this.text = input.slice(start, at);
    this.end = at;
    return (this.kind = kind);
  }

  private named(kind: number, start: number, prefix: string): number {
    if (isIdStart(this.input.charCodeAt(start + 1))) return this.name(kind, start + 1);
    this.error(`\`${prefix}' must be followed by a valid identifier.`, start + 1);
    return T.error;
  }

  /** Where a number ends: `..` and a colon after a dot do not belong to it. */
  private extent(start: number): number {
    const { input } = this;
    let sawDot = false;
    let at = start;
    for (; ; at++) {
      const code = input.charCodeAt(at);
      if (code === 46 && input.charCodeAt(at + 1) !== 46) sawDot = true;
      else if (!isAlphanumeric(code) && !(code === 58 && !sawDot)) return at;
    }
  }

  private number(start: number): number {
    const { input } = this;
    this.end = this.extent(start);
    const number = scanNumber(input, start, this.end);
    if (typeof number === "string") {
      this.text = number;
      return (this.kind = T.error);
    }
    if (input.charCodeAt(this.end) !== 47) {
      this.value = number.value;
      this.format = number.format;
      return (this.kind = T.integer);
    }
    const from = this.end + 1;
    this.end = this.extent(from);
    const mask = scanNumber(input, from, this.end);
    const masked = typeof mask === "string" ? mask : maskNumber(number, mask);
    if (typeof masked === "string") {
      this.text = masked;
      return (this.kind = T.error);
    }
    this.value = masked.value;
    this.mask = masked.mask;
    this.format = masked.format;
    return (this.kind = T.masked);
  }

  private string(start: number): number {
    const { input } = this;
    for (let at = start + 1; at < input.length; at++) {
      const code = input.charCodeAt(at);
      if (code === 92) at++;
      else if (code === 34) {
        const inside = unquote(input.slice(start + 1, at));
        this.end = at + 1;
        this.text = "text" in inside ? inside.text : inside.problem;
        return (this.kind = "text" in inside ? T.string : T.error);
      }
    }
    this.error("Input ends inside quoted string.", input.length);
    return T.error;
  }

  private take(kind: number, length: number): number {
    this.end = this.start + length;
    return (this.kind = kind);
  }

  private refuse(problem: string): number {
    this.error(problem, this.start + 1);
    return T.error;
  }

  private sign(code: number, start: number): number {
    const { input } = this;
    const second = input.charCodeAt(start + 1);
    switch (code) {
      case 61: return second === 61 ? this.take(T.eq, 2) : this.take(T.equals, 1);
      case 33: return second === 61 ? this.take(T.ne, 2) : this.take(T.not, 1);
      case 38: return second === 38 ? this.take(T.and, 2) : this.refuse("`&' is only valid as part of `&&'.");
      case 124: return second === 124 ? this.take(T.or, 2) : this.refuse("`|' is only valid as part of `||'.");
      case 60: return second === 61 ? this.take(T.le, 2) : second === 45 && input.charCodeAt(start + 2) === 62 ? this.take(T.exchange, 3) : this.take(T.lt, 1);
      case 62: return second === 61 ? this.take(T.ge, 2) : this.take(T.gt, 1);
      case 46: return second === 46 ? this.take(T.ellipsis, 2) : this.refuse("`.' is only valid as part of `..' or a number.");
      case 45: return second === 45 ? this.take(T.decrement, 2) : this.take(T.hyphen, 1);
      case 36: return this.named(T.set, start, "$");
      case 64: return this.named(T.group, start, "@");
      case 94: return this.named(T.template, start, "^");
      case 58: return second === 58 ? this.number(start) : this.take(T.colon, 1);
      case 34: return this.string(start);
      default: return this.refuse(strangeCharacter(input, start));
    }
  }
}

/** What is wrong with a character that starts no token; of one beyond ASCII the real program sees the first byte. */
function strangeCharacter(input: string, at: number): string {
  const code = input.codePointAt(at) ?? 0;
  if (code > 32 && code < 127) return `Invalid character \`${String.fromCharCode(code)}' in input.`;
  const byte = code < 128 ? code : (new TextEncoder().encode(String.fromCodePoint(code))[0] ?? 0) - 256;
  return `Invalid byte 0x${byte} in input.`;
}
