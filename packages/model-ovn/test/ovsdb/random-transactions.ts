import { uuid } from "./log-text.ts";

const many = (key: unknown, value?: unknown): unknown => ({ type: { key, ...(value === undefined ? {} : { value }), min: 0, max: "unlimited" } });

/**
 * A schema with every kind and type of column, and references of both strengths.
 *
 * There is no set of at most two: ovsdb-server 3.1 cannot read the differences back that it writes for such a column.
 */
export const randomSchema = {
  name: "Random", version: "1.0.0",
  tables: {
    Thing: {
      isRoot: true,
      columns: {
        name: { type: "string" }, count: { type: "integer" }, size: { type: "real" }, done: { type: "boolean" }, mark: { type: "uuid" },
        note: { type: { key: "string", min: 0, max: 1 } }, level: { type: { key: "integer", min: 0, max: 1 } },
        words: many("string"), numbers: many("integer"), marks: many("uuid"), reals: many("real"), labels: many("string", "string"), scores: many("integer", "real"),
        one: { type: { key: "string", value: "integer", min: 0, max: 1 } },
        parts: many({ type: "uuid", refTable: "Part" }), friends: many({ type: "uuid", refTable: "Thing", refType: "weak" }), named: many("string", { type: "uuid", refTable: "Part" }),
      },
    },
    Part: { columns: { name: { type: "string" } } },
  },
};

type Random = (below: number) => number;

/** Whole numbers below a bound, always the same for a seed. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const texts = ["", "a", "b", "c", "inport == \"x\"", "back\\slash", "tab\tline\n", "Übung €", "😀", "]}{[", "__proto__", "10.0.0.1"];
const reals = [0, 0.5, -1.25, 3, 1e20, 1e-7];

const wire = {
  string: (next: Random): unknown => texts[next(texts.length)],
  integer: (next: Random): unknown => next(9) - 4,
  real: (next: Random): unknown => reals[next(reals.length)],
  boolean: (next: Random): unknown => next(2) === 1,
  uuid: (next: Random): unknown => ["uuid", uuid(next(6))],
} as const;
type Type = keyof typeof wire;

const distinct = (values: readonly unknown[]): readonly unknown[] => [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
const some = (next: Random, make: (next: Random) => unknown, most: number): readonly unknown[] => distinct(Array.from({ length: next(most + 1) }, () => make(next)));
const setOf = (next: Random, type: Type, most: number): unknown => ["set", some(next, wire[type], most)];
const mapOf = (next: Random, key: Type, value: Type, most: number): unknown => ["map", some(next, wire[key], most).map((one) => [one, wire[value](next)])];

const columns: Readonly<Record<string, (next: Random) => unknown>> = {
  name: wire.string, count: wire.integer, size: wire.real, done: wire.boolean, mark: wire.uuid,
  note: (next) => setOf(next, "string", 1), level: (next) => setOf(next, "integer", 1),
  words: (next) => setOf(next, "string", 5), numbers: (next) => setOf(next, "integer", 5), marks: (next) => setOf(next, "uuid", 3), reals: (next) => setOf(next, "real", 3),
  labels: (next) => mapOf(next, "string", "string", 4), scores: (next) => mapOf(next, "integer", "real", 4), one: (next) => mapOf(next, "string", "integer", 1),
};

const rowOf = (next: Random): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(columns).filter(() => next(3) === 0).map(([name, make]) => [name, make(next)]));

/**
 * Operations for one transaction on the schema; `things` are the rows that exist, which it keeps up to date.
 *
 * A deletion is alone: where a transaction also changes a row that names the deleted one weakly, ovsdb-server 3.1 sometimes keeps
 * the reference, against RFC 7047.
 */
export function randomOperations(next: Random, things: string[]): readonly unknown[] {
  const pick = (): string | undefined => things[next(things.length + 1)];
  const where = (id: string): readonly unknown[] => [["_uuid", "==", ["uuid", id]]];
  const removed = next(8) === 0 && things.length > 3 ? pick() : undefined;
  if (removed !== undefined) {
    things.splice(things.indexOf(removed), 1);
    return [{ op: "delete", table: "Thing", where: where(removed) }];
  }
  return Array.from({ length: 1 + next(3) }, (): unknown => {
    const id = pick();
    const kind = next(10);
    if (id === undefined || kind < 2) {
      const made = uuid(1000 + next(1_000_000_000));
      things.push(made);
      return { op: "insert", table: "Thing", uuid: made, row: rowOf(next) };
    }
    const friend = pick();
    const mutations: readonly unknown[] = [
      ["words", next(2) === 0 ? "insert" : "delete", setOf(next, "string", 3)],
      ["labels", next(2) === 0 ? "insert" : "delete", next(2) === 0 ? mapOf(next, "string", "string", 3) : setOf(next, "string", 3)],
      ["numbers", next(2) === 0 ? "insert" : "delete", setOf(next, "integer", 3)],
      ...(friend === undefined ? [] : [["friends", next(3) === 0 ? "delete" : "insert", ["set", [["uuid", friend]]]]]),
    ];
    // A map's `insert` does not take a set.
    const valid = mutations.filter((one) => Array.isArray(one) && (one[0] !== "labels" || one[1] === "delete" || (one[2] as readonly unknown[])[0] === "map"));
    if (kind < 6) return { op: "mutate", table: "Thing", where: where(id), mutations: valid };
    return { op: "update", table: "Thing", where: where(id), row: rowOf(next) };
  });
}

/** Operations that give a row parts of its own, which vanish when nothing names them. */
export function partOperations(next: Random, id: string): readonly unknown[] {
  const part = uuid(2_000_000_000 + next(1_000_000_000));
  return [
    { op: "insert", table: "Part", uuid: part, row: { name: wire.string(next) } },
    { op: "update", table: "Thing", where: [["_uuid", "==", ["uuid", id]]], row: next(2) === 0 ? { parts: ["uuid", part] } : { named: ["map", [["k", ["uuid", part]]]] } },
    { op: "comment", comment: "parts" },
  ];
}
