import type { Action } from "../actions/action.ts";
import type { Flow, Machine, Table } from "./machine.ts";
import type { Recorder } from "./recorder.ts";
import type { Registers } from "./registers.ts";

/** The shapes of action that have one of the types named. */
export type ActionOf<Type extends Action["type"]> = ShapeOf<Action, Type>;
type ShapeOf<Shape extends Action, Type> = Shape extends Action ? (Extract<Shape["type"], Type> extends never ? never : Shape) : never;

/**
 * One packet's way through the machine: what the interpreter, the mode and the recorder share.
 *
 * @see {@link visit} and {@link perform}, by which a mode sends a packet on
 */
export interface Run {
  readonly machine: Machine;
  readonly mode: Mode;
  readonly recorder: Recorder;
  /** Tables visited so far; ends a packet that goes in circles. */
  visits: number;
  /** Tables visited within each other now. */
  depth: number;
  /** Node that the table which `next` leads to belongs to. */
  parent: number;
  /** The action at hand is the last that is done with this packet: {@link visitLast} need not come back. */
  tail?: boolean;
  /** What `visitLast` left to be visited. */
  onward?: { readonly table: Table; readonly regs: Registers } | undefined;
}

/**
 * Where an action is: the flow that holds it and the table in which that stands.
 *
 * `node` is the recorder's node that what the action does belongs to.
 */
export interface Site {
  readonly table: Table;
  readonly flow: Flow | undefined;
  readonly node: number;
}

/**
 * What connection tracking says. The machine itself knows no connection.
 *
 * An action that recirculates (`next`, `nat`, `balance`, `commitTo`) copies the registers, sets what it changes and sends the copy
 * on with `visit(run, table, copy, node)`; the actions after it see the packet as it was.
 *
 * @see OVN 23.09, ovn-sb(5), actions; utilities/ovn-trace.c; lib/actions.c encode_*
 */
export interface ConntrackPolicy {
  /** `ct_next`: sends the packet through connection tracking to `action.table`. */
  next(run: Run, site: Site, regs: Registers, action: ActionOf<"ct_next">): void;
  /** `ct_dnat`, `ct_snat` and their forms in the common zone: translate, or, without an address, undo a translation. */
  nat(run: Run, site: Site, regs: Registers, action: ActionOf<"ct_dnat" | "ct_snat" | "ct_dnat_in_czone" | "ct_snat_in_czone">): void;
  /** `ct_lb` and `ct_lb_mark`: choose a backend, or, without backends, translate as the connection says. */
  balance(run: Run, site: Site, regs: Registers, action: ActionOf<"ct_lb" | "ct_lb_mark">): void;
  /** `ct_commit` in both forms; `action.actions` of the newer one set `ct_mark` and `ct_label`. */
  commit(run: Run, site: Site, regs: Registers, action: ActionOf<"ct_commit" | "ct_commit_v1">): void;
  /** `ct_commit_nat` and `ct_commit_to_zone`. */
  commitTo(run: Run, site: Site, regs: Registers, action: ActionOf<"ct_commit_nat" | "ct_commit_to_zone">): void;
  /** `ct_clear`. */
  clear(run: Run, site: Site, regs: Registers): void;
  /** `ct_snat_to_vip`: the source of a packet that comes back to its sender becomes the virtual address. */
  snatToVip(run: Run, site: Site, regs: Registers): void;
  /** `commit_lb_aff` and `commit_ecmp_nh`: what later packets of a client or of a connection ask for. */
  remember(run: Run, site: Site, regs: Registers, action: ActionOf<"commit_lb_aff" | "commit_ecmp_nh">): void;
}

/** An action whose answer is a value for a field. */
export type Question = ActionOf<
  | "chk_lb_hairpin" | "chk_lb_hairpin_reply" | "chk_lb_aff" | "chk_ecmp_nh_mac" | "chk_ecmp_nh" | "check_in_port_sec" | "check_out_port_sec" | "dns_lookup"
  | "ct_nw_dst" | "ct_ip6_dst" | "ct_tp_dst" | "ct_state_save" | "check_pkt_larger" | "get_fdb" | "lookup_fdb"
  | "lookup_arp" | "lookup_nd" | "lookup_arp_ip" | "lookup_nd_ip" | "put_dhcp_opts" | "put_dhcpv6_opts" | "put_nd_ra_opts"
>;

/** An action that makes a packet of its own and runs its nested actions on it. */
export type Generator = ActionOf<"arp" | "icmp4" | "icmp4_error" | "icmp6" | "icmp6_error" | "tcp_reset" | "sctp_abort" | "nd_na" | "nd_na_router" | "nd_ns" | "reject">;

/**
 * How the machine meets the world: `ovn-trace` stands outside and assumes, a chassis has ports, tunnels and connections.
 *
 * The interpreter does all that needs registers alone (assignments, stack, `next`, `clone`, `select`); everything else is asked here.
 */
export interface Mode {
  readonly conntrack: ConntrackPolicy;
  /** `output`: leaves the pipeline by `regs[WORD.outport]`. */
  output(run: Run, site: Site, regs: Registers): void;
  /** Answers a question: writes the field (`writeNumber(spanOf(action.to), …)`) or leaves it as it was. */
  answer(run: Run, site: Site, regs: Registers, action: Question): void;
  /** Makes the packet that the action sends; the nested actions are done with `perform`. */
  generate(run: Run, site: Site, regs: Registers, action: Generator): void;
  /** `select`: chooses a member and sends a copy of the packet on. */
  select(run: Run, site: Site, regs: Registers, action: ActionOf<"select">): void;
  /** `dec_ttl`: whether the actions after it are done. */
  decrement(run: Run, site: Site, regs: Registers): boolean;
  /** `get_arp`, `get_nd`: writes the hardware address bound to an address at a port into `eth.dst`. */
  neighbour(run: Run, site: Site, regs: Registers, action: ActionOf<"get_arp" | "get_nd">): void;
  /** Actions that change no register: `log`, `set_meter`, `set_queue`, `put_arp`, `put_fdb`, `igmp`, `trigger_event`, `sample`, … */
  report(run: Run, site: Site, regs: Registers, action: Action): void;
  /** No flow matches, or the flow says `drop`. */
  dropped(run: Run, site: Site, regs: Registers): void;
  /** A packet visits too many tables. */
  circles(run: Run, table: Table, regs: Registers): void;
}
