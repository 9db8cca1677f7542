import { buildMachine } from "../pipeline/build-machine.ts";
import type { Datapath, Machine, MachineOptions, Port } from "../pipeline/machine.ts";
import type { SouthboundDb } from "../southbound.ts";
import { type Names, namesOf } from "./names.ts";
import type { TraceTexts } from "./tree.ts";

/** A database opened for traces: read once, asked often. */
export interface TraceSession {
  readonly machine: Machine;
  /** Texts with friendly names, and with those of the database; each made when first asked for. */
  texts(friendly: boolean): TraceTexts;
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
  const made = new Map<boolean, TraceTexts>();
  return {
    machine,
    texts(friendly) {
      const known = made.get(friendly);
      if (known !== undefined) return known;
      const names: Names = namesOf(machine, friendly);
      const texts: TraceTexts = { names, flows: new WeakMap(), actions: new WeakMap() };
      made.set(friendly, texts);
      return texts;
    },
  };
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
