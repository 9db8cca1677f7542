import type { Action, Pipeline } from "../actions/action.ts";
import type { LogicalFlow, SbDatapath, SbMulticastGroup, SbPort, SouthboundDb } from "../southbound.ts";
import type { FlowIndex } from "./flow-index.ts";
import type { Test } from "./test.ts";

/** A Southbound database made ready to run: names resolved at once, flows read when a packet first needs them. */
export interface Machine {
  readonly db: SouthboundDb;
  readonly datapaths: readonly Datapath[];
  readonly datapathsByKey: ReadonlyMap<number, Datapath>;
  readonly datapathsByUuid: ReadonlyMap<string, Datapath>;
  /** Every port by name. */
  readonly ports: ReadonlyMap<string, Port>;
  readonly options: MachineOptions;
  /** Flows left out so far, each with the reason: OVN leaves them out too. */
  readonly skipped: SkippedFlow[];
  /** What tables share while they are read: parsed prerequisites, members of sets. */
  readonly shared: SharedTests;
}

export interface MachineOptions {
  /** Whether a port is on this chassis; everything is where no chassis is meant. */
  readonly isResident: (port: string) => boolean;
  /** Looks flows up by an index, or by trying one after the other. */
  readonly index: boolean;
  /** What `^NAME` in a flow stands for on this chassis. */
  readonly templates?: ReadonlyMap<string, string>;
}

export interface SkippedFlow {
  readonly row: LogicalFlow;
  readonly problem: string;
}

/** Tests that many flows share. */
export interface SharedTests {
  readonly prerequisites: Map<string, Test>;
  readonly sets: Map<string, unknown>;
  readonly pipelines: Map<string, unknown>;
}

export interface Datapath {
  readonly row: SbDatapath;
  readonly name: string;
  readonly key: number;
  readonly ports: ReadonlyMap<number, Port>;
  readonly groups: ReadonlyMap<number, Group>;
  readonly groupsByName: ReadonlyMap<string, Group>;
  /** Whether it is a gateway router. */
  readonly hasGateway: boolean;
  readonly ingress: readonly Table[];
  readonly egress: readonly Table[];
}

export interface Port {
  readonly row: SbPort;
  readonly name: string;
  readonly key: number;
  readonly datapath: Datapath;
  /** The other end of a patch or l3gateway port. */
  peer?: Port;
  /** The real port of a chassisredirect port. */
  distributed?: Port;
}

export interface Group {
  readonly row: SbMulticastGroup;
  readonly name: string;
  readonly key: number;
  readonly datapath: Datapath;
  /** In the order of their names. */
  readonly ports: readonly Port[];
}

/** One table of one pipeline of one datapath. */
export interface Table {
  readonly datapath: Datapath;
  readonly pipeline: Pipeline;
  readonly number: number;
  /** Rows in the order of lookup. */
  readonly rows: readonly LogicalFlow[];
  /** Made on the first visit. */
  index: FlowIndex | undefined;
}

/** A flow as the machine runs it. */
export interface Flow {
  readonly row: LogicalFlow;
  readonly table: Table;
  /** Position in the order of lookup: the lowest that matches wins. */
  readonly rank: number;
  /** Word, mask and value of single-word tests that must all hold, one after the other. */
  readonly bits: Int32Array;
  /** What else must hold. */
  readonly rest: readonly Test[];
  /** Read when a packet first matches; `undefined` before. */
  body: FlowBody | undefined;
}

/** A flow's actions, or why the flow does not count. */
export type FlowBody =
  | { readonly type: "actions"; readonly actions: readonly Action[]; /** What the actions need. */ readonly needs: Test | undefined; /** A packet passes the table without a trace. */ readonly passes: boolean }
  | { readonly type: "skipped" };
