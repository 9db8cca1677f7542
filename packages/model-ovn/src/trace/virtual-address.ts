import { ip4Text, ip6Text } from "../pipeline/format-value.ts";
import type { Machine } from "../pipeline/machine.ts";
import { type Registers, WORD } from "../pipeline/registers.ts";
import { inRowOrder, mapOrder } from "../pipeline/row-order.ts";
import { parseAddressAndPort } from "./address.ts";

/** A virtual address of a load balancer. */
export interface VirtualAddress {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly port: number;
  readonly text: string;
}

/** IPv4 addresses by their word, IPv6 ones by their words. */
type Addresses = ReadonlyMap<number | string, VirtualAddress>;

const known = new WeakMap<Machine, Addresses>();

/**
 * The load balancer's address that a packet was sent to before translation.
 *
 * Of several ports at one address the program takes the one it comes upon first, whichever the packet's port is, so hash order is
 * part of the answer.
 *
 * @see OVN 23.09, utilities/ovn-trace.c get_lb_vip_data
 */
export function virtualAddress(machine: Machine, regs: Registers): VirtualAddress | undefined {
  let addresses = known.get(machine);
  if (addresses === undefined) known.set(machine, (addresses = collect(machine)));
  if (addresses.size === 0) return undefined;
  const of4 = addresses.get(regs[WORD.ctIp4Dst] as number);
  if (of4 !== undefined) return of4;
  const word = WORD.ctIp6Dst;
  if (regs[word] === 0 && regs[word + 1] === 0 && regs[word + 2] === 0 && regs[word + 3] === 0) return undefined;
  return addresses.get(regs.subarray(word, word + 4).join(" "));
}

function collect(machine: Machine): Addresses {
  const found = new Map<number | string, VirtualAddress>();
  const { loadBalancers } = machine.db;
  for (const balancer of inRowOrder(loadBalancers, (one) => one.uuid)) {
    for (const key of mapOrder(Object.keys(balancer.vips))) {
      const at = parseAddressAndPort(key);
      if (at === undefined) continue;
      const name = at.family === 4 ? (at.words[0] as number) : at.words.join(" ");
      if (!found.has(name)) found.set(name, { ...at, text: at.family === 4 ? ip4Text(at.words[0] as number) : ip6Text(at.words) });
    }
  }
  return found;
}
