import { hairpinEntries } from "./hairpins.ts";
import { listOf, mapOf, readTables, textOf, type Row } from "./dump.ts";
import type { LogicalFlow, SbDatapath, SbHairpin, SbPort, SouthboundDb } from "../southbound.ts";

/**
 * Reads a Southbound database as `ovsdb-client dump --format=json` prints it: one table per line.
 *
 * @throws {@link DumpError} where a line or a row is not of that form; it names the line.
 * @see OVN 23.09, ovn-sb(5)
 */
export function loadSouthbound(dumpText: string): SouthboundDb {
  const tables = readTables(dumpText);
  const rows = (table: string): readonly Row[] => tables.get(table) ?? [];
  const chassisNames = new Map(rows("Chassis").map((row) => [textOf(row, "_uuid"), textOf(row, "name")]));
  const encaps = new Map(rows("Encap").map((row) => [textOf(row, "_uuid"), textOf(row, "ip")]));
  const groups = new Map(rows("Logical_DP_Group").map((row) => [textOf(row, "_uuid"), listOf(row, "datapaths")]));
  const haChassis = new Map(rows("HA_Chassis").map((row) => [textOf(row, "_uuid"), row]));
  const haGroups = new Map(rows("HA_Chassis_Group").map((row) => [textOf(row, "_uuid"), listOf(row, "ha_chassis")]));
  const portNames = new Map(rows("Port_Binding").map((row) => [textOf(row, "_uuid"), textOf(row, "logical_port")]));
  const of = (table: string, datapath: string): readonly Row[] => rows(table).filter((row) => textOf(row, "datapath") === datapath);
  /** The chassis that holds a port: where it is bound, or the first of its group. */
  const chassisOf = (row: Row): string | undefined => {
    const members = (haGroups.get(textOf(row, "ha_chassis_group")) ?? []).flatMap((id) => haChassis.get(id) ?? []);
    const [first] = members.sort((a, b) => Number(textOf(b, "priority")) - Number(textOf(a, "priority")));
    const options = mapOf(row, "options");
    const named = options.get("l3gateway-chassis") ?? options.get("requested-chassis");
    const asked = rows("Chassis").find((chassis) => textOf(chassis, "name") === named || textOf(chassis, "hostname") === named);
    return chassisNames.get(textOf(row, "chassis")) ?? (first === undefined ? undefined : chassisNames.get(textOf(first, "chassis"))) ?? (asked === undefined ? undefined : textOf(asked, "name"));
  };
  const portOf = (row: Row): SbPort => {
    const options = mapOf(row, "options");
    return {
      name: textOf(row, "logical_port"), key: Number(textOf(row, "tunnel_key")), type: textOf(row, "type") as SbPort["type"],
      peer: options.get("peer"), chassis: chassisOf(row), distributedPort: options.get("distributed-port"),
      mac: listOf(row, "mac"), security: listOf(row, "port_security"),
    };
  };
  const flowsOf = (datapath: string): readonly LogicalFlow[] =>
    rows("Logical_Flow").filter((row) => textOf(row, "logical_datapath") === datapath || groups.get(textOf(row, "logical_dp_group"))?.includes(datapath) === true).map((row) => {
      const ids = mapOf(row, "external_ids");
      const stage = ids.get("stage-name") ?? "";
      return {
        pipeline: textOf(row, "pipeline") === "egress" ? "egress" : "ingress", table: Number(textOf(row, "table_id")), stage, priority: Number(textOf(row, "priority")),
        match: textOf(row, "match"), actions: textOf(row, "actions"), origin: { object: `Logical_Flow ${stage} ${textOf(row, "_uuid")}` },
      };
    });
  const datapaths = rows("Datapath_Binding").map((row): SbDatapath => {
    const id = textOf(row, "_uuid");
    const ids = mapOf(row, "external_ids");
    return {
      name: ids.get("name") ?? id, key: Number(textOf(row, "tunnel_key")), type: ids.has("logical-router") ? "router" : "switch",
      ports: of("Port_Binding", id).map(portOf),
      multicastGroups: of("Multicast_Group", id).map((group) => ({ name: textOf(group, "name"), key: Number(textOf(group, "tunnel_key")), ports: listOf(group, "ports").flatMap((port) => portNames.get(port) ?? []) })),
      flows: flowsOf(id),
    };
  });
  // A group has one row per datapath, named by the datapath's key, "_" and the name that matches use.
  const portGroups = new Map<string, readonly string[]>();
  for (const row of rows("Port_Group")) {
    const name = textOf(row, "name").replace(/^\d+_/, "");
    portGroups.set(name, [...(portGroups.get(name) ?? []), ...listOf(row, "ports")]);
  }
  const templates = new Map(rows("Chassis_Template_Var").map((row) => [textOf(row, "chassis"), mapOf(row, "variables")]));
  const hairpins = new Map<string, readonly SbHairpin[]>(rows("Datapath_Binding").map((row) => {
    const id = textOf(row, "_uuid");
    const balancers = rows("Load_Balancer").filter((one) => listOf(one, "datapaths").includes(id) || groups.get(textOf(one, "datapath_group"))?.includes(id) === true);
    return [mapOf(row, "external_ids").get("name") ?? id, balancers.flatMap((one) => hairpinEntries(one, [...templates.values()]))];
  }));
  return {
    datapaths,
    chassis: rows("Chassis").map((row) => ({ name: textOf(row, "name"), hostname: textOf(row, "hostname"), ip: listOf(row, "encaps").map((encap) => encaps.get(encap)).find((ip) => ip !== undefined) ?? "" })),
    addressSets: new Map(rows("Address_Set").map((row) => [textOf(row, "name"), listOf(row, "addresses")])),
    portGroups,
    macBindings: [...rows("MAC_Binding"), ...rows("Static_MAC_Binding")].map((row) => ({ port: textOf(row, "logical_port"), ip: textOf(row, "ip"), mac: textOf(row, "mac") })),
    templates,
    hairpins,
  };
}
