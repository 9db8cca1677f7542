import type { Choose, Conntrack, Decision, Origin, Packet } from "@hopscope/core";
import type { Fields } from "../expr/evaluate.ts";
import type { LogicalFlow } from "../../southbound.ts";
import { readPacket, writePacket } from "./packet-fields.ts";
import { type IndexedDatapath, type IndexedDb, neighbourKey } from "./tables.ts";

/** Where a packet left the logical network. */
export interface Exit {
  readonly type: "port" | "localnet" | "tunnel";
  /** Logical port. */
  readonly port: string;
  readonly packet: Packet;
  /** The packet is an answer that OVN made (RST, ICMP error, ARP reply), not the packet that came. */
  readonly made: boolean;
}

/** One pass of a packet through a datapath's ingress or egress tables. */
export interface Pass {
  readonly datapath: IndexedDatapath;
  readonly pipeline: "ingress" | "egress";
  readonly before: Packet;
  after: Packet;
  readonly decisions: Decision[];
}

export interface Ended {
  readonly type: "drop" | "unknown";
  readonly reason: string;
  readonly origin: Origin;
  readonly code?: string;
}

/** What a run works on; nothing of it outlives the run but `conntrack` and `learned`. @internal */
export interface OvnRun {
  readonly index: IndexedDb;
  readonly chassis: string;
  readonly choose: Choose;
  readonly zoneOf: (name: string) => number;
  conntrack: Conntrack;
  learned: ReadonlyMap<string, string>;
  readonly passes: Pass[];
  readonly exits: Exit[];
  readonly ends: Ended[];
  refusal?: { readonly reason: string; readonly origin: Origin; readonly code?: string };
  depth: number;
  /** Goes on with a packet in a table. */
  readonly visit: (run: OvnRun, travel: Travel, table: number) => void;
}

/** A packet on its way through the tables. @internal */
export interface Travel {
  readonly datapath: IndexedDatapath;
  readonly fields: Fields;
  packet: Packet;
  readonly pass: Pass;
  readonly made: boolean;
  flow: LogicalFlow | undefined;
  pipeline: "ingress" | "egress";
  table: number;
}

export const emptyFields = (inport: string): Fields => ({ values: new Map(), inport, outport: "" });
export const copyFields = (fields: Fields): Fields => ({ values: new Map(fields.values), inport: fields.inport, outport: fields.outport, tracked: fields.tracked });
/** The packet as the fields say now. @internal */
export const current = (travel: Travel): Packet => writePacket(travel.fields, travel.packet);

/** Puts a rewritten packet (NAT) back into the fields. @internal */
export function take(travel: Travel, packet: Packet): void {
  travel.packet = packet;
  readPacket(packet, travel.fields);
}

/** Ends this copy of the packet. @internal */
export function end(run: OvnRun, travel: Travel, type: Ended["type"], reason: string, code?: string): void {
  run.ends.push({ type, reason, origin: travel.flow?.origin ?? { object: `${travel.datapath.row.type} ${travel.datapath.row.name}` }, code });
}

/** The MAC address a port knows for a neighbour. @internal */
export const neighbour = (run: OvnRun, port: string, ip: string): string | undefined => run.learned.get(neighbourKey(port, ip)) ?? run.index.macs.get(neighbourKey(port, ip)) ?? run.index.owners.get(ip);
