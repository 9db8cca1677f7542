import type { LogicalFlow, SbDatapath, SouthboundDb } from "../southbound.ts";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function printFlow(flow: LogicalFlow): string {
  const stage = `table=${String(flow.table).padEnd(2)}(${flow.stage.padEnd(19)})`;
  return `  ${stage}, priority=${String(flow.priority).padEnd(5)}, match=(${flow.match}), action=(${flow.actions})`;
}

function printName(datapath: SbDatapath): string {
  const { name, name2 } = datapath.externalIds;
  const quoted = [name, name2].flatMap((one) => (one === undefined ? [] : [`"${one}"`]));
  return quoted.length === 0 ? "" : quoted.join(" aka ");
}

/**
 * Prints all logical flows the way `ovn-sbctl lflow-list` does: by datapath, pipeline, table and falling priority.
 * Of one datapath only where `only` gives it.
 *
 * @see OVN 23.09, ovn-sbctl(8), lflow-list
 */
export function printLflows(sb: SouthboundDb, only?: SbDatapath): string {
  const blocks: string[] = [];
  const nameOf = ({ externalIds }: SbDatapath): string => externalIds["name"] ?? "";
  const chosen = only === undefined ? sb.datapaths : [only];
  for (const datapath of [...chosen].sort((a, b) => compare(nameOf(a), nameOf(b)) || compare(a.uuid, b.uuid))) {
    for (const pipeline of ["ingress", "egress"] as const) {
      const flows = datapath.flows.filter((flow) => flow.pipeline === pipeline);
      if (flows.length === 0) continue;
      flows.sort((a, b) => a.table - b.table || b.priority - a.priority || compare(a.match, b.match) || compare(a.actions, b.actions));
      blocks.push([`Datapath: ${printName(datapath)} (${datapath.uuid})  Pipeline: ${pipeline}`, ...flows.map(printFlow)].join("\n"));
    }
  }
  return blocks.map((block) => `${block}\n`).join("");
}
