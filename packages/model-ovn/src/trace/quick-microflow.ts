import type { Datapath, Machine } from "../pipeline/machine.ts";
import { type Span, spanIn } from "../pipeline/ranges.ts";
import { portKey, testOf } from "../pipeline/read-table.ts";
import { places, type Registers, WORD, WORDS } from "../pipeline/registers.ts";
import type { Test } from "../pipeline/test.ts";
import { parseIp6 } from "./address.ts";

/** What a symbol in a microflow asks of the registers. */
interface Wish {
  readonly type: "field" | "string" | "predicate";
  readonly span: Span | undefined;
  /** Bits that must be so. */
  readonly bits: readonly { readonly word: number; readonly mask: number; readonly value: number }[];
  /** Bits that must be one of several. */
  readonly among: readonly { readonly word: number; readonly mask: number; readonly values: ReadonlySet<number> }[];
}

const known = new WeakMap<Machine, Map<string, Wish | undefined>>();

/** The wish of a symbol; nothing for those that only the whole language can tell. */
function wishOf(machine: Machine, name: string): Wish | undefined {
  let wishes = known.get(machine);
  if (wishes === undefined) known.set(machine, (wishes = new Map()));
  if (wishes.has(name)) return wishes.get(name);
  const made = makeWish(machine, name);
  wishes.set(name, made);
  return made;
}

function makeWish(machine: Machine, name: string): Wish | undefined {
  const symbol = machine.language.symbols.get(name);
  if (symbol === undefined) return undefined;
  if (symbol.type === "string") return { type: "string", span: undefined, bits: [{ word: places.get(name)?.word ?? 0, mask: -1, value: 0 }], among: [] };
  if (symbol.type === "predicate") return wishFrom("predicate", undefined, [testOf(machine, symbol.means)]);
  const place = places.get(symbol.base);
  if (place === undefined || symbol.parent !== undefined) return undefined;
  return wishFrom("field", spanIn(place, symbol.low, symbol.width), symbol.needs === undefined ? [] : [testOf(machine, symbol.needs)]);
}

function wishFrom(type: Wish["type"], span: Span | undefined, tests: readonly Test[]): Wish | undefined {
  const parts = tests.flatMap((test) => (test.op === "and" ? test.of : [test]));
  const bits = parts.flatMap((test) => (test.op === "bits" ? [test] : []));
  const among = parts.flatMap((test) => (test.op === "among" ? [test] : []));
  return bits.length + among.length === parts.length ? { type, span, bits, among } : undefined;
}

const values = new Uint32Array(WORDS);
const masks = new Uint32Array(WORDS);
const pending: { readonly word: number; readonly mask: number; readonly values: ReadonlySet<number> }[] = [];

function ask(word: number, mask: number, value: number): boolean {
  if ((((values[word] as number) ^ value) & (masks[word] as number) & mask) !== 0) return false;
  values[word] = (values[word] as number) | value;
  masks[word] = (masks[word] as number) | mask;
  return true;
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isName = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 46 || isDigit(code);

/**
 * Reads the usual kind of microflow, `field == constant` and predicates joined by `&&`, in one go.
 *
 * Nothing comes of any other, nor of one that is wrong, ambiguous or contradictory: the whole language decides on these.
 */
export function quickMicroflow(machine: Machine, text: string, named: Datapath | undefined): { readonly datapath: Datapath; readonly regs: Registers } | undefined {
  values.fill(0);
  masks.fill(0);
  pending.length = 0;
  let inport: string | undefined;
  let outport: string | undefined;
  const { length } = text;
  let at = 0;
  for (;;) {
    while (isBlank(text.charCodeAt(at))) at += 1;
    const begin = at;
    if (isDigit(text.charCodeAt(at))) return undefined;
    while (isName(text.charCodeAt(at))) at += 1;
    const wish = at === begin ? undefined : wishOf(machine, text.slice(begin, at));
    if (wish === undefined) return undefined;
    while (isBlank(text.charCodeAt(at))) at += 1;
    if (text.charCodeAt(at) === 61 && text.charCodeAt(at + 1) === 61) {
      at += 2;
      while (isBlank(text.charCodeAt(at))) at += 1;
      if (wish.type === "string") {
        if (text.charCodeAt(at) !== 34) return undefined;
        const end = text.indexOf('"', at + 1);
        if (end === -1) return undefined;
        const name = text.slice(at + 1, end);
        if (name.includes("\\")) return undefined;
        const isIn = wish.bits[0]?.word === WORD.inport;
        const before = isIn ? inport : outport;
        if (before !== undefined && before !== name) return undefined;
        if (isIn) inport = name;
        else outport = name;
        at = end + 1;
      } else {
        const start = at;
        while (isName(text.charCodeAt(at)) || text.charCodeAt(at) === 58) at += 1;
        if (wish.span === undefined || !askConstant(wish.span, text.slice(start, at))) return undefined;
      }
    } else if (wish.type !== "predicate") return undefined;
    if (wish.type !== "string") {
      for (const { word, mask, value } of wish.bits) if (!ask(word, mask, value)) return undefined;
      for (const one of wish.among) pending.push(one);
    }
    while (isBlank(text.charCodeAt(at))) at += 1;
    if (at === length) break;
    if (text.charCodeAt(at) !== 38 || text.charCodeAt(at + 1) !== 38) return undefined;
    at += 2;
  }
  for (const { word, mask, values: allowed } of pending) {
    if (((masks[word] as number) & mask) !== mask || !allowed.has((values[word] as number) & mask)) return undefined;
  }
  const datapath = named ?? (inport === undefined ? undefined : machine.ports.get(inport)?.datapath);
  if (datapath === undefined) return undefined;
  if (inport !== undefined) values[WORD.inport] = portKey(machine, datapath, inport) ?? 0;
  if (outport !== undefined) values[WORD.outport] = portKey(machine, datapath, outport) ?? 0;
  // DSCP and ECN are never set: see `neverWhole`.
  values[WORD.tos] = 0;
  values[WORD.proto] = (values[WORD.proto] as number) & 0xff;
  return { datapath, regs: values.slice() };
}

function askConstant(span: Span, text: string): boolean {
  const { width, single, aligned } = span;
  if (text.includes(":")) return width === 48 && aligned !== undefined ? askMac(aligned.word, text) : width === 128 && aligned !== undefined && askIp6(aligned.word, text);
  if (single === undefined) return false;
  if (text.includes(".")) return width === 32 && askIp4(single.word, text);
  if (!/^(?:0|[1-9][0-9]{0,9}|0x[0-9a-fA-F]{1,8})$/.test(text)) return false;
  const value = Number(text);
  return value < 2 ** width && ask(single.word, single.mask, (value << single.shift) | 0);
}

function askIp4(word: number, text: string): boolean {
  let value = 0;
  let part = -1;
  let parts = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) part = part === -1 ? code - 48 : part === 0 ? 999 : part * 10 + code - 48;
    else {
      if (part === -1 || part > 255 || (code !== 46 && at !== text.length)) return false;
      value = (value << 8) | part;
      part = -1;
      parts += 1;
    }
  }
  return parts === 4 && ask(word, -1, value);
}

function hexDigit(code: number): number {
  if (isDigit(code)) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function askMac(word: number, text: string): boolean {
  if (text.length !== 17) return false;
  let high = 0;
  let low = 0;
  for (let at = 0; at < 17; at += 3) {
    const one = hexDigit(text.charCodeAt(at));
    const two = hexDigit(text.charCodeAt(at + 1));
    if (one < 0 || two < 0 || (at < 15 && text.charCodeAt(at + 2) !== 58)) return false;
    if (at < 6) high = (high << 8) | (one << 4) | two;
    else low = (low << 8) | (one << 4) | two;
  }
  return ask(word, 0xffff, high) && ask(word + 1, -1, low);
}

function askIp6(word: number, text: string): boolean {
  return parseIp6(text)?.every((part, at) => ask(word + at, -1, part)) === true;
}
