import { linkLocal, maskOf, parseCidr, parseMac, printIp, printMac, solicitedNode } from "./ip.ts";

/** One address of a port with its network, in the texts flows use. */
export interface NetworkAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly length: number;
  readonly network: bigint;
  readonly text: string;
  readonly networkText: string;
  /** IPv4 only. */
  readonly broadcastText: string;
  /** IPv6 only: the solicited-node group. */
  readonly solicitedText: string;
}

/** What a port's address strings say. `mac` is empty when they name none. */
export interface Addresses {
  readonly mac: string;
  readonly v4: readonly NetworkAddress[];
  readonly v6: readonly NetworkAddress[];
}

/** No address at all. */
export const noAddresses: Addresses = { mac: "", v4: [], v6: [] };

function networkAddress(family: 4 | 6, value: bigint, length: number): NetworkAddress {
  const mask = maskOf(family, length);
  const network = value & mask;
  const all = family === 4 ? 0xffffffffn : 0n;
  return {
    family, value, length, network,
    text: printIp(family, value),
    networkText: printIp(family, network),
    broadcastText: family === 4 ? printIp(4, network | (all & ~mask)) : "",
    solicitedText: family === 6 ? printIp(6, solicitedNode(value)) : "",
  };
}

function collect(mac: string, words: readonly string[]): Addresses {
  const v4: NetworkAddress[] = [];
  const v6: NetworkAddress[] = [];
  for (const word of words) {
    const cidr = parseCidr(word);
    if (cidr === undefined) break;
    (cidr.family === 4 ? v4 : v6).push(networkAddress(cidr.family, cidr.value, cidr.length));
  }
  return { mac, v4, v6 };
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** Reads `MAC IP…`, the syntax of a switch port's addresses. */
export function parseAddresses(text: string): Addresses | undefined {
  const [first, ...rest] = wordsOf(text);
  const mac = parseMac(first ?? "");
  return mac === undefined ? undefined : collect(printMac(mac), rest);
}

/** Reads `IP IP…`, each with an optional prefix length. */
export function parseIpList(text: string): Addresses | undefined {
  const found = collect("", wordsOf(text));
  return found.v4.length + found.v6.length > 0 ? found : undefined;
}

/** Reads a router port's MAC and networks; the link-local address is added last. */
export function parseRouterNetworks(mac: string, networks: readonly string[]): Addresses | undefined {
  const number = parseMac(mac);
  if (number === undefined) return undefined;
  const v4: NetworkAddress[] = [];
  const v6: NetworkAddress[] = [];
  for (const text of [...networks].sort()) {
    const cidr = parseCidr(text);
    if (cidr === undefined || (cidr.family === 4 && cidr.value === 0n)) continue;
    (cidr.family === 4 ? v4 : v6).push(networkAddress(cidr.family, cidr.value, cidr.length));
  }
  v6.push(networkAddress(6, linkLocal(number), 64));
  return { mac: printMac(number), v4, v6 };
}

/** The port's own address in the network an address belongs to. */
export function ownAddressFor(addresses: Addresses, text: string): string | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const own = cidr.family === 4 ? addresses.v4 : addresses.v6;
  return own.find((address) => (cidr.value & maskOf(address.family, address.length)) === address.network)?.text;
}

/** Joins addresses for a match: alone when single, in braces otherwise. */
export function addressSet(texts: readonly string[], options: { readonly braces?: boolean } = {}): string {
  return texts.length === 1 && options.braces !== true ? (texts[0] ?? "") : `{${texts.join(", ")}}`;
}
