import { InputError } from "@hopscope/core";
import { southbound } from "../southbound-row.ts";
import type { SbDatapath, SbDhcpOption, SbLoadBalancer, SbMacBinding, SbMulticastGroup, SouthboundDb } from "../southbound.ts";
import { type Database, listOf, mapOf, numberOf, optionalOf, type Row, textOf } from "./database.ts";
import { readDatabaseSync, type ReadOptions } from "./read-database.ts";
import { requireDatabase, withLocatedRows } from "./require-database.ts";
import { flowOf, flowsByDatapath } from "./southbound-flows.ts";
import { Trouble } from "./trouble.ts";
import { chassisOf, haGroupsOf, portsOf, type RowsOf } from "./southbound-ports.ts";

const idOf = (row: Row): string => textOf(row, "_uuid");

function multicastGroupsOf(rows: RowsOf): ReadonlyMap<string, readonly SbMulticastGroup[]> {
  const names = new Map(rows("Port_Binding").map((row) => [idOf(row), textOf(row, "logical_port")]));
  const groups = new Map<string, SbMulticastGroup[]>();
  for (const row of rows("Multicast_Group")) {
    const datapath = textOf(row, "datapath");
    const own = groups.get(datapath) ?? [];
    groups.set(datapath, own);
    own.push({ uuid: idOf(row), name: textOf(row, "name"), key: numberOf(row, "tunnel_key"), ports: listOf(row, "ports").flatMap((port) => names.get(port) ?? []) });
  }
  return groups;
}

/** Port groups by Southbound's names and, joined, by those that matches use. */
function portGroupsOf(rows: RowsOf): ReadonlyMap<string, readonly string[]> {
  const groups = new Map(rows("Port_Group").map((row) => [textOf(row, "name"), listOf(row, "ports")]));
  const joined = new Map<string, readonly string[]>();
  for (const [full, ports] of groups) {
    const name = full.replace(/^\d+_/, "");
    joined.set(name, [...(joined.get(name) ?? []), ...ports]);
  }
  return new Map([...joined, ...groups]);
}

const macBindingOf = (row: Row): SbMacBinding => ({
  port: textOf(row, "logical_port"), ip: textOf(row, "ip"), mac: textOf(row, "mac"), datapath: optionalOf(row, "datapath"),
});

const dhcpOptionOf = (row: Row): SbDhcpOption => ({ name: textOf(row, "name"), code: numberOf(row, "code"), type: textOf(row, "type") });

function loadBalancersOf(rows: RowsOf, groups: ReadonlyMap<string, readonly string[]>): readonly SbLoadBalancer[] {
  const groupColumns = ["datapath_group", "ls_datapath_group", "lr_datapath_group"];
  return rows("Load_Balancer").map((row) => ({
    uuid: idOf(row), name: textOf(row, "name"), protocol: optionalOf(row, "protocol") as SbLoadBalancer["protocol"],
    vips: mapOf(row, "vips"), options: mapOf(row, "options"),
    datapaths: [...new Set([...listOf(row, "datapaths"), ...groupColumns.flatMap((column) => groups.get(textOf(row, column)) ?? [])])],
  }));
}

/** The tables that stand for themselves. */
function plainTables(rows: RowsOf, groups: ReadonlyMap<string, readonly string[]>): Partial<SouthboundDb> {
  const bands = new Map(rows("Meter_Band").map((row) => [idOf(row), { action: textOf(row, "action"), rate: numberOf(row, "rate"), burst: numberOf(row, "burst_size") }]));
  const portNames = new Map(rows("Port_Binding").map((row) => [idOf(row), textOf(row, "logical_port")]));
  const chassisNames = new Map(rows("Chassis").map((row) => [idOf(row), textOf(row, "name")]));
  const [global] = rows("SB_Global");
  return {
    addressSets: new Map(rows("Address_Set").map((row) => [textOf(row, "name"), listOf(row, "addresses")])),
    portGroups: portGroupsOf(rows),
    macBindings: [
      ...rows("MAC_Binding").map((row) => ({ ...macBindingOf(row), timestamp: numberOf(row, "timestamp") })),
      ...rows("Static_MAC_Binding").map((row) => ({ ...macBindingOf(row), static: { overrides: textOf(row, "override_dynamic_mac") === "true" } })),
    ],
    fdb: rows("FDB").map((row) => ({ mac: textOf(row, "mac"), datapathKey: numberOf(row, "dp_key"), portKey: numberOf(row, "port_key") })),
    loadBalancers: loadBalancersOf(rows, groups),
    dhcpOptions: rows("DHCP_Options").map(dhcpOptionOf), dhcpv6Options: rows("DHCPv6_Options").map(dhcpOptionOf),
    dns: rows("DNS").map((row) => ({ uuid: idOf(row), records: mapOf(row, "records"), datapaths: listOf(row, "datapaths") })),
    meters: rows("Meter").map((row) => ({ name: textOf(row, "name"), unit: textOf(row, "unit"), bands: listOf(row, "bands").flatMap((id) => bands.get(id) ?? []) })),
    bfd: rows("BFD").map((row) => ({
      port: textOf(row, "logical_port"), destination: textOf(row, "dst_ip"), sourcePort: numberOf(row, "src_port"), discriminator: numberOf(row, "disc"), status: textOf(row, "status"),
    })),
    igmpGroups: rows("IGMP_Group").map((row) => ({
      address: textOf(row, "address"), datapath: optionalOf(row, "datapath"), chassis: chassisNames.get(textOf(row, "chassis")), ports: listOf(row, "ports").flatMap((id) => portNames.get(id) ?? []),
    })),
    serviceMonitors: rows("Service_Monitor").map((row) => ({
      port: textOf(row, "logical_port"), ip: textOf(row, "ip"), l4Port: numberOf(row, "port"), protocol: optionalOf(row, "protocol"), status: optionalOf(row, "status"),
    })),
    ...(global === undefined ? {} : { global: { options: mapOf(global, "options"), externalIds: mapOf(global, "external_ids") } }),
  };
}

/** Strong references, which a server never leaves without their row; a dump may lack the table. */
const references = [
  ["Logical_Flow", "logical_datapath", "Datapath_Binding"], ["Logical_Flow", "logical_dp_group", "Logical_DP_Group"],
  ["Port_Binding", "datapath", "Datapath_Binding"], ["Multicast_Group", "datapath", "Datapath_Binding"],
] as const;

function requireRows(rows: RowsOf): void {
  for (const [table, column, wanted] of references) {
    const known = new Set(rows(wanted).map(idOf));
    for (const row of rows(table)) {
      const uuid = optionalOf(row, column);
      if (uuid !== undefined && !known.has(uuid)) throw new Trouble(`${table} ${idOf(row)}: column ${column} names the row ${uuid} of ${wanted}, which does not exist`, 0, "ovsdb/reference");
    }
  }
}

/**
 * The Southbound database that the machine runs, out of the rows of a database.
 *
 * @throws {@link InputError} where it is another database
 * @see OVN 23.09, ovn-sb(5)
 */
export function southboundOf(database: Database, options: ReadOptions = {}): SouthboundDb {
  requireDatabase(database, "OVN_Southbound", options);
  return withLocatedRows(database, options, () => build(database));
}

function build(database: Database): SouthboundDb {
  const tables = new Map([...database.tables.values()].map(({ name, rows }) => [name, [...rows.values()]]));
  const rows: RowsOf = (table) => tables.get(table) ?? [];
  requireRows(rows);
  const datapathGroups = new Map(rows("Logical_DP_Group").map((row) => [idOf(row), listOf(row, "datapaths")]));
  const chassis = chassisOf(rows);
  const haGroups = haGroupsOf(rows, chassis);
  const ports = portsOf(rows, chassis, haGroups);
  const multicast = multicastGroupsOf(rows);
  const flows = rows("Logical_Flow").map(flowOf);
  const byDatapath = flowsByDatapath(flows, datapathGroups);
  const datapaths = rows("Datapath_Binding").map((row): SbDatapath => {
    const uuid = idOf(row);
    const externalIds = mapOf(row, "external_ids");
    const nbUuid = externalIds["logical-switch"] ?? externalIds["logical-router"] ?? uuid;
    return {
      uuid, nbUuid, name: externalIds["name"] ?? nbUuid, name2: externalIds["name2"], key: numberOf(row, "tunnel_key"),
      type: externalIds["logical-router"] === undefined ? "switch" : "router", externalIds,
      ports: ports.get(uuid) ?? [], multicastGroups: multicast.get(uuid) ?? [], flows: byDatapath.get(uuid) ?? [],
    };
  });
  const templates = new Map(rows("Chassis_Template_Var").map((row) => [textOf(row, "chassis"), new Map(Object.entries(mapOf(row, "variables")))]));
  const plain = plainTables(rows, datapathGroups);
  return southbound({ ...plain, datapaths, flows, datapathGroups, chassis, haChassisGroups: [...haGroups.values()], templates });
}

/**
 * Reads a Southbound database from a file's content, of any kind that {@link readDatabaseSync} knows. Warnings are lost: read the
 * database first where they matter.
 *
 * @throws {@link InputError} where the file is wrong or holds another database
 * @example
 * loadSouthbound(readFileSync("ovnsb_db.db")).datapaths
 */
export function loadSouthbound(content: Uint8Array | string, options: ReadOptions = {}): SouthboundDb {
  const result = readDatabaseSync(content, options);
  if (result.type === "failed") throw new InputError(result.diagnostics);
  return southboundOf(result.database, options);
}
