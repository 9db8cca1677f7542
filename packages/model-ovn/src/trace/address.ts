/** An address as words, most significant first: one for IPv4, four for IPv6. */
export interface AddressWords {
  readonly family: 4 | 6;
  readonly words: readonly number[];
}

/** Reads an IPv4 address. @see Open vSwitch 3.1, lib/packets.c ip_parse */
export function parseIp4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => ((sum << 8) | part) >>> 0, 0);
}

/** Reads an IPv6 address as `inet_pton` does. */
export function parseIp6(text: string): readonly number[] | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let rest = text;
  if (tail !== null) {
    const v4 = parseIp4(tail[2] ?? "");
    if (v4 === undefined) return undefined;
    rest = `${tail[1] ?? ""}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`;
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string | undefined): readonly string[] => (half === undefined || half === "" ? [] : half.split(":"));
  const left = groupsOf(halves[0]);
  const right = groupsOf(halves[1]);
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...left, ...Array.from({ length: halves.length === 2 ? missing : 0 }, () => "0"), ...right];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const values = groups.map((group) => parseInt(group, 16));
  return [0, 2, 4, 6].map((at) => (((values[at] as number) << 16) | (values[at + 1] as number)) >>> 0);
}

/** Reads an address of either family. */
export function parseAddress(text: string): AddressWords | undefined {
  const v4 = parseIp4(text);
  if (v4 !== undefined) return { family: 4, words: [v4] };
  const v6 = parseIp6(text);
  return v6 === undefined ? undefined : { family: 6, words: v6 };
}

/** Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; port 0 where none is said. @see Open vSwitch 3.1, lib/socket-util.c inet_parse_active */
export function parseAddressAndPort(text: string): (AddressWords & { readonly port: number }) | undefined {
  const outside = text.replace(/\[[^\]]*\]/g, (part) => "x".repeat(part.length));
  const colons = outside.split(":").length - 1;
  const at = colons === 1 ? outside.indexOf(":") : -1;
  const host = (at === -1 ? text : text.slice(0, at)).replace(/^\[(.*)\]$/, "$1");
  const portText = at === -1 ? "" : text.slice(at + 1);
  if (!/^\d*$/.test(portText) || Number(portText) > 65535) return undefined;
  const address = host.includes(":") ? parseIp6(host.replace(/%.*$/, "")) : undefined;
  if (address !== undefined) return { family: 6, words: address, port: Number(portText) };
  const v4 = parseIp4(host);
  return v4 === undefined ? undefined : { family: 4, words: [v4], port: Number(portText) };
}

/** The two words of a hardware address; of a part with more than two digits the last two count. @see Open vSwitch 3.1, lib/packets.h ETH_ADDR_SCAN_FMT */
export function parseMac(text: string): readonly [number, number] | undefined {
  if (!/^[+-]?(0x)?[0-9a-f]+(:[+-]?(0x)?[0-9a-f]+){5}$/i.test(text)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = text.split(":").map((part) => parseInt(part, 16) & 0xff);
  return [(a << 8) | b, ((c << 24) | (d << 16) | (e << 8) | f) >>> 0];
}
