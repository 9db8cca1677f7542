import { type Conntrack, type Decided, emptyConntrack, type PortId, type Stage, type Step, type System, type Term } from "@hopscope/core";
import type { SouthboundDb } from "../../southbound.ts";
import { enter, enterByTunnel, visit } from "./run.ts";
import { indexSouthbound } from "./tables.ts";
import type { OvnRun, Pass } from "./travel.ts";

/** What a chassis remembers between packets. */
export interface ChassisState {
  readonly conntrack: Conntrack;
  /** Learned neighbours: `port address` → MAC. */
  readonly learned: ReadonlyMap<string, string>;
}

export interface ChassisOptions {
  readonly id: string;
  /** Name of the chassis in the Southbound database. */
  readonly chassis: string;
  /** Kubernetes node shown in hops. */
  readonly node: string;
  readonly db: SouthboundDb;
}

const SYSTEM: System = "ovn";
export const TUNNEL: PortId = "tunnel";
export const localnetPort = (name: string): PortId => `localnet:${name}`;

/**
 * One node's OVN as a stage, with real connection tracking.
 *
 * Ports: the names of logical ports bound here, `localnet:NAME` for localnet ports, and `tunnel` (Geneve; packets carry `encap`).
 *
 * @see OVN 23.09, ovn-controller(8), ovn-architecture(7) "Life Cycle of a Packet"
 */
export function chassisStage(options: ChassisOptions): Stage<ChassisState> {
  const index = indexSouthbound(options.db);
  const zones = new Map<string, number>();
  const zoneOf = (name: string): number => {
    let zone = zones.get(name);
    if (zone === undefined) zones.set(name, (zone = zones.size + 1));
    return zone;
  };
  // Zone numbers follow the database's order, whatever packet comes first.
  for (const { row } of index.datapaths) for (const name of [`dnat ${row.name}`, `snat ${row.name}`, ...row.ports.map((port) => port.name)]) zoneOf(name);
  return {
    id: options.id,
    decide: ({ packet, port, state, choose }) => {
      const run: OvnRun = { index, chassis: options.chassis, choose, zoneOf, conntrack: state?.conntrack ?? emptyConntrack, learned: state?.learned ?? new Map(), passes: [], exits: [], ends: [], depth: 0, visit };
      if (port === TUNNEL) enterByTunnel(run, packet);
      else {
        const name = port.startsWith("localnet:") ? port.slice("localnet:".length) : port;
        const datapath = index.byPort.get(name);
        if (datapath === undefined) return { outcome: { type: "drop", reason: `chassis ${options.chassis} has no port ${name}`, origin: { object: `chassis ${options.chassis}` } }, steps: [] };
        enter(run, datapath, name, packet);
      }
      return decided(run, options, port);
    },
  };
}

function decided(run: OvnRun, options: ChassisOptions, port: PortId): Decided<ChassisState> {
  const steps = run.passes.filter(({ decisions }) => decisions.length > 0).map((pass, position, all) => stepOf(pass, options.node, [...(position === 0 ? first(port) : []), ...(position === all.length - 1 ? last(run) : [])]));
  const state: ChassisState = { conntrack: run.conntrack, learned: run.learned };
  const out = (exit: OvnRun["exits"][number]): PortId => (exit.type === "tunnel" ? TUNNEL : exit.type === "localnet" ? localnetPort(exit.port) : exit.port);
  const [exit] = run.exits;
  const forwarded = run.exits.filter(({ made }) => !made);
  if (exit === undefined) {
    const [end] = run.ends;
    if (end === undefined) return { outcome: { type: "drop", reason: "OVN sent the packet nowhere", origin: { object: `chassis ${options.chassis}` } }, steps, state };
    return { outcome: end.type === "unknown" ? { type: "unknown", reason: end.reason, origin: end.origin } : { type: "drop", reason: end.reason, origin: end.origin, code: end.code }, steps, state };
  }
  if (forwarded.length === 0 && run.refusal !== undefined) {
    const { reason, origin, code } = run.refusal;
    return { outcome: { type: "reject", reason, origin, code, with: exit.packet, out: out(exit) }, steps, state };
  }
  if (run.exits.length > 1) return { outcome: { type: "replicate", copies: run.exits.map((one) => ({ out: out(one), packet: one.packet })) }, steps, state };
  return { outcome: { type: "forward", out: out(exit), packet: exit.packet }, steps, state };
}

const first = (port: PortId): readonly Term[] => (port === TUNNEL ? [{ key: "geneve_decap" }, { key: "ovs_ingress" }] : [{ key: "ovs_egress" }]);
const last = (run: OvnRun): readonly Term[] => (run.exits[0]?.type === "tunnel" ? [{ key: "geneve_encap" }] : [{ key: "ovs_ingress" }]);

/** Tables whose decision a person asks for; the others prepare or carry it out. */
const TELLING = /_acl|_lb$|_dnat$|_snat$|_policy$|_ip_routing$|_l2_lkup$|_l2_unknown$|_ip_input$/;

function stepOf(pass: Pass, node: string, terms: readonly Term[]): Step {
  const decisions = pass.decisions;
  const { row } = pass.datapath;
  const deciding = decisions.findLast(({ table }) => TELLING.test(table)) ?? decisions.at(-1);
  return { system: SYSTEM, node, place: `${row.type} ${row.name}`, stage: deciding?.table ?? pass.pipeline, before: pass.before, after: pass.after, decisions, terms };
}
