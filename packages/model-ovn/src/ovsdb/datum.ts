import type { Atom, AtomType, Column, Value } from "./database.ts";
import { Trouble } from "./trouble.ts";

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** Whether a text has the form of a uuid. @internal */
export const isUuid = (text: string): boolean => text.length === 36 && UUID.test(text);

/** Keeps one copy of texts that many rows hold; the shortest are kept once by the engine anyhow. @internal */
export type Intern = (text: string) => string;

/** @internal */
export function interner(): Intern {
  const known = new Map<string, string>();
  return (text) => {
    if (text.length > 40 || text.length <= 10) return text;
    const found = known.get(text);
    if (found !== undefined) return found;
    known.set(text, text);
    return text;
  };
}

const wrong = (problem: string): Trouble => new Trouble(problem, 0, "ovsdb/value-type");

function shown(wire: unknown): string {
  const text = JSON.stringify(wire) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function atomOf(type: AtomType, wire: unknown, column: Column, intern: Intern): Atom {
  switch (type) {
    case "string":
      if (typeof wire === "string") return wire;
      break;
    case "integer":
      if (typeof wire === "number" && Number.isSafeInteger(wire)) return wire;
      break;
    case "real":
      if (typeof wire === "number") return wire;
      break;
    case "boolean":
      if (typeof wire === "boolean") return wire;
      break;
    case "uuid":
      if (Array.isArray(wire) && wire.length === 2 && wire[0] === "uuid" && typeof wire[1] === "string") {
        if (!isUuid(wire[1])) throw wrong(`column ${column.name} holds ${shown(wire[1])}, which is no uuid`);
        return intern(wire[1]);
      }
      break;
    default:
      return type satisfies never;
  }
  throw wrong(`column ${column.name} holds ${shown(wire)} where ${type === "integer" ? "an integer" : `a ${type}`} is expected`);
}

/** The members of `["set", […]]` or `["map", […]]`. */
function unwrapped(wire: unknown, name: "set" | "map"): readonly unknown[] | undefined {
  return Array.isArray(wire) && wire.length === 2 && wire[0] === name && Array.isArray(wire[1]) ? (wire[1] as readonly unknown[]) : undefined;
}

const empty: readonly Atom[] = [];

/** A column's value from its JSON. @throws Trouble where it is of another type. @see RFC 7047, section 5.1 @internal */
export function valueFromJson(column: Column, wire: unknown, intern: Intern): Value {
  if (column.kind === "map") {
    const pairs = unwrapped(wire, "map");
    if (pairs === undefined) throw wrong(`column ${column.name} holds ${shown(wire)} where a map is expected`);
    if (pairs.length === 0) return empty;
    const flat: Atom[] = [];
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) throw wrong(`column ${column.name} holds ${shown(pair)} where a pair is expected`);
      const key = atomOf(column.key, pair[0], column, intern);
      const value = atomOf(column.value ?? "string", pair[1], column, intern);
      flat.push(typeof key === "string" ? intern(key) : key, typeof value === "string" ? intern(value) : value);
    }
    return flat;
  }
  const members = unwrapped(wire, "set");
  if (column.kind === "set") {
    if (members === undefined) return [atomOf(column.key, wire, column, intern)];
    return members.length === 0 ? empty : members.map((one) => atomOf(column.key, one, column, intern));
  }
  if (members === undefined) return atomOf(column.key, wire, column, intern);
  if (members.length > 1 || (members.length === 0 && column.kind === "scalar")) throw wrong(`column ${column.name} holds ${members.length} values`);
  return members.length === 0 ? undefined : atomOf(column.key, members[0], column, intern);
}

const ordered = (a: Atom, b: Atom): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What a column holds after the difference that a log record gives for it.
 *
 * Members of a set change sides. A pair of a map is added, removed where it is there already, or takes the place of the pair of
 * that key. A column of at most one value is not given as a difference but anew.
 *
 * @see OVS 3.1, ovsdb-data.c, ovsdb_datum_apply_diff_in_place
 * @internal
 */
export function applyDifference(column: Column, old: Value, difference: Value): Value {
  if (column.max === 1 || typeof old !== "object" || typeof difference !== "object") return difference;
  const next = column.kind === "map" ? changedMap(old, difference) : changedSet(old, difference);
  const size = column.kind === "map" ? next.length / 2 : next.length;
  if (size < column.min || size > column.max) throw wrong(`column ${column.name} would have ${size} members`);
  return next;
}

function changedSet(old: readonly Atom[], difference: readonly Atom[]): readonly Atom[] {
  const members = new Set(old);
  for (const one of difference) if (!members.delete(one)) members.add(one);
  return [...members].sort(ordered);
}

function changedMap(old: readonly Atom[], difference: readonly Atom[]): readonly Atom[] {
  const pairs = new Map<Atom, Atom>();
  for (let index = 0; index < old.length; index += 2) pairs.set(old[index] as Atom, old[index + 1] as Atom);
  for (let index = 0; index < difference.length; index += 2) {
    const key = difference[index] as Atom;
    const value = difference[index + 1] as Atom;
    if (pairs.get(key) === value) pairs.delete(key);
    else pairs.set(key, value);
  }
  return [...pairs].sort((a, b) => ordered(a[0], b[0])).flat();
}
