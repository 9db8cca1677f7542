import type { Flow, FlowGroup, IndexPart, TestCode } from "./machine.ts";
import { entriesOf, type PreparedMatch } from "./prepared-match.ts";

/** A table this short is tried flow by flow. */
const SHORT = 12;

/**
 * Indexes flows of a table: flows that want values of the same bits of addresses, ports and registers form a group, in which
 * the packet's values lead to the few flows that can match.
 *
 * A flow with alternatives, such as a list of addresses, is entered once for each. What the index does not tell apart is tested on the flow.
 */
export function indexFlows(code: TestCode, unplaced: readonly UnplacedFlow[], enabled: boolean): IndexPart {
  const loose: UnplacedFlow[] = [];
  const groups = new Map<string, OpenGroup>();
  for (const [index, one] of unplaced.entries()) {
    const { flow } = one;
    const entries = !enabled || unplaced.length <= SHORT ? "loose" : entriesOf(one.match);
    if (entries === "loose") {
      loose.push(one);
      continue;
    }
    const [start, stop] = place(code, one.match.bits);
    for (const { key, words, masks, hash, type, proto } of entries) {
      const group = groups.get(key) ?? { first: flow.rank, words, masks, type, proto, byHash: new Map<number, number[]>() };
      groups.set(key, group);
      const bucket = group.byHash.get(hash);
      if (bucket === undefined) group.byHash.set(hash, [flow.rank, index, start, stop]);
      else if (bucket[bucket.length - 3] !== index) bucket.push(flow.rank, index, start, stop);
    }
  }
  const start = code.used;
  for (const { flow, match } of loose) place(code, [code.used + 2 + match.bits.length, flow.rank, ...match.bits]);
  const stop = code.used;
  return {
    flows: unplaced.map(({ flow }) => flow), first: unplaced[0]?.flow.rank ?? Infinity, loose: loose.map(({ flow }) => flow), start, stop,
    groups: [...groups.values()].sort((a, b) => a.first - b.first).map((group) => placeGroup(code, group)),
  };
}

interface OpenGroup {
  readonly first: number;
  readonly words: readonly number[];
  readonly masks: readonly number[];
  readonly type: number;
  readonly proto: number;
  /** Rank, index, begin and end of the tests of each flow. */
  readonly byHash: Map<number, number[]>;
}

function placeGroup(code: TestCode, { first, words, masks, type, proto, byHash }: OpenGroup): FlowGroup {
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
  return { first, type, proto, start, stop, table, mask: size - 1 };
}

/** A flow whose single-word tests are not yet in the machine's code. */
export interface UnplacedFlow {
  readonly flow: Flow;
  readonly match: PreparedMatch;
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
