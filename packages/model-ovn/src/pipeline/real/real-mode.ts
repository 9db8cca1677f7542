import type { Action } from "../../actions/action.ts";
import { printAction } from "../../actions/print.ts";
import { tableOf } from "../build-machine.ts";
import { visit } from "../interpret.ts";
import type { ActionOf, Mode, Run, Site } from "../mode.ts";
import { spanOf, writeNumber } from "../ranges.ts";
import { type Registers, WORD } from "../registers.ts";
import { answerQuestion } from "./answers.ts";
import { realConntrack } from "./conntrack-policy.ts";
import { dropped } from "./dropped.ts";
import { generatePacket } from "./generate.ts";
import { getNeighbour, putBehind, putNeighbour } from "./neighbours.ts";
import { leaveEgress, leaveIngress } from "./output.ts";
import { carriedOf, carry, caveat, decide, end, originOf, placeOf, type RealContext, settle } from "./run.ts";

/** How a chassis runs logical flows: with ports, tunnels, connections and what it has learned. */
export function realMode(context: RealContext): Mode {
  return {
    conntrack: realConntrack(context),
    output(run, site, regs) {
      if (site.table.pipeline === "ingress") leaveIngress(context, run, site, regs);
      else leaveEgress(context, run, site, regs);
    },
    answer: (_, site, regs, action) => answerQuestion(context, site, regs, action),
    generate: (run, site, regs, action) => generatePacket(context, run, site, regs, action),
    select: (run, site, regs, action) => select(context, run, site, regs, action),
    decrement(_, site, regs) {
      const ttl = regs[WORD.ttl] as number;
      if (ttl <= 1) {
        settle(context, site, regs);
        end(context, site, "drop", "the packet's TTL runs out");
        return false;
      }
      regs[WORD.ttl] = ttl - 1;
      return true;
    },
    neighbour: (_, site, regs, action) => getNeighbour(context, site, regs, action),
    report: (run, site, regs, action) => report(context, run, site, regs, action),
    dropped(_, site, regs) {
      settle(context, site, regs);
      dropped(context, site);
    },
    circles(_, table) {
      context.ends.push({ type: "drop", reason: "the packet travels in a circle of logical tables", origin: { object: placeOf(table.datapath) }, code: "journey/loop" });
    },
  };
}

/** Members are chosen by their weights. @see OVN 23.09, lib/actions.c encode_SELECT */
function select(context: RealContext, run: Run, site: Site, regs: Registers, { to, members, table }: ActionOf<"select">): void {
  const { datapath, pipeline } = site.table;
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  const index = sum === 0 ? -1 : context.choose(`route of ${datapath.name}`, members.map(({ id, weight }) => ({ name: String(id), weight: weight / sum })), originOf(site));
  const member = members[index];
  if (member === undefined) return end(context, site, "drop", "no next hop has a weight");
  decide(context, site, { table: "select", rule: members.map(({ id, weight }) => `${id}=${weight}`).join(", "), verdict: `takes ${member.id}` });
  const span = spanOf(to);
  const copy = regs.slice();
  if (span !== undefined) writeNumber(span, copy, member.id);
  visit(run, tableOf(datapath, pipeline, table), copy, site.node);
}

/** What changes no register: learned, passed to the controller, or only noted. */
function report(context: RealContext, run: Run, site: Site, regs: Registers, action: Action): void {
  const note = (verdict: string): void => decide(context, site, { table: site.flow?.row.stage ?? "", rule: printAction(action).replace(/;$/, ""), verdict });
  switch (action.type) {
    case "put_arp": case "put_nd":
      return putNeighbour(context, site, regs, action);
    case "put_fdb":
      return putBehind(context, site, regs, action);
    case "log":
      return note("logs the packet");
    case "sample":
      return note("samples the packet");
    case "set_meter": case "set_queue":
      note("limits the rate");
      return caveat(context, site, { code: "ovn/rate-limit", problem: `${placeOf(site.table.datapath)} limits the rate of these packets (${printAction(action)}); that the limit is reached is not modelled` });
    case "mac_cache_use":
      return undefined;
    case "igmp": case "handle_bfd_msg": case "handle_svc_check": case "handle_dhcpv6_reply": case "bind_vport": case "trigger_event":
      return note("goes to ovn-controller");
    case "ovnfield_load":
      return loadMtu(context, regs, action);
    case "fwd_group":
      return forwardToGroup(context, run, site, regs, action);
    default:
      end(context, site, "unknown", `action ${printAction(action)} is not modelled`);
  }
}

/** `icmp4.frag_mtu`: the MTU that a made error tells. */
function loadMtu(context: RealContext, regs: Registers, { value }: ActionOf<"ovnfield_load">): void {
  const carried = carriedOf(context, regs);
  const { l4 } = carried.base;
  if (l4?.type === "icmp" && value.type === "integer") carry(context, regs, { ...carried, base: { ...carried.base, l4: { ...l4, mtu: Number(value.value) } } });
}

/** All ports of a forwarding group weigh the same. @see OVN 23.09, lib/actions.c encode_FWD_GROUP */
function forwardToGroup(context: RealContext, run: Run, site: Site, regs: Registers, { ports, table }: ActionOf<"fwd_group">): void {
  const { datapath, pipeline } = site.table;
  const index = context.choose(`forwarding group of ${datapath.name}`, ports.map((name) => ({ name, weight: 1 / ports.length })), originOf(site));
  const port = run.machine.ports.get(ports[index] ?? "");
  if (port === undefined) return end(context, site, "drop", "the forwarding group has no such port");
  decide(context, site, { table: "forwarding group", rule: ports.join(", "), verdict: `takes ${port.name}` });
  const copy = regs.slice();
  copy[WORD.outport] = port.key;
  visit(run, tableOf(datapath, pipeline, table), copy, site.node);
}
