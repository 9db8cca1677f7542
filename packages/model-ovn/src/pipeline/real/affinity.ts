import type { ActionOf, Site } from "../mode.ts";
import { type Registers, WORD } from "../registers.ts";
import { printAddress } from "../../kubernetes/address.ts";
import { addressAt, putAddress } from "./packet-registers.ts";
import { decide, type RealContext } from "./run.ts";

const word = (regs: Registers, at: number): number => regs[at] as number;
const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;
const REG4 = 4;
const REG8 = 8;
const XXREG = [0, 4] as const;

const sessionKey = ({ table }: Site, client: string, vip: string, proto: number, port: number): string => `affinity ${table.datapath.key} ${client} ${vip} ${proto} ${port}`;

/**
 * `commit_lb_aff`: the client's next connections go to the same backend, until it is idle for the time given.
 *
 * @see OVN 23.09, lib/actions.c encode_COMMIT_LB_AFF
 */
export function rememberAffinity(context: RealContext, site: Site, regs: Registers, action: ActionOf<"commit_lb_aff">): void {
  const { vip, backend, protocol, timeout } = action;
  const address = printAddress(backend.address);
  const key = sessionKey(site, addressAt(regs, "Src"), printAddress(vip.address), protocol === undefined ? 0 : PROTO[protocol], protocol === undefined ? 0 : vip.port);
  context.memory = new Map(context.memory).set(key, `${address} ${backend.port}`);
  decide(context, site, { table: "session affinity", rule: `${addressAt(regs, "Src")} to ${printAddress(vip.address)}`, verdict: `stays with ${address} until idle for ${timeout} s` });
}

/** `chk_lb_aff`: whether the client has a session; its backend goes into registers. */
export function checkAffinity(context: RealContext, site: Site, regs: Registers): boolean {
  const { memory } = context;
  const [client, vip] = [addressAt(regs, "Src"), addressAt(regs, "Dst")];
  const found = memory.get(sessionKey(site, client, vip, word(regs, WORD.proto), word(regs, WORD.portDst))) ?? memory.get(sessionKey(site, client, vip, 0, 0));
  if (found === undefined) return false;
  const [address = "", port = "0"] = found.split(" ");
  putAddress(regs, address.includes(":") ? XXREG[site.table.datapath.row.type === "switch" ? 0 : 1] : REG4, address);
  if (port !== "0") regs[REG8] = ((word(regs, REG8) & 0xffff0000) | Number(port)) >>> 0;
  decide(context, site, { table: "session affinity", rule: `${client} to ${vip}`, verdict: `has a session with ${address}` });
  return true;
}

const tuple = (regs: Registers, reversed = false): string => {
  const source = `${addressAt(regs, "Src")} ${word(regs, WORD.portSrc)}`;
  const destination = `${addressAt(regs, "Dst")} ${word(regs, WORD.portDst)}`;
  return `${word(regs, WORD.proto)} ${reversed ? `${destination} ${source}` : `${source} ${destination}`}`;
};
const macText = (regs: Registers): string => `${word(regs, WORD.ethSrc)} ${word(regs, WORD.ethSrc + 1)}`;

/**
 * `commit_ecmp_nh`: the connection's replies go back by the next hop that it came from.
 *
 * @see OVN 23.09, lib/actions.c commit_ecmp_learn_action
 */
export function rememberNextHop(context: RealContext, { table }: Site, regs: Registers, action: ActionOf<"commit_ecmp_nh">): void {
  if (PROTO[action.protocol] !== word(regs, WORD.proto)) return;
  const { key } = table.datapath;
  context.memory = new Map(context.memory).set(`next-hop-mac ${key} ${macText(regs)} ${tuple(regs)}`, "").set(`next-hop ${key} ${tuple(regs, true)}`, "");
}

/** `chk_ecmp_nh_mac`: whether the packet comes from the next hop its connection came from before. */
export const checkNextHopMac = ({ memory }: RealContext, { table }: Site, regs: Registers): boolean => memory.has(`next-hop-mac ${table.datapath.key} ${macText(regs)} ${tuple(regs)}`);

/** `chk_ecmp_nh`: whether the packet answers a connection whose next hop is known. */
export const checkNextHop = ({ memory }: RealContext, { table }: Site, regs: Registers): boolean => memory.has(`next-hop ${table.datapath.key} ${tuple(regs)}`);
