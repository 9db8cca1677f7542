import type { Flow, Machine, TestCode } from "./machine.ts";
import type { Registers } from "./registers.ts";
import { passes, type Test } from "./test.ts";

/** Flows of one table, made to find the first that matches quickly. */
export interface FlowIndex {
  /** In the order of lookup. */
  readonly flows: readonly Flow[];
  /** Flows that no group holds, in the order of lookup. */
  readonly loose: readonly Flow[];
  /** Where the tests of the loose flows lie in the machine's code: for each the end, the rank, and its single-word tests. */
  readonly start: number;
  readonly stop: number;
  /** Flows that test the same bits of the same words, by the values they want; groups with the earliest flow first. */
  readonly groups: readonly FlowGroup[];
}

export interface FlowGroup {
  /** Rank of the earliest flow in the group. */
  readonly first: number;
  /** Where words and masks of the bits lie in the machine's code. */
  readonly start: number;
  readonly stop: number;
  /** Flows by the hash of their values, in the order of lookup. */
  readonly byHash: ReadonlyMap<number, readonly Flow[]>;
}

export const hashStart = 0x2545f491;
export const hashStep = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** Whether a packet matches a flow's own match. */
function matches({ words }: TestCode, flow: Flow, regs: Registers): boolean {
  const { stop, rest } = flow;
  for (let at = flow.start; at < stop; at += 3) {
    if (((regs[words[at] as number] as number) & (words[at + 1] as number)) !== words[at + 2]) return false;
  }
  return rest.length === 0 || passesAll(rest, regs);
}

function passesAll(tests: readonly Test[], regs: Registers): boolean {
  for (let at = 0; at < tests.length; at++) if (!passes(tests[at] as Test, regs)) return false;
  return true;
}

/**
 * The first flow of a table that a packet matches.
 *
 * `counts` says whether a flow that matches is one at all: it is asked only for these, since reading a flow's actions takes time.
 */
export function lookup(index: FlowIndex, regs: Registers, machine: Machine, counts: (machine: Machine, flow: Flow, regs: Registers) => boolean): Flow | undefined {
  const { groups } = index;
  const grouped = groups.length === 0 ? undefined : inGroups(groups, regs, machine, counts);
  const rank = grouped === undefined ? Infinity : grouped.rank;
  const { words } = machine.shared.code;
  let at = index.start;
  for (let one = 0; at < index.stop; one++) {
    const end = words[at] as number;
    if ((words[at + 1] as number) > rank) break;
    at += 2;
    while (at < end && ((regs[words[at] as number] as number) & (words[at + 1] as number)) === words[at + 2]) at += 3;
    if (at >= end) {
      const flow = index.loose[one] as Flow;
      if ((flow.rest.length === 0 || passesAll(flow.rest, regs)) && counts(machine, flow, regs)) return flow;
    }
    at = end;
  }
  return grouped;
}

function inGroups(groups: readonly FlowGroup[], regs: Registers, machine: Machine, counts: (machine: Machine, flow: Flow, regs: Registers) => boolean): Flow | undefined {
  const { code } = machine.shared;
  let best: Flow | undefined;
  let rank = Infinity;
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at] as FlowGroup;
    if (group.first >= rank) break;
    const { start, stop } = group;
    let hash = hashStart;
    for (let word = start; word < stop; word += 2) hash = hashStep(hash, (regs[code.words[word] as number] as number) & (code.words[word + 1] as number));
    const flows = group.byHash.get(hash >>> 2);
    if (flows === undefined) continue;
    for (let one = 0; one < flows.length; one++) {
      const flow = flows[one] as Flow;
      if (flow.rank >= rank) break;
      if (matches(code, flow, regs) && counts(machine, flow, regs)) {
        best = flow;
        rank = flow.rank;
        break;
      }
    }
  }
  return best;
}
