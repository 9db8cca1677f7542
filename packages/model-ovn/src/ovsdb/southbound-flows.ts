import type { LogicalFlow } from "../southbound.ts";
import { mapOf, numberOf, optionalOf, type Row, textOf } from "./database.ts";

/** One Logical_Flow row. @internal */
export function flowOf(row: Row): LogicalFlow {
  const ids = mapOf(row, "external_ids");
  const tags = mapOf(row, "tags");
  const uuid = textOf(row, "_uuid");
  const stage = ids["stage-name"] ?? "";
  return {
    uuid, datapath: optionalOf(row, "logical_datapath"), group: optionalOf(row, "logical_dp_group"),
    pipeline: textOf(row, "pipeline") === "egress" ? "egress" : "ingress", table: numberOf(row, "table_id"), stage, priority: numberOf(row, "priority"),
    match: textOf(row, "match"), actions: textOf(row, "actions"), source: ids["source"], hint: ids["stage-hint"], meter: optionalOf(row, "controller_meter"),
    tags: Object.keys(tags).length === 0 ? undefined : tags, origin: { object: `Logical_Flow ${stage} ${uuid}` },
  };
}

/** The flows of each datapath, by its uuid, in the order of the rows. @internal */
export function flowsByDatapath(flows: readonly LogicalFlow[], groups: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly LogicalFlow[]> {
  const byDatapath = new Map<string, LogicalFlow[]>();
  const add = (datapath: string, flow: LogicalFlow): void => {
    const own = byDatapath.get(datapath);
    if (own === undefined) byDatapath.set(datapath, [flow]);
    else own.push(flow);
  };
  for (const flow of flows) {
    if (flow.datapath !== undefined) add(flow.datapath, flow);
    if (flow.group !== undefined) for (const datapath of groups.get(flow.group) ?? []) if (datapath !== flow.datapath) add(datapath, flow);
  }
  return byDatapath;
}
