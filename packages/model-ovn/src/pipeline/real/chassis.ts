import type { Tracker } from "@hopscope/core";
import { canonicalAddress } from "../../kubernetes/address.ts";
import type { SbPort, SouthboundDb } from "../../southbound.ts";
import { buildMachine } from "../build-machine.ts";
import type { Datapath, Machine, Port } from "../machine.ts";
import { type Registers } from "../registers.ts";
import { hairpinsOf, type Hairpin } from "./hairpins.ts";
import { neighbourKey } from "./memory.ts";

/** One chassis made ready to run packets: the machine as ovn-controller of that chassis would compile it. */
export interface Chassis {
  readonly name: string;
  readonly machine: Machine;
  readonly db: SouthboundDb;
  /** Zone of each port and of each datapath's translations (`dnat NAME`, `snat NAME`); what has none is in zone 0. */
  readonly zones: ReadonlyMap<string, number>;
  readonly hairpins: readonly Hairpin[];
  /** Hardware addresses of neighbours, by {@link neighbourKey}. */
  readonly bindings: ReadonlyMap<string, string>;
  /** Port of the datapath that leads to the physical network, by the datapath's key. */
  readonly localnets: ReadonlyMap<number, Port>;
  readonly tracker: Tracker;
}

export interface ChassisOptionsOfMachine {
  /** Looks flows up by an index (the default), or one after the other. */
  readonly index?: boolean;
  /** Whose connection tracking Open vSwitch uses: that of the kernel (the default), or its own (DPDK). */
  readonly tracker?: Tracker;
}

/** Makes the machine of one chassis. */
export function buildChassis(db: SouthboundDb, name: string, { index = true, tracker = "linux" }: ChassisOptionsOfMachine = {}): Chassis {
  const resident = new Set<string>();
  for (const datapath of db.datapaths) for (const port of datapath.ports) if (isBoundTo(port, name)) resident.add(port.name);
  const templates = db.templates.get(name);
  const machine = buildMachine(db, { isResident: (port) => resident.has(port), plainPortGroups: true, index, order: "given", ...(templates === undefined ? {} : { templates }) });
  const localnets = new Map<number, Port>();
  for (const datapath of machine.datapaths) for (const port of datapath.ports.values()) if (port.row.type === "localnet" && !localnets.has(datapath.key)) localnets.set(datapath.key, port);
  return { name, machine, db, zones: zonesOf(machine, name), hairpins: hairpinsOf(db, name), bindings: bindingsOf(db), localnets, tracker };
}

/** Whether a port is bound to a chassis. */
export const isBoundTo = (port: SbPort, chassis: string): boolean => port.chassis === chassis || port.additionalChassis.includes(chassis);

/** A learned binding gives way to a static one that overrides it. @see OVN 23.09, controller/lflow.c add_neighbor_flows */
function bindingsOf(db: SouthboundDb): ReadonlyMap<string, string> {
  const rank = ({ static: fixed }: SouthboundDb["macBindings"][number]): number => (fixed === undefined ? 1 : fixed.overrides ? 2 : 0);
  const sorted = [...db.macBindings].sort((a, b) => rank(a) - rank(b));
  return new Map(sorted.map(({ port, ip, mac }) => [neighbourKey(port, canonicalAddress(ip)), mac.toLowerCase()]));
}

/** Ports that connection tracking knows: what is bound here, and what leads to the physical network. */
const hasZone = (port: SbPort, chassis: string): boolean =>
  port.type !== "patch" && port.type !== "remote" && (port.type === "localnet" || port.type === "localport" || isBoundTo(port, chassis));

/**
 * Numbers the zones. A datapath may ask for the number of its SNAT zone; the others follow the order of the database.
 *
 * @see OVN 23.09, controller/ovn-controller.c update_ct_zones
 */
function zonesOf(machine: Machine, chassis: string): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  const users: string[] = [];
  for (const { name, row } of machine.datapaths) {
    const wanted = Number(row.externalIds["snat-ct-zone"] ?? "-1");
    if (wanted >= 0) asked.set(`snat ${name}`, wanted);
    users.push(`dnat ${name}`, `snat ${name}`, ...row.ports.filter((port) => hasZone(port, chassis)).map((port) => port.name));
  }
  const taken = new Set(asked.values());
  let next = 1;
  return new Map(users.map((user) => {
    const wanted = asked.get(user);
    if (wanted !== undefined) return [user, wanted];
    while (taken.has(next)) next += 1;
    return [user, next++];
  }));
}

/** Words that hold the zones while a packet is in a datapath. @see OVN 23.09, include/ovn/logical-fields.h */
export const ZONE = { dnat: 11, snat: 12, port: 13 } as const;

/** Loads the zones that go with a port; a zone that the port has not is left as it was. @see OVN 23.09, controller/physical.c put_zones_ofpacts */
export function loadZones({ zones }: Chassis, datapath: Datapath, port: string, regs: Registers): void {
  const load = (word: number, user: string): void => {
    const zone = zones.get(user) ?? 0;
    if (zone !== 0) regs[word] = zone;
  };
  load(ZONE.port, port);
  load(ZONE.dnat, `dnat ${datapath.name}`);
  load(ZONE.snat, `snat ${datapath.name}`);
}
