import { logVerdict } from "./log.ts";
import { tableOf } from "../pipeline/build-machine.ts";
import type { Mode } from "../pipeline/mode.ts";
import { spanOf, writeNumber } from "../pipeline/ranges.ts";
import { printFieldRange } from "../expr/field-range.ts";
import { EVENT } from "../pipeline/recorder.ts";
import { ETH_IP4, ETH_IP6, WORD } from "../pipeline/registers.ts";
import { answer, bindNeighbour } from "./answers.ts";
import { assumedConntrack } from "./conntrack.ts";
import { generatePacket } from "./generate.ts";
import { traceOutput } from "./output.ts";
import { fork, sendOn, type TraceState } from "./state.ts";
import type { TraceRecorder } from "./tree.ts";

/** Nodes that are shown of a way that has no end. */
const SHOWN = 2_000;

/**
 * The machine as `ovn-trace` runs it: every port is here, connections are what the user says, nothing is sent.
 *
 * @see OVN 23.09, utilities/ovn-trace.c trace_actions
 */
export function traceMode(state: TraceState, recorder: TraceRecorder): Mode {
  return {
    conntrack: assumedConntrack(state),
    output: (run, site, regs) => traceOutput(run, site, regs, state, recorder),
    answer,
    generate: generatePacket,
    neighbour: bindNeighbour,
    select(run, site, regs, action) {
      const asked = action.members.find(({ id }) => id === state.selectId);
      const member = asked ?? action.members[state.pick(action.members.length)];
      const chosen = fork(state, regs);
      const to = spanOf(action.to);
      const id = member?.id ?? 0;
      if (to !== undefined) writeNumber(to, chosen, id);
      const node = recorder.add(site.node, EVENT.transformation, `select: ${printFieldRange(action.to)} = ${id}${asked === undefined ? " /* Randomly selected. Use --select-id to specify. */" : ""}`);
      sendOn(run, state, tableOf(site.table.datapath, site.table.pipeline, action.table), chosen, node);
    },
    decrement(_run, site, regs) {
      if (regs[WORD.ethType] !== ETH_IP4 && regs[WORD.ethType] !== ETH_IP6) recorder.add(site.node, EVENT.error, "*** TTL decrement of non-IP packet");
      else if (regs[WORD.ttl] === 0) recorder.add(site.node, EVENT.error, "*** TTL underflow");
      else {
        regs[WORD.ttl] = (regs[WORD.ttl] as number) - 1;
        recorder.add(site.node, EVENT.modify, "ip.ttl--");
      }
      return true;
    },
    report(_run, site, regs, action) {
      if (action.type === "log") recorder.add(site.node, EVENT.transformation, logVerdict(action, site.table.pipeline, regs));
      if (action.type === "ovnfield_load" && action.value.type === "integer") {
        recorder.add(site.node, EVENT.modify, `${action.to.symbol.name} = ${Number(action.value.value & 0xffffn)}`);
      }
    },
    dropped: () => undefined,
    circles(_run, table) {
      recorder.cut(SHOWN);
      recorder.add(0, EVENT.error, `*** the packet goes in circles: gave up in table ${table.number} of ${table.pipeline} of "${state.names.datapath(table.datapath)}"`);
    },
  };
}

