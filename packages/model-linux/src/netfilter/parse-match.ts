import type { Match, Span } from "./ruleset.ts";
import { numberOf, peek, type Reader, take } from "./words.ts";

interface Context {
  readonly family: 4 | 6;
  /** The module loaded last by `-m`. */
  module: string;
  protocol: string;
}

/** Reads one match with its negation; `undefined` for words that only load a module. @internal */
export function readMatch(reader: Reader, context: Context): Match | undefined {
  const start = reader.at;
  let not = false;
  if (peek(reader) === "!") {
    not = true;
    take(reader);
  }
  const option = take(reader) ?? "";
  const value = (): string => {
    let word = take(reader) ?? "";
    if (word === "!") {
      not = true;
      word = take(reader) ?? "";
    }
    return word;
  };
  const unknown = (): Match => {
    while (peek(reader) !== undefined && !(peek(reader) ?? "").startsWith("-") && peek(reader) !== "!") take(reader);
    return { type: "unknown", module: context.module, words: reader.words.slice(start, reader.at) };
  };
  const spanned = <T extends Match>(span: Span | undefined, make: (span: Span) => T): Match => (span === undefined ? unknown() : make(span));

  switch (option) {
    case "-m":
    case "--match": {
      context.module = take(reader) ?? "";
      // A module whose first option is its whole meaning has none to come: `-m socket`.
      if (context.module === "socket") return readSocket(reader);
      if (!KNOWN_MODULES.includes(context.module)) return unknownModule(reader, context.module);
      return undefined;
    }
    case "-4":
    case "--ipv4":
    case "-6":
    case "--ipv6":
      return undefined;
    case "-c":
    case "--set-counters":
      take(reader);
      take(reader);
      return undefined;
    case "-p":
    case "--protocol":
    case "--proto": {
      const protocol = value().toLowerCase();
      context.protocol = protocol;
      context.module = protocol;
      return protocol === "all" || protocol === "0" ? undefined : { type: "protocol", protocol: PROTOCOLS[protocol] ?? protocol, not };
    }
    case "-s":
    case "--source":
    case "--src": {
      const ranges = value().split(",").map((range) => canonical(range));
      return { type: "source", ranges, not };
    }
    case "-d":
    case "--destination":
    case "--dst": {
      const ranges = value().split(",").map((range) => canonical(range));
      return { type: "destination", ranges, not };
    }
    case "-i":
    case "--in-interface":
      return { type: "in-interface", name: value(), not };
    case "-o":
    case "--out-interface":
      return { type: "out-interface", name: value(), not };
    case "--comment":
      return { type: "comment", comment: take(reader) ?? "" };
  }
  const { module } = context;
  if (option === "--sport" || option === "--source-port" || option === "--dport" || option === "--destination-port") {
    const side = option.includes("s") && !option.startsWith("--d") ? "source" : "destination";
    if (module === "multiport") {
      const ports = spans(value());
      return ports === undefined ? unknown() : { type: "multiport", side, ports, not };
    }
    const owner = module === "tcp" || module === "udp" || module === "sctp" ? module : context.protocol === "udp" ? "udp" : context.protocol === "sctp" ? "sctp" : "tcp";
    return spanned(spanOf(value()), (ports) => ({ type: "port", module: owner, side, ports, not }));
  }
  if (module === "multiport" && MULTIPORT[option] !== undefined) {
    const side = MULTIPORT[option];
    const ports = spans(value());
    return ports === undefined ? unknown() : { type: "multiport", side, ports, not };
  }
  switch (option) {
    case "--syn":
      return { type: "tcp-flags", mask: ["FIN", "SYN", "RST", "ACK"], set: ["SYN"], not };
    case "--tcp-flags":
      return { type: "tcp-flags", mask: flags(value()), set: flags(value()), not };
    case "--icmp-type":
    case "--icmpv6-type":
      return readIcmp(value(), not, option === "--icmp-type" ? 4 : 6) ?? unknown();
    case "--uid-owner":
      return spanned(spanOf(value(), "-"), (ids) => ({ type: "owner", of: "uid", ids, not }));
    case "--gid-owner":
      return spanned(spanOf(value(), "-"), (ids) => ({ type: "owner", of: "gid", ids, not }));
    case "--socket-exists":
      return { type: "owner-socket", not };
    case "--mark": {
      if (module !== "mark" && module !== "connmark") return unknown();
      const [mark, mask] = value().split("/");
      const [read, masked] = [numberOf(mark), mask === undefined ? 0xffffffff : numberOf(mask)];
      return read === undefined || masked === undefined ? unknown() : { type: module, value: read, mask: masked, not };
    }
    case "--ctstate":
      return { type: "ct-state", module: "conntrack", states: value().split(","), not };
    case "--state":
      return module === "state" ? { type: "ct-state", module: "state", states: value().split(","), not } : unknown();
    case "--ctproto":
      return { type: "ct-protocol", protocol: PROTOCOLS[value().toLowerCase()] ?? (reader.words[reader.at - 1] ?? "").toLowerCase(), not };
    case "--ctdir": {
      const direction = value().toLowerCase();
      return direction === "original" || direction === "reply" ? { type: "ct-direction", direction, not } : unknown();
    }
    case "--ctorigsrc":
    case "--ctorigdst":
    case "--ctreplsrc":
    case "--ctrepldst": {
      const field = CT_ADDRESS[option];
      return { type: "ct-address", field, range: canonical(value()), not };
    }
    case "--ctorigsrcport":
    case "--ctorigdstport":
    case "--ctreplsrcport":
    case "--ctrepldstport": {
      const field = CT_PORT[option];
      return spanned(spanOf(value()), (ports) => ({ type: "ct-port", field, ports, not }));
    }
    case "--src-type":
    case "--dst-type": {
      const types = value().toUpperCase().split(",");
      const limit = peek(reader) === "--limit-iface-in" ? "in" : peek(reader) === "--limit-iface-out" ? "out" : undefined;
      if (limit !== undefined) take(reader);
      return { type: "address-type", side: option === "--src-type" ? "src" : "dst", types, not, ...(limit === undefined ? {} : { limit }) };
    }
    case "--mode": {
      const mode = take(reader);
      return readStatistic(reader, mode) ?? unknown();
    }
    default:
      return unknown();
  }
}

const KNOWN_MODULES: readonly string[] = ["tcp", "udp", "sctp", "icmp", "icmp6", "icmpv6", "multiport", "owner", "mark", "connmark", "conntrack", "state", "addrtype", "comment", "statistic"];
const PROTOCOLS: Readonly<Record<string, string>> = { "1": "icmp", "6": "tcp", "17": "udp", "132": "sctp", "58": "ipv6-icmp", icmpv6: "ipv6-icmp", icmp6: "ipv6-icmp" };
const MULTIPORT: Readonly<Record<string, "source" | "destination" | "either">> = {
  "--sports": "source",
  "--source-ports": "source",
  "--dports": "destination",
  "--destination-ports": "destination",
  "--ports": "either",
};
const CT_ADDRESS = { "--ctorigsrc": "origsrc", "--ctorigdst": "origdst", "--ctreplsrc": "replsrc", "--ctrepldst": "repldst" } as const;
const CT_PORT = { "--ctorigsrcport": "origsrcport", "--ctorigdstport": "origdstport", "--ctreplsrcport": "replsrcport", "--ctrepldstport": "repldstport" } as const;

/** The words of a module that is not modelled, up to the next `-m` or the target. */
function unknownModule(reader: Reader, module: string): Match {
  const start = reader.at;
  for (;;) {
    const word = peek(reader);
    const next = reader.words[reader.at + 1];
    if (word === undefined || ["-m", "--match", "-j", "-g", "--jump", "--goto"].includes(word) || (word === "!" && (next === "-m" || next === undefined))) break;
    take(reader);
  }
  return { type: "unknown", module, words: reader.words.slice(start, reader.at) };
}

function readSocket(reader: Reader): Match {
  let [transparent, nowildcard, restoreMark] = [false, false, false];
  for (;;) {
    const word = peek(reader);
    if (word === "--transparent") transparent = true;
    else if (word === "--nowildcard") nowildcard = true;
    else if (word === "--restore-skmark") restoreMark = true;
    else return { type: "socket", transparent, nowildcard, restoreMark };
    take(reader);
  }
}

function readStatistic(reader: Reader, mode: string | undefined): Match | undefined {
  const found = new Map<string, { text: string; not: boolean }>();
  for (;;) {
    const not = peek(reader) === "!" && (reader.words[reader.at + 1] ?? "").startsWith("--");
    const option = reader.words[reader.at + (not ? 1 : 0)];
    if (option !== "--probability" && option !== "--every" && option !== "--packet") break;
    reader.at += not ? 2 : 1;
    found.set(option, { text: take(reader) ?? "", not });
  }
  if (mode === "random") {
    const probability = found.get("--probability");
    const value = Number(probability?.text);
    return probability === undefined || !(value >= 0 && value <= 1) ? undefined : { type: "random", probability: value, not: probability.not };
  }
  const every = found.get("--every");
  const number = numberOf(every?.text);
  return mode !== "nth" || every === undefined || number === undefined || number === 0 ? undefined : { type: "nth", every: number, packet: numberOf(found.get("--packet")?.text) ?? 0, not: every.not };
}

const ICMP: Readonly<Record<string, readonly [number, number?]>> = {
  "echo-reply": [0], pong: [0], "destination-unreachable": [3], "network-unreachable": [3, 0], "host-unreachable": [3, 1], "protocol-unreachable": [3, 2], "port-unreachable": [3, 3],
  "fragmentation-needed": [3, 4], "source-quench": [4], redirect: [5], "echo-request": [8], ping: [8], "time-exceeded": [11], "ttl-exceeded": [11], "ttl-zero-during-transit": [11, 0], "parameter-problem": [12],
};
const ICMP6: Readonly<Record<string, readonly [number, number?]>> = {
  "destination-unreachable": [1], "no-route": [1, 0], "port-unreachable": [1, 4], "packet-too-big": [2], "time-exceeded": [3], "ttl-exceeded": [3], "parameter-problem": [4],
  "echo-request": [128], ping: [128], "echo-reply": [129], pong: [129], "router-solicitation": [133], "router-advertisement": [134], "neighbour-solicitation": [135], "neighbor-solicitation": [135],
  "neighbour-advertisement": [136], "neighbor-advertisement": [136], redirect: [137],
};

function readIcmp(name: string, not: boolean, version: 4 | 6): Match | undefined {
  const known = (version === 4 ? ICMP : ICMP6)[name];
  const [type, code] = known ?? name.split("/").map((part) => numberOf(part));
  if (name === "any" || type === 255) return { type: "icmp", icmpType: 255, name, version, not };
  if (type === undefined || (name.includes("/") && code === undefined)) return undefined;
  return { type: "icmp", icmpType: type, ...(code === undefined ? {} : { codes: { first: code, last: code } }), name, version, not };
}

const flags = (text: string): readonly string[] => {
  if (text === "ALL") return ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
  return text === "NONE" ? [] : text.split(",");
};

/** A range such as `8080`, `1000:2000`, `:1024`. @internal */
export function spanOf(text: string, separator = ":"): Span | undefined {
  const parts = text.split(separator);
  if (parts.length > 2) return undefined;
  const [first, last] = parts;
  const low = first === "" ? 0 : numberOf(first);
  const high = last === undefined ? low : last === "" ? (separator === ":" ? 65535 : 0xffffffff) : numberOf(last);
  return low === undefined || high === undefined ? undefined : { first: low, last: high };
}

function spans(text: string): readonly Span[] | undefined {
  const all = text.split(",").map((part) => spanOf(part));
  const good = all.filter((span) => span !== undefined);
  return good.length === all.length ? good : undefined;
}

const canonical = (range: string): string => (range.includes("/") ? range : `${range}/${range.includes(":") ? 128 : 32}`);
