import { visitLast } from "../pipeline/interpret.ts";
import type { Table } from "../pipeline/machine.ts";
import type { Run } from "../pipeline/mode.ts";
import type { Registers } from "../pipeline/registers.ts";
import type { Names } from "./names.ts";

/** A load balancer's destination as the user wants it: words of the address (one or four), and the port. */
export interface LoadBalancerChoice {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly port: number;
}

/** What the user says about the packet that its headers do not: the options of one trace. */
export interface TraceAssumptions {
  /** Connection states, for one pass through connection tracking each. */
  ct: readonly number[];
  lbDst: LoadBalancerChoice | undefined;
  /** Member of `select`; 0 for none. */
  selectId: number;
  /** Picks one of `count` where the real program rolls dice. */
  pick: (count: number) => number;
}

/** The assumptions as far as they are used up in one trace. */
export interface TraceState extends TraceAssumptions {
  readonly names: Names;
  ctUsed: number;
  lbDstUsed: boolean;
  readonly copies: Registers[];
  /** Copies in use. */
  forks: number;
}

/** Takes the next connection state; a comment says where it was assumed. */
export function nextCtState(state: TraceState): { readonly bits: number; readonly comment: string } {
  const bits = state.ct[state.ctUsed];
  if (bits === undefined) return { bits: 0x22, comment: " /* default (use --ct to customize) */" };
  state.ctUsed += 1;
  return { bits, comment: "" };
}

/**
 * A copy that is changed without the original. Copies lie on a stack: who made one puts `forks` back to what it was when it is no
 * longer used.
 */
export function fork(state: TraceState, regs: Registers): Registers {
  const copy = (state.copies[state.forks] ??= new Uint32Array(regs.length));
  state.forks += 1;
  copy.set(regs);
  return copy;
}

/** Sends a copy made last on to a table, as the last thing an action does. */
export function sendOn(run: Run, state: TraceState, table: Table, copy: Registers, node: number): void {
  const { forks } = state;
  // A visit that waits still needs the copy; whoever waits for the whole way gives it back.
  if (!visitLast(run, table, copy, node)) state.forks = forks - 1;
}
