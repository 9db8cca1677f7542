import type { Origin } from "@hopscope/core";
import type { NorthboundDb, NorthboundRow } from "../northbound.ts";
import { stagePlaces, type OvnVersion, type Pipeline, type StageName } from "./stage.ts";

/** What flows are collected for: a switch or a router with its row. */
interface Owner {
  readonly row: NorthboundRow;
}

/** A logical flow of one datapath as northd writes it. */
export interface DatapathFlow<Datapath extends Owner> {
  readonly datapath: Datapath;
  readonly stage: StageName;
  readonly pipeline: Pipeline;
  readonly table: number;
  readonly priority: number;
  readonly match: string;
  readonly actions: string;
  /** The meter that limits what the flow sends to the controller. */
  readonly meter?: string;
  readonly origin: Origin;
}

/** What of a flow besides match and actions may be said. */
export interface FlowDetails {
  /** The Northbound row the flow was made for; the datapath's own row when absent. */
  readonly row?: NorthboundRow | undefined;
  readonly meter?: string | undefined;
}

/** Collects flows; the same flow added twice counts once. */
export interface Flows<Datapath extends Owner> {
  add(datapath: Datapath, stage: StageName, priority: number, match: string, actions: string, details?: FlowDetails): void;
  /** The table number of a stage, for `next(table=…)`. */
  table(stage: StageName): number;
  /** All flows in the order they were first added. */
  all(): readonly DatapathFlow<Datapath>[];
}

function nameOf(row: NorthboundRow & { readonly name?: string; readonly external_ids?: Readonly<Record<string, string>> }): string {
  return row.external_ids?.["k8s.ovn.org/id"] ?? (row.name === undefined || row.name === "" ? row._uuid : row.name);
}

/** The origin of every row: its own, or else its table and name. */
export function originsOf(nb: NorthboundDb): ReadonlyMap<NorthboundRow, Origin> {
  const origins = new Map<NorthboundRow, Origin>();
  for (const [table, rows] of Object.entries(nb) as [string, readonly NorthboundRow[]][]) {
    for (const row of rows) origins.set(row, row.origin ?? { object: `${table} ${nameOf(row)}` });
  }
  return origins;
}

/** Makes an empty collection of flows for one release. */
export function flowsFor<Datapath extends Owner>(version: OvnVersion, origins: ReadonlyMap<NorthboundRow, Origin>): Flows<Datapath> {
  const places = stagePlaces(version);
  const seen = new Map<Datapath, Set<string>>();
  const flows: DatapathFlow<Datapath>[] = [];
  const placeOf = (stage: StageName): { readonly pipeline: Pipeline; readonly table: number } => {
    const place = places.get(stage);
    if (place === undefined) throw new Error(`stage ${stage} does not exist in OVN ${version}`);
    return place;
  };
  return {
    add(datapath, stage, priority, match, actions, details = {}) {
      const place = placeOf(stage);
      const known = seen.get(datapath) ?? new Set<string>();
      seen.set(datapath, known);
      const key = `${place.pipeline}\0${place.table}\0${priority}\0${match}\0${actions}\0${details.meter ?? ""}`;
      if (known.has(key)) return;
      known.add(key);
      const row = details.row ?? datapath.row;
      const origin = origins.get(row) ?? row.origin ?? { object: row._uuid };
      flows.push({
        datapath, stage, ...place, priority, match, actions,
        ...(details.meter === undefined ? {} : { meter: details.meter }), origin,
      });
    },
    table: (stage) => placeOf(stage).table,
    all: () => flows,
  };
}
