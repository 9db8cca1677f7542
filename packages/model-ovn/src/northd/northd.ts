import type { Caveat } from "@hopscope/core";
import type { NorthboundDb } from "../northbound.ts";
import { sbChassis, sbDatapath, southbound } from "../southbound-row.ts";
import type { LogicalFlow, SbDatapath, SbLoadBalancer, SouthboundDb } from "../southbound.ts";
import { compile } from "./flows.ts";
import type { Build, Datapath, RouterPort, SwitchPort } from "./model.ts";
import { dhcpOptions, dhcpv6Options } from "./dhcp-names.ts";
import { multicastGroupsOf } from "./multicast.ts";
import type { NorthdOptions } from "./options.ts";
import { routerPortBindings, switchPortBinding } from "./port-binding.ts";
import { addressSetsOf, portGroupsByName } from "./sets.ts";
import { topologyCaveats } from "./topology.ts";

/** The zone that a router asks chassis to translate sources in. */
function zoneAsked(datapath: Datapath): { readonly "snat-ct-zone"?: string } {
  const zone = datapath.type === "router" ? datapath.row.options["snat-ct-zone"] : undefined;
  return zone === undefined ? {} : { "snat-ct-zone": zone };
}

function datapathOf(build: Build, datapath: Datapath, flows: readonly LogicalFlow[], options: NorthdOptions): SbDatapath {
  const { row } = datapath;
  return sbDatapath({
    uuid: row._uuid, nbUuid: row._uuid, externalIds: { [`logical-${datapath.type}`]: row._uuid, name: datapath.name, ...zoneAsked(datapath) },
    name: datapath.name, key: datapath.key, type: datapath.type,
    ports: datapath.type === "switch"
      ? (datapath.ports as SwitchPort[]).map((port) => switchPortBinding(build, port, options.chassis))
      : (datapath.ports as RouterPort[]).flatMap((port) => routerPortBindings(build, port)),
    multicastGroups: multicastGroupsOf(datapath),
    flows,
  });
}

/** The load balancers of switches, which chassis read for hairpins. */
function loadBalancersOf(build: Build): readonly SbLoadBalancer[] {
  return build.loadBalancers.filter(({ switches }) => switches.size > 0).map(({ row, protocol, switches }) => ({
    uuid: row._uuid, name: row.name, protocol, vips: row.vips, options: { ...row.options, hairpin_orig_tuple: "true" },
    datapaths: [...switches].map((datapath) => datapath.row._uuid),
  }));
}

function tablesOf(build: Build, nb: NorthboundDb): Partial<SouthboundDb> {
  const bands = new Map(nb.Meter_Band.map((band) => [band._uuid, { action: band.action, rate: band.rate, burst: band.burst_size }]));
  return {
    loadBalancers: loadBalancersOf(build),
    dhcpOptions, dhcpv6Options: dhcpv6Options(build.version),
    dns: nb.DNS.flatMap((row) => {
      const datapaths = build.switches.filter((datapath) => datapath.row.dns_records.includes(row._uuid)).map((datapath) => datapath.row._uuid);
      return datapaths.length === 0 ? [] : [{ uuid: row._uuid, records: row.records, datapaths }];
    }),
    meters: nb.Meter.map((row) => ({ name: row.name, unit: row.unit, bands: row.bands.flatMap((id) => bands.get(id) ?? []) })),
    global: { options: nb.NB_Global[0]?.options ?? {}, externalIds: {} },
  };
}

/** A uuid for the flow of that number: the leading digits, which are what people quote, tell flows apart. */
const flowUuid = (index: number): string => `${(index + 1).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;

/**
 * Compiles a Northbound database into the Southbound one, as ovn-northd does.
 *
 * Every flow names the object its Northbound row was made of. Keys and ECMP numbers, which the real program gives out in
 * arbitrary order, follow the order of the rows.
 *
 * @see OVN 23.03 and 23.09, ovn-northd(8)
 * @example
 * northd(db, { version: "23.09", chassis: [{ name: "c0", hostname: "worker-0", ip: "192.0.2.10" }] }).datapaths[0]?.flows
 */
export function northd(nb: NorthboundDb, options: NorthdOptions): SouthboundDb {
  const { version, ctNoMaskedLabel = true, ctLbRelated = true } = options;
  const { build, flows } = compile(nb, { version, features: { ctNoMaskedLabel, ctLbRelated } });
  const byDatapath = new Map<Datapath, LogicalFlow[]>();
  const all = flows.map(({ datapath, pipeline, table, stage, priority, match, actions, meter, origin }, index): LogicalFlow =>
    ({ uuid: flowUuid(index), datapath: datapath.row._uuid, pipeline, table, stage, priority, match, actions, meter, origin }));
  for (const [index, { datapath }] of flows.entries()) {
    const own = byDatapath.get(datapath) ?? [];
    byDatapath.set(datapath, own);
    own.push(all[index] as LogicalFlow);
  }
  const uuids = new Map(build.routers.flatMap((router) => router.ports.map((port) => [port.name, router.row._uuid] as const)));
  return southbound({
    ...tablesOf(build, nb),
    flows: all,
    datapaths: [...build.switches, ...build.routers].map((datapath) => datapathOf(build, datapath, byDatapath.get(datapath) ?? [], options)),
    chassis: options.chassis.map(({ name, hostname, ip, remote = false }) => sbChassis({
      name, hostname, ip, encaps: [{ uuid: `${name}/geneve`, type: "geneve", ip, options: {} }], otherConfig: { "is-remote": String(remote) },
    })),
    addressSets: addressSetsOf(build),
    portGroups: portGroupsByName(build),
    macBindings: [
      ...nb.Static_MAC_Binding.map((row) => ({
        port: row.logical_port, ip: row.ip, mac: row.mac, datapath: uuids.get(row.logical_port), static: { overrides: row.override_dynamic_mac },
      })),
      ...(options.macBindings ?? []),
    ],
    templates: new Map(nb.Chassis_Template_Var.map((row) => [row.chassis, new Map(Object.entries(row.variables))])),
  });
}

/** What northd could not know or does not model, for a Northbound database. */
export function northdCaveats(nb: NorthboundDb, options: NorthdOptions): readonly Caveat[] {
  const queued = nb.Logical_Switch_Port.filter(({ options: own }) =>
    ["qos_max_rate", "qos_min_rate", "qos_burst"].some((name) => own[name] !== undefined));
  const passed = options.version === "23.03" ? nb.ACL.filter(({ action }) => action === "pass") : [];
  const probed = nb.Load_Balancer.filter((row) => row.health_check.length > 0);
  const from = (row: { readonly origin?: Caveat["origin"] }): Pick<Caveat, "origin"> => (row.origin === undefined ? {} : { origin: row.origin });
  return [
    ...topologyCaveats(nb),
    ...queued.map((row) => ({ code: "northd/port-queue", problem: `the bandwidth limit of port "${row.name}" is not modelled`, ...from(row) })),
    ...passed.map((row) => ({ code: "northd/acl-pass", problem: `OVN 23.03 does not know the ACL action "pass" of ${row._uuid}`, ...from(row) })),
    ...probed.map((row) => ({ code: "northd/health-check", problem: `all probed backends of "${row.name}" are taken to be alive`, ...from(row) })),
  ];
}
