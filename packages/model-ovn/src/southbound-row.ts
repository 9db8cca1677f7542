import type { LogicalFlow, SbChassis, SbDatapath, SbPort, SouthboundDb } from "./southbound.ts";

/** A port from what matters of it; the rest is what an empty row holds. */
export function sbPort(port: Pick<SbPort, "name" | "key"> & Partial<SbPort>): SbPort {
  return {
    uuid: port.name, type: "", mac: [], security: [], options: {}, externalIds: {}, natAddresses: [], additionalChassis: [],
    requestedAdditionalChassis: [], gatewayChassis: [], ...port,
  };
}

/** A datapath from what matters of it. `uuid` is its name where not given. */
export function sbDatapath(datapath: Pick<SbDatapath, "name" | "key" | "type"> & Partial<SbDatapath>): SbDatapath {
  const uuid = datapath.uuid ?? datapath.name;
  return { uuid, nbUuid: uuid, externalIds: {}, ports: [], multicastGroups: [], flows: [], ...datapath };
}

/** A chassis from what matters of it. */
export function sbChassis(chassis: Pick<SbChassis, "name"> & Partial<SbChassis>): SbChassis {
  return { uuid: chassis.name, hostname: chassis.name, ip: "", encaps: [], externalIds: {}, otherConfig: {}, transportZones: [], ...chassis };
}

/** A logical flow from what matters of it. */
export function logicalFlow(flow: Pick<LogicalFlow, "table" | "match" | "actions"> & Partial<LogicalFlow>): LogicalFlow {
  const pipeline = flow.pipeline ?? "ingress";
  return { uuid: "", pipeline, stage: `${pipeline}_${flow.table}`, priority: 0, origin: { object: "Logical_Flow" }, ...flow };
}

/**
 * A Southbound database from the tables that matter; the others are empty.
 *
 * The list of all flows is that of the datapaths where it is not given.
 *
 * @example
 * southbound({ datapaths: [sbDatapath({ name: "sw", key: 1, type: "switch" })] }).chassis // []
 */
export function southbound(tables: Partial<SouthboundDb>): SouthboundDb {
  const flows = tables.flows ?? [...new Set((tables.datapaths ?? []).flatMap((datapath) => datapath.flows))];
  return {
    datapaths: [], datapathGroups: new Map(), chassis: [], addressSets: new Map(), portGroups: new Map(), macBindings: [], fdb: [],
    templates: new Map(), loadBalancers: [], dhcpOptions: [], dhcpv6Options: [], dns: [], haChassisGroups: [], meters: [],
    bfd: [], igmpGroups: [], serviceMonitors: [], global: { options: {}, externalIds: {} }, ...tables, flows,
  };
}
