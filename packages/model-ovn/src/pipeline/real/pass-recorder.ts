import type { Recorder } from "../recorder.ts";
import { dropped, leadsNowhere } from "./dropped.ts";
import { beginPass, packetOf, type RealContext } from "./run.ts";

/** Tables that prepare a decision or carry it out; they decide nothing a person asks for. */
const QUIET = /_hint$|lookup_neighbor|learn_neighbor|chk_pkt_len|_lookup_fdb|_put_fdb|mirror/;

/** Writes down, for each pass, the flows that did something to the packet. A node of this recorder is a pass. */
export function passRecorder(context: RealContext): Recorder {
  return {
    wants: 0,
    table(parent, table, flow) {
      context.visited.add(table);
      if (flow === undefined) return parent;
      const { actions, stage, priority, match, origin } = flow.row;
      if (actions !== "next;" && !QUIET.test(stage)) context.passes[parent]?.decisions.push({ table: stage, rule: `${priority} ${match}`, verdict: actions, origin });
      if (flow.body?.type === "actions" && leadsNowhere(flow.body.actions)) dropped(context, { table, flow, node: parent });
      return parent;
    },
    action: () => undefined,
    cross: (_, table, regs) => beginPass(context, table.datapath, table.pipeline, packetOf(context, regs)),
    add: (parent) => parent,
  };
}
