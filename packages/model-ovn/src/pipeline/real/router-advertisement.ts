import { type Registers, WORD } from "../registers.ts";
import { carriedOf, type RealContext, packetOf, take } from "./run.ts";

const SOLICITATION = 133;
const ADVERTISEMENT = 134;

/**
 * `put_nd_ra_opts`: makes a router solicitation the advertisement that answers it; false where it is no solicitation.
 *
 * @see OVN 23.09, controller/pinctrl.c pinctrl_handle_put_nd_ra_opts
 */
export function advertise(context: RealContext, regs: Registers): boolean {
  const { l4 } = carriedOf(context, regs).base;
  if (l4?.type !== "icmp" || regs[WORD.portSrc] !== SOLICITATION || regs[WORD.portDst] !== 0) return false;
  const packet = packetOf(context, regs);
  take(context, regs, { ...packet, l4: { ...l4, icmpType: ADVERTISEMENT, code: 0 } });
  return true;
}
