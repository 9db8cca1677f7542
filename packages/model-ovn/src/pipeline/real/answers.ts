import { isBoundTo } from "./chassis.ts";
import type { Question, Site } from "../mode.ts";
import { spanOf, writeBig, writeNumber } from "../ranges.ts";
import { type Registers, WORD } from "../registers.ts";
import { checkAffinity, checkNextHop, checkNextHopMac } from "./affinity.ts";
import { answerDhcp } from "./dhcp.ts";
import { answerName } from "./dns.ts";
import { checkHairpin, checkHairpinReply } from "./hairpin.ts";
import { knownBehind, lookUpNeighbour } from "./neighbours.ts";
import { failsSecurityIn, failsSecurityOut } from "./port-security.ts";
import { advertise } from "./router-advertisement.ts";
import { packetOf, type RealContext } from "./run.ts";

const word = (regs: Registers, at: number): number => regs[at] as number;

/** Answers what a logical flow asks of the chassis, into the field it names. */
export function answerQuestion(context: RealContext, site: Site, regs: Registers, action: Question): void {
  const to = spanOf(action.to);
  const value = valueOf(context, site, regs, action);
  if (to === undefined || value === undefined) return;
  if (typeof value === "bigint") writeBig(to, regs, value);
  else writeNumber(to, regs, value);
}

const bit = (holds: boolean): number => (holds ? 1 : 0);

function valueOf(context: RealContext, site: Site, regs: Registers, action: Question): number | bigint | undefined {
  const { datapath } = site.table;
  const portRow = (at: number) => {
    const row = datapath.ports.get(word(regs, at))?.row;
    // Only the chassis that holds the port guards it.
    return row !== undefined && isBoundTo(row, context.chassis.name) ? row : undefined;
  };
  switch (action.type) {
    case "check_in_port_sec":
      return bit(failsSecurityIn(portRow(WORD.inport), regs));
    case "check_out_port_sec":
      return bit(failsSecurityOut(portRow(WORD.outport), regs));
    case "chk_lb_hairpin":
      return bit(checkHairpin(context, site, regs));
    case "chk_lb_hairpin_reply":
      return bit(checkHairpinReply(context, site, regs));
    case "chk_lb_aff":
      return bit(checkAffinity(context, site, regs));
    case "chk_ecmp_nh":
      return bit(checkNextHop(context, site, regs));
    case "chk_ecmp_nh_mac":
      return bit(checkNextHopMac(context, site, regs));
    case "check_pkt_larger":
      return bit(packetOf(context, regs).bytes > action.bytes);
    case "lookup_arp": case "lookup_nd": case "lookup_arp_ip": case "lookup_nd_ip":
      return bit(lookUpNeighbour(context, site, regs, action));
    case "get_fdb":
      return knownBehind(context, site, regs, action.mac) ?? 0;
    case "lookup_fdb":
      return bit(knownBehind(context, site, regs, action.mac) === word(regs, WORD.inport));
    case "ct_nw_dst":
      return word(regs, WORD.ctIp4Dst);
    case "ct_ip6_dst":
      return [0, 1, 2, 3].reduce((sum, at) => (sum << 32n) | BigInt(word(regs, WORD.ctIp6Dst + at)), 0n);
    case "ct_tp_dst":
      return word(regs, WORD.ctPortDst);
    case "ct_state_save":
      return word(regs, WORD.ctState) & 0xff;
    case "put_nd_ra_opts":
      return bit(advertise(context, regs));
    case "dns_lookup":
      return bit(answerName(context, site, regs));
    case "put_dhcp_opts": case "put_dhcpv6_opts":
      return bit(answerDhcp(context, site, regs, action));
  }
}
