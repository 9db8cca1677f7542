import type { Choose, Packet } from "@hopscope/core";
import { buildChassis, type Chassis } from "../../../src/pipeline/real/chassis.ts";
import { type Entrance, type RealResult, type RealState, runPacket } from "../../../src/pipeline/real/run-packet.ts";
import { logicalFlow, sbChassis, sbDatapath, sbPort, southbound } from "../../../src/southbound-row.ts";
import type { LogicalFlow, SbDatapath, SbPort, SouthboundDb } from "../../../src/southbound.ts";

export const here = "here";
export const there = "there";

/** An ingress flow: table, priority, match, actions. */
export const ingress = (table: number, priority: number, match: string, actions: string, more: Partial<LogicalFlow> = {}): LogicalFlow => logicalFlow({ table, priority, match, actions, ...more });
export const egress = (table: number, priority: number, match: string, actions: string, more: Partial<LogicalFlow> = {}): LogicalFlow => ingress(table, priority, match, actions, { pipeline: "egress", ...more });

/** A switch whose ports are on this chassis unless something else is said. */
export const aSwitch = (name: string, key: number, ports: readonly (string | (Partial<SbPort> & { readonly name: string }))[], flows: readonly LogicalFlow[], more: Partial<SbDatapath> = {}): SbDatapath =>
  sbDatapath({ name, key, type: "switch", flows, ports: ports.map((port, index) => sbPort({ key: index + 1, chassis: here, ...(typeof port === "string" ? { name: port } : port) })), ...more });
export const aRouter = (...args: Parameters<typeof aSwitch>): SbDatapath => ({ ...aSwitch(...args), type: "router" });

/** This chassis, with another one at the end of a tunnel. */
export const chassisOf = (datapaths: readonly SbDatapath[], more: Partial<SouthboundDb> = {}): Chassis =>
  buildChassis(southbound({ datapaths, chassis: [sbChassis({ name: here, ip: "192.0.2.1" }), sbChassis({ name: there, ip: "192.0.2.2" })], ...more }), here);

const firstOf: Choose = () => 0;
/** Runs a packet from a port, or from the tunnel. */
export function send(chassis: Chassis, from: string, packet: Packet, state?: RealState, choose: Choose = firstOf): RealResult {
  const entrance: Entrance = from === "tunnel" ? { type: "tunnel" } : { type: "port", name: from };
  return runPacket(chassis, entrance, packet, state, choose);
}

/** `port: source > destination` of everything that left. */
export const exitsOf = ({ exits }: RealResult): readonly string[] => exits.map(({ type, port, packet }) => `${type} ${port}: ${endsOf(packet)}`);
export function endsOf({ ip, l4, arp }: Packet): string {
  if (arp !== undefined) return `arp ${arp.op} ${arp.spa} ${arp.tpa}`;
  const port = (of: "src" | "dst"): string => (l4 === undefined || l4.type === "icmp" ? "" : `:${l4[of]}`);
  return `${ip?.src}${port("src")} > ${ip?.dst}${port("dst")}`;
}
