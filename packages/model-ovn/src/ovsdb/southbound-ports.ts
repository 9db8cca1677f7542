import type { SbChassis, SbGatewayChassis, SbHaChassisGroup, SbPort } from "../southbound.ts";
import { listOf, mapOf, numberOf, optionalOf, type Row, textOf } from "./database.ts";

/** The rows of a table. @internal */
export type RowsOf = (table: string) => readonly Row[];

const idOf = (row: Row): string => textOf(row, "_uuid");

/** Chassis with their tunnel ends. @internal */
export function chassisOf(rows: RowsOf): readonly SbChassis[] {
  const encaps = new Map(rows("Encap").map((row) =>
    [idOf(row), { uuid: idOf(row), type: textOf(row, "type"), ip: textOf(row, "ip"), options: mapOf(row, "options") }]));
  return rows("Chassis").map((row) => {
    const own = listOf(row, "encaps").flatMap((id) => encaps.get(id) ?? []);
    return {
      uuid: idOf(row), name: textOf(row, "name"), hostname: textOf(row, "hostname"),
      ip: (own.find(({ type }) => type === "geneve") ?? own[0])?.ip ?? "", encaps: own, externalIds: mapOf(row, "external_ids"),
      otherConfig: mapOf(row, "other_config"), transportZones: listOf(row, "transport_zones"),
    };
  });
}

const candidatesOf = (rows: readonly Row[], names: ReadonlyMap<string, string>): ReadonlyMap<string, SbGatewayChassis> =>
  new Map(rows.map((row) => [idOf(row), { uuid: idOf(row), chassis: names.get(textOf(row, "chassis")), priority: numberOf(row, "priority") }]));

/** Groups of chassis that stand in for one another, by uuid. @internal */
export function haGroupsOf(rows: RowsOf, chassis: readonly SbChassis[]): ReadonlyMap<string, SbHaChassisGroup> {
  const members = candidatesOf(rows("HA_Chassis"), new Map(chassis.map(({ uuid, name }) => [uuid, name])));
  return new Map(rows("HA_Chassis_Group").map((row) =>
    [idOf(row), { uuid: idOf(row), name: textOf(row, "name"), members: listOf(row, "ha_chassis").flatMap((id) => members.get(id) ?? []) }]));
}

/** The ports of each datapath, by its uuid. @internal */
export function portsOf(rows: RowsOf, chassis: readonly SbChassis[], groups: ReadonlyMap<string, SbHaChassisGroup>): ReadonlyMap<string, readonly SbPort[]> {
  const names = new Map(chassis.map(({ uuid, name }) => [uuid, name]));
  const known = new Map([...chassis.map(({ hostname, name }) => [hostname, name] as const), ...chassis.map(({ name }) => [name, name] as const)]);
  const gateways = candidatesOf(rows("Gateway_Chassis"), names);
  const named = (row: Row, column: string): readonly string[] => listOf(row, column).flatMap((id) => names.get(id) ?? []);
  const portOf = (row: Row): SbPort => {
    const options = mapOf(row, "options");
    const group = groups.get(textOf(row, "ha_chassis_group"));
    const gatewayChassis = listOf(row, "gateway_chassis").flatMap((id) => gateways.get(id) ?? []);
    const [boundChassis] = named(row, "chassis");
    const [requestedChassis] = named(row, "requested_chassis");
    const [first] = [...(group?.members ?? gatewayChassis)].sort((a, b) => b.priority - a.priority);
    const asked = options["l3gateway-chassis"] ?? options["requested-chassis"]?.split(",")[0];
    const externalIds = mapOf(row, "external_ids");
    // OVN-Kubernetes binds transit ports itself; until it has, the node's name is there already.
    const announced = textOf(row, "type") === "remote" ? known.get(externalIds["node"] ?? "") : undefined;
    const [up] = listOf(row, "up");
    const tag = optionalOf(row, "tag");
    return {
      uuid: idOf(row), name: textOf(row, "logical_port"), key: numberOf(row, "tunnel_key"), type: textOf(row, "type") as SbPort["type"],
      peer: options["peer"], chassis: boundChassis ?? first?.chassis ?? known.get(asked ?? "") ?? requestedChassis ?? announced, distributedPort: options["distributed-port"],
      mac: listOf(row, "mac"), security: listOf(row, "port_security"), options, externalIds,
      tag: tag === undefined ? undefined : Number(tag), parentPort: optionalOf(row, "parent_port"), virtualParent: optionalOf(row, "virtual_parent"),
      natAddresses: listOf(row, "nat_addresses"), up: up === undefined ? undefined : up === "true", boundChassis,
      additionalChassis: named(row, "additional_chassis"), requestedChassis, requestedAdditionalChassis: named(row, "requested_additional_chassis"),
      gatewayChassis, haChassisGroup: group?.name, encap: optionalOf(row, "encap"),
    };
  };
  const ports = new Map<string, SbPort[]>();
  for (const row of rows("Port_Binding")) {
    const datapath = textOf(row, "datapath");
    const own = ports.get(datapath) ?? [];
    ports.set(datapath, own);
    own.push(portOf(row));
  }
  return ports;
}
