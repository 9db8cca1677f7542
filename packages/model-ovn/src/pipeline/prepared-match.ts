import { hashStart, hashStep } from "./hash.ts";
import { WORD } from "./registers.ts";
import type { Test } from "./test.ts";

/** A match made ready for the index. */
export interface PreparedMatch {
  /** Word, mask and value of single-word tests that must all hold. */
  readonly bits: readonly number[];
  /** What else must hold. */
  readonly rest: readonly Test[];
  /** Where it is entered, once that was asked for. */
  entries: readonly IndexEntry[] | "loose" | undefined;
}

/** Words and masks by which a flow is entered, and the hash of the values it wants there. */
export interface IndexEntry {
  /** Words and masks, as a name for the group. */
  readonly key: string;
  readonly words: readonly number[];
  readonly masks: readonly number[];
  readonly hash: number;
  /** `eth.type` and `ip.proto` that are wanted; -1 for any. */
  readonly type: number;
  readonly proto: number;
}

/** A flow with more alternatives than this stays loose. */
const MANY = 50_000;
/** The same for a flow that tells itself apart without them. */
const FEW = 64;

/** Words that hardly tell flows apart: nearly all flows of a table want the same. */
const common = new Set<number>([WORD.flags, WORD.ctState, WORD.ethType, WORD.proto, WORD.tos, WORD.ttl, WORD.frag]);

/** Wanted bits by word. */
type Wanted = ReadonlyMap<number, { readonly mask: number; readonly value: number }>;

/** Takes a test apart. */
export function prepareMatch(test: Test): PreparedMatch {
  const bits: number[] = [];
  const rest: Test[] = [];
  for (const part of test.op === "and" ? test.of : [test]) {
    if (part.op === "bits") bits.push(part.word, part.mask, part.value);
    else if (part.op !== "constant" || !part.value) rest.push(part);
  }
  return { bits, rest, entries: undefined };
}

/** Where a flow with a match is entered; `loose` where nothing tells its packets from others. */
export function entriesOf(match: PreparedMatch): readonly IndexEntry[] | "loose" {
  match.entries ??= wishesOf(match.bits, match.rest)?.map(entryOf) ?? "loose";
  return match.entries;
}

function entryOf(wanted: Wanted): IndexEntry {
  const told = telling(wanted);
  const words = [...told.keys()].sort((a, b) => a - b);
  const masks = words.map((word) => told.get(word)?.mask ?? 0);
  let hash = hashStart;
  for (const word of words) hash = hashStep(hash, told.get(word)?.value ?? 0);
  const type = wholeValue(wanted, WORD.ethType, 0xffff);
  const proto = wholeValue(wanted, WORD.proto, 0xff);
  return { key: `${type} ${proto} ${words.map((word, at) => `${word}/${masks[at] ?? 0}`).join(" ")}`, words, masks, hash, type, proto };
}

function wholeValue(wanted: Wanted, word: number, mask: number): number {
  const wish = wanted.get(word);
  return wish !== undefined && (wish.mask & mask) === mask ? wish.value & mask : -1;
}

function wishesOf(bits: readonly number[], rest: readonly Test[]): readonly Wanted[] | undefined {
  const wanted = new Map<number, { mask: number; value: number }>();
  for (let at = 0; at < bits.length; at += 3) want(wanted, bits[at] as number, bits[at + 1] as number, bits[at + 2] as number);
  const limit = tellsApart(wanted) ? FEW : MANY;
  const best = fewestAlternatives(rest, limit);
  const merged = (best ?? [new Map()]).map((alternative) => {
    const all = new Map(wanted);
    for (const [word, { mask, value }] of alternative) if (!want(all, word, mask, value)) return undefined;
    return all;
  });
  const possible = merged.flatMap((one): readonly Wanted[] => (one === undefined ? [] : [one]));
  return possible.every(tellsApart) ? possible : undefined;
}

/** The shortest list of alternatives that tell packets apart. */
function fewestAlternatives(rest: readonly Test[], limit: number): readonly Wanted[] | undefined {
  const counted = rest.map((test) => ({ test, count: countAlternatives(test) })).filter(({ count }) => count > 0 && count <= limit);
  for (const { test } of counted.sort((a, b) => a.count - b.count)) {
    const wishes = alternatives(test);
    if (wishes?.every(tellsApart) === true) return wishes;
  }
  return undefined;
}

/** Number of alternatives of a test, 0 for one that has none. */
function countAlternatives(test: Test): number {
  if (test.op === "among") return test.values.size;
  return test.op === "or" ? test.of.reduce((sum, one) => sum + (one.op === "among" ? one.values.size : 1), 0) : 0;
}

/** Adds a wish; false where it contradicts an earlier one. */
function want(wanted: Map<number, { mask: number; value: number }>, word: number, mask: number, value: number): boolean {
  const old = wanted.get(word);
  if (old !== undefined && ((old.value ^ value) & old.mask & mask) !== 0) return false;
  wanted.set(word, { mask: mask | (old?.mask ?? 0), value: value | (old?.value ?? 0) });
  return true;
}

const tells = (word: number, mask: number): boolean => !common.has(word) && bitCount(mask) >= 8;

/** The words whose values tell flows apart. */
const telling = (wanted: Wanted): Wanted => new Map([...wanted].filter(([word, { mask }]) => tells(word, mask)));

function tellsApart(wanted: Wanted): boolean {
  for (const [word, { mask }] of wanted) if (tells(word, mask)) return true;
  return false;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** The alternatives of a test, each a list of wanted bits; nothing where one is of another kind. */
function alternatives(test: Test): readonly Wanted[] | undefined {
  switch (test.op) {
    case "among":
      return [...test.values].map((value) => new Map([[test.word, { mask: test.mask, value }]]));
    case "or": {
      const found: Wanted[] = [];
      for (const one of test.of) {
        const more = one.op === "among" ? alternatives(one) : conjunction(one);
        if (more === undefined) return undefined;
        found.push(...more);
      }
      return found;
    }
    default:
      return undefined;
  }
}

function conjunction(test: Test): readonly Wanted[] | undefined {
  const wanted = new Map<number, { mask: number; value: number }>();
  for (const one of test.op === "and" ? test.of : [test]) {
    if (one.op !== "bits") continue;
    if (!want(wanted, one.word, one.mask, one.value)) return [];
  }
  return wanted.size === 0 ? undefined : [wanted];
}
