import type { Packet } from "@hopscope/core";
import { tableOf } from "../build-machine.ts";
import { visit } from "../interpret.ts";
import type { Datapath, Group, Port } from "../machine.ts";
import type { Run, Site } from "../mode.ts";
import { LOOPBACK, type Registers, WORD } from "../registers.ts";
import { isBoundTo, loadZones } from "./chassis.ts";
import { beginPass, type Carried, carriedOf, carry, end, type Exit, freshRegisters, placeOf, type RealContext, settle } from "./run.ts";

const GENEVE_BYTES = 58;
const word = (regs: Registers, at: number): number => regs[at] as number;
const loops = (regs: Registers): boolean => (word(regs, WORD.flags) & LOOPBACK) !== 0;

/** Lets a packet enter a datapath's ingress tables by a port; `tracked` is the connection that it still carries. */
export function enter(context: RealContext, run: Run, port: Port, packet: Packet, { made, tracked }: Pick<Carried, "made" | "tracked">): void {
  const { datapath } = port;
  const regs = freshRegisters(context, packet, made);
  if (tracked !== undefined) carry(context, regs, { base: packet, made, tracked });
  regs[WORD.inport] = port.key;
  loadZones(context.chassis, datapath, port.name, regs);
  if (port.row.type === "localport") regs[WORD.flags] = LOCALPORT;
  visit(run, tableOf(datapath, "ingress", 0), regs, beginPass(context, datapath, "ingress", packet));
}

/** `flags` of a packet that came from a localport: it may not leave the chassis. @see OVN 23.09, include/ovn/logical-fields.h MLF_LOCALPORT */
const LOCALPORT = 1 << 10;
/** `flags.tunnel_rx` of a packet that came by tunnel; releases before 24.03 do not ask for it. @see OVN 24.03, controller/physical.c */
const FROM_TUNNEL = 1 << 16;

/** The end of ingress: to the egress tables of each port the packet goes to, here or on another chassis. */
export function leaveIngress(context: RealContext, run: Run, site: Site, regs: Registers): void {
  settle(context, site, regs);
  const { datapath } = site.table;
  const key = word(regs, WORD.outport);
  const group = datapath.groups.get(key);
  if (group !== undefined) return toGroup(context, run, site, regs, group);
  const port = datapath.ports.get(key);
  if (port === undefined) return end(context, site, "drop", key === 0 ? "no output port was chosen" : `there is no port ${key} in ${datapath.name}`);
  toPort(context, run, site, regs, port);
}

/** To one port, here or elsewhere. @see OVN 23.09, controller/physical.c consider_port_binding */
function toPort(context: RealContext, run: Run, site: Site, regs: Registers, port: Port): void {
  const { row, datapath } = port;
  if (isElsewhere(context, port)) {
    const localnet = row.type === "" ? context.chassis.localnets.get(datapath.key) : undefined;
    if (localnet !== undefined) return toLocal(context, run, site, regs, localnet);
    return tunnel(context, site, regs, row.chassis ?? "", port.key, port.name);
  }
  if (row.type === "chassisredirect") {
    if (port.distributed === undefined) return end(context, site, "drop", `port ${port.name} stands for no port of ${datapath.name}`);
    return toLocal(context, run, site, regs, port.distributed);
  }
  if (row.type === "" && row.chassis === undefined) return end(context, site, "drop", `port ${port.name} is bound to no chassis`);
  toLocal(context, run, site, regs, port);
}

/** Into the egress tables, with the logical registers cleared. @see OVN 23.09, controller/physical.c put_local_common_flows, physical_run */
function toLocal(context: RealContext, run: Run, site: Site, regs: Registers, port: Port): void {
  const { datapath } = port;
  if (word(regs, WORD.inport) === port.key && !loops(regs)) return end(context, site, "drop", `the packet would leave ${datapath.name} by the port it came in (${port.name})`);
  const copy = regs.slice();
  const packet = settle(context, site, copy);
  copy.fill(0, WORD.reg0, WORD.flags);
  copy[WORD.outport] = port.key;
  loadZones(context.chassis, datapath, port.name, copy);
  visit(run, tableOf(datapath, "egress", 0), copy, beginPass(context, datapath, "egress", packet));
}

/**
 * To every port of a group: first what is reached by patches and tunnels, then what is bound here.
 *
 * @see OVN 23.09, controller/physical.c consider_mc_group
 */
function toGroup(context: RealContext, run: Run, site: Site, regs: Registers, group: Group): void {
  const remotes = new Set<string>();
  const hasLocalnet = context.chassis.localnets.has(group.datapath.key);
  const isHere = (port: Port): boolean => !isElsewhere(context, port) && (port.row.type !== "" || port.row.chassis !== undefined);
  const first = group.ports.filter((port) => FIRST.has(port.row.type));
  for (const port of first) if (port.row.type === "remote" ? port.row.chassis !== undefined : notBack(regs, port)) toPort(context, run, site, regs, port);
  for (const port of group.ports) if (!FIRST.has(port.row.type) && !isHere(port) && port.row.chassis !== undefined && !hasLocalnet) remotes.add(port.row.chassis);
  for (const chassis of remotes) tunnel(context, site, regs, chassis, group.key, group.name);
  for (const port of group.ports) if (!FIRST.has(port.row.type) && isHere(port) && notBack(regs, port)) toPort(context, run, site, regs, port);
}

const FIRST: ReadonlySet<string> = new Set(["patch", "localport", "remote"]);
const notBack = (regs: Registers, port: Port): boolean => loops(regs) || word(regs, WORD.inport) !== (port.distributed ?? port).key;

const isElsewhere = ({ chassis }: RealContext, { row }: Port): boolean =>
  row.chassis !== undefined && !isBoundTo(row, chassis.name) && row.type !== "patch" && row.type !== "localport" && row.type !== "localnet";

function tunnel(context: RealContext, site: Site, regs: Registers, to: string, key: number, name: string): void {
  const { chassis } = context;
  const { datapath } = site.table;
  const remote = chassis.db.chassis.find((one) => one.name === to);
  const here = chassis.db.chassis.find((one) => one.name === chassis.name);
  if (remote === undefined) return end(context, site, "drop", `chassis ${to} of port ${name} has no tunnel`);
  if ((word(regs, WORD.flags) & LOCALPORT) !== 0) return end(context, site, "drop", "a packet from a localport does not leave its chassis");
  const packet = settle(context, site, regs);
  const encap = { src: here?.ip ?? "", dst: remote.ip, vni: datapath.key, ingressPort: word(regs, WORD.inport), egressPort: key };
  exit(context, regs, { type: "tunnel", port: name, packet: { ...packet, encap, bytes: packet.bytes + GENEVE_BYTES } });
}

const exit = (context: RealContext, regs: Registers, one: Omit<Exit, "made">): void => {
  context.exits.push({ ...one, made: carriedOf(context, regs).made });
};

/** The end of egress: out of the logical network, or through a patch into the next datapath. */
export function leaveEgress(context: RealContext, run: Run, site: Site, regs: Registers): void {
  const { datapath } = site.table;
  const port = datapath.ports.get(word(regs, WORD.outport));
  const packet = settle(context, site, regs);
  if (port === undefined) return end(context, site, "drop", `there is no port ${word(regs, WORD.outport)} in ${datapath.name}`);
  switch (port.row.type) {
    case "patch":
    case "l3gateway":
    case "router":
      if (port.peer === undefined) return end(context, site, "drop", `port ${port.name} has no peer`);
      return enter(context, run, port.peer, packet, uncleared(carriedOf(context, regs), regs));
    case "localnet":
      if ((word(regs, WORD.flags) & LOCALPORT) !== 0) return end(context, site, "drop", "a packet from a localport does not leave its chassis");
      return exit(context, regs, { type: "localnet", port: port.name, packet });
    case "vtep": case "l2gateway": case "external":
      return end(context, site, "unknown", `port ${port.name} is of type ${port.row.type}, which is not modelled`);
    default:
      exit(context, regs, { type: "port", port: port.name, packet });
  }
}

/**
 * What a packet carries through a patch. Open vSwitch leaves the clearing out where the last action was a commit, as nothing is
 * tracked then that it knows of; the packet keeps its connection.
 *
 * @see Open vSwitch 3.1, ofproto/ofproto-dpif-xlate.c compose_ct_clear_action and its callers
 */
export const uncleared = ({ made, tracked }: Pick<Carried, "made" | "tracked">, regs: Registers): Pick<Carried, "made" | "tracked"> =>
  word(regs, WORD.ctState) === 0 ? { made, tracked } : { made };

/** A packet that arrives by tunnel goes straight to the egress tables of the port, or of the group's ports, that its key names. */
export function enterByTunnel(context: RealContext, run: Run, packet: Packet): void {
  const { encap } = packet;
  const { chassis } = context;
  const datapath = encap === undefined ? undefined : chassis.machine.datapathsByKey.get(encap.vni);
  if (encap === undefined || datapath === undefined) {
    context.ends.push({ type: "drop", reason: `no datapath has tunnel key ${encap?.vni ?? "–"}`, origin: { object: `chassis ${chassis.name}` } });
    return;
  }
  const inner: Packet = { ...packet, encap: undefined, bytes: packet.bytes - GENEVE_BYTES };
  const group = datapath.groups.get(encap.egressPort);
  const single = datapath.ports.get(encap.egressPort);
  const ports = group === undefined ? (single === undefined ? [] : [single]) : group.ports.filter((port) => !FIRST.has(port.row.type));
  let arrived = false;
  for (const port of ports) {
    if (isElsewhere(context, port) || (port.row.type === "" && port.row.chassis === undefined)) continue;
    arrived = true;
    arrive(context, run, datapath, port, encap.ingressPort, inner);
  }
  if (!arrived) context.ends.push({ type: "drop", reason: `no local port of ${datapath.name} has tunnel key ${encap.egressPort}`, origin: { object: placeOf(datapath) } });
}

function arrive(context: RealContext, run: Run, datapath: Datapath, named: Port, ingressPort: number, packet: Packet): void {
  const port = named.distributed ?? named;
  const regs = freshRegisters(context, packet, false);
  regs[WORD.inport] = ingressPort;
  regs[WORD.outport] = port.key;
  regs[WORD.flags] = FROM_TUNNEL;
  loadZones(context.chassis, datapath, port.name, regs);
  visit(run, tableOf(datapath, "egress", 0), regs, beginPass(context, datapath, "egress", packet));
}
