import type { Caveat, Decided, Decision, PortId, Stage, Step, System, Term, Tracker } from "@hopscope/core";
import type { SouthboundDb } from "../southbound.ts";
import { readAhead } from "./read-ahead.ts";
import { buildChassis } from "./real/chassis.ts";
import { denialCode } from "./real/generate.ts";
import { LEARNING } from "./real/dropped.ts";
import { type Entrance, type RealResult, type RealState, runPacket } from "./real/run-packet.ts";
import type { Exit, Pass } from "./real/run.ts";

/** What a chassis remembers between packets: its connections and what it has learned. */
export type ChassisState = RealState;

export interface ChassisOptions {
  readonly id: string;
  /** Name of the chassis in the Southbound database. */
  readonly chassis: string;
  /** Kubernetes node shown in hops. */
  readonly node: string;
  readonly db: SouthboundDb;
  /** Looks flows up by an index (the default), or one after the other: the result is the same. */
  readonly index?: boolean;
  /** Whose connection tracking Open vSwitch uses: that of the kernel (the default), or its own (DPDK). */
  readonly tracker?: Tracker;
  /** Reads the flows of every table at once, not of a table when a packet first visits it. */
  readonly readAhead?: boolean;
}

const SYSTEM: System = "ovn";
export const TUNNEL: PortId = "tunnel";
const LOCALNET = "localnet:";
export const localnetPort = (name: string): PortId => `${LOCALNET}${name}`;

/**
 * One node's OVN as a stage, with real connection tracking.
 *
 * Ports: the names of logical ports bound here, `localnet:NAME` for localnet ports, and `tunnel` (Geneve; packets carry `encap`).
 *
 * @see OVN 23.09, ovn-controller(8), ovn-architecture(7) "Life Cycle of a Packet"
 */
export function chassisStage(options: ChassisOptions): Stage<ChassisState> {
  const chassis = buildChassis(options.db, options.chassis, { index: options.index ?? true, tracker: options.tracker ?? "linux" });
  if (options.readAhead === true) readAhead(chassis.machine);
  return {
    id: options.id,
    decide: ({ packet, port, state, choose }) => {
      const first = runPacket(chassis, entranceOf(port), packet, state, choose);
      const learning = first.exits.length === 0 && packet.l4?.type === "tcp" ? first.ends.find(({ code }) => code === LEARNING) : undefined;
      if (learning === undefined) return decided(first, options, port);
      const again = runPacket(chassis, entranceOf(port), packet, first.state, choose);
      return decided({ ...again, passes: [...first.passes, ...again.passes], caveats: [...again.caveats, resent(learning)] }, options, port);
    },
  };
}

/** A client's kernel sends its first segment again after a second. */
const resent = ({ reason, origin }: RealResult["ends"][number]): Caveat =>
  ({ code: "ovn/affinity-first-packet", problem: `${reason}; the client's kernel sends it again after a second, which is not in the times`, origin });

const entranceOf = (port: PortId): Entrance =>
  port === TUNNEL ? { type: "tunnel" } : { type: "port", name: port.startsWith(LOCALNET) ? port.slice(LOCALNET.length) : port };

const portOf = (exit: Exit): PortId => (exit.type === "tunnel" ? TUNNEL : exit.type === "localnet" ? localnetPort(exit.port) : exit.port);

function decided(result: RealResult, options: ChassisOptions, port: PortId): Decided<ChassisState> {
  const { exits, ends, refusal, state, caveats } = result;
  const shown = result.passes.filter(({ decisions }) => decisions.length > 0);
  const steps = shown.map((pass, at) => stepOf(pass, options.node, [...(at === 0 ? first(port) : []), ...(at === shown.length - 1 ? last(exits) : [])]));
  const rest = { steps, state, ...(caveats.length === 0 ? {} : { caveats }) };
  const forwarded = exits.filter(({ made }) => !made);
  const [answer] = exits;
  if (answer !== undefined && forwarded.length === 0 && refusal !== undefined) return { outcome: { type: "reject", ...refusal, with: answer.packet, out: portOf(answer) }, ...rest };
  const [only] = forwarded;
  if (only === undefined) {
    // Nothing left, unless a question about a neighbour did.
    const end = ends.find(({ type }) => type === "unknown") ?? ends[0] ?? denied(result);
    if (end === undefined) return { outcome: { type: "drop", reason: "OVN sent the packet nowhere", origin: { object: `chassis ${options.chassis}` } }, ...rest };
    // What refuses the packet decides, even where its answer goes astray.
    const { reason, origin, code } = refusal === undefined || end.type === "unknown" ? end : { ...refusal, reason: `${refusal.reason}, but the answer is lost: ${end.reason}` };
    return { outcome: end.type === "unknown" ? { type: "unknown", reason, origin } : { type: "drop", reason, origin, ...(code === undefined ? {} : { code }) }, ...rest };
  }
  if (forwarded.length === 1) return { outcome: { type: "forward", out: portOf(only), packet: only.packet }, ...rest };
  return { outcome: { type: "replicate", copies: forwarded.map((exit) => ({ out: portOf(exit), packet: exit.packet })) }, ...rest };
}

/** A flow of the ACL tables that carries a denial out ends the packet without saying so: the ACL before it does. */
function denied({ passes }: RealResult): { readonly type: "drop"; readonly reason: string; readonly origin: Decision["origin"]; readonly code: string } | undefined {
  const decisions = passes.at(-1)?.decisions ?? [];
  const acl = decisions.findLast(({ table, verdict }) => /_acl(_eval|_after_lb_eval)?$/.test(table) && /reg8\[17\] = 1/.test(verdict));
  if (acl === undefined || !/_acl/.test(decisions.at(-1)?.table ?? "")) return undefined;
  return { type: "drop", reason: `${acl.origin.object} denies it (${acl.table})`, origin: acl.origin, code: denialCode(acl.origin.object) };
}

const first = (port: PortId): readonly Term[] => (port === TUNNEL ? [{ key: "geneve_decap" }, { key: "ovs_ingress" }] : [{ key: "ovs_egress" }]);
const last = (exits: readonly Exit[]): readonly Term[] => (exits[0]?.type === "tunnel" ? [{ key: "geneve_encap" }] : [{ key: "ovs_ingress" }]);

/** Tables whose decision a person asks for; the others prepare or carry it out. */
const TELLING = /_acl|_lb$|_dnat$|_snat$|_policy$|_ip_routing$|_l2_lkup$|_l2_unknown$|_ip_input$/;

function stepOf(pass: Pass, node: string, terms: readonly Term[]): Step {
  const { decisions, before, after } = pass;
  const { row } = pass.datapath;
  const deciding = decisions.findLast(({ table }) => TELLING.test(table)) ?? decisions.at(-1);
  return { system: SYSTEM, node, place: `${row.type} ${row.name}`, stage: deciding?.table ?? pass.pipeline, before, after, decisions, terms };
}
