import type { Flow, Machine } from "./machine.ts";
import type { Registers } from "./registers.ts";
import { passes } from "./test.ts";

/** Flows of one table, made to find the first that matches quickly. */
export interface FlowIndex {
  /** In the order of lookup. */
  readonly flows: readonly Flow[];
  /** Flows that no group holds, in the order of lookup. */
  readonly loose: readonly Flow[];
  /** Flows that test the same bits of the same words, by the values they want; groups with the earliest flow first. */
  readonly groups: readonly FlowGroup[];
}

export interface FlowGroup {
  /** Rank of the earliest flow in the group. */
  readonly first: number;
  readonly words: Int32Array;
  readonly masks: Int32Array;
  /** Flows by the hash of their values, in the order of lookup. */
  readonly byHash: ReadonlyMap<number, readonly Flow[]>;
}

export const hashStart = 0x2545f491;
export const hashStep = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** Whether a packet matches a flow's own match. */
export function matches(flow: Flow, regs: Registers): boolean {
  const { bits, rest } = flow;
  for (let at = 0; at < bits.length; at += 3) {
    if (((regs[bits[at] as number] as number) & (bits[at + 1] as number)) !== bits[at + 2]) return false;
  }
  for (let at = 0; at < rest.length; at++) if (!passes(rest[at] as Flow["rest"][number], regs)) return false;
  return true;
}

/**
 * The first flow of a table that a packet matches.
 *
 * `counts` says whether a flow that matches is one at all: it is asked only for these, since reading a flow's actions takes time.
 */
export function lookup(index: FlowIndex, regs: Registers, machine: Machine, counts: (machine: Machine, flow: Flow, regs: Registers) => boolean): Flow | undefined {
  let best: Flow | undefined;
  let rank = Infinity;
  const { groups, loose } = index;
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at] as FlowGroup;
    if (group.first >= rank) break;
    const { words, masks } = group;
    let hash = hashStart;
    for (let word = 0; word < words.length; word++) hash = hashStep(hash, (regs[words[word] as number] as number) & (masks[word] as number));
    const flows = group.byHash.get(hash >>> 2);
    if (flows === undefined) continue;
    for (let one = 0; one < flows.length; one++) {
      const flow = flows[one] as Flow;
      if (flow.rank >= rank) break;
      if (matches(flow, regs) && counts(machine, flow, regs)) {
        best = flow;
        rank = flow.rank;
        break;
      }
    }
  }
  for (let at = 0; at < loose.length; at++) {
    const flow = loose[at] as Flow;
    if (flow.rank >= rank) break;
    if (matches(flow, regs) && counts(machine, flow, regs)) return flow;
  }
  return best;
}
