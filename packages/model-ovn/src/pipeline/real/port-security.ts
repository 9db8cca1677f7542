import { type Address, parseAddress } from "../../kubernetes/address.ts";
import type { SbPort } from "../../southbound.ts";
import { ETH_ARP, ETH_IP4, ETH_IP6, type Registers, WORD } from "../registers.ts";
import { addressAt, ip4At, ip6At } from "./packet-registers.ts";

/** Addresses that one hardware address of a port may use. */
interface Allowed {
  readonly mac: bigint;
  readonly addresses: readonly Range[];
  readonly linkLocal: bigint;
}

/** One address, or a whole subnet where nothing but the network was written. */
interface Range {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly mask: bigint;
  /** Last address of the subnet that the host is in. */
  readonly broadcast?: bigint;
}

const known = new WeakMap<SbPort, readonly Allowed[]>();

/** What a port's security allows; entries without a hardware address are left out. */
function allowedOf(port: SbPort): readonly Allowed[] {
  const allowed = known.get(port) ?? port.security.flatMap((entry): Allowed[] => {
    const [mac = "", ...addresses] = entry.trim().split(/\s+/);
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) return [];
    const value = BigInt(`0x${mac.replaceAll(":", "")}`);
    return [{ mac: value, addresses: addresses.flatMap((text) => rangeOf(text) ?? []), linkLocal: linkLocalOf(value) }];
  });
  known.set(port, allowed);
  return allowed;
}

function rangeOf(text: string): Range | undefined {
  const [address = "", length] = text.split("/");
  const found = parseAddress(address);
  if (found === undefined) return undefined;
  const { family, value } = found;
  const bits = family === 4 ? 32n : 128n;
  const full = (1n << bits) - 1n;
  const mask = length === undefined ? full : (full << (bits - BigInt(length))) & full;
  const one = mask === full || (value & ~mask & full) !== 0n;
  return { family, value, mask: one ? full : mask, ...(one && mask !== full && family === 4 ? { broadcast: (value & mask) | (~mask & full) } : {}) };
}

/** `fe80::` and the hardware address in EUI-64 form. */
const linkLocalOf = (mac: bigint): bigint => (0xfe80n << 112n) | ((((mac >> 24n) << 40n) | (0xfffen << 24n) | (mac & 0xffffffn)) ^ (1n << 57n));

const within = (ranges: readonly Range[], family: 4 | 6, value: bigint): boolean => ranges.some((one) => one.family === family && (value & one.mask) === (one.value & one.mask));
const valueOf = (text: string): bigint => (parseAddress(text) as Address).value;
const word = (regs: Registers, at: number): number => regs[at] as number;
const macAt = (regs: Registers, at: number): bigint => (BigInt(word(regs, at)) << 32n) | BigInt(word(regs, at + 1));
const has = ({ addresses }: Allowed, family: 4 | 6): boolean => addresses.some((one) => one.family === family);

/**
 * `check_in_port_sec`: whether a packet from a port uses addresses that are not the port's.
 *
 * @see OVN 23.09, controller/lflow.c build_in_port_sec_*
 */
export function failsSecurityIn(port: SbPort | undefined, regs: Registers): boolean {
  const entries = port === undefined ? [] : allowedOf(port);
  if (entries.length === 0) return false;
  const type = word(regs, WORD.ethType);
  if (type === ETH_ARP) return failsNeighbour(entries, regs);
  const source = macAt(regs, WORD.ethSrc);
  for (const entry of entries) {
    if (entry.mac !== source) continue;
    const verdict = admits(entry, type, regs);
    if (verdict === "yes") return false;
    if (verdict === "neighbour") return failsNeighbour(entries, regs);
  }
  return true;
}

function admits(entry: Allowed, type: number, regs: Registers): "yes" | "no" | "neighbour" {
  if (entry.addresses.length === 0) return "neighbour";
  if (type === ETH_IP4 && has(entry, 4)) {
    if (within(entry.addresses, 4, BigInt(word(regs, WORD.ip4Src)))) return "yes";
    const asks = word(regs, WORD.ip4Src) === 0 && word(regs, WORD.ip4Dst) === 0xffffffff && word(regs, WORD.proto) === 17 && word(regs, WORD.portSrc) === 68 && word(regs, WORD.portDst) === 67;
    return asks ? "yes" : "no";
  }
  if (type !== ETH_IP6 || !has(entry, 6)) return "no";
  const source = valueOf(ip6At(regs, WORD.ip6Src));
  if (source === entry.linkLocal || within(entry.addresses, 6, source)) return "neighbour";
  if (source !== 0n || word(regs, WORD.ip6Dst) >>> 16 !== 0xff02 || word(regs, WORD.proto) !== 58 || word(regs, WORD.portDst) !== 0) return "no";
  const kind = word(regs, WORD.portSrc);
  return kind === 131 || kind === 143 ? "yes" : kind === 135 ? "neighbour" : "no";
}

/** The second look: what ARP and neighbour advertisements claim. */
function failsNeighbour(entries: readonly Allowed[], regs: Registers): boolean {
  const type = word(regs, WORD.ethType);
  const source = macAt(regs, WORD.ethSrc);
  if (type === ETH_ARP) {
    const claimed = BigInt(word(regs, WORD.ip4Src));
    const sender = macAt(regs, WORD.arpSha);
    return !entries.some((entry) => entry.mac === source && entry.mac === sender && (entry.addresses.length === 0 || within(entry.addresses, 4, claimed)));
  }
  const advertises = type === ETH_IP6 && word(regs, WORD.proto) === 58 && word(regs, WORD.ttl) === 255 && word(regs, WORD.portSrc) === 136;
  if (!advertises) return false;
  const shown = macAt(regs, WORD.arpTha);
  const target = valueOf(ip6At(regs, WORD.ndTarget));
  return word(regs, WORD.portDst) !== 0 || !entries.some((entry) => (shown === 0n || shown === entry.mac) &&
    (!has(entry, 6) || target === entry.linkLocal || (entry.mac === source && within(entry.addresses, 6, target))));
}

/**
 * `check_out_port_sec`: whether a packet to a port is for addresses that are not the port's.
 *
 * @see OVN 23.09, controller/lflow.c build_out_port_sec_*
 */
export function failsSecurityOut(port: SbPort | undefined, regs: Registers): boolean {
  const entries = port === undefined ? [] : allowedOf(port);
  if (entries.length === 0) return false;
  const destination = macAt(regs, WORD.ethDst);
  const own = entries.filter((entry) => entry.mac === destination);
  const type = word(regs, WORD.ethType);
  const restricting = own.filter((entry) => entry.addresses.length > 0);
  if ((type !== ETH_IP4 && type !== ETH_IP6) || restricting.length === 0) return own.length === 0;
  const family = type === ETH_IP6 ? 6 : 4;
  const value = family === 6 ? valueOf(addressAt(regs, "Dst")) : valueOf(ip4At(regs, WORD.ip4Dst));
  const shared = family === 6 ? value >> 120n === 0xffn : value === 0xffffffffn || value >> 28n === 0xen;
  return !restricting.some((entry) => has(entry, family) &&
    (shared || within(entry.addresses, family, value) || entry.addresses.some((one) => one.broadcast === value) || (family === 6 && value === entry.linkLocal)));
}
