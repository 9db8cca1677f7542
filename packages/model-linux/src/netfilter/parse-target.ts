import { spanOf } from "./parse-match.ts";
import type { Span, Target } from "./ruleset.ts";
import { numberOf, peek, type Reader, take } from "./words.ts";

const PASSIVE: readonly string[] = ["LOG", "NFLOG", "ULOG", "TRACE", "TCPMSS", "CHECKSUM", "AUDIT", "LED", "SECMARK", "CONNSECMARK", "CLASSIFY", "RATEEST", "SET", "DSCP", "TOS", "ECN", "TCPOPTSTRIP"];
const ALL = 0xffffffff;

/** Reads a target's options; the target's name is already taken. @internal */
export function readTarget(reader: Reader, name: string, goto: boolean, isChain: (name: string) => boolean): Target {
  if (goto) return { type: "goto", chain: name };
  if (isChain(name)) return { type: "jump", chain: name };
  switch (name) {
    case "ACCEPT":
      return { type: "accept" };
    case "DROP":
      return { type: "drop" };
    case "RETURN":
      return { type: "return" };
  }
  const options = optionsOf(reader);
  const unknown: Target = { type: "unknown", name, words: options.words };
  if (PASSIVE.includes(name)) return { type: "passive", name, words: options.words };
  switch (name) {
    case "REJECT": {
      const answer = options.get("--reject-with");
      return answer === undefined ? { type: "reject" } : { type: "reject", with: answer };
    }
    case "REDIRECT": {
      const text = options.get("--to-ports") ?? options.get("--to-port");
      const ports = text === undefined ? undefined : spanOf(text, "-");
      if (text !== undefined && ports === undefined) return unknown;
      return { type: "redirect", ...(ports === undefined ? {} : { ports }), ...(options.has("--random") ? { random: "--random" } : {}) };
    }
    case "DNAT":
    case "SNAT": {
      const type = name === "DNAT" ? "dnat" : "snat";
      const to = options.get(name === "DNAT" ? "--to-destination" : "--to-source") ?? options.get("--to");
      const read = to === undefined ? undefined : readNat(to);
      return to === undefined || read === undefined ? unknown : { type, to, ...read, flags: options.flags() };
    }
    case "MASQUERADE": {
      const text = options.get("--to-ports");
      const ports = text === undefined ? undefined : spanOf(text, "-");
      return { type: "masquerade", ...(ports === undefined ? {} : { ports }), flags: options.flags() };
    }
    case "MARK":
      return readMark(options) ?? unknown;
    case "CONNMARK":
      return readConnmark(options) ?? unknown;
    case "TPROXY": {
      const port = numberOf(options.get("--on-port"));
      const address = options.get("--on-ip");
      const mark = masked(options.get("--tproxy-mark") ?? "0/0");
      return port === undefined || mark === undefined ? unknown : { type: "tproxy", port, ...(address === undefined ? {} : { address }), ...mark };
    }
    case "NOTRACK":
      return { type: "ct", notrack: true, words: [] };
    case "CT": {
      const text = options.get("--zone");
      const zone = numberOf(text);
      if (text !== undefined && zone === undefined) return unknown;
      return { type: "ct", ...(zone === undefined ? {} : { zone }), notrack: options.has("--notrack"), words: options.words };
    }
    default:
      return unknown;
  }
}

interface Options {
  readonly words: readonly string[];
  get(option: string): string | undefined;
  has(option: string): boolean;
  flags(): readonly string[];
}

/** A target's options end the rule; iptables allows matches after them, which no printer writes. */
function optionsOf(reader: Reader): Options {
  const start = reader.at;
  while (peek(reader) !== undefined) take(reader);
  const words = reader.words.slice(start);
  return {
    words,
    get: (option) => {
      const at = words.indexOf(option);
      return at === -1 ? undefined : words[at + 1];
    },
    has: (option) => words.includes(option),
    flags: () => words.filter((word) => ["--random", "--random-fully", "--persistent"].includes(word)),
  };
}

function readNat(text: string): { addresses?: { first: string; last: string }; ports?: Span } | undefined {
  const match = /^(?:\[([^\]]*)\]|([0-9.-]*)|([0-9a-fA-F:.-]*))(?::(\d+(?:-\d+)?)(?:\/\d+)?)?$/.exec(text);
  if (match === null) return undefined;
  const address = match[1] ?? match[2] ?? match[3] ?? "";
  const [first, last] = address.split("-");
  const ports = match[4] === undefined ? undefined : spanOf(match[4], "-");
  return { ...(first === undefined || first === "" ? {} : { addresses: { first, last: last ?? first } }), ...(ports === undefined ? {} : { ports }) };
}

function masked(text: string, fallback = ALL): { value: number; mask: number } | undefined {
  const [left, right] = text.split("/");
  const [value, mask] = [numberOf(left), right === undefined ? fallback : numberOf(right)];
  return value === undefined || mask === undefined ? undefined : { value, mask };
}

const or = (left: number, right: number): number => (left | right) >>> 0;
const invert = (value: number): number => ~value >>> 0;

/** All spellings come to `(mark & ~mask) ^ value`. */
function marking(options: Options): { value: number; mask: number } | undefined {
  const [xset, set, and, orWith, xor] = ["--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark"].map((option) => options.get(option));
  if (xset !== undefined) return masked(xset);
  if (set !== undefined) {
    const read = masked(set);
    // --set-mark clears the bits of the value too, as `(mark & ~(mask | value)) | value` needs.
    return read === undefined ? undefined : { value: read.value, mask: or(read.mask, read.value) };
  }
  const plain = numberOf(and ?? orWith ?? xor);
  if (plain === undefined) return undefined;
  if (and !== undefined) return { value: 0, mask: invert(plain) };
  return orWith !== undefined ? { value: plain, mask: plain } : { value: plain, mask: 0 };
}

function readMark(options: Options): Target | undefined {
  const read = marking(options);
  return read === undefined ? undefined : { type: "mark", ...read };
}

function readConnmark(options: Options): Target | undefined {
  const save = options.has("--save-mark");
  if (save || options.has("--restore-mark")) {
    const both = numberOf(options.get("--mask"));
    const nfmask = numberOf(options.get("--nfmask")) ?? both ?? ALL;
    const ctmask = numberOf(options.get("--ctmask")) ?? both ?? ALL;
    return { type: save ? "connmark-save" : "connmark-restore", nfmask, ctmask };
  }
  const read = marking(options);
  return read === undefined ? undefined : { type: "connmark-set", ...read };
}
