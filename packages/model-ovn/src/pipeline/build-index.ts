import type { FlowGroup, FlowIndex } from "./flow-index.ts";
import { hashStart, hashStep } from "./flow-index.ts";
import type { Flow, TestCode } from "./machine.ts";
import { WORD } from "./registers.ts";
import type { Test } from "./test.ts";

/** A table this short is tried flow by flow. */
const SHORT = 12;
/** A flow with more alternatives than this stays loose. */
const MANY = 50_000;
/** The same for a flow that tells itself apart without them. */
const FEW = 64;

/** Words that hardly tell flows apart: nearly all flows of a table want the same. */
const common = new Set<number>([WORD.flags, WORD.ctState, WORD.ethType, WORD.proto, WORD.tos, WORD.ttl, WORD.frag]);

/** Wanted bits by word. */
type Wanted = ReadonlyMap<number, { readonly mask: number; readonly value: number }>;

/**
 * Indexes the flows of a table: flows that want values of the same bits of addresses, ports and registers form a group, in which
 * the packet's values lead to the few flows that can match.
 *
 * A flow with alternatives, such as a list of addresses, is entered once for each. What the index does not tell apart is tested on the flow.
 */
export function indexFlows(code: TestCode, unplaced: readonly UnplacedFlow[], enabled: boolean): FlowIndex {
  const loose: UnplacedFlow[] = [];
  const groups = new Map<string, OpenGroup>();
  for (const one of unplaced) {
    const { flow } = one;
    const entries = !enabled || unplaced.length <= SHORT ? undefined : entriesOf(one);
    if (entries === undefined) {
      loose.push(one);
      continue;
    }
    const [start, stop] = place(code, one.bits);
    for (const wanted of entries) {
      const words = [...wanted.keys()].sort((a, b) => a - b);
      const masks = words.map((word) => wanted.get(word)?.mask ?? 0);
      const key = words.map((word, at) => `${word}/${masks[at] ?? 0}`).join(" ");
      const group = groups.get(key) ?? { first: flow.rank, words, masks, byHash: new Map<number, number[]>() };
      groups.set(key, group);
      let hash = hashStart;
      for (const word of words) hash = hashStep(hash, wanted.get(word)?.value ?? 0);
      const bucket = group.byHash.get(hash);
      // Ranks are the indices of the flows, too.
      if (bucket === undefined) group.byHash.set(hash, [flow.rank, flow.rank, start, stop]);
      else if (bucket[bucket.length - 4] !== flow.rank) bucket.push(flow.rank, flow.rank, start, stop);
    }
  }
  const start = code.used;
  for (const { flow, bits } of loose) place(code, [code.used + 2 + bits.length, flow.rank, ...bits]);
  const stop = code.used;
  return {
    flows: unplaced.map(({ flow }) => flow), loose: loose.map(({ flow }) => flow), start, stop,
    groups: [...groups.values()].sort((a, b) => a.first - b.first).map((group) => placeGroup(code, group)),
  };
}

interface OpenGroup {
  readonly first: number;
  readonly words: readonly number[];
  readonly masks: readonly number[];
  /** Rank, index, begin and end of the tests of each flow. */
  readonly byHash: Map<number, number[]>;
}

function placeGroup(code: TestCode, { first, words, masks, byHash }: OpenGroup): FlowGroup {
  const [start, stop] = place(code, words.flatMap((word, at) => [word, masks[at] ?? 0]));
  const size = 2 ** Math.ceil(Math.log2(2 * byHash.size + 1));
  const slots = Array.from({ length: 2 * size }, () => 0);
  for (const [hash, entries] of byHash) {
    const [at] = place(code, [entries.length / 4, ...entries]);
    let slot = (hash & (size - 1)) >>> 0;
    while (slots[2 * slot + 1] !== 0) slot = (slot + 1) % size;
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = at;
  }
  const [table] = place(code, slots);
  return { first, start, stop, table, mask: size - 1 };
}

/** A flow whose single-word tests are not yet in the machine's code. */
export interface UnplacedFlow {
  readonly flow: Flow;
  readonly bits: readonly number[];
}

/** Adds numbers to the code; where they lie. */
function place(code: TestCode, numbers: readonly number[]): readonly [number, number] {
  const start = code.used;
  const stop = start + numbers.length;
  if (stop > code.words.length) {
    const grown = new Int32Array(Math.max(2 * code.words.length, stop));
    grown.set(code.words);
    code.words = grown;
  }
  code.words.set(numbers, start);
  code.used = stop;
  return [start, stop];
}

function entriesOf({ flow, bits }: UnplacedFlow): readonly Wanted[] | undefined {
  const wanted = new Map<number, { mask: number; value: number }>();
  for (let at = 0; at < bits.length; at += 3) want(wanted, bits[at] as number, bits[at + 1] as number, bits[at + 2] as number);
  const limit = telling(wanted).size === 0 ? MANY : FEW;
  const choices = flow.rest.map(alternatives).filter((one): one is readonly Wanted[] => one !== undefined && one.length <= limit && one.every((wish) => telling(wish).size > 0));
  const best = choices.reduce<readonly Wanted[] | undefined>((chosen, one) => (chosen === undefined || one.length < chosen.length ? one : chosen), undefined);
  const merged = (best ?? [new Map()]).map((alternative) => {
    const all = new Map(wanted);
    for (const [word, { mask, value }] of alternative) if (!want(all, word, mask, value)) return undefined;
    return telling(all);
  });
  const possible = merged.filter((one): one is Wanted => one !== undefined);
  return possible.some((one) => one.size === 0) ? undefined : possible;
}

/** Adds a wish; false where it contradicts an earlier one. */
function want(wanted: Map<number, { mask: number; value: number }>, word: number, mask: number, value: number): boolean {
  const old = wanted.get(word);
  if (old !== undefined && ((old.value ^ value) & old.mask & mask) !== 0) return false;
  wanted.set(word, { mask: mask | (old?.mask ?? 0), value: value | (old?.value ?? 0) });
  return true;
}

/** The words whose values tell flows apart. */
function telling(wanted: Wanted): Wanted {
  return new Map([...wanted].filter(([word, { mask }]) => !common.has(word) && bitCount(mask) >= 8));
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
