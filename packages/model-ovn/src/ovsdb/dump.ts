import type { StringMap } from "../northbound.ts";

/** One row of a dumped table: columns as OVSDB's JSON holds them. */
export type Row = ReadonlyMap<string, unknown>;

/** Thrown for text that is no database dump; `line` counts from 1. */
export class DumpError extends Error {
  readonly line: number;
  constructor(problem: string, line: number) {
    super(`line ${line}: ${problem}`);
    this.name = "DumpError";
    this.line = line;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The tables of a dump, rows by table name. @throws {@link DumpError} @see RFC 7047, section 5.1 */
export function readTables(text: string): ReadonlyMap<string, readonly Row[]> {
  const tables = new Map<string, readonly Row[]>();
  for (const [position, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const at = position + 1;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new DumpError("it is not JSON", at);
    }
    if (!isRecord(value) || typeof value["caption"] !== "string" || !Array.isArray(value["headings"]) || !Array.isArray(value["data"])) throw new DumpError("a table with caption, headings and data is expected", at);
    const headings: readonly unknown[] = value["headings"];
    const data: readonly unknown[] = value["data"];
    const rows = data.map((cells, row): Row => {
      if (!Array.isArray(cells) || cells.length !== headings.length) throw new DumpError(`row ${row + 1} of ${String(value["caption"])} does not have ${headings.length} columns`, at);
      return new Map(headings.map((heading, column) => [String(heading), cells[column] as unknown]));
    });
    tables.set(value["caption"].replace(/ table$/, ""), rows);
  }
  return tables;
}

const atom = (value: unknown): string => String(Array.isArray(value) ? value[1] : value);

/** A set column as texts; one value is a set of one. @internal */
export function listOf(row: Row, column: string): readonly string[] {
  const value = row.get(column);
  if (value === undefined) return [];
  return Array.isArray(value) && value[0] === "set" && Array.isArray(value[1]) ? value[1].map(atom) : [atom(value)];
}

/** A column of at most one value as text; empty where unset. @internal */
export const textOf = (row: Row, column: string): string => listOf(row, column)[0] ?? "";

/** A column of at most one value; absent where unset. @internal */
export const optionalOf = (row: Row, column: string): string | undefined => listOf(row, column)[0];

/** A column of one number; 0 where unset. @internal */
export const numberOf = (row: Row, column: string): number => Number(textOf(row, column));

/** A map column. @internal */
export function mapOf(row: Row, column: string): StringMap {
  const value = row.get(column);
  const pairs: readonly unknown[] = Array.isArray(value) && value[0] === "map" && Array.isArray(value[1]) ? value[1] : [];
  return Object.fromEntries(pairs.flatMap((pair): readonly (readonly [string, string])[] => (Array.isArray(pair) ? [[atom(pair[0]), atom(pair[1])]] : [])));
}
