import type { Row } from "./corpus.ts";

const skipped: Readonly<Record<string, readonly string[]>> = {
  Logical_Switch_Port: ["up", "tag", "dynamic_addresses"],
  BFD: ["status"],
};

/** Rows as text with references resolved to content, so that ids need not agree. */
export function contents(rows: readonly Row[]): readonly string[] {
  const byId = new Map(rows.map((row) => [row._id, row]));
  const cache = new Map<string, unknown>();
  const resolve = (value: unknown): unknown => {
    if (typeof value === "string") {
      const row = byId.get(value);
      return row === undefined ? value : content(row);
    }
    if (Array.isArray(value)) return value.map(resolve).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const content = (row: Row): unknown => {
    const known = cache.get(row._id);
    if (known !== undefined) return known;
    const out: Record<string, unknown> = {};
    for (const [column, value] of Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (column === "_id" || skipped[row._table]?.includes(column) === true) continue;
      if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) continue;
      if (typeof value === "object" && Object.keys(value).length === 0) continue;
      out[column] = resolve(value);
    }
    cache.set(row._id, out);
    return out;
  };
  return rows.filter((row) => row._table !== "NB_Global").map((row) => JSON.stringify(content(row)));
}

/** What one list of rows has and the other has not; duplicates count. */
export function difference(expected: readonly Row[], actual: readonly Row[]): { readonly missing: readonly string[]; readonly extra: readonly string[] } {
  const count = new Map<string, number>();
  for (const text of contents(expected)) count.set(text, (count.get(text) ?? 0) + 1);
  const extra: string[] = [];
  for (const text of contents(actual)) {
    const left = count.get(text) ?? 0;
    if (left === 0) extra.push(text);
    else count.set(text, left - 1);
  }
  return { missing: [...count].flatMap(([text, left]) => Array<string>(left).fill(text)), extra };
}
