/** An address as a number, with its length in bits. */
interface Parsed {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

const quad = (text: string): bigint | undefined => {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
};

/** Reads an IPv4 or IPv6 address as Go's `net.ParseIP` does (no zone, no leading zeros). */
export function parseAddress(text: string): Parsed | undefined {
  if (!text.includes(":")) {
    const value = quad(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  let source = text;
  const tail = source.slice(source.lastIndexOf(":") + 1);
  if (tail.includes(".")) {
    const value = quad(tail);
    if (value === undefined) return undefined;
    source = `${source.slice(0, -tail.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const words = halves.map((half) => (half === "" ? [] : half.split(":")));
  const head = words[0] ?? [];
  const rest = words[1] ?? [];
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => "0"), ...rest];
  if (!all.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return undefined;
  const value = all.reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

/** Whether the text is an address, or an address with a prefix length. */
export function isAddressOrPrefix(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return parseAddress(text) !== undefined;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  return address !== undefined && /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= (text.includes(":") ? 128 : 32);
}

/** Whether the address lies in the prefix (or is the address). */
export function addressIn(address: string, prefix: string): boolean {
  const slash = prefix.indexOf("/");
  const want = parseAddress(slash < 0 ? prefix : prefix.slice(0, slash));
  const have = parseAddress(address);
  if (want === undefined || have === undefined || want.bits !== have.bits) return false;
  const length = slash < 0 ? want.bits : Number(prefix.slice(slash + 1));
  const shift = BigInt(want.bits - length);
  return want.value >> shift === have.value >> shift;
}
