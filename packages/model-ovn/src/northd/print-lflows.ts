import type { LogicalFlow, SouthboundDb } from "../southbound.ts";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function printFlow(flow: LogicalFlow): string {
  const stage = `table=${String(flow.table).padEnd(2)}(${flow.stage.padEnd(19)})`;
  return `  ${stage}, priority=${String(flow.priority).padEnd(5)}, match=(${flow.match}), action=(${flow.actions})`;
}

/**
 * Prints all logical flows the way `ovn-sbctl lflow-list` does: by datapath, pipeline, table and falling priority.
 *
 * @see OVN 23.09, ovn-sbctl(8), lflow-list
 */
export function printLflows(sb: SouthboundDb): string {
  const blocks: string[] = [];
  for (const datapath of [...sb.datapaths].sort((a, b) => compare(a.name, b.name))) {
    for (const pipeline of ["ingress", "egress"] as const) {
      const flows = datapath.flows.filter((flow) => flow.pipeline === pipeline);
      if (flows.length === 0) continue;
      flows.sort((a, b) => a.table - b.table || b.priority - a.priority || compare(a.match, b.match) || compare(a.actions, b.actions));
      blocks.push([`Datapath: "${datapath.name}"  Pipeline: ${pipeline}`, ...flows.map(printFlow)].join("\n"));
    }
  }
  return blocks.map((block) => `${block}\n`).join("");
}
