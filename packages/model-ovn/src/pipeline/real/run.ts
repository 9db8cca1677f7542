import type { Choose, Conntrack, Decision, Direction, Origin, Packet, Tuple } from "@hopscope/core";
import type { Datapath, Port, Table } from "../machine.ts";
import type { Site } from "../mode.ts";
import { type Registers, WORD, WORDS } from "../registers.ts";
import type { Chassis } from "./chassis.ts";
import type { Memory } from "./memory.ts";
import { readPacket, writePacket } from "./packet-registers.ts";

/** Where a packet left the logical network. */
export interface Exit {
  readonly type: "port" | "localnet" | "tunnel";
  /** Logical port, or the multicast group that a packet goes to on another chassis. */
  readonly port: string;
  readonly packet: Packet;
  /** The packet is one that OVN made (RST, ICMP error, ARP), not the packet that came. */
  readonly made: boolean;
}

/** One pass of a packet through a datapath's ingress or egress tables. */
export interface Pass {
  readonly datapath: Datapath;
  readonly pipeline: "ingress" | "egress";
  readonly before: Packet;
  after: Packet;
  readonly decisions: Decision[];
}

/** An end that is no exit. */
export interface End {
  readonly type: "drop" | "unknown";
  readonly reason: string;
  readonly origin: Origin;
  readonly code?: string;
}

/** Why OVN answers a packet itself. */
export interface Refusal {
  readonly reason: string;
  readonly origin: Origin;
  readonly code?: string;
}

/** What registers cannot hold of a packet; `WORD.token` says which one it is. */
export interface Carried {
  /** Takes care of what has no registers: HTTP, TLS, the packet that an error is about. */
  readonly base: Packet;
  readonly made: boolean;
  /** The connection that the packet carries inside a datapath, so that a second look in its zone finds it although addresses changed. */
  readonly tracked?: { readonly zone: number; readonly original: Tuple; readonly direction: Direction };
}

/** What a run of one packet through a chassis works on; `conntrack` and `memory` outlive it. @internal */
export interface RealContext {
  readonly chassis: Chassis;
  readonly choose: Choose;
  conntrack: Conntrack;
  memory: Memory;
  readonly carried: Carried[];
  readonly passes: Pass[];
  readonly exits: Exit[];
  readonly ends: End[];
  /** Packets that wait until the hardware address of their next hop is known. */
  readonly waiting: { readonly site: Site; readonly regs: Registers; readonly port: Port | undefined; readonly ip: string }[];
  readonly visited: Set<Table>;
  readonly caveats: Map<string, { readonly code: string; readonly problem: string; readonly origin?: Origin }>;
  refusal: Refusal | undefined;
}

/** The packet as the registers say now. @internal */
export const packetOf = (context: RealContext, regs: Registers): Packet => writePacket(regs, carriedOf(context, regs).base);

/** @internal */
export function carriedOf(context: RealContext, regs: Registers): Carried {
  const carried = context.carried[regs[WORD.token] as number];
  if (carried === undefined) throw new Error("a packet without its rest");
  return carried;
}

/** Gives the packet another rest. @internal */
export function carry(context: RealContext, regs: Registers, carried: Carried): void {
  regs[WORD.token] = context.carried.push(carried) - 1;
}

/** Puts a rewritten packet (NAT) back into the registers. @internal */
export function take(context: RealContext, regs: Registers, packet: Packet): void {
  carry(context, regs, { ...carriedOf(context, regs), base: packet });
  readPacket(packet, regs);
}

/** Registers of a packet that enters a datapath. @internal */
export function freshRegisters(context: RealContext, packet: Packet, made: boolean): Registers {
  const regs = new Uint32Array(WORDS);
  carry(context, regs, { base: packet, made });
  readPacket(packet, regs);
  return regs;
}

/** Begins a pass; its number is the recorder's node. @internal */
export function beginPass(context: RealContext, datapath: Datapath, pipeline: Pass["pipeline"], packet: Packet): number {
  return context.passes.push({ datapath, pipeline, before: packet, after: packet, decisions: [] }) - 1;
}

/** Writes down what became of the packet in its pass. @internal */
export function settle(context: RealContext, site: Site, regs: Registers): Packet {
  const packet = packetOf(context, regs);
  const pass = context.passes[site.node];
  if (pass !== undefined) pass.after = packet;
  return packet;
}

/** Adds a decision to the pass that an action is in. @internal */
export function decide(context: RealContext, site: Site, decision: Omit<Decision, "origin"> & { readonly origin?: Origin }): void {
  context.passes[site.node]?.decisions.push({ ...decision, origin: decision.origin ?? originOf(site) });
}

/** The object that made the flow. @internal */
export const originOf = ({ flow, table }: Site): Origin => flow?.row.origin ?? { object: placeOf(table.datapath) };

/** `switch worker-0`. @internal */
export const placeOf = ({ row, name }: Datapath): string => `${row.type} ${name}`;

/** Ends this copy of the packet. @internal */
export function end(context: RealContext, site: Site, type: End["type"], reason: string, code?: string): void {
  context.ends.push({ type, reason, origin: originOf(site), ...(code === undefined ? {} : { code }) });
}

/** Says once what is not modelled. @internal */
export function caveat({ caveats }: RealContext, site: Site, told: { readonly code: string; readonly problem: string }): void {
  const key = `${told.code} ${told.problem}`;
  if (!caveats.has(key)) caveats.set(key, { ...told, origin: originOf(site) });
}
