/** A token of OVN's match and action language. */
export type Token =
  | { readonly type: "id" | "string" | "set" | "group" | "template"; readonly text: string; readonly at: number }
  | { readonly type: "number"; readonly value: bigint; readonly mask?: bigint; /** Width that the notation says (MAC, IPv4, IPv6). */ readonly bits?: number; readonly text: string; readonly at: number }
  | { readonly type: "sign"; readonly text: string; readonly at: number };

/** Thrown for text that is not of the language; `at` is the offset. */
export class OvnSyntaxError extends Error {
  readonly at: number;
  constructor(problem: string, at: number) {
    super(`${problem} at offset ${at}`);
    this.name = "OvnSyntaxError";
    this.at = at;
  }
}

const ADDRESS = /[0-9a-fA-F:.xX]+(?:\/[0-9a-fA-F:.xX]+)?/y;
const ID = /[A-Za-z_][A-Za-z0-9_.]*/y;
const SIGN = /&&|\|\||==|!=|<=|>=|<->|--|\.\.|[(){}[\],;=<>!+-]/y;
const MAC = /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/;
const IP4 = /^\d+\.\d+\.\d+\.\d+$/;
const IP6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/;

export function ip6Value(text: string): bigint {
  const v4 = /(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const plain = v4 === undefined ? text : text.slice(0, -v4.length) + [24n, 8n].map((shift) => ((ip4Value(v4) >> (shift - 8n)) & 0xffffn).toString(16)).join(":");
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): bigint[] => (part === "" ? [] : part.split(":").map((group) => BigInt(`0x${group}`)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0n);
  return [...left, ...(tail === undefined ? [] : zeros), ...right].reduce((sum, group) => (sum << 16n) | group, 0n);
}

export const ip4Value = (text: string): bigint => text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
export const macValue = (text: string): bigint => BigInt(`0x${text.split(":").map((part) => part.padStart(2, "0")).join("")}`);

/** Value and mask of a constant: decimal, hexadecimal, MAC, IPv4, IPv6, each with an optional mask or prefix length. */
export function constantOf(text: string): { readonly value: bigint; readonly mask?: bigint; readonly bits?: number } | undefined {
  const [main = "", masked] = text.split("/");
  const single = (part: string): { value: bigint; bits: number } | undefined => {
    if (MAC.test(part)) return { value: macValue(part), bits: 48 };
    if (IP4.test(part)) return part.split(".").some((octet) => Number(octet) > 255) ? undefined : { value: ip4Value(part), bits: 32 };
    if (/^0[xX][0-9a-fA-F]+$/.test(part)) return { value: BigInt(part), bits: 128 };
    if (/^\d+$/.test(part)) return { value: BigInt(part), bits: 128 };
    if (IP6.test(part)) return { value: ip6Value(part), bits: 128 };
    return undefined;
  };
  const value = single(main);
  if (value === undefined) return undefined;
  if (masked === undefined) return { value: value.value, ...(MAC.test(main) || IP4.test(main) || IP6.test(main) ? { bits: value.bits } : {}) };
  if (/^\d+$/.test(masked) && (IP4.test(main) || (IP6.test(main) && !MAC.test(main)))) {
    const width = BigInt(value.bits);
    const length = BigInt(masked);
    const mask = length === 0n ? 0n : ((1n << length) - 1n) << (width - length);
    return { value: value.value & mask, mask };
  }
  const mask = single(masked);
  return mask === undefined ? undefined : { value: value.value & mask.value, mask: mask.value };
}

/** Splits text into tokens. @throws {@link OvnSyntaxError} */
export function lex(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const character = text[at] ?? "";
    if (/\s/.test(character)) {
      at += 1;
      continue;
    }
    if (text.startsWith("/*", at)) {
      const close = text.indexOf("*/", at + 2);
      if (close === -1) throw new OvnSyntaxError("the comment has no end", at);
      at = close + 2;
      continue;
    }
    if (text.startsWith("//", at)) break;
    if (character === '"') {
      const end = text.indexOf('"', at + 1);
      if (end === -1) throw new OvnSyntaxError("the string has no end", at);
      tokens.push({ type: "string", text: text.slice(at + 1, end), at });
      at = end + 1;
      continue;
    }
    if (character === "$" || character === "@" || character === "^") {
      at += 1;
      const name = match(ID);
      if (name === undefined) throw new OvnSyntaxError(`a name must follow "${character}"`, at);
      tokens.push({ type: character === "$" ? "set" : character === "@" ? "group" : "template", text: name, at: at - 1 });
      at += name.length;
      continue;
    }
    const previous = tokens.at(-1);
    if (/[0-9]/.test(character) || (/[a-fA-F:]/.test(character) && /^[0-9a-fA-F]*:[0-9a-fA-F:]/.test(text.slice(at, at + 6)) && previous?.type !== "id")) {
      let found = match(ADDRESS);
      const range = found?.indexOf("..") ?? -1;
      if (found !== undefined && range > 0) found = found.slice(0, range);
      if (found !== undefined) {
        const port = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(found);
        if (port?.[1] !== undefined) found = port[1];
        const constant = constantOf(found);
        if (constant === undefined) throw new OvnSyntaxError(`"${found}" is no constant`, at);
        tokens.push({ type: "number", ...constant, text: found, at });
        at += found.length;
        continue;
      }
    }
    const id = match(ID);
    if (id !== undefined) {
      tokens.push({ type: "id", text: id, at });
      at += id.length;
      continue;
    }
    const sign = match(SIGN) ?? (character === ":" ? ":" : undefined);
    if (sign === undefined) throw new OvnSyntaxError(`"${character}" is not expected`, at);
    tokens.push({ type: "sign", text: sign, at });
    at += sign.length;
  }
  return tokens;
}
