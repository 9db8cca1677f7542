import type { NumberFormat } from "./expression.ts";

/** What a run of letters, digits, dots and colons means as a number; a string says why it means none. */
export interface ScannedNumber {
  readonly format: NumberFormat;
  readonly value: bigint;
}

const digitAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
};

/** Reads a MAC of six groups of hex digits at an offset; of a group with more than two digits the last two count, as Open vSwitch scans it. */
function ethernetAt(text: string, start: number, end: number): bigint | undefined {
  let value = 0;
  let group = 0;
  let groups = 0;
  let digits = 0;
  for (let at = start; at <= end; at++) {
    const digit = at === end ? -1 : digitAt(text, at);
    if (digit >= 0) {
      group = (group * 16 + digit) % 256;
      digits++;
    } else {
      if (digits === 0 || (at < end && text.charCodeAt(at) !== 58)) return undefined;
      value = value * 256 + group;
      groups++;
      group = 0;
      digits = 0;
    }
  }
  return groups === 6 ? BigInt(value) : undefined;
}

/** Reads a dotted address as a number, without leading zeros; -1 where the text is none. */
function ipv4At(text: string, start: number, end: number): number {
  let value = 0;
  let group = 0;
  let groups = 0;
  let digits = 0;
  for (let at = start; at <= end; at++) {
    const code = at === end ? 46 : text.charCodeAt(at);
    if (code === 46) {
      if (digits === 0 || group > 255) return -1;
      value = value * 256 + group;
      groups++;
      group = 0;
      digits = 0;
    } else {
      if (code < 48 || code > 57 || digits > 2 || (digits > 0 && group === 0)) return -1;
      group = group * 10 + code - 48;
      digits++;
    }
  }
  return groups === 4 ? value : -1;
}

/** Reads an IPv6 address as inet_pton does. */
function ipv6At(text: string, start: number, end: number): bigint | undefined {
  const groups: number[] = [];
  let gap = -1;
  let at = start;
  if (text.charCodeAt(at) === 58) {
    if (text.charCodeAt(at + 1) !== 58) return undefined;
    gap = 0;
    at += 2;
  }
  while (at < end) {
    let group = 0;
    let digits = 0;
    const from = at;
    for (let digit = digitAt(text, at); at < end && digit >= 0; digit = digitAt(text, ++at)) {
      group = group * 16 + digit;
      if (++digits > 4) break;
    }
    if (at < end && text.charCodeAt(at) === 46) {
      const tail = ipv4At(text, from, end);
      if (tail < 0) return undefined;
      groups.push(Math.floor(tail / 65536), tail % 65536);
      at = end;
      break;
    }
    if (digits === 0 || digits > 4) return undefined;
    groups.push(group);
    if (at === end) break;
    if (text.charCodeAt(at) !== 58) return undefined;
    at++;
    if (at === end) return undefined;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at++;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  const zeros = 8 - groups.length;
  const group = (index: number): number => (gap < 0 || index < gap ? groups[index] : index < gap + zeros ? 0 : groups[index - zeros]) ?? 0;
  let value = 0n;
  for (let pair = 0; pair < 4; pair++) value = (value << 32n) | BigInt(group(pair * 2) * 65536 + group(pair * 2 + 1));
  return value;
}

/** Bits of the widest number, that of Open vSwitch's union of field values. */
const WIDEST = 1024;

function hexadecimalAt(text: string, start: number, end: number): bigint | string {
  let first = start;
  while (first < end && text.charCodeAt(first) === 48) first++;
  for (let at = end - 1; at >= start; at--) {
    const digit = digitAt(text, at);
    if (digit < 0) return "Invalid syntax in hexadecimal constant.";
    if (digit > 0 && (end - 1 - at) * 4 >= WIDEST) return `Hexadecimal constant requires more than ${WIDEST} bits.`;
  }
  const digits = end - first;
  if (digits === 0) return 0n;
  return digits <= 13 ? BigInt(parseInt(text.slice(first, end), 16)) : BigInt(`0x${text.slice(first, end)}`);
}

function decimalAt(text: string, start: number, end: number): bigint | string {
  if (text.charCodeAt(start) === 48 && end - start > 1) return "Decimal constants must not have leading zeros.";
  let small = 0;
  if (end - start <= 15) {
    for (let at = start; at < end; at++) small = small * 10 + text.charCodeAt(at) - 48;
    return BigInt(small);
  }
  const value = BigInt(text.slice(start, end));
  return value < 1n << 64n ? value : "Decimal constants must be less than 2**64.";
}

/**
 * Reads the number in `text` from `start` to `end`: decimal, hexadecimal, MAC, IPv4 or IPv6.
 *
 * @see OVN 23.09, lib/lex.c, lex_parse_integer__
 */
export function scanNumber(text: string, start: number, end: number): ScannedNumber | string {
  const length = end - start;
  if (length === 0) return "Integer constant expected.";
  if (length === 17) {
    const value = ethernetAt(text, start, end);
    if (value !== undefined) return { format: "ethernet", value };
  }
  let decimal = true;
  for (let at = start; at < end && decimal; at++) {
    const code = text.charCodeAt(at);
    decimal = code >= 48 && code <= 57;
  }
  if (decimal) {
    const value = decimalAt(text, start, end);
    return typeof value === "string" ? value : { format: "decimal", value };
  }
  const second = text.charCodeAt(start + 1);
  if (text.charCodeAt(start) === 48 && (second === 120 || second === 88)) {
    if (length === 2) return `Hex digits expected following 0${text[start + 1]}.`;
    const value = hexadecimalAt(text, start + 2, end);
    return typeof value === "string" ? value : { format: "hexadecimal", value };
  }
  if (length < 46) {
    const four = ipv4At(text, start, end);
    if (four >= 0) return { format: "ipv4", value: BigInt(four) };
    const six = ipv6At(text, start, end);
    if (six !== undefined) return { format: "ipv6", value: six };
  }
  return "Invalid numeric constant.";
}

const prefixMask = (width: number, bits: number): bigint => ((1n << BigInt(bits)) - 1n) << BigInt(width - bits);

/**
 * Joins a number with the one after its slash: a prefix length, or a mask of the same notation.
 *
 * @see OVN 23.09, lib/lex.c, lex_parse_mask
 */
export function maskNumber(number: ScannedNumber, mask: ScannedNumber): (ScannedNumber & { readonly mask: bigint }) | string {
  const bits = Number(mask.value & 0xffffffffn);
  let joined: bigint;
  let format = number.format;
  if (number.format === mask.format) joined = mask.value;
  else if (number.format === "ipv4" && mask.format === "decimal" && bits <= 32) joined = prefixMask(32, bits);
  else if (number.format === "ipv6" && mask.format === "decimal" && bits <= 128) joined = prefixMask(128, bits);
  else if (number.format === "decimal" && mask.format === "hexadecimal" && number.value === 0n) {
    format = "hexadecimal";
    joined = mask.value;
  } else return "Value and mask have incompatible formats.";
  return { format, value: number.value & joined, mask: joined };
}
