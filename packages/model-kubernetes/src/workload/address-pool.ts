/** A network as numbers, for handing out addresses. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly length: number;
}

/** Reads `10.128.0.0/14` or `fd01::/48`; host bits are cleared. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = "", length] = text.split("/");
  const value = addressValue(address);
  if (value === undefined || length === undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const family = address.includes(":") ? 6 : 4;
  const total = family === 4 ? 32 : 128;
  const bits = Number(length);
  if (bits > total) return undefined;
  const host = BigInt(total - bits);
  return { family, base: (value >> host) << host, length: bits };
}

/** The n-th address of a network. */
export const nthAddress = (subnet: Subnet, n: number): string => printAddress(subnet.family, subnet.base + BigInt(n));

export const printSubnet = (subnet: Subnet): string => `${printAddress(subnet.family, subnet.base)}/${subnet.length}`;

export function contains(subnet: Subnet, address: string): boolean {
  const value = addressValue(address);
  if (value === undefined || (address.includes(":") ? 6 : 4) !== subnet.family) return false;
  const host = BigInt((subnet.family === 4 ? 32 : 128) - subnet.length);
  return value >> host === subnet.base >> host;
}

/** How many addresses the network has, at most 2^30. */
export const sizeOf = (subnet: Subnet): number => 2 ** Math.min(30, (subnet.family === 4 ? 32 : 128) - subnet.length);

/**
 * The n-th node's part of a cluster network, in the order in which OVN-Kubernetes' allocator hands them out.
 *
 * @see https://github.com/ovn-org/ovn-kubernetes go-controller/pkg/clustermanager/subnetallocator/allocator.go (5a08eb28)
 */
export function nodeSubnet(cluster: Subnet, hostLength: number, n: number): Subnet {
  const hostBits = (cluster.family === 4 ? 32 : 128) - hostLength;
  const subnetBits = hostLength - cluster.length;
  const shift = 8 - (hostBits % 8);
  let index = n;
  if (cluster.family === 6) index = n + 1;
  else if (hostBits % 8 !== 0 && subnetBits > shift) index = ((n << shift) & (2 ** subnetBits - 1)) | ((n >> (subnetBits - shift)) & (2 ** shift - 1));
  return { family: cluster.family, length: hostLength, base: cluster.base + (BigInt(index) << BigInt(hostBits)) };
}

/** Number of an address; undefined when the text is none. */
export function addressValue(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const parts = text.split(".");
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
    return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  }
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const four = addressValue(dotted[2] ?? "");
    return four === undefined ? undefined : addressValue(`${dotted[1] ?? ""}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === "" ? [] : half.split(":"));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const gap = 8 - head.length - tail.length;
  if (gap < 0 || (halves.length === 1 && gap !== 0)) return undefined;
  const all = [...head, ...Array.from({ length: gap }, () => "0"), ...tail];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** IPv6 is printed with its longest run of zeros left out (RFC 5952). */
export function printAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

/** A number that depends on the text alone (FNV-1a), so that assumed names and addresses stay when other objects come and go. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of new TextEncoder().encode(text)) hash = Math.imul(hash ^ char, 0x01000193) >>> 0;
  return hash;
}

// The letters that Kubernetes makes names of: no vowels, nothing easily mistaken.
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** A suffix as Kubernetes would make it, of a text's hash. */
export function suffixOf(text: string, length: number): string {
  let suffix = "";
  for (let index = 0; index < length; index++) suffix += LETTERS[hashOf(`${index}/${text}`) % LETTERS.length] ?? "b";
  return suffix;
}
