import type { Action } from "../actions/action.ts";
import { printAction } from "../actions/print.ts";
import { printFieldRange } from "../expr/field-range.ts";
import { onwardOf, tableOf } from "./build-machine.ts";
import { lookup } from "./flow-index.ts";
import { hexText, moveText } from "./format-value.ts";
import type { Flow, Machine, Table, FlowIndex } from "./machine.ts";
import type { Run, Site } from "./mode.ts";
import { readBig, type Span, writeBig } from "./ranges.ts";
import { counts, indexOf, portKey } from "./read-table.ts";
import { EVENT } from "./recorder.ts";
import { holds, type Registers } from "./registers.ts";
import { type Step, stepsOf } from "./steps.ts";

/**
 * How deep visits lie in each other, how many pipelines a packet passes one after the other and how many tables all its copies visit
 * before it is taken to go in circles. A TTL of 255 lasts for some 1,500 pipelines.
 */
const DEEP = 400;
const FAR = 2_000;
const LONG = 100_000;

/**
 * Lets a packet visit a table and those that the flows lead to.
 *
 * @see OVN 23.09, utilities/ovn-trace.c trace__
 */
export function visit(run: Run, first: Table, packet: Registers, parent: number): void {
  let table: Table | undefined = first;
  let regs = packet;
  let passed = 0;
  let node = parent;
  run.depth += 1;
  while (table !== undefined) {
    while (table.jump !== undefined) table = table.jump;
    let flow = find(run.machine, table, regs);
    while (flow?.body?.type === "actions" && flow.body.passes) {
      const onward = onwardOf(table);
      if (table.index?.size === 1) table.jump = onward;
      table = onward;
      while (table.jump !== undefined) table = table.jump;
      flow = find(run.machine, table, regs);
    }
    run.visits += 1;
    run.tail = false;
    if (run.depth > DEEP || passed > FAR || run.visits > LONG) {
      // Once is enough: all that is still under way ends with it.
      if (run.visits !== Infinity) run.mode.circles(run, table, regs);
      run.visits = Infinity;
      break;
    }
    const site: Site = { table, flow, node: run.recorder.table(node, table, flow) };
    if (flow?.body?.type !== "actions") {
      run.mode.dropped(run, site, regs);
      break;
    }
    table = follow(run, site, regs, flow.body.steps, true);
    node = run.parent;
    if (run.onward !== undefined) {
      ({ table, regs } = run.onward);
      run.onward = undefined;
      passed += 1;
    }
  }
  run.depth -= 1;
}

/**
 * Like {@link visit}, as the last thing that an action does: where nothing comes after it, the visit waits until the action is over,
 * so that a long way through many routers is not one deep in the other. True where it waits.
 */
export function visitLast(run: Run, table: Table, regs: Registers, parent: number): boolean {
  if (run.tail !== true) {
    visit(run, table, regs, parent);
    return false;
  }
  run.tail = false;
  run.onward = { table, regs };
  run.parent = parent;
  return true;
}

/** The flow of a table that a packet matches, its actions read. */
export function find(machine: Machine, table: Table, regs: Registers): Flow | undefined {
  const index: FlowIndex = table.index ?? indexOf(machine, table);
  return lookup(index, regs, machine, counts);
}

/** Does actions in turn, such as those nested in another action. */
export function perform(run: Run, site: Site, regs: Registers, actions: readonly Action[]): void {
  const table = follow(run, site, regs, stepsOf(actions), false);
  if (table !== undefined) visit(run, table, regs, run.parent);
}

/** Does actions in turn; a `next` at the end is left to the caller: its table is the result. */
function follow(run: Run, site: Site, regs: Registers, steps: readonly Step[], outermost: boolean): Table | undefined {
  const { recorder, mode } = run;
  if (steps.length === 0) {
    recorder.action(site.node, undefined);
    mode.dropped(run, site, regs);
    return undefined;
  }
  let stack: { readonly value: bigint }[] | undefined;
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at] as Step;
    recorder.action(site.node, step.action);
    switch (step.do) {
      case "next": {
        const { datapath, pipeline, number } = site.table;
        const table = step.table === number + 1 && step.pipeline === pipeline ? onwardOf(site.table) : tableOf(datapath, step.pipeline, step.table);
        run.parent = pipeline === step.pipeline ? site.node : recorder.cross(site.node, table, regs);
        if (at === steps.length - 1) return table;
        run.tail = false;
        visit(run, table, regs, run.parent);
        break;
      }
      case "load":
        if (!step.span.place.register && (recorder.wants & EVENT.modify) !== 0) recorder.add(site.node, EVENT.modify, assignmentText(step.action));
        if (step.needs === "none" || holds(step.needs, regs)) for (const { word, mask, value } of step.words) regs[word] = ((regs[word] as number) & ~mask) | value;
        break;
      case "load-port":
        regs[step.word] = portKey(run.machine, site.table.datapath, step.name) ?? 0;
        break;
      case "move":
        if (!step.to.place.register && (recorder.wants & EVENT.modify) !== 0) recorder.add(site.node, EVENT.modify, moveText(step.target, step.from, regs));
        move(step.to, step.from, regs);
        break;
      case "exchange": {
        const [left, right] = step.targets;
        if ((recorder.wants & EVENT.modify) !== 0) {
          if (!step.left.place.register) recorder.add(site.node, EVENT.modify, moveText(left, step.right, regs));
          if (!step.right.place.register) recorder.add(site.node, EVENT.modify, moveText(right, step.left, regs));
        }
        if (!holds(step.left.place.prerequisite, regs) || !holds(step.right.place.prerequisite, regs)) break;
        const value = readBig(step.left, regs);
        writeBig(step.left, regs, readBig(step.right, regs));
        writeBig(step.right, regs, value);
        break;
      }
      case "push": {
        const value = readBig(step.span, regs);
        (stack ??= []).push({ value });
        if ((recorder.wants & EVENT.modify) !== 0) recorder.add(site.node, EVENT.modify, `push(${printFieldRange(step.field)}) -> ${hexText(value)}`);
        break;
      }
      case "pop": {
        const top = stack?.pop();
        if (top !== undefined) writeBig(step.span, regs, top.value);
        if ((recorder.wants & EVENT.modify) !== 0) recorder.add(site.node, EVENT.modify, `pop(${printFieldRange(step.field)}) <- ${top === undefined ? "/* empty stack */" : hexText(top.value)}`);
        break;
      }
      case "nested": {
        const node = recorder.add(site.node, EVENT.transformation, "clone");
        perform(run, { table: site.table, flow: site.flow, node }, regs.slice(), step.actions);
        break;
      }
      case "ask":
        run.tail = outermost && at === steps.length - 1;
        if (!ask(run, site, regs, step.action)) return undefined;
        run.tail = false;
        break;
    }
  }
  return undefined;
}

const assignments = new WeakMap<Action, string>();

/** An assignment as it is written in a flow, without the `;`. */
function assignmentText(action: Action): string {
  const known = assignments.get(action);
  if (known !== undefined) return known;
  const text = printAction(action).replace(/;$/, "");
  assignments.set(action, text);
  return text;
}

/** Copies bits, where both fields exist in the packet. @see Open vSwitch 3.1, lib/meta-flow.c mf_subfield_copy */
export function move(to: Span, from: Span, regs: Registers): void {
  if (!holds(to.place.prerequisite, regs) || !holds(from.place.prerequisite, regs)) return;
  const { aligned: target } = to;
  const { aligned: source } = from;
  if (target === undefined || source === undefined) return writeBig(to, regs, readBig(from, regs));
  regs[target.word] = ((regs[target.word] as number) & ~target.mask) | ((regs[source.word] as number) & target.mask);
  for (let at = 1; at < target.words; at++) regs[target.word + at] = regs[source.word + at] as number;
}

/** What is not of registers alone is the mode's; false where the actions after it are not done. */
function ask(run: Run, site: Site, regs: Registers, action: Action): boolean {
  const { mode } = run;
  const { conntrack } = mode;
  switch (action.type) {
    case "output":
      mode.output(run, site, regs);
      return true;
    case "ct_next":
      conntrack.next(run, site, regs, action);
      return true;
    case "ct_dnat": case "ct_snat": case "ct_dnat_in_czone": case "ct_snat_in_czone":
      conntrack.nat(run, site, regs, action);
      return true;
    case "ct_lb": case "ct_lb_mark":
      conntrack.balance(run, site, regs, action);
      return true;
    case "ct_commit": case "ct_commit_v1":
      conntrack.commit(run, site, regs, action);
      return true;
    case "ct_commit_nat": case "ct_commit_to_zone":
      conntrack.commitTo(run, site, regs, action);
      return true;
    case "ct_clear":
      conntrack.clear(run, site, regs);
      return true;
    case "ct_snat_to_vip":
      conntrack.snatToVip(run, site, regs);
      return true;
    case "commit_lb_aff": case "commit_ecmp_nh":
      conntrack.remember(run, site, regs, action);
      return true;
    case "dec_ttl":
      return mode.decrement(run, site, regs);
    case "arp": case "icmp4": case "icmp4_error": case "icmp6": case "icmp6_error": case "tcp_reset": case "sctp_abort": case "nd_na": case "nd_na_router": case "nd_ns": case "reject":
      mode.generate(run, site, regs, action);
      return true;
    case "select":
      mode.select(run, site, regs, action);
      return true;
    case "get_arp": case "get_nd":
      mode.neighbour(run, site, regs, action);
      return true;
    case "lookup_arp": case "lookup_nd": case "lookup_arp_ip": case "lookup_nd_ip": case "lookup_fdb": case "get_fdb":
    case "chk_lb_hairpin": case "chk_lb_hairpin_reply": case "chk_lb_aff": case "chk_ecmp_nh_mac": case "chk_ecmp_nh": case "check_in_port_sec": case "check_out_port_sec":
    case "dns_lookup": case "ct_nw_dst": case "ct_ip6_dst": case "ct_tp_dst": case "ct_state_save": case "check_pkt_larger":
    case "put_dhcp_opts": case "put_dhcpv6_opts": case "put_nd_ra_opts":
      mode.answer(run, site, regs, action);
      return true;
    default:
      mode.report(run, site, regs, action);
      return true;
  }
}
