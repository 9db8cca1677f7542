import type { Action } from "../actions/action.ts";
import { printAction } from "../actions/print.ts";
import type { Flow, Table } from "../pipeline/machine.ts";
import { EVENT, type Recorder } from "../pipeline/recorder.ts";
import { WORD, type Registers } from "../pipeline/registers.ts";
import type { Names } from "./names.ts";

/**
 * What happened to a packet, as a tree of sentences: node 0 is the root, links between nodes are numbers, 0 for none.
 *
 * The lists keep what older traces left behind the first `count` nodes.
 */
export interface TraceTree {
  count: number;
  readonly kinds: number[];
  readonly texts: string[];
  readonly parent: number[];
  readonly firstChild: number[];
  readonly lastChild: number[];
  readonly next: number[];
  /** Nodes whose children are indented also at the end of a list. */
  readonly indented: Set<number>;
}

/** Texts that are made once: of flows and of actions. */
export interface TraceTexts {
  readonly names: Names;
  readonly flows: WeakMap<Flow, string>;
  readonly actions: WeakMap<Action, string>;
  /** Whether a flow's actions can be read: one of which they cannot does not even name its stage. */
  readonly isReadable: (flow: Flow) => boolean;
}

export interface TraceRecorder extends Recorder {
  readonly tree: TraceTree;
  /** Forgets the last trace. */
  reset(): void;
  /** Forgets all but the first nodes. */
  cut(nodes: number): void;
}

/** Nodes that are worth keeping room for. */
const MANY = 20_000;

/**
 * Records a packet's way as `ovn-trace` does.
 *
 * `minimal` records only what the minimal form shows, which saves most of the work.
 *
 * @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_append, ovntrace_node_prune_hard
 */
export function traceRecorder(texts: TraceTexts, minimal: boolean): TraceRecorder {
  const tree: TraceTree = { count: 1, kinds: [0], texts: [""], parent: [0], firstChild: [0], lastChild: [0], next: [0], indented: new Set() };
  const { kinds, texts: sentences, parent: parents, firstChild, lastChild, next } = tree;
  const add = (parent: number, kind: number, text: string): number => {
    const node = tree.count;
    tree.count = node + 1;
    kinds[node] = kind;
    sentences[node] = text;
    parents[node] = parent;
    firstChild[node] = 0;
    lastChild[node] = 0;
    next[node] = 0;
    const last = lastChild[parent] as number;
    if (last === 0) firstChild[parent] = node;
    else next[last] = node;
    lastChild[parent] = node;
    return node;
  };
  const reset = (): void => {
    if (kinds.length > MANY) for (const list of [kinds, sentences, parents, firstChild, lastChild, next]) list.length = 1;
    tree.count = 1;
    firstChild[0] = 0;
    lastChild[0] = 0;
    if (tree.indented.size > 0) tree.indented.clear();
  };
  const cut = (nodes: number): void => {
    if (tree.count <= nodes) return;
    tree.count = nodes;
    for (const links of [firstChild, lastChild, next]) for (let node = 0; node < nodes; node++) if ((links[node] as number) >= nodes) links[node] = 0;
    let last = firstChild[0] as number;
    while (last !== 0 && next[last] !== 0) last = next[last] as number;
    lastChild[0] = last;
  };
  if (minimal) {
    const wants = EVENT.modify | EVENT.error | EVENT.transformation;
    return {
      tree, wants, reset, cut,
      table: (parent) => parent,
      action: () => undefined,
      cross: (parent) => parent,
      add: (parent, kind, text) => ((kind & wants) === 0 ? parent : add(parent, kind, text)),
    };
  }
  return {
    tree, wants: 127, add, reset, cut,
    table: (parent, table, flow) => add(parent, EVENT.table, flow === undefined ? missText(texts, table) : flowText(texts, flow)),
    action: (parent, action) => {
      add(parent, EVENT.action, action === undefined ? "drop;" : actionText(texts, action));
    },
    cross: (parent, table, regs) => add(parent, EVENT.pipeline, crossText(texts.names, table, regs)),
  };
}

function flowText(texts: TraceTexts, flow: Flow): string {
  const known = texts.flows.get(flow);
  if (known !== undefined) return known;
  const { row, table } = flow;
  const source = row.source === undefined ? "" : `(${row.source})`;
  const stage = row.stage === "" ? (source === "" ? "" : `${source}: `) : `${row.stage}${source === "" ? "" : ` ${source}`}: `;
  const text = `${String(table.number).padStart(2)}. ${stage}${texts.names.inText(row.match)}, priority ${row.priority}, uuid ${row.uuid.slice(0, 8)}`;
  texts.flows.set(flow, text);
  return text;
}

function missText(texts: TraceTexts, table: Table): string {
  const stage = table.index?.parts.flatMap(({ flows }) => flows).find(texts.isReadable)?.row.stage ?? "";
  return `${String(table.number).padStart(2)}. ${stage === "" ? "" : `${stage}: `}no match (implicit drop)`;
}

function actionText(texts: TraceTexts, action: Action): string {
  const known = texts.actions.get(action);
  if (known !== undefined) return known;
  const text = texts.names.inText(printAction(action));
  texts.actions.set(action, text);
  return text;
}

/** @see OVN 23.09, utilities/ovn-trace.c execute_next */
function crossText(names: Names, table: Table, regs: Registers): string {
  const inbound = table.pipeline === "ingress";
  const key = (regs[inbound ? WORD.inport : WORD.outport] as number) & 0xffff;
  const port = table.datapath.ports.get(key);
  const name = port === undefined ? (key === 0 ? "" : "(unnamed)") : names.port(port);
  return `${table.pipeline}(dp="${names.datapath(table.datapath)}", ${inbound ? "inport" : "outport"}="${name}")`;
}

