import { printFieldRange } from "../expr/field-range.ts";
import type { FieldRange } from "../expr/expression.ts";
import type { Format, Registers } from "./registers.ts";
import { readBig, type Span } from "./ranges.ts";

export const macText = (value: bigint): string => value.toString(16).padStart(12, "0").replace(/..(?!$)/g, "$&:");

const hexBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hexByte = (value: number): string => hexBytes[value & 255] as string;

/** Text of a hardware address that lies in two words. */
export const macOf = (high: number, low: number): string => `${hexByte(high >>> 8)}:${hexByte(high)}:${hexByte(low >>> 24)}:${hexByte(low >>> 16)}:${hexByte(low >>> 8)}:${hexByte(low)}`;

export const ip4Text = (value: number): string => `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** Text of an IPv6 address in four words, as `inet_ntop` of glibc writes it. */
export function ip6Text(words: ArrayLike<number>, at = 0): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((words[at + (index >> 1)] as number) >>> (index % 2 === 0 ? 16 : 0)) & 0xffff);
  let best = { at: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { at: start, length };
  }
  if (best.at === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff))) return `${best.length === 6 ? "::" : "::ffff:"}${ip4Text(words[at + 3] as number)}`;
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return best.at === -1 ? hex(groups) : `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

export const hexText = (value: bigint): string => (value === 0n ? "0" : `0x${value.toString(16)}`);

const ctNames = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"];
const tcpNames = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"];

function flagsText(value: number, names: readonly string[]): string {
  if (value === 0) return "0";
  const known = names.filter((_, bit) => (value & (1 << bit)) !== 0);
  const bad = value >>> names.length;
  return [...known, ...(bad === 0 ? [] : [`0x${((bad << names.length) >>> 0).toString(16)}`])].join("|");
}

/** `est|trk`. @see Open vSwitch 3.1, lib/flow.c format_flags */
export const ctStateText = (state: number): string => flagsText(state, ctNames);
export const tcpFlagsText = (flags: number): string => flagsText(flags, tcpNames);

function valueText(format: Format, value: bigint): string {
  switch (format) {
    case "decimal":
      return value.toString();
    case "hexadecimal":
      return hexText(value);
    case "ethernet":
      return macText(value);
    case "ip4":
      return ip4Text(Number(value));
    case "ip6":
      return ip6Text([96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn)));
    case "ct-state":
      return Array.from({ length: 32 }, (_, bit) => `${((value >> BigInt(bit)) & 1n) === 1n ? "+" : "-"}${ctNames[bit] ?? "[Unknown]"}`).join("");
    case "fragment":
      return ["no", "first", "<error>", "later"][Number(value & 3n)] ?? "<error>";
    case "tcp-flags":
      return tcpFlagsText(Number(value));
  }
}

/** `ip4.dst = 10.0.0.1`: what a move writes. @see OVN 23.09, utilities/ovn-trace.c summarize_move */
export function moveText(target: FieldRange, from: Span, regs: Registers): string {
  const { place, low, width } = from;
  const value = readBig(from, regs);
  return `${printFieldRange(target)} = ${low === place.shift && width >= place.width ? valueText(place.format, value) : hexText(value)}`;
}
