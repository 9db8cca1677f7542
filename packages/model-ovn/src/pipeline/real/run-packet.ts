import { type Caveat, type Choose, type Conntrack, emptyConntrack, type Packet } from "@hopscope/core";
import type { Run } from "../mode.ts";
import type { Chassis } from "./chassis.ts";
import type { Memory } from "./memory.ts";
import { neighbourOf } from "./neighbours.ts";
import { enter, enterByTunnel, leaveIngress } from "./output.ts";
import { putMac } from "./packet-registers.ts";
import { passRecorder } from "./pass-recorder.ts";
import { realMode } from "./real-mode.ts";
import { end, type RealContext } from "./run.ts";
import { WORD } from "../registers.ts";

/** What a chassis remembers between packets. */
export interface RealState {
  readonly conntrack: Conntrack;
  readonly memory: Memory;
}

/** What became of a packet in a chassis. */
export type RealResult = Pick<RealContext, "passes" | "exits" | "ends" | "refusal"> & {
  readonly state: RealState;
  readonly caveats: readonly Caveat[];
};

/** Where a packet comes in: a logical port, or a tunnel (the packet carries `encap`). */
export type Entrance = { readonly type: "port"; readonly name: string } | { readonly type: "tunnel" };

/**
 * Runs one packet through a chassis.
 *
 * A packet whose next hop must be asked for waits; where the answer comes from the logical network itself, it goes on.
 */
export function runPacket(chassis: Chassis, entrance: Entrance, packet: Packet, state: RealState | undefined, choose: Choose): RealResult {
  const context: RealContext = {
    chassis, choose, conntrack: state?.conntrack ?? emptyConntrack, memory: state?.memory ?? new Map(), carried: [], passes: [], exits: [], ends: [], waiting: [], visited: new Set(), caveats: new Map(), refusal: undefined,
  };
  const run: Run = { machine: chassis.machine, mode: realMode(context), recorder: passRecorder(context), visits: 0, depth: 0, parent: 0 };
  const port = entrance.type === "port" ? chassis.machine.ports.get(entrance.name) : undefined;
  if (entrance.type === "tunnel") enterByTunnel(context, run, packet);
  else if (port === undefined) context.ends.push({ type: "drop", reason: `chassis ${chassis.name} has no port ${entrance.name}`, origin: { object: `chassis ${chassis.name}` } });
  else enter(context, run, port, packet, { made: false });
  release(context, run);
  const { passes, exits, ends, refusal } = context;
  return { passes, exits, ends, refusal, state: { conntrack: context.conntrack, memory: context.memory }, caveats: [...context.caveats.values(), ...skipped(context)] };
}

/** Flows of the visited tables that OVN and this machine leave out; a template without a value here is meant to be. */
function skipped({ chassis, visited }: RealContext): readonly Caveat[] {
  if (chassis.machine.skipped.length === 0) return [];
  const rows = new Map(chassis.machine.skipped.map((one) => [one.row, one.problem]));
  return [...visited].flatMap((table) => table.rows().flatMap((row): readonly Caveat[] => {
    const problem = rows.get(row);
    if (problem === undefined || row.match.includes("^") || row.actions.includes("^")) return [];
    return [{ code: "ovn/flow-not-read", problem: `a logical flow of ${table.datapath.name} (${row.stage}) is left out: ${problem}`, origin: row.origin }];
  }));
}

/** Sends on what waited for a hardware address that is known by now. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_buffered_packets */
function release(context: RealContext, run: Run): void {
  for (let held = context.waiting.shift(); held !== undefined; held = context.waiting.shift()) {
    const { site, regs, port, ip } = held;
    const mac = port === undefined ? undefined : neighbourOf(context, port.name, ip);
    if (mac === undefined) {
      end(context, site, "drop", `${site.table.datapath.name} does not know the MAC address of the next hop ${ip} and asks for it; no neighbour is described`);
      continue;
    }
    putMac(regs, WORD.ethDst, mac);
    leaveIngress(context, run, site, regs);
  }
}
