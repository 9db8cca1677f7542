import type { L4, Packet, TcpFlag } from "@hopscope/core";
import { parseAddress, printAddress } from "../../../src/kubernetes/address.ts";

const flagBits: readonly (readonly [TcpFlag, number])[] = [["fin", 1], ["syn", 2], ["rst", 4], ["psh", 8], ["ack", 16]];
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

const macBytes = (mac: string): number[] => mac.split(":").map((part) => Number.parseInt(part, 16));
const big = (value: bigint, bytes: number): number[] => Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(8 * (bytes - 1 - at))) & 255n));
const number = (value: number, bytes: number): number[] => big(BigInt(value), bytes);
const addressBytes = (text: string): number[] => {
  const address = parseAddress(text);
  return address === undefined ? [] : big(address.value, address.family === 4 ? 4 : 16);
};

/** The Internet checksum. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** CRC-32c, the checksum of SCTP, in the order of its bytes on the wire. */
function crc32c(bytes: readonly number[]): number[] {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return number((crc ^ 0xffffffff) >>> 0, 4).reverse();
}

function transport(l4: L4, pseudo: readonly number[], six: boolean): number[] {
  const summed = (head: readonly number[], at: number, whole = pseudo): number[] => {
    const sum = checksum([...whole, ...head]);
    return [...head.slice(0, at), ...number(sum, 2), ...head.slice(at + 2)];
  };
  switch (l4.type) {
    case "tcp": {
      const flags = flagBits.reduce((sum, [flag, bit]) => (l4.flags.includes(flag) ? sum | bit : sum), 0);
      return summed([...number(l4.src, 2), ...number(l4.dst, 2), 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0x20, 0, 0, 0, 0, 0], 16);
    }
    case "udp":
      return summed([...number(l4.src, 2), ...number(l4.dst, 2), 0, 12, 0, 0, 104, 111, 112, 115], 6);
    case "sctp": {
      const head = [...number(l4.src, 2), ...number(l4.dst, 2), 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 7, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1];
      return [...head.slice(0, 8), ...crc32c(head), ...head.slice(12)];
    }
    case "icmp":
      return summed([l4.icmpType, l4.code, 0, 0, ...number(l4.id ?? 0, 2), 0, 1], 2, six ? pseudo : []);
  }
}

/** The bytes of a packet as they stand on the wire. */
export function bytesOf({ eth, ip, l4 }: Packet): Uint8Array {
  const frame = [...macBytes(eth.dst), ...macBytes(eth.src), ...number(eth.type, 2)];
  if (ip === undefined || l4 === undefined) return Uint8Array.from(frame);
  const six = ip.version === 6;
  const proto = l4.type === "icmp" ? (six ? 58 : 1) : protocols[l4.type];
  const [src, dst] = [addressBytes(ip.src), addressBytes(ip.dst)];
  const length = l4.type === "tcp" ? 20 : l4.type === "udp" ? 12 : l4.type === "sctp" ? 32 : 8;
  const body = transport(l4, [...src, ...dst, ...(six ? number(length, 4) : number(0, 1)), ...(six ? number(proto, 4) : [proto, ...number(length, 2)])], six);
  if (six) return Uint8Array.from([...frame, 0x60 | (ip.dscp >> 2), (ip.dscp & 3) << 6, 0, 0, ...number(length, 2), proto, ip.ttl, ...src, ...dst, ...body]);
  const head = [0x45, ip.dscp << 2, ...number(20 + length, 2), 0, 0, 0, 0, ip.ttl, proto, 0, 0, ...src, ...dst];
  const sum = checksum(head);
  return Uint8Array.from([...frame, ...head.slice(0, 10), ...number(sum, 2), ...head.slice(12), ...body]);
}

/** The same frame with a VLAN tag. */
export const tagged = (frame: Uint8Array, vlan: number): Uint8Array => Uint8Array.from([...frame.subarray(0, 12), 0x81, 0, ...number(vlan, 2), ...frame.subarray(12)]);

const macText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
const read = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
const addressText = (bytes: Uint8Array): string => printAddress({ family: bytes.length === 4 ? 4 : 6, value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) });

/** Reads a packet off the wire, as far as packets here hold it; a VLAN tag is passed over. */
export function packetFrom(frame: Uint8Array): Packet {
  const bytes = read(frame.subarray(12, 14)) === 0x8100 ? Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]) : frame;
  const eth = { dst: macText(bytes.subarray(0, 6)), src: macText(bytes.subarray(6, 12)), type: read(bytes.subarray(12, 14)) };
  const rest = bytes.subarray(14);
  if (eth.type === 0x806) {
    const arp = { op: read(rest.subarray(6, 8)) === 2 ? 2 : 1, sha: macText(rest.subarray(8, 14)), spa: addressText(rest.subarray(14, 18)), tha: macText(rest.subarray(18, 24)), tpa: addressText(rest.subarray(24, 28)) } as const;
    return { eth, arp, bytes: bytes.length };
  }
  if (eth.type === 0x800) {
    const head = ((rest[0] ?? 0) & 15) * 4;
    const ip = { version: 4, src: addressText(rest.subarray(12, 16)), dst: addressText(rest.subarray(16, 20)), ttl: rest[8] ?? 0, dscp: (rest[1] ?? 0) >> 2 } as const;
    return { eth, ip, l4: transportFrom(rest[9] ?? 0, rest.subarray(head)), bytes: bytes.length };
  }
  if (eth.type !== 0x86dd) return { eth, bytes: bytes.length };
  const ip = { version: 6, src: addressText(rest.subarray(8, 24)), dst: addressText(rest.subarray(24, 40)), ttl: rest[7] ?? 0, dscp: (read(rest.subarray(0, 2)) >> 6) & 63 } as const;
  return { eth, ip, l4: transportFrom(rest[6] ?? 0, rest.subarray(40)), bytes: bytes.length };
}

function transportFrom(proto: number, bytes: Uint8Array): L4 | undefined {
  const [src, dst] = [read(bytes.subarray(0, 2)), read(bytes.subarray(2, 4))];
  if (proto === 6) return { type: "tcp", src, dst, flags: flagBits.filter(([, bit]) => ((bytes[13] ?? 0) & bit) !== 0).map(([flag]) => flag) };
  if (proto === 17) return { type: "udp", src, dst };
  if (proto === 132) return { type: "sctp", src, dst, chunk: bytes[12] === 6 ? "abort" : bytes[12] === 2 ? "init-ack" : "init" };
  if (proto === 1 || proto === 58) return { type: "icmp", icmpType: bytes[0] ?? 0, code: bytes[1] ?? 0, id: read(bytes.subarray(4, 6)) };
  return undefined;
}

/** The packets of a pcap file in the machine's byte order. */
export function packetsOfPcap(file: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packets: Uint8Array[] = [];
  const little = file.byteLength >= 4 && view.getUint32(0, true) === 0xa1b2c3d4;
  for (let at = 24; at + 16 <= file.byteLength;) {
    const length = view.getUint32(at + 8, little);
    packets.push(file.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return packets;
}
