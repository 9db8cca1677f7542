import type { Constant, IntegerConstant, NumberFormat } from "./expression.ts";
import { quote } from "./quoted.ts";
import { onesOf } from "./tree.ts";

/** A number in hexadecimal; zero is plain. */
export const printHex = (value: bigint): string => (value === 0n ? "0" : `0x${value.toString(16)}`);

export const printIpv4 = (value: bigint): string => {
  const number = Number(value);
  return `${Math.floor(number / 0x1000000)}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
};

const printEthernet = (value: bigint): string => (value.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");

/** An IPv6 address as inet_ntop writes it: the longest run of zero groups short, a mapped IPv4 address dotted. */
export function printIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt((7 - index) * 16)) & 0xffffn));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; ) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
    at += Math.max(1, length);
  }
  const isDotted = best.at === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff));
  const texts = groups.map((group) => group.toString(16));
  if (isDotted) texts.splice(6, 2, printIpv4(value & 0xffffffffn));
  if (best.at < 0) return texts.join(":");
  return `${texts.slice(0, best.at).join(":")}::${texts.slice(best.at + best.length).join(":")}`;
}

const WIDTHS: Readonly<Record<NumberFormat, number>> = { decimal: 64, hexadecimal: 1024, ipv4: 32, ipv6: 128, ethernet: 48 };

function printValue(value: bigint, format: NumberFormat): string {
  switch (format) {
    case "decimal": return value.toString();
    case "hexadecimal": return printHex(value);
    case "ipv4": return printIpv4(value);
    case "ipv6": return printIpv6(value);
    case "ethernet": return printEthernet(value);
    default: throw new Error(`unknown format ${format satisfies never as string}`);
  }
}

/** Length of a prefix mask; undefined for any other mask. */
function prefixLength(mask: bigint, width: number): number | undefined {
  const inverse = mask ^ onesOf(width);
  return (inverse & (inverse + 1n)) === 0n ? width - (inverse === 0n ? 0 : inverse.toString(2).length) : undefined;
}

/**
 * A number in the notation it was written in.
 *
 * @see OVN 23.09, lib/lex.c, lex_token_format
 */
export function printInteger({ value, mask, format }: IntegerConstant): string {
  const fits = ((mask ?? 0n) | value) <= onesOf(WIDTHS[format]);
  const actual = fits ? format : "hexadecimal";
  const text = printValue(value, actual);
  if (mask === undefined) return text;
  const length = actual === "ipv4" ? prefixLength(mask, 32) : actual === "ipv6" ? prefixLength(mask, 128) : undefined;
  return `${text}/${length ?? printValue(mask, actual)}`;
}

/** A constant as it is read back. */
export const printConstant = (constant: Constant): string => (constant.type === "string" ? quote(constant.text) : printInteger(constant));
