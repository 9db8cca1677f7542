import { buildMachine } from "../pipeline/build-machine.ts";
import { isReadable } from "../pipeline/read-table.ts";
import type { Datapath, Machine, MachineOptions, Port } from "../pipeline/machine.ts";
import type { SouthboundDb } from "../southbound.ts";
import { type Names, namesOf } from "./names.ts";
import type { Mode } from "../pipeline/mode.ts";
import { traceMode } from "./mode.ts";
import type { TraceState } from "./state.ts";
import { traceRecorder, type TraceRecorder, type TraceTexts } from "./tree.ts";

/** A database opened for traces: read once, asked often. */
export interface TraceSession {
  readonly machine: Machine;
  /** What traces with friendly names, or with those of the database, work with; made when first asked for. */
  tools(friendly: boolean): TraceTools;
}

/**
 * Opens a Southbound database for {@link trace}.
 *
 * @example
 * const session = openTrace(loadSouthbound(text));
 */
export function openTrace(db: SouthboundDb, options: Pick<Partial<MachineOptions>, "index"> = {}): TraceSession {
  let finder: ((name: string) => Port | undefined) | undefined;
  const machine: Machine = buildMachine(db, { ...options, findPort: (name) => (finder ??= portFinder(machine))(name) });
  const made = new Map<boolean, TraceTools>();
  return {
    machine,
    tools(friendly) {
      let tools = made.get(friendly);
      if (tools === undefined) made.set(friendly, (tools = makeTools(machine, friendly)));
      return tools;
    },
  };
}

/** The parts of the machine that a trace needs, used by one trace after the other. */
export interface TraceTools {
  readonly names: Names;
  readonly state: TraceState;
  readonly whole: { readonly recorder: TraceRecorder; readonly mode: Mode };
  readonly minimal: { readonly recorder: TraceRecorder; readonly mode: Mode };
}

function makeTools(machine: Machine, friendly: boolean): TraceTools {
  const names = namesOf(machine, friendly);
  const texts: TraceTexts = { names, isReadable: (flow) => isReadable(machine, flow), flows: new WeakMap(), actions: new WeakMap() };
  const state: TraceState = { names, ct: [], ctUsed: 0, lbDst: undefined, lbDstUsed: false, selectId: 0, pick: () => 0, copies: [], forks: 0 };
  const whole = traceRecorder(texts, false);
  const minimal = traceRecorder(texts, true);
  return { names, state, whole: { recorder: whole, mode: traceMode(state, whole) }, minimal: { recorder: minimal, mode: traceMode(state, minimal) } };
}

/** Digits of a uuid that a text begins with, if it is the beginning of one. @see Open vSwitch 3.1, lib/uuid.c uuid_is_partial_string */
function partialUuid(text: string): number {
  const pattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.length > pattern.length) return 0;
  for (let at = 0; at < text.length; at++) if (pattern.charAt(at) === "-" ? text.charAt(at) !== "-" : !/[0-9a-f]/i.test(text.charAt(at))) return 0;
  return text.length;
}

const begins = (uuid: string, text: string): boolean => uuid.toLowerCase().startsWith(text.toLowerCase());

/**
 * Finds a port by its name, its friendly name or the beginning of its uuid.
 *
 * @see OVN 23.09, utilities/ovn-trace.c ovntrace_port_lookup_by_name
 */
function portFinder(machine: Machine): (name: string) => Port | undefined {
  const friendly = new Map<string, Port | undefined>();
  for (const port of machine.ports.values()) {
    const name = port.row.externalIds["name"];
    if (name !== undefined) friendly.set(name, friendly.has(name) ? undefined : port);
  }
  const guessed = new Map<string, Port | undefined>();
  return (name) => {
    const exact = machine.ports.get(name);
    if (exact !== undefined) return exact;
    if (friendly.has(name) && friendly.get(name) === undefined) return undefined;
    const match = friendly.get(name);
    if (partialUuid(name) < 4) return match;
    if (!guessed.has(name)) guessed.set(name, byUuid(machine, name, match));
    return guessed.get(name);
  };
}

function byUuid(machine: Machine, text: string, known: Port | undefined): Port | undefined {
  let match = known;
  for (const port of machine.ports.values()) {
    if (!begins(port.row.uuid, text) && !(partialUuid(port.name) === 36 && begins(port.name, text))) continue;
    if (match !== undefined && match !== port) return undefined;
    match = port;
  }
  return match;
}

/**
 * Finds a datapath by its name, its friendly name or the beginning of its uuid in either database.
 *
 * @see OVN 23.09, utilities/ovn-trace.c ovntrace_datapath_find_by_name
 */
export function findDatapath(machine: Machine, name: string): Datapath | undefined {
  const exact = machine.datapaths.find(({ row }) => row.name === name || row.name2 === name);
  if (exact !== undefined) return exact;
  if (partialUuid(name) < 4) return undefined;
  const matches = machine.datapaths.filter(({ row }) => begins(row.uuid, name) || begins(row.nbUuid, name));
  return matches.length === 1 ? matches[0] : undefined;
}
