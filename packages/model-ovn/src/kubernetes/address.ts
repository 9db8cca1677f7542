import { sha256 } from "./hash.ts";

/** An IP address as a number, with its family. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A subnet: its first address and the length of its prefix. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly length: number;
}

/** Reads an IPv4 or IPv6 address; `undefined` when it is none. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): Address | undefined {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const inner = parseAddress(dotted[2] ?? "");
    if (inner === undefined) return undefined;
    source = `${dotted[1]}${(inner.value >> 16n).toString(16)}:${(inner.value & 0xffffn).toString(16)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const [head = "", tail] = halves;
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<string>(tail === undefined ? 0 : missing).fill("0"), ...right];
  let value = 0n;
  for (const group of groups) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return { family: 6, value };
}

/** Prints an address the way Go does (RFC 5952 for IPv6). */
export function printAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

const bits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Reads `address/length`, without a length as one address; host bits are cleared. `undefined` when it is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [head = "", tail] = text.split("/");
  const address = parseAddress(head);
  if (address === undefined) return undefined;
  const length = tail === undefined ? bits(address.family) : Number(tail);
  if (!Number.isInteger(length) || length < 0 || length > bits(address.family)) return undefined;
  const host = BigInt(bits(address.family) - length);
  return { family: address.family, value: (address.value >> host) << host, length };
}

/** Prints `address/length`. */
export function printSubnet(subnet: Subnet): string {
  return `${printAddress(subnet)}/${subnet.length}`;
}

/** Whether an address (or a whole smaller subnet) lies in a subnet. */
export function contains(subnet: Subnet, inner: Address | Subnet): boolean {
  if (subnet.family !== inner.family) return false;
  if ("length" in inner && inner.length < subnet.length) return false;
  const host = BigInt(bits(subnet.family) - subnet.length);
  return subnet.value >> host === inner.value >> host;
}

/** The n-th address of a subnet, as text. */
export function nthAddress(subnet: Subnet, n: number): string {
  return printAddress({ family: subnet.family, value: subnet.value + BigInt(n) });
}

/** Whether the text is an IPv6 address or subnet. */
export const isIpv6 = (text: string): boolean => text.includes(":");

/** The address of `address/length`. */
export const withoutLength = (text: string): string => text.split("/")[0] ?? text;

/** `ip4` or `ip6`, as matches write it. */
export const ipWord = (text: string): "ip4" | "ip6" => (isIpv6(text) ? "ip6" : "ip4");

/** The same address in its canonical spelling; unknown text stays as it is. */
export function canonicalAddress(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : printAddress(address);
}

const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");

/**
 * The MAC address OVN-Kubernetes gives to an IP address: `0a:58` and the four octets, for IPv6 the start of the text's SHA-256.
 *
 * @see ovn-kubernetes go-controller/pkg/util/net.go IPAddrToHWAddr, 2023-10-31
 */
export function macOfAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return "";
  const tail =
    address.family === 4
      ? [24n, 16n, 8n, 0n].map((shift) => Number((address.value >> shift) & 0xffn))
      : sha256(printAddress(address)).slice(0, 4);
  return hex([0x0a, 0x58, ...tail]);
}

/** The link-local IPv6 address made from a MAC address (EUI-64). */
export function linkLocalOfMac(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((part) => Number.parseInt(part, 16));
  const interfaceId = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return printAddress({ family: 6, value: (0xfe80n << 112n) | interfaceId });
}

/** Of several addresses, the one a port's MAC is made of: the first IPv4 one, else the first. */
export function macOfAddresses(addresses: readonly string[]): string {
  const plain = addresses.map(withoutLength);
  return macOfAddress(plain.find((address) => !isIpv6(address)) ?? plain[0] ?? "");
}
