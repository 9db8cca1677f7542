import { type Diagnostic, InputError } from "@hopscope/core";
import { type Database, northboundOf, northd, printLflows, printTable, type SbDatapath, type SouthboundDb, southboundOf, type Table, tableJson } from "@hopscope/model-ovn";
import { plain } from "@hopscope/viz";
import { readDatabaseFile } from "../database-file.ts";
import { tell } from "./output.ts";

interface Shown {
  readonly text: string;
  readonly json: unknown;
}

const wrong = (object: string, problem: string, expected: string): InputError => {
  const diagnostic: Diagnostic = { code: "input/option", severity: "error", origin: { object }, problem, expected };
  return new InputError([diagnostic]);
};

const safe = (text: string): string => text.split("\n").map(plain).join("\n");

/** Shows a database file: its tables, the rows of one or all of them (`nb`, `sb`), or its logical flows (`lflows`). */
export function inspectDatabase(path: string, view: string | undefined, name: string | undefined, format: "text" | "json"): string {
  const { database, diagnostics } = readDatabaseFile(path);
  tell(diagnostics);
  const shown = show(database, path, view, name);
  return format === "json" ? `${JSON.stringify(shown.json, null, 2)}\n` : safe(shown.text);
}

function show(database: Database, file: string, view: string | undefined, name: string | undefined): Shown {
  switch (view) {
    case undefined:
      return overview(database);
    case "lflows":
      return flows(database, file, name);
    case "nb":
    case "sb": {
      const wanted = view === "nb" ? "OVN_Northbound" : "OVN_Southbound";
      if (database.name !== wanted && database.name !== "") throw wrong(`view "${view}"`, `is not in the database ${database.name}`, database.name === "OVN_Northbound" ? "nb" : "sb");
      return rows(database, name);
    }
    default:
      throw wrong(`view "${view}"`, "needs a snapshot of the cluster, not a database", "nb, sb or lflows");
  }
}

function overview(database: Database): Shown {
  const tables = [...database.tables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const head = [database.name, database.version ?? "", `(${database.format})`].filter((word) => word !== "").join(" ");
  const counts = tables.filter(({ rows: own }) => own.size > 0);
  return {
    text: `database ${head}\n\n${counts.map((table) => `${table.name.padEnd(28)}${String(table.rows.size).padStart(8)}\n`).join("")}`,
    json: { name: database.name, version: database.version, format: database.format, tables: Object.fromEntries(tables.map((table) => [table.name, table.rows.size])) },
  };
}

function rows(database: Database, name: string | undefined): Shown {
  const all = [...database.tables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  let chosen: readonly Table[] = all.filter((table) => table.rows.size > 0);
  if (name !== undefined) {
    const table = database.tables.get(name);
    if (table === undefined) throw wrong(`table "${name}"`, "is not in the database", `one of ${all.map((one) => one.name).join(", ")}`);
    chosen = [table];
  }
  return { text: chosen.map(printTable).join("\n"), json: Object.fromEntries(chosen.map((table) => [table.name, tableJson(table)])) };
}

/** The release whose northd to follow, by the version of the Northbound schema: 7.1 came with 23.09. */
const releaseOf = (schema: string | undefined): "23.03" | "23.09" => {
  const [major = 7, minor = 1] = (schema ?? "").split(".").filter((part) => part !== "").map(Number);
  return major < 7 || (major === 7 && minor < 1) ? "23.03" : "23.09";
};

function flows(database: Database, file: string, name: string | undefined): Shown {
  // A Northbound database holds none yet: they are those that northd would make of it.
  const southbound: SouthboundDb = database.name === "OVN_Northbound"
    ? northd(northboundOf(database, { file }), { version: releaseOf(database.version), chassis: [] })
    : southboundOf(database, { file });
  const only = name === undefined ? undefined : datapathOf(southbound, name);
  return { text: printLflows(southbound, only), json: only ?? southbound.datapaths };
}

function datapathOf(southbound: SouthboundDb, name: string): SbDatapath {
  const found = southbound.datapaths.find((datapath) => datapath.name === name || datapath.name2 === name || datapath.uuid === name);
  if (found === undefined) throw wrong(`datapath "${name}"`, "is not in the database", `one of ${southbound.datapaths.slice(0, 12).map((one) => one.name).join(", ")}`);
  return found;
}
