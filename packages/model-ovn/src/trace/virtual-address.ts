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

const known = new WeakMap<Machine, ReadonlyMap<string, VirtualAddress>>();

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
  const v4 = regs[WORD.ctIp4Dst] as number;
  const v6 = regs.subarray(WORD.ctIp6Dst, WORD.ctIp6Dst + 4);
  const of4 = addresses.get(`${v4}`);
  const of6 = (v6[0] as number) === 0 && (v6[1] as number) === 0 && (v6[2] as number) === 0 && (v6[3] as number) === 0 ? undefined : addresses.get(v6.join(" "));
  return of4 ?? of6;
}

function collect(machine: Machine): ReadonlyMap<string, VirtualAddress> {
  const found = new Map<string, VirtualAddress>();
  const { loadBalancers } = machine.db;
  for (const balancer of inRowOrder(loadBalancers, (one) => one.uuid)) {
    for (const key of mapOrder(Object.keys(balancer.vips))) {
      const at = parseAddressAndPort(key);
      if (at === undefined) continue;
      const name = at.words.join(" ");
      if (!found.has(name)) found.set(name, { ...at, text: at.family === 4 ? ip4Text(at.words[0] as number) : ip6Text(at.words) });
    }
  }
  return found;
}
