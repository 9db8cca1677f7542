import { readFileSync } from "node:fs";
import type { NorthboundDb, NorthboundRow } from "../../src/northbound.ts";
import type { RpcClient } from "./json-rpc.ts";

/** One operation of an OVSDB transaction. */
export type Operation = Readonly<Record<string, unknown>>;

interface ColumnType {
  readonly key: unknown;
  readonly value?: unknown;
}

/** The column types of a database, as its schema file writes them. */
export interface Schema {
  readonly name: string;
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, { readonly type: string | ColumnType }>> }>>;
}

/** Reads a schema file. */
export const readSchema = (file: string): Schema => JSON.parse(readFileSync(file, "utf8")) as Schema;

const isUuid = (type: unknown): boolean =>
  type === "uuid" || (typeof type === "object" && type !== null && "type" in type && type.type === "uuid");

const atom = (value: unknown, type: unknown): unknown => (isUuid(type) ? ["uuid", value] : value);

function encode(value: unknown, type: string | ColumnType | undefined): unknown {
  if (typeof type !== "object") return atom(value, type);
  if (type.value !== undefined) return ["map", Object.entries(value as object)];
  return Array.isArray(value) ? ["set", value.map((item) => atom(item, type.key))] : atom(value, type.key);
}

/** The insertion of a row; columns the schema does not have (an older OVN) are left out. */
export function insertion(schema: Schema, table: string, row: NorthboundRow): Operation {
  const columns = schema.tables[table]?.columns ?? {};
  const cells = Object.entries(row).filter(([column, value]) => column in columns && value !== undefined);
  return { op: "insert", table, uuid: row._uuid, row: Object.fromEntries(cells.map(([column, value]) => [column, encode(value, columns[column]?.type)])) };
}

/** The insertions that make a Northbound database out of an empty one. */
export function northboundInsertions(schema: Schema, nb: NorthboundDb): Operation[] {
  return (Object.entries(nb) as [string, readonly NorthboundRow[]][]).flatMap(([table, rows]) => rows.map((row) => insertion(schema, table, row)));
}

/** Runs operations as one transaction and throws what the server has against it. */
export async function transact(client: RpcClient, database: string, operations: readonly Operation[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const results = await client.call("transact", [database, ...operations]) as readonly (Readonly<Record<string, unknown>> | null)[];
  const failed = results.findIndex((result) => result !== null && "error" in result);
  if (failed >= 0) throw new Error(`${database}: ${JSON.stringify(results[failed])} for ${JSON.stringify(operations[failed] ?? "the commit").slice(0, 1000)}`);
  return results.map((result) => result ?? {});
}
