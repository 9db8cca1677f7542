import { isObject, type Json, list, numberOf, object, text } from "./json.ts";

/** An address as bits: the family and one number. */
export interface Bits {
  readonly width: 32 | 128;
  readonly value: bigint;
}

/** Reads an IPv4 or IPv6 address; `undefined` for anything else. */
export function bitsOf(address: string): Bits | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (four !== null) {
    const parts = four.slice(1).map(Number);
    return parts.some((part) => part > 255) ? undefined : { width: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!address.includes(":")) return undefined;
  const mapped = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const tail = mapped === null ? undefined : bitsOf(mapped[2] ?? "");
  const plain = tail === undefined ? address : `${mapped?.[1] ?? ""}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const words = (part: string | undefined): string[] => (part === undefined || part === "" ? [] : part.split(":"));
  const left = words(halves[0]);
  const right = words(halves[1]);
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array<string>(Math.max(0, missing)).fill("0"), ...right];
  if (all.some((word) => !/^[0-9a-fA-F]{1,4}$/.test(word))) return undefined;
  return { width: 128, value: all.reduce((sum, word) => (sum << 16n) + BigInt(`0x${word}`), 0n) };
}

/** Whether an address lies in a CidrRange message; returns the prefix length, or -1. */
export function prefixLength(range: Json, address: string): number {
  const base = bitsOf(text(range["address_prefix"]) ?? "");
  const bits = bitsOf(address);
  if (base === undefined || bits === undefined || base.width !== bits.width) return -1;
  const length = numberOf(range["prefix_len"]) ?? 0;
  const shift = BigInt(base.width - Math.min(length, base.width));
  return base.value >> shift === bits.value >> shift ? length : -1;
}

/** Host and port of a core.v3.Address; a named pipe has port 0. */
export function socketOf(address: unknown): { readonly address: string; readonly port: number } | undefined {
  const socket = object(address)["socket_address"];
  if (isObject(socket)) return { address: text(socket["address"]) ?? "", port: numberOf(socket["port_value"]) ?? 0 };
  const pipe = object(address)["pipe"];
  return isObject(pipe) ? { address: text(pipe["path"]) ?? "", port: 0 } : undefined;
}

/** All addresses on which a listener stands. */
export function listenerSockets(listener: Json): readonly { readonly address: string; readonly port: number }[] {
  const all = [listener["address"], ...list(listener["additional_addresses"]).map((item) => item["address"])];
  return all.map(socketOf).filter((socket) => socket !== undefined);
}

export const printSocket = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
