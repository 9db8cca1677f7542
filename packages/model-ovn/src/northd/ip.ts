/** An IP address as a number, with its family. */
export interface IpNumber {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** Reads a dotted IPv4 address. */
export function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
}

/** Reads an IPv6 address, with or without a dotted tail. */
export function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return undefined;
  const groups = (half: string): number[] | undefined => {
    if (half === "") return [];
    const numbers: number[] = [];
    const parts = half.split(":");
    for (const [index, part] of parts.entries()) {
      if (part.includes(".") && index === parts.length - 1) {
        const tail = parseIpv4(part);
        if (tail === undefined) return undefined;
        numbers.push(Number(tail >> 16n), Number(tail & 0xffffn));
      } else if (/^[0-9a-f]{1,4}$/i.test(part)) numbers.push(parseInt(part, 16));
      else return undefined;
    }
    return numbers;
  };
  const head = groups(halves[0] ?? "");
  const tail = halves.length === 2 ? groups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** Reads an address of either family. */
export function parseIp(text: string): IpNumber | undefined {
  const four = parseIpv4(text);
  if (four !== undefined) return { family: 4, value: four };
  const six = parseIpv6(text);
  return six === undefined ? undefined : { family: 6, value: six };
}

/** An address with its prefix length; a bare address counts as a host. */
export interface Cidr extends IpNumber {
  readonly length: number;
}

/** Reads `address` or `address/length` (or an IPv4 mask after the slash). */
export function parseCidr(text: string): Cidr | undefined {
  const [address, suffix, extra] = text.split("/");
  const ip = parseIp(address ?? "");
  if (ip === undefined || extra !== undefined) return undefined;
  const bits = ip.family === 4 ? 32 : 128;
  if (suffix === undefined) return { ...ip, length: bits };
  if (/^\d+$/.test(suffix)) return Number(suffix) <= bits ? { ...ip, length: Number(suffix) } : undefined;
  const mask = ip.family === 4 ? parseIpv4(suffix) : undefined;
  const length = mask === undefined ? -1 : (mask.toString(2).padStart(32, "0").match(/^1*(?=0*$)/)?.[0].length ?? -1);
  return length < 0 ? undefined : { ...ip, length };
}

/** The mask of a prefix length. */
export function maskOf(family: 4 | 6, length: number): bigint {
  const bits = family === 4 ? 32n : 128n;
  return ((1n << BigInt(length)) - 1n) << (bits - BigInt(length));
}

/** Prints an address the way inet_ntop does: lower case, the longest run of zeros shortened. */
export function printIp(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  if (best.start === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff))) {
    return `::${best.length === 5 ? "ffff:" : ""}${printIp(4, value & 0xffffffffn)}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}

/** Reads a MAC address as a number. */
export function parseMac(text: string): bigint | undefined {
  return /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)
    ? text.split(":").reduce((sum, part) => (sum << 8n) | BigInt(`0x${part}`), 0n)
    : undefined;
}

/** Prints a MAC address in lower case. */
export function printMac(mac: bigint): string {
  return (mac.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");
}

/** The link-local address of an interface (EUI-64). */
export function linkLocal(mac: bigint): bigint {
  const flipped = mac ^ (2n << 40n);
  return (0xfe80n << 112n) | ((flipped >> 24n) << 40n) | (0xfffen << 24n) | (flipped & 0xffffffn);
}

/** The multicast group a neighbour solicitation for an address goes to. */
export function solicitedNode(address: bigint): bigint {
  return (0xff02n << 112n) | (0x1ffn << 24n) | (address & 0xffffffn);
}

/** Tells a link-local IPv6 address. */
export function isLinkLocal(address: bigint): boolean {
  return address >> 118n === 0x3fan;
}
