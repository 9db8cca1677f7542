import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { NorthboundDb, NorthboundRow, NorthboundTable } from "../../src/northbound.ts";
import { emptyNorthbound, northboundRow } from "../../src/northbound-row.ts";

/** Northbound rows that real controllers wrote, with the flows real northd programs made of them. */
export interface CorpusCase {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly lflows: Readonly<Partial<Record<"23.03" | "23.09", string>>>;
}

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const root = `${corpora}/ovnkube-nb`;

/** Whether the corpus is on this machine. */
export const hasCorpus = existsSync(`${root}/curated`);

const unzip = (file: string): string | undefined => (existsSync(file) ? gunzipSync(readFileSync(file)).toString() : undefined);
const texts = (old: string | undefined, recent: string | undefined): CorpusCase["lflows"] => ({
  ...(old === undefined || old === "" ? {} : { "23.03": old }), ...(recent === undefined || recent === "" ? {} : { "23.09": recent }),
});

function curated(name: string): CorpusCase {
  const folder = `${root}/curated/${name}`;
  const rows = readFileSync(`${folder}/nb.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  return { name, rows, lflows: texts(unzip(`${folder}/lflows.txt.gz`), unzip(`${folder}/lflows-23.09.txt.gz`)) };
}

function random(file: string): CorpusCase {
  const parsed = JSON.parse(unzip(`${root}/random/${file}`) ?? "{}") as { nb: CorpusCase["rows"]; lflows?: string; lflows2309?: string };
  return { name: file.replace(".json.gz", ""), rows: parsed.nb, lflows: texts(parsed.lflows, parsed.lflows2309) };
}

/** The names of all cases, and how to read each. */
export function corpusCases(): readonly (readonly [string, () => CorpusCase])[] {
  if (!hasCorpus) return [];
  return [
    ...readdirSync(`${root}/curated`).sort().map((name) => [name, () => curated(name)] as const),
    ...readdirSync(`${root}/random`).sort().map((file) => [file.replace(".json.gz", ""), () => random(file)] as const),
  ];
}

const references = new Set([
  "ports", "acls", "qos_rules", "load_balancer", "load_balancer_group", "dns_records", "copp", "forwarding_groups", "static_routes",
  "policies", "nat", "gateway_chassis", "ha_chassis_group", "ha_chassis", "bfd", "bands", "gateway_port", "allowed_ext_ips",
  "exempted_ext_ips", "dhcpv4_options", "dhcpv6_options", "health_check", "mirror_rules",
]);

/** The rows as a database; row ids stand in braces, as they do in the corpus' flows. */
export function northboundOf(rows: CorpusCase["rows"]): NorthboundDb {
  const db: Record<string, NorthboundRow[]> = Object.fromEntries(Object.keys(emptyNorthbound()).map((table) => [table, []]));
  const braced = (value: unknown): unknown => (Array.isArray(value) ? value.map(braced) : `{${String(value)}}`);
  for (const row of rows) {
    const columns: Record<string, unknown> = { _uuid: braced(row["_id"]) };
    for (const [column, value] of Object.entries(row)) {
      if (column.startsWith("_") || value === null) continue;
      columns[column] = references.has(column) ? braced(value) : value;
    }
    const table = String(row["_table"]) as NorthboundTable;
    db[table]?.push(northboundRow(table, columns as unknown as NorthboundRow));
  }
  return db as unknown as NorthboundDb;
}
