import type { LogicalFlow } from "../southbound.ts";
import { mapOf, numberOf, optionalOf, type Row, textOf } from "./database.ts";
import { Trouble } from "./trouble.ts";

/** Tables of a pipeline that any OVN has at most. */
const TABLES = 256;

function pipelineOf(row: Row): LogicalFlow["pipeline"] {
  const pipeline = textOf(row, "pipeline");
  if (pipeline === "ingress" || pipeline === "egress") return pipeline;
  throw new Trouble(`Logical_Flow ${textOf(row, "_uuid")}: column pipeline holds "${pipeline}" where ingress or egress is expected`, 0, "ovsdb/value-type");
}

function tableOf(row: Row): number {
  const table = numberOf(row, "table_id");
  if (table >= 0 && table < TABLES) return table;
  throw new Trouble(`Logical_Flow ${textOf(row, "_uuid")}: column table_id holds ${table}, which is no table`, 0, "ovsdb/value-type");
}

/** One Logical_Flow row. @throws Trouble @internal */
export function flowOf(row: Row): LogicalFlow {
  const ids = mapOf(row, "external_ids");
  const tags = mapOf(row, "tags");
  const uuid = textOf(row, "_uuid");
  const stage = ids["stage-name"] ?? "";
  return {
    uuid, datapath: optionalOf(row, "logical_datapath"), group: optionalOf(row, "logical_dp_group"),
    pipeline: pipelineOf(row), table: tableOf(row), stage, priority: numberOf(row, "priority"),
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
