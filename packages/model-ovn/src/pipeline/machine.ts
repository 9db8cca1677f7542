import type { Action, Pipeline } from "../actions/action.ts";
import type { LogicalFlow, SbDatapath, SbMulticastGroup, SbPort, SouthboundDb } from "../southbound.ts";
import type { DhcpOptions } from "../actions/options.ts";
import type { FieldSymbol, SymbolTable } from "../expr/symbols.ts";
import type { Expression, IntegerConstant } from "../expr/expression.ts";
import type { PreparedMatch } from "./prepared-match.ts";
import type { Step } from "./steps.ts";
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
  /** What the flows are written in. */
  readonly language: Language;
  /** Flows left out so far, each with the reason: OVN leaves them out too. */
  readonly skipped: SkippedFlow[];
  /** What tables share while they are read. */
  readonly shared: Shared;
  /** Place of a flow in the order of lookup, among all flows of the database. */
  readonly rankOf: (flow: LogicalFlow) => number;
}

/** The match and action language of the release that made the database, and the DHCP options that it knows. */
export interface Language {
  readonly version: string;
  readonly symbols: SymbolTable;
  readonly dhcp: DhcpOptions;
}

export interface MachineOptions {
  /** Whether a port is on this chassis; everything is where no chassis is meant. */
  readonly isResident: (port: string) => boolean;
  /** The port that a name in a match or microflow means. */
  readonly findPort: (name: string) => Port | undefined;
  /** Whether a port group without ports in a datapath is known there by its plain name, as before OVN 23.09. */
  readonly plainPortGroups: boolean;
  /** Looks flows up by an index, or by trying one after the other. */
  readonly index: boolean;
  /** Between flows of equal priority: as ovn-trace comes upon them, or as the database gives them, which takes less time to find out. */
  readonly order: "ovn-trace" | "given";
  /** What `^NAME` in a flow stands for on this chassis. */
  readonly templates?: ReadonlyMap<string, string>;
}

export interface SkippedFlow {
  readonly row: LogicalFlow;
  readonly problem: string;
}

/** What many flows share. */
export interface Shared {
  /** Tests of prerequisites and predicates, by their text. */
  readonly tests: Map<string, Test>;
  readonly needs: Map<FieldSymbol, Test>;
  /** Matches that mean the same in all datapaths, by their text. */
  readonly matches: Map<string, PreparedMatch>;
  /** Matches that several datapaths share and that name ports. */
  readonly parsed: Map<string, Expression>;
  /** Matches that cannot be read, and why. */
  readonly problems: Map<string, string>;
  /** Parts of tables that the datapaths of a group share, by the group and the table. */
  readonly parts: Map<string, IndexPart>;
  /** Tests of all flows read so far, side by side. */
  readonly code: TestCode;
  /** Members of address sets that are in use. */
  readonly sets: Map<string, readonly IntegerConstant[]>;
  /** Actions by where they stand and their text. */
  readonly actions: Map<string, ReadActions>;
}

/** Numbers that tests are made of, in one array that grows: what is looked at together lies together. */
export interface TestCode {
  words: Int32Array;
  used: number;
}

/** Actions that could be read, or why not. */
export type ReadActions = { readonly actions: readonly Action[]; readonly needs: Expression | undefined } | { readonly problem: string };

export interface Datapath {
  readonly row: SbDatapath;
  readonly name: string;
  /** Its name as people read it, once a trace said it. */
  label: string | undefined;
  readonly key: number;
  readonly ports: ReadonlyMap<number, Port>;
  readonly groups: ReadonlyMap<number, Group>;
  readonly groupsByName: ReadonlyMap<string, Group>;
  /** Whether it is a gateway router. */
  readonly hasGateway: boolean;
  /** Tables by number, made on first use. */
  readonly tables: { readonly ingress: Table[]; readonly egress: Table[] };
}

export interface Port {
  readonly row: SbPort;
  readonly name: string;
  readonly key: number;
  readonly datapath: Datapath;
  /** The other end of a patch or l3gateway port. */
  peer: Port | undefined;
  /** The real port of a chassisredirect port. */
  distributed: Port | undefined;
  /** Its name as people read it, once a trace said it. */
  label: string | undefined;
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
  /** Rows in the order of the database. */
  readonly unsorted: LogicalFlow[];
  /** Rows in the order of lookup. */
  readonly rows: () => readonly LogicalFlow[];
  /** Made on the first visit. */
  index: FlowIndex | undefined;
  /** The table after this one; known once it was asked for. */
  onward: Table | undefined;
  /** The table that every packet goes on to, where all that this one does is `next`. */
  jump: Table | undefined;
}

/** A flow as the machine runs it. */
export interface Flow {
  readonly row: LogicalFlow;
  /** The table that it was read for; the other datapaths of its group may share it. */
  readonly table: Table;
  /** Place in the order of lookup among all flows of the database: the lowest that matches wins. */
  readonly rank: number;
  /** Whether it has tests of single words, which lie in the machine's code. */
  readonly hasBits: boolean;
  /** What else must hold. */
  readonly rest: readonly Test[];
  /** Read when a packet first matches; `undefined` before. */
  body: FlowBody | undefined;
}

/** A flow's actions, or why the flow does not count. */
export type FlowBody =
  | { readonly type: "actions"; readonly actions: readonly Action[]; readonly steps: readonly Step[]; /** What the actions need. */ readonly needs: Test | undefined; /** A packet passes the table without a trace. */ readonly passes: boolean }
  | { readonly type: "skipped" };

/** The flows of a table, in parts: those of a group of datapaths are one part, which the datapaths share. */
export interface FlowIndex {
  /** The part with the earliest flow first. */
  readonly parts: readonly IndexPart[];
  /** Number of flows in all parts. */
  readonly size: number;
}

/** Some flows of a table, made to find the first that matches quickly. */
export interface IndexPart {
  /** In the order of lookup. */
  readonly flows: readonly Flow[];
  /** Rank of the earliest. */
  readonly first: number;
  /** Flows that no group holds, in the order of lookup. */
  readonly loose: readonly Flow[];
  /** Where the tests of the loose flows lie in the machine's code: for each the end, the rank, and its single-word tests. */
  readonly start: number;
  readonly stop: number;
  /** Flows that test the same bits of the same words, by the values they want; groups with the earliest flow first. */
  readonly groups: readonly FlowGroup[];
}

/**
 * A group lies in the machine's code as well: words and masks of its bits, a hash table of (hash, place of the entries, 0 for none), and
 * entries: how many, then rank, index in `flows`, and where the tests of the flow begin and end.
 */
export interface FlowGroup {
  /** Rank of the earliest flow in the group. */
  readonly first: number;
  /** `eth.type` and `ip.proto` that all its flows want; -1 for any. */
  readonly type: number;
  readonly proto: number;
  readonly start: number;
  readonly stop: number;
  readonly table: number;
  /** Number of places in the table, less one. */
  readonly mask: number;
}
