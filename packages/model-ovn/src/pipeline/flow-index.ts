import type { Flow } from "./machine.ts";
import { passes } from "./test.ts";
import type { Registers } from "./registers.ts";

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

/** Whether a packet matches a flow's own match. */
export function matches(flow: Flow, regs: Registers): boolean {
  const { bits, rest } = flow;
  for (let at = 0; at < bits.length; at += 3) {
    if (((regs[bits[at] as number] as number) & (bits[at + 1] as number)) !== bits[at + 2]) return false;
  }
  for (const test of rest) if (!passes(test, regs)) return false;
  return true;
}
