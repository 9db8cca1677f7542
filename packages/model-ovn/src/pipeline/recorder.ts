import type { Action } from "../actions/action.ts";
import type { Flow, Table } from "./machine.ts";
import type { Registers } from "./registers.ts";

/**
 * Kinds of events. A node of kinds `pipeline`, `table` and `transformation` holds others.
 *
 * @see OVN 23.09, utilities/ovn-trace.c, enum ovntrace_node_type
 */
export const EVENT = { output: 1, modify: 2, action: 4, error: 8, pipeline: 16, table: 32, transformation: 64 } as const;
export type EventKind = (typeof EVENT)[keyof typeof EVENT];

/**
 * Where the machine writes down what happens. Nodes are numbers; 0 is the root.
 *
 * A recorder that wants nothing costs next to nothing: texts are only made for kinds in `wants`.
 */
export interface Recorder {
  /** Sum of the {@link EVENT} kinds whose text is worth making. */
  readonly wants: number;
  /** A table is visited; `flow` is the one that matches. */
  table(parent: number, table: Table, flow: Flow | undefined): number;
  /** An action is about to be done; no action stands for `drop`. */
  action(parent: number, action: Action | undefined): void;
  /** `next` leads to a table of the other pipeline, without an output. */
  cross(parent: number, table: Table, regs: Registers): number;
  /** Anything else, in words. */
  add(parent: number, kind: EventKind, text: string): number;
}

/** Records nothing. */
export const silent: Recorder = { wants: 0, table: () => 0, action: () => undefined, cross: () => 0, add: () => 0 };
