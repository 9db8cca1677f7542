import type { Packet } from "@hopscope/core";
import { perform } from "../interpret.ts";
import type { Generator, Run, Site } from "../mode.ts";
import { type Registers, WORD } from "../registers.ts";
import { abortOf, advertisementFor, arpRequestFor, isUnreachable, resetOf, solicitationFor, unreachableOf } from "./answering-packets.ts";
import { forgetConnection } from "./connection.ts";
import { readPacket, ip4At, ip6At } from "./packet-registers.ts";
import { beginPass, carry, originOf, packetOf, placeOf, type RealContext, settle } from "./run.ts";

/** The packet that an action makes; nothing where ovn-controller makes none. */
function make(action: Generator, packet: Packet): Packet | undefined {
  switch (action.type) {
    case "reject":
      if (isUnreachable(packet)) return undefined;
      if (packet.l4?.type === "tcp") return packet.l4.flags.includes("rst") ? undefined : resetOf(packet, true);
      return packet.l4?.type === "sctp" ? abortOf(packet, true) : unreachableOf(packet, { loopback: true, byProtocol: true });
    case "tcp_reset":
      return resetOf(packet, false);
    case "sctp_abort":
      return abortOf(packet, false);
    case "icmp4": case "icmp6":
      return unreachableOf(packet, { loopback: false, byProtocol: true });
    case "icmp4_error": case "icmp6_error":
      return unreachableOf(packet, { loopback: false, byProtocol: false });
    case "arp":
      return arpRequestFor(packet);
    case "nd_ns":
      return solicitationFor(packet);
    case "nd_na": case "nd_na_router":
      return advertisementFor(packet);
  }
}

/**
 * Makes a packet as ovn-controller does and runs the nested actions on it. It keeps the logical registers and has met no connection.
 *
 * @see OVN 23.09, controller/pinctrl.c set_actions_and_enqueue_msg
 */
export function generatePacket(context: RealContext, run: Run, site: Site, regs: Registers, action: Generator): void {
  const { table } = site;
  const was = settle(context, site, regs);
  if (action.type === "arp" || action.type === "nd_ns") hold(context, site, regs, action.type);
  const made = make(action, was);
  if (made === undefined) return;
  if (action.type !== "arp" && action.type !== "nd_ns") refuse(context, site, action);
  const copy = regs.slice();
  carry(context, copy, { base: made, made: true });
  readPacket(made, copy);
  forgetConnection(copy);
  const node = beginPass(context, table.datapath, table.pipeline, made);
  const inner: Site = { table, flow: site.flow, node };
  if (action.actions.length > 0) perform(run, inner, copy, action.actions);
  const pass = context.passes[node];
  if (pass !== undefined) pass.after = packetOf(context, copy);
}

/** The packet waits for the answer. The next hop stands in `reg0`, for IPv6 in `xxreg0`. @see OVN 23.09, controller/pinctrl.c pinctrl_handle_buffered_packets */
function hold(context: RealContext, site: Site, regs: Registers, type: "arp" | "nd_ns"): void {
  const port = site.table.datapath.ports.get(regs[WORD.outport] as number);
  context.waiting.push({ site, regs: regs.slice(), port, ip: type === "arp" ? ip4At(regs, WORD.reg0) : ip6At(regs, WORD.reg0) });
}

function refuse(context: RealContext, site: Site, action: Generator): void {
  const origin = originOf(site);
  const stage = site.flow?.row.stage ?? "";
  if (action.type === "nd_na" || action.type === "nd_na_router") {
    context.refusal ??= { reason: `${placeOf(site.table.datapath)} answers for the neighbour`, origin };
    return;
  }
  if (action.type.startsWith("icmp")) {
    context.refusal = { reason: `${site.table.datapath.name} answers with an ICMP error (${stage})`, origin };
    return;
  }
  context.refusal = /_lb|_dnat/.test(stage)
    ? { reason: `${origin.object} has no endpoints, so OVN refuses the connection`, origin, code: "kubernetes/service-without-endpoints" }
    : { reason: `${origin.object} rejects it (${stage})`, origin, code: denialCode(origin.object) };
}

/** The code of a denial by what denies. */
export const denialCode = (object: string): string => (object.startsWith("EgressFirewall") ? "ovn/egress-firewall-denies" : "ovn/network-policy-denies");
