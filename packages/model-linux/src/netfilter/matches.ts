import type { Address, Caveat, Choose, Packet, Tracked } from "@hopscope/core";
import { contains, parseCidr } from "../address/cidr.ts";
import type { Match, Rule, Span } from "./ruleset.ts";

/** What a rule can look at while a packet is in a hook. */
export interface HookView {
  packet: Packet;
  readonly inInterface?: string;
  readonly outInterface?: string;
  tracked?: Tracked;
  /** Whether the packet has a local sending socket; its owner is in `packet.local`. */
  readonly owned: boolean;
  readonly host: HostView;
  /** What had to be assumed is written here. */
  readonly caveats: Caveat[];
}

/** What netfilter asks the namespace around it. */
export interface HostView {
  /** The routing type of an address, as `addrtype` sees it; only of one interface where given. */
  addressType(address: Address, onInterface?: string): string;
  /** The local socket a packet would reach. */
  socketFor(packet: Packet): { readonly transparent: boolean; readonly wildcard: boolean; readonly mark?: number } | undefined;
  readonly choose: Choose;
}

/** `true`, `false`, or why it cannot be told. */
export type Matched = boolean | string;

/**
 * Tells whether a rule matches. A match that fails decides even beside one that is not modelled.
 *
 * @see iptables 1.8.9, iptables-extensions(8); Linux 5.14, net/netfilter/xt_*.c
 */
export function matches(rule: Rule, view: HookView): Matched {
  let doubt: string | undefined;
  for (const match of rule.matches) {
    if (match.type === "random" || match.type === "nth") continue;
    const matched = matchOne(match, view, rule);
    if (matched === false) return false;
    if (matched !== true) doubt ??= matched;
  }
  if (doubt !== undefined) return doubt;
  // Chance comes last, so that only packets that could match draw.
  return rule.matches.every((match) => chance(match, rule, view));
}

function chance(match: Match, rule: Rule, view: HookView): boolean {
  if (match.type !== "random" && match.type !== "nth") return true;
  const share = match.type === "random" ? match.probability : 1 / match.every;
  const yes = match.not ? 1 - share : share;
  if (yes >= 1 || yes <= 0) return yes >= 1;
  return view.host.choose(`statistic ${rule.origin.path ?? ""}`, [{ name: targetName(rule), weight: yes }, { name: "next rule", weight: 1 - yes }], rule.origin) === 0;
}

function targetName({ target, text }: Rule): string {
  if (target === undefined) return text;
  if (target.type === "jump" || target.type === "goto") return target.chain;
  return target.type === "dnat" || target.type === "snat" ? target.to : target.type.toUpperCase();
}

const within = (span: Span, value: number): boolean => value >= span.first && value <= span.last;
const inRange = (range: string, address: Address | undefined): boolean => {
  const parsed = parseCidr(range);
  return parsed !== undefined && address !== undefined && contains(parsed, address);
};
const interfaceMatches = (pattern: string, name: string | undefined): boolean => {
  if (pattern.endsWith("+")) return (name ?? "").startsWith(pattern.slice(0, -1)) && (name !== undefined || pattern === "+");
  return pattern === name;
};

function matchOne(match: Match, view: HookView, rule: Rule): Matched {
  const { packet } = view;
  const { ip, l4 } = packet;
  switch (match.type) {
    case "comment":
    case "random":
    case "nth":
      return true;
    case "source":
    case "destination": {
      const unread = match.ranges.find((range) => parseCidr(range) === undefined);
      if (unread !== undefined) return `"${unread}" is no address range`;
      const address = match.type === "source" ? ip?.src : ip?.dst;
      return match.ranges.some((range) => inRange(range, address)) !== match.not;
    }
    case "in-interface":
      return interfaceMatches(match.name, view.inInterface) !== match.not;
    case "out-interface":
      return interfaceMatches(match.name, view.outInterface) !== match.not;
    case "protocol":
      return (match.protocol === protocolOf(packet)) !== match.not;
    case "port": {
      if (l4 === undefined || l4.type !== match.module) return false;
      return within(match.ports, match.side === "source" ? l4.src : l4.dst) !== match.not;
    }
    case "multiport": {
      if (l4 === undefined || l4.type === "icmp") return false;
      const ports = match.side === "source" ? [l4.src] : match.side === "destination" ? [l4.dst] : [l4.src, l4.dst];
      return match.ports.some((span) => ports.some((port) => within(span, port))) !== match.not;
    }
    case "tcp-flags": {
      if (l4?.type !== "tcp") return false;
      const present = l4.flags.map((flag) => flag.toUpperCase());
      return match.mask.every((flag) => present.includes(flag) === match.set.includes(flag)) !== match.not;
    }
    case "icmp": {
      if (l4?.type !== "icmp" || ip?.version !== match.version) return false;
      if (match.icmpType === 255) return !match.not;
      return (l4.icmpType === match.icmpType && (match.codes === undefined || within(match.codes, l4.code))) !== match.not;
    }
    case "owner": {
      if (!view.owned) return match.not;
      const id = match.of === "uid" ? packet.local?.uid : packet.local?.gid;
      if (id === undefined) assumeStranger(match.of, view, rule);
      return (id !== undefined && within(match.ids, id)) !== match.not;
    }
    case "owner-socket":
      return view.owned !== match.not;
    case "mark":
      return ((((packet.local?.mark ?? 0) & match.mask) >>> 0) === match.value) !== match.not;
    case "connmark": {
      const connection = view.tracked?.connection;
      if (connection === undefined) return false;
      return (((connection.mark & match.mask) >>> 0) === match.value) !== match.not;
    }
    case "ct-state":
      return match.states.some((state) => inState(state, view.tracked)) !== match.not;
    case "ct-address": {
      const connection = view.tracked?.connection;
      if (connection === undefined) return false;
      const tuple = match.field.startsWith("orig") ? connection.original : connection.reply;
      return inRange(match.range, match.field.endsWith("src") ? tuple.src : tuple.dst) !== match.not;
    }
    case "ct-port": {
      const connection = view.tracked?.connection;
      if (connection === undefined) return false;
      const tuple = match.field.startsWith("orig") ? connection.original : connection.reply;
      return within(match.ports, match.field.includes("src") ? tuple.srcPort : tuple.dstPort) !== match.not;
    }
    case "ct-protocol": {
      const connection = view.tracked?.connection;
      if (connection === undefined) return false;
      const asked = match.protocol === "ipv6-icmp" ? "icmp" : match.protocol;
      return (connection.original.protocol === asked) !== match.not;
    }
    case "ct-direction":
      return view.tracked?.connection !== undefined && (view.tracked.direction === match.direction) !== match.not;
    case "address-type": {
      const address = match.side === "src" ? ip?.src : ip?.dst;
      if (address === undefined) return false;
      const on = match.limit === "in" ? view.inInterface : match.limit === "out" ? view.outInterface : undefined;
      return match.types.includes(view.host.addressType(address, on)) !== match.not;
    }
    case "socket": {
      const socket = view.host.socketFor(packet);
      if (socket === undefined || (socket.wildcard && !match.nowildcard) || (match.transparent && !socket.transparent)) return false;
      if (match.restoreMark) view.packet = { ...packet, local: { ...packet.local, mark: socket.mark ?? 0 } };
      return true;
    }
    case "unknown":
      return `match "${[match.module, ...match.words].join(" ")}" is not modelled`;
  }
}

/** A sender whose owner was not given is taken for none of those that rules name: an ordinary application. */
function assumeStranger(of: "uid" | "gid", { caveats }: HookView, rule: Rule): void {
  const code = `netfilter/${of}-assumed`;
  if (caveats.some((caveat) => caveat.code === code)) return;
  caveats.push({ code, problem: `the ${of} of the sending process is not known; it was taken for none that the rules name`, origin: rule.origin });
}

const protocolOf = ({ ip, l4 }: Packet): string | undefined => (l4?.type === "icmp" && ip?.version === 6 ? "ipv6-icmp" : l4?.type);

function inState(state: string, tracked: Tracked | undefined): boolean {
  switch (state) {
    case "SNAT":
      return tracked?.connection?.sourceTranslated ?? false;
    case "DNAT":
      return tracked?.connection?.destinationTranslated ?? false;
    default:
      return (tracked?.state ?? "untracked").toUpperCase() === state;
  }
}
