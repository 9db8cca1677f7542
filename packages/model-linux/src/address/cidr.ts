import type { Address } from "@hopscope/core";

/** A range of addresses that share their first `bits` bits. `value` is the network's address as a number. */
export interface Cidr {
  readonly version: 4 | 6;
  readonly value: bigint;
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

function valueOf4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0n;
  for (const part of match.slice(1)) {
    const byte = Number(part);
    if (byte > 255) return undefined;
    value = value * 256n + BigInt(byte);
  }
  return value;
}

function valueOf6(text: string): bigint | undefined {
  const plain = text.split("%")[0] ?? "";
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (embedded !== null) {
    const low = valueOf4(embedded[2] ?? "");
    if (low === undefined) return undefined;
    return valueOf6(`${embedded[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = plain.split("::");
  if (halves.length > 2 || !plain.includes(":")) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === "" ? [] : half.split(":"));
  const [left, right] = [groups(halves[0]), groups(halves[1])];
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...left, ...Array<string>(missing).fill("0"), ...right]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = value * 65536n + BigInt(Number.parseInt(group, 16));
  }
  return value;
}

const memory = new Map<string, Cidr | undefined>();

/**
 * Reads an address or a range (`10.0.0.0/8`, `fd00::/64`, `10.0.0.0/255.0.0.0`); `undefined` where it is neither.
 *
 * @example
 * parseCidr("10.128.2.15/23")?.bits // 23
 */
export function parseCidr(text: string): Cidr | undefined {
  if (memory.has(text)) return memory.get(text);
  const parsed = readCidr(text);
  if (memory.size > 20_000) memory.clear();
  memory.set(text, parsed);
  return parsed;
}

function readCidr(text: string): Cidr | undefined {
  const [address = "", prefix] = text.split("/");
  const version = address.includes(":") ? 6 : 4;
  const value = version === 6 ? valueOf6(address) : valueOf4(address);
  if (value === undefined) return undefined;
  const bits = prefix === undefined ? WIDTH[version] : bitsOf(prefix, version);
  if (bits === undefined) return undefined;
  const shift = BigInt(WIDTH[version] - bits);
  return { version, value: (value >> shift) << shift, bits };
}

function bitsOf(prefix: string, version: 4 | 6): number | undefined {
  if (/^\d{1,3}$/.test(prefix)) return Number(prefix) <= WIDTH[version] ? Number(prefix) : undefined;
  const mask = version === 6 ? valueOf6(prefix) : valueOf4(prefix);
  const binary = mask?.toString(2).padStart(WIDTH[version], "0");
  return binary !== undefined && /^1*0*$/.test(binary) ? binary.replaceAll("0", "").length : undefined;
}

/** Whether an address lies in a range. Text that is no address lies in none. */
export function contains(range: Cidr, address: Address): boolean {
  const parsed = parseCidr(address);
  if (parsed === undefined || parsed.version !== range.version) return false;
  const shift = BigInt(WIDTH[range.version] - range.bits);
  return parsed.value >> shift === range.value >> shift;
}

/** Prints a number as a canonical address. */
export function printAddress(version: 4 | 6, value: bigint): Address {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  let [best, length] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (groups[end] === "0") end++;
    if (end - start > length) [best, length] = [start, end - start];
  }
  if (best === -1) return groups.join(":");
  return `${groups.slice(0, best).join(":")}::${groups.slice(best + length).join(":")}`;
}

/** Prints a range as `address/bits`. */
export const printCidr = (range: Cidr): string => `${printAddress(range.version, range.value)}/${range.bits}`;

/** The address part of `address/bits`. */
export const addressPart = (text: string): Address => text.split("/")[0] ?? text;
