import type { Port } from "../pipeline/machine.ts";
import { ETH_ARP, ETH_IP4, ETH_IP6, type Registers, WORD } from "../pipeline/registers.ts";
import { parseIp4, parseIp6, parseMac } from "./address.ts";

/** What a port may send and receive: a hardware address, and IP addresses if any are named. */
interface AllowedAddresses {
  readonly mac: readonly [number, number];
  readonly ip4: readonly number[];
  readonly ip6: readonly (readonly number[])[];
  /** Link-local address made of the hardware address. */
  readonly local: readonly number[];
}

const known = new WeakMap<Port, readonly AllowedAddresses[]>();

/** Reads `MAC IP…`; reading stops at what is no address. @see OVN 23.09, lib/ovn-util.c extract_lsp_addresses */
function readAllowed(text: string): readonly AllowedAddresses[] {
  const [first = "", ...rest] = text.trim().split(/\s+/);
  const mac = parseMac(first);
  if (mac === undefined) return [];
  const ip4: number[] = [];
  const ip6: (readonly number[])[] = [];
  for (const part of rest) {
    const host = part.replace(/\/\d+$/, "");
    const v4 = parseIp4(host);
    const v6 = v4 === undefined ? parseIp6(host) : undefined;
    if (v4 !== undefined) ip4.push(v4);
    else if (v6 !== undefined) ip6.push(v6);
    else break;
  }
  const [high, low] = mac;
  const local = [0xfe800000, 0, (((high ^ 0x0200) << 16) | ((low >>> 16) & 0xff00) | 0xff) >>> 0, (0xfe000000 | (low & 0xffffff)) >>> 0];
  return [{ mac, ip4, ip6, local }];
}

function allowedOf(port: Port): readonly AllowedAddresses[] {
  const found = known.get(port);
  if (found !== undefined) return found;
  const made = port.row.security.flatMap(readAllowed);
  known.set(port, made);
  return made;
}

const same = (regs: Registers, word: number, words: readonly number[]): boolean => words.every((one, at) => regs[word + at] === one);
const zeroMac = [0, 0];

/**
 * Whether port security refuses what a port sends.
 *
 * @see OVN 23.09, utilities/ovn-trace.c execute_check_in_port_sec
 */
export function refusesSender(port: Port | undefined, regs: Registers): boolean {
  if (port === undefined || allowedOf(port).length === 0) return false;
  const entry = allowedOf(port).find(({ mac }) => same(regs, WORD.ethSrc, mac));
  if (entry === undefined) return true;
  switch (regs[WORD.ethType]) {
    case ETH_IP4:
      return !(anyAddress(entry) || entry.ip4.includes(regs[WORD.ip4Src] as number) || isDhcpRequest(regs));
    case ETH_ARP:
      return !(same(regs, WORD.arpSha, entry.mac) && (entry.ip4.length === 0 || entry.ip4.includes(regs[WORD.ip4Src] as number)));
    case ETH_IP6:
      return !senderIp6(entry, regs);
    default:
      return false;
  }
}

const anyAddress = ({ ip4, ip6 }: AllowedAddresses): boolean => ip4.length === 0 && ip6.length === 0;
const isDhcpRequest = (regs: Registers): boolean =>
  regs[WORD.proto] === 17 && regs[WORD.portSrc] === 68 && regs[WORD.portDst] === 67 && regs[WORD.ip4Src] === 0 && regs[WORD.ip4Dst] === 0xffffffff;

function senderIp6(entry: AllowedAddresses, regs: Registers): boolean {
  if (anyAddress(entry)) return true;
  if (!entry.ip6.some((one) => same(regs, WORD.ip6Src, one)) && !same(regs, WORD.ip6Src, entry.local)) return false;
  if (regs[WORD.proto] !== 58) return true;
  if (regs[WORD.portSrc] === 135) return same(regs, WORD.arpSha, zeroMac) || same(regs, WORD.arpSha, entry.mac);
  if (regs[WORD.portSrc] !== 136) return true;
  if (!same(regs, WORD.arpTha, zeroMac) && !same(regs, WORD.arpTha, entry.mac)) return false;
  return entry.ip6.length === 0 || entry.ip6.some((one) => same(regs, WORD.ndTarget, one)) || same(regs, WORD.ndTarget, entry.local);
}

/**
 * Whether port security refuses what a port would receive.
 *
 * @see OVN 23.09, utilities/ovn-trace.c execute_check_out_port_sec
 */
export function refusesReceiver(port: Port | undefined, regs: Registers): boolean {
  if (port === undefined || allowedOf(port).length === 0) return false;
  const entry = allowedOf(port).find(({ mac }) => same(regs, WORD.ethDst, mac));
  if (entry === undefined) return true;
  if (regs[WORD.ethType] === ETH_IP4) {
    const to = regs[WORD.ip4Dst] as number;
    return !(anyAddress(entry) || (entry.ip4.length > 0 && (entry.ip4.includes(to) || to === 0xffffffff || to >>> 28 === 0xe)));
  }
  if (regs[WORD.ethType] !== ETH_IP6) return false;
  return !(anyAddress(entry) || (entry.ip6.length > 0 && (entry.ip6.some((one) => same(regs, WORD.ip6Dst, one)) || same(regs, WORD.ip6Dst, entry.local) || (regs[WORD.ip6Dst] as number) >>> 24 === 0xff)));
}

