import { hashStart, hashStep } from "./hash.ts";
import type { Flow, FlowGroup, FlowIndex, IndexPart, Machine } from "./machine.ts";
import { type Registers, WORD } from "./registers.ts";
import { passes, type Test } from "./test.ts";

function passesAll(tests: readonly Test[], regs: Registers): boolean {
  for (let at = 0; at < tests.length; at++) if (!passes(tests[at] as Test, regs)) return false;
  return true;
}

/** Whether a flow whose match holds is one at all. */
export type Counts = (machine: Machine, flow: Flow, regs: Registers) => boolean;

/**
 * The first flow of a table that a packet matches.
 *
 * `counts` says whether a flow that matches is one at all: it is asked only for these, since reading a flow's actions takes time.
 */
export function lookup({ parts }: FlowIndex, regs: Registers, machine: Machine, counts: Counts): Flow | undefined {
  let best: Flow | undefined;
  let rank = Infinity;
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as IndexPart;
    if (part.first >= rank) break;
    const found = inPart(part, rank, regs, machine, counts);
    if (found === undefined) continue;
    best = found;
    rank = found.rank;
  }
  return best;
}

/** The first flow of a part that a packet matches and that comes before `limit`. */
function inPart(part: IndexPart, limit: number, regs: Registers, machine: Machine, counts: Counts): Flow | undefined {
  const grouped = part.groups.length === 0 ? undefined : inGroups(part, limit, regs, machine, counts);
  const rank = grouped === undefined ? limit : grouped.rank;
  const { words } = machine.shared.code;
  let at = part.start;
  for (let one = 0; at < part.stop; one++) {
    const end = words[at] as number;
    if ((words[at + 1] as number) >= rank) break;
    at += 2;
    while (at < end && ((regs[words[at] as number] as number) & (words[at + 1] as number)) === words[at + 2]) at += 3;
    if (at >= end) {
      const flow = part.loose[one] as Flow;
      if ((flow.rest.length === 0 || passesAll(flow.rest, regs)) && counts(machine, flow, regs)) return flow;
    }
    at = end;
  }
  return grouped;
}

function inGroups(index: IndexPart, limit: number, regs: Registers, machine: Machine, counts: Counts): Flow | undefined {
  const { groups } = index;
  const { words } = machine.shared.code;
  const type = (regs[WORD.ethType] as number) & 0xffff;
  const proto = (regs[WORD.proto] as number) & 0xff;
  let best: Flow | undefined;
  let rank = limit;
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at] as FlowGroup;
    if (group.first >= rank) break;
    if ((group.type !== -1 && group.type !== type) || (group.proto !== -1 && group.proto !== proto)) continue;
    const { stop, mask, table } = group;
    let hash = hashStart;
    for (let word = group.start; word < stop; word += 2) hash = hashStep(hash, (regs[words[word] as number] as number) & (words[word + 1] as number));
    let slot = hash & mask;
    while (words[table + 2 * slot + 1] !== 0 && words[table + 2 * slot] !== hash) slot = (slot + 1) & mask;
    const entries = words[table + 2 * slot + 1] as number;
    if (entries === 0) continue;
    const end = entries + 1 + 4 * (words[entries] as number);
    for (let entry = entries + 1; entry < end && (words[entry] as number) < rank; entry += 4) {
      const to = words[entry + 3] as number;
      let test = words[entry + 2] as number;
      while (test < to && ((regs[words[test] as number] as number) & (words[test + 1] as number)) === words[test + 2]) test += 3;
      if (test < to) continue;
      const flow = index.flows[words[entry + 1] as number] as Flow;
      if ((flow.rest.length !== 0 && !passesAll(flow.rest, regs)) || !counts(machine, flow, regs)) continue;
      best = flow;
      rank = flow.rank;
      break;
    }
  }
  return best;
}
