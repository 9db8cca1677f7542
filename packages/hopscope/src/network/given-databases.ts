import type { Diagnostic } from "@hopscope/core";
import { type Database, mapOf, northboundOf, type NorthboundDb, type Row, type SouthboundDb, southboundOf, textOf } from "@hopscope/model-ovn";
import type { OpenedDatabase } from "../database-file.ts";

/** Databases of the cluster itself, which take the place of compiled ones. */
export interface GivenDatabases {
  /** The Northbound database of the node's zone. */
  readonly northbound: (node: string, zone: string) => NorthboundDb | undefined;
  /** The Southbound database of the node's zone. */
  readonly southbound: (node: string, zone: string) => SouthboundDb | undefined;
  /** Which databases belong to none of the nodes. */
  readonly unused: (nodes: readonly { readonly name: string; readonly zone: string }[]) => readonly Diagnostic[];
}

const rowsOf = (database: Database, table: string): readonly Row[] => [...(database.tables.get(table)?.rows.values() ?? [])];

/**
 * The zone and the nodes that a database is of.
 *
 * OVN-Kubernetes writes the zone's name, which is the node's own with an interconnect, into the databases.
 */
function ownersOf(database: Database): readonly string[] {
  const named = [...rowsOf(database, "NB_Global").map((row) => textOf(row, "name")), ...rowsOf(database, "SB_Global").map((row) => mapOf(row, "options")["name"] ?? "")];
  const here = rowsOf(database, "Chassis").filter((row) => mapOf(row, "other_config")["is-remote"] !== "true");
  return [...new Set([...named, ...here.map((row) => textOf(row, "hostname"))])].filter((name) => name !== "");
}

interface Given {
  readonly opened: OpenedDatabase;
  readonly owners: readonly string[];
}

const isSouthbound = ({ opened }: Given): boolean => opened.database.name !== "OVN_Northbound";

/** Finds for each node the databases that were given for it; each is read once, when it is first needed. */
export function givenDatabases(opened: readonly OpenedDatabase[]): GivenDatabases {
  const given = opened.map((one): Given => ({ opened: one, owners: ownersOf(one.database) }));
  const southbounds = new Map<Given, SouthboundDb>();
  const northbounds = new Map<Given, NorthboundDb>();
  const find = (southbound: boolean, node: string, zone: string): Given | undefined => {
    const kind = given.filter((one) => isSouthbound(one) === southbound);
    return kind.find(({ owners }) => owners.includes(node)) ?? kind.find(({ owners }) => owners.includes(zone)) ?? (zone === "global" && kind.length === 1 ? kind[0] : undefined);
  };
  return {
    northbound: (node, zone) => {
      const found = find(false, node, zone);
      if (found === undefined) return undefined;
      const made = northbounds.get(found) ?? northboundOf(found.opened.database, { file: found.opened.file });
      northbounds.set(found, made);
      return made;
    },
    southbound: (node, zone) => {
      const found = find(true, node, zone);
      if (found === undefined) return undefined;
      const made = southbounds.get(found) ?? southboundOf(found.opened.database, { file: found.opened.file });
      southbounds.set(found, made);
      return made;
    },
    unused: (nodes) => {
      const used = new Set(nodes.flatMap(({ name, zone }) => [find(true, name, zone), find(false, name, zone)]));
      return given.filter((one) => !used.has(one)).map(({ opened: { file, database }, owners }): Diagnostic => ({
        code: "input/database-unused", severity: "warning", origin: { object: database.name, file },
        problem: owners.length === 0 ? "the database does not say which zone it is of" : `the database is of ${owners.map((one) => `"${one}"`).join(", ")}, which the snapshot has not`,
        expected: `a database of ${nodes.slice(0, 8).map(({ name }) => name).join(", ")}`,
      }));
    },
  };
}
