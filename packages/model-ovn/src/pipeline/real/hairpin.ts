import type { Site } from "../mode.ts";
import { CT, ETH_IP4, ETH_IP6, type Registers, WORD } from "../registers.ts";
import { addressAt, ip4At, ip6At } from "./packet-registers.ts";
import type { Hairpin } from "./hairpins.ts";
import type { RealContext } from "./run.ts";

const NATTED = 2;
const word = (regs: Registers, at: number): number => regs[at] as number;
const isIp6 = (regs: Registers): boolean => word(regs, WORD.ethType) === ETH_IP6;
const REG1 = 1;
const REG2 = 2;
const XXREG1 = 4;

/** Where a packet was sent before its destination was translated. */
function originalDestination(regs: Registers, fromRegisters: boolean): { readonly address: string; readonly port: number; readonly proto: number } | undefined {
  if (fromRegisters) return { address: isIp6(regs) ? ip6At(regs, XXREG1) : ip4At(regs, REG1), port: word(regs, REG2) & 0xffff, proto: word(regs, WORD.proto) };
  if ((word(regs, WORD.ctState) & (CT.trk | CT.dnat)) !== (CT.trk | CT.dnat)) return undefined;
  return { address: isIp6(regs) ? ip6At(regs, WORD.ctIp6Dst) : ip4At(regs, WORD.ctIp4Dst), port: word(regs, WORD.ctPortDst), proto: word(regs, WORD.ctProto) };
}

const isIp = (regs: Registers): boolean => word(regs, WORD.ethType) === ETH_IP4 || isIp6(regs);

/**
 * `chk_lb_hairpin`: whether a balanced packet goes to its own sender; then its replies are known from now on.
 *
 * @see OVN 23.09, controller/lflow.c add_lb_vip_hairpin_flows
 */
export function checkHairpin(context: RealContext, site: Site, regs: Registers): boolean {
  if (!isIp(regs) || ((word(regs, WORD.ctMark) | word(regs, WORD.ctLabel + 3)) & NATTED) === 0) return false;
  const source = addressAt(regs, "Src");
  if (source !== addressAt(regs, "Dst")) return false;
  const entry = context.chassis.hairpins.find((one) => {
    const original = originalDestination(regs, one.fromRegisters);
    return one.backend === source && original?.address === one.vip &&
      (one.backendPort === undefined || (word(regs, WORD.proto) === one.proto && original.proto === one.proto && word(regs, WORD.portDst) === one.backendPort && original.port === (one.vipPort ?? 0)));
  });
  if (entry === undefined) return false;
  context.memory = new Map(context.memory).set(replyKey(site, source, entry.snat, word(regs, WORD.proto), entry.backendPort === undefined ? undefined : word(regs, WORD.portDst)), "");
  return true;
}

const replyKey = ({ table }: Site, src: string, dst: string, proto: number, port: number | undefined): string => `hairpin ${table.datapath.key} ${proto} ${src} ${port ?? "*"} ${dst}`;

/** `chk_lb_hairpin_reply`: whether a packet answers one that was sent back to its sender. */
export function checkHairpinReply(context: RealContext, site: Site, regs: Registers): boolean {
  if (!isIp(regs)) return false;
  const key = (port: number | undefined): string => replyKey(site, addressAt(regs, "Src"), addressAt(regs, "Dst"), word(regs, WORD.proto), port);
  return context.memory.has(key(word(regs, WORD.portSrc))) || context.memory.has(key(undefined));
}

/**
 * `ct_snat_to_vip`: the address that the source becomes.
 *
 * An address set for this balancer in this datapath comes before any other; a virtual address with a port before one without.
 *
 * @see OVN 23.09, controller/lflow.c add_lb_ct_snat_hairpin_vip_flow
 */
export function hairpinSource({ chassis }: RealContext, site: Site, regs: Registers): string | undefined {
  if (!isIp(regs)) return undefined;
  const rank = (one: Hairpin): number => (one.datapaths === undefined ? 0 : 2) + (one.vipPort === undefined ? 0 : 1);
  const found = chassis.hairpins.filter((one) => {
    const original = originalDestination(regs, one.fromRegisters);
    return original?.address === one.vip && (one.datapaths === undefined || one.datapaths.includes(site.table.datapath.row.uuid)) &&
      (one.vipPort === undefined || (word(regs, WORD.proto) === one.proto && original.proto === one.proto && original.port === one.vipPort));
  });
  return found.reduce<Hairpin | undefined>((best, one) => (best === undefined || rank(one) > rank(best) ? one : best), undefined)?.snat;
}
