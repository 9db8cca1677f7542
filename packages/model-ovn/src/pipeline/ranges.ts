import type { FieldRange } from "../expr/expression.ts";
import { places, type Place, type Registers } from "./registers.ts";

/** Where a range of bits lies in the register file. */
export interface Span {
  readonly place: Place;
  /** First bit within the place's words, counted from the least significant. */
  readonly low: number;
  readonly width: number;
  /** Word of the most significant bit, number of words, and which bits of the first word count, where the range begins at a word. */
  readonly aligned?: { readonly word: number; readonly words: number; readonly mask: number };
  /** Word, shift and mask of a range that lies in one word. */
  readonly single?: { readonly word: number; readonly shift: number; readonly mask: number };
}

/** The part of the register file that a field, or a range of its bits, stands for; nothing for fields that only a chassis can write. */
export function spanOf({ symbol, low, width }: FieldRange): Span | undefined {
  const base = symbol.type === "string" ? symbol.name : symbol.base;
  const place = places.get(base);
  if (place === undefined) return undefined;
  return spanIn(place, (symbol.type === "string" ? 0 : symbol.low + low), symbol.type === "string" ? 32 : width);
}

/** The span of `width` bits from bit `low` of a place. */
export function spanIn(place: Place, low: number, width: number): Span {
  const bit = place.shift + low;
  const words = Math.ceil(width / 32);
  const last = place.word + place.words - 1 - Math.floor(bit / 32);
  const odd = width % 32;
  const shift = bit % 32;
  return {
    place, low: bit, width,
    ...(shift === 0 ? { aligned: { word: last - words + 1, words, mask: odd === 0 ? -1 : 2 ** odd - 1 } } : {}),
    ...(shift + width <= 32 ? { single: { word: last, shift, mask: width === 32 ? -1 : ((2 ** width - 1) << shift) | 0 } } : {}),
  };
}

/** The value of a span of at most 32 bits. */
export function readNumber(span: Span, regs: Registers): number {
  const { single } = span;
  if (single !== undefined) return (((regs[single.word] as number) & single.mask) >>> single.shift) >>> 0;
  return Number(readBig(span, regs) & 0xffffffffn);
}

/** Writes a value of at most 32 bits; higher bits of the span become 0. */
export function writeNumber(span: Span, regs: Registers, value: number): void {
  const { single } = span;
  if (single === undefined) return writeBig(span, regs, BigInt(value >>> 0));
  regs[single.word] = ((regs[single.word] as number) & ~single.mask) | ((value << single.shift) & single.mask);
}

/** The value of a span. */
export function readBig({ place, low, width }: Span, regs: Registers): bigint {
  let value = 0n;
  for (let at = 0; at < place.words; at++) value = (value << 32n) | BigInt(regs[place.word + at] as number);
  return (value >> BigInt(low)) & ((1n << BigInt(width)) - 1n);
}

/** Writes a value. */
export function writeBig({ place, low, width }: Span, regs: Registers, value: bigint): void {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(low);
  const shifted = (value << BigInt(low)) & mask;
  for (let at = place.words - 1, from = 0n; at >= 0; at--, from += 32n) {
    const bits = Number((mask >> from) & 0xffffffffn);
    if (bits === 0) continue;
    regs[place.word + at] = ((regs[place.word + at] as number) & ~bits) | Number((shifted >> from) & 0xffffffffn);
  }
}

/** Words and masks of a constant that is written to, or compared with, a span; a word that no bit touches is left out. */
export function constantWords({ place, low }: Span, value: bigint, mask: bigint): readonly { readonly word: number; readonly mask: number; readonly value: number }[] {
  const masks = mask << BigInt(low);
  const values = value << BigInt(low);
  return Array.from({ length: place.words }, (_, at) => {
    const from = BigInt((place.words - 1 - at) * 32);
    return { word: place.word + at, mask: Number((masks >> from) & 0xffffffffn) | 0, value: Number((values >> from) & (masks >> from) & 0xffffffffn) | 0 };
  }).filter((one) => one.mask !== 0);
}
