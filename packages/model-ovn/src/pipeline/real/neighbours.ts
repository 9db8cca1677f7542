import type { FieldRange } from "../../expr/expression.ts";
import { ip4Text, ip6Text, macOf } from "../format-value.ts";
import type { ActionOf, Site } from "../mode.ts";
import { readBig, readNumber, spanOf } from "../ranges.ts";
import { type Registers, WORD } from "../registers.ts";
import { neighbourKey } from "./memory.ts";
import { putMac } from "./packet-registers.ts";
import { decide, type RealContext } from "./run.ts";

function big(range: FieldRange, regs: Registers): bigint {
  const span = spanOf(range);
  return span === undefined ? 0n : readBig(span, regs);
}
const words = (value: bigint): number[] => [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));
const addressIn = (range: FieldRange, regs: Registers): string => (range.width > 32 ? ip6Text(words(big(range, regs))) : ip4Text(Number(big(range, regs))));
const macText = (value: bigint): string => macOf(Number(value >> 32n), Number(value & 0xffffffffn));
const portIn = ({ table }: Site, range: FieldRange, regs: Registers) => {
  const span = spanOf(range);
  return span === undefined ? undefined : table.datapath.ports.get(readNumber(span, regs));
};

/** The hardware address that a port knows for a neighbour: learned now, or in the database. */
export const neighbourOf = ({ memory, chassis }: RealContext, port: string, ip: string): string | undefined =>
  memory.get(neighbourKey(port, ip)) ?? chassis.bindings.get(neighbourKey(port, ip));

/** `get_arp`, `get_nd`: all zeros where the neighbour is not known. */
export function getNeighbour(context: RealContext, site: Site, regs: Registers, action: ActionOf<"get_arp" | "get_nd">): void {
  const port = portIn(site, action.port, regs);
  const mac = port === undefined ? undefined : neighbourOf(context, port.name, addressIn(action.ip, regs));
  putMac(regs, WORD.ethDst, mac ?? "00:00:00:00:00:00");
}

/** `lookup_arp` and its kin: whether the binding is known as it is, or, with `_ip`, at all. */
export function lookUpNeighbour(context: RealContext, site: Site, regs: Registers, action: ActionOf<"lookup_arp" | "lookup_nd" | "lookup_arp_ip" | "lookup_nd_ip">): boolean {
  const port = portIn(site, action.port, regs);
  const known = port === undefined ? undefined : neighbourOf(context, port.name, addressIn(action.ip, regs));
  return known !== undefined && (!("mac" in action) || known === macText(big(action.mac, regs)));
}

/** `put_arp`, `put_nd`: learns a neighbour. */
export function putNeighbour(context: RealContext, site: Site, regs: Registers, action: ActionOf<"put_arp" | "put_nd">): void {
  const port = portIn(site, action.port, regs);
  if (port === undefined) return;
  const [ip, mac] = [addressIn(action.ip, regs), macText(big(action.mac, regs))];
  context.memory = new Map(context.memory).set(neighbourKey(port.name, ip), mac);
  decide(context, site, { table: "MAC_Binding", rule: `${port.name} ${ip}`, verdict: `learns ${mac}` });
}

const behindKey = (datapath: number, mac: string): string => `fdb ${datapath} ${mac}`;

/** `get_fdb`: the port behind which a hardware address was seen. */
export function knownBehind({ memory, chassis }: RealContext, { table }: Site, regs: Registers, range: FieldRange): number | undefined {
  const { key } = table.datapath;
  const mac = macText(big(range, regs));
  const learned = memory.get(behindKey(key, mac));
  return learned === undefined ? chassis.db.fdb.find((row) => row.datapathKey === key && row.mac.toLowerCase() === mac)?.portKey : Number(learned);
}

/** `put_fdb`: learns behind which port a hardware address is. */
export function putBehind(context: RealContext, site: Site, regs: Registers, action: ActionOf<"put_fdb">): void {
  const port = portIn(site, action.port, regs);
  if (port !== undefined) context.memory = new Map(context.memory).set(behindKey(site.table.datapath.key, macText(big(action.mac, regs))), String(port.key));
}
