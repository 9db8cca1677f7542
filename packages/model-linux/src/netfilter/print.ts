import type { Chain, Match, Rule, Ruleset, Span, TableName, Target } from "./ruleset.ts";
import { quoted } from "./words.ts";

const ORDER: readonly TableName[] = ["raw", "mangle", "nat", "filter", "security"];
const FIRST = ["source", "destination", "in-interface", "out-interface", "protocol"];

/**
 * Prints a rule set as `iptables-save` does, without counters: built-in chains first, then the others by name.
 *
 * @see iptables 1.8.9, iptables-save(8)
 */
export function printRuleset(ruleset: Ruleset): string {
  const lines: string[] = [];
  for (const name of ORDER) {
    const table = ruleset.tables.find((candidate) => candidate.name === name);
    if (table === undefined) continue;
    const builtIn = table.chains.filter(({ policy }) => policy !== undefined);
    const own = table.chains.filter(({ policy }) => policy === undefined).toSorted((left, right) => (left.name < right.name ? -1 : 1));
    const chains = [...builtIn, ...own];
    lines.push(`*${name}`, ...chains.map((chain) => `:${chain.name} ${chain.policy ?? "-"} [0:0]`), ...chains.flatMap((chain) => rulesOf(chain, ruleset.family)), "COMMIT");
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

const rulesOf = (chain: Chain, family: 4 | 6): readonly string[] => chain.rules.map((rule) => `-A ${chain.name}${printRule(rule, family)}`);

/** Prints a rule's matches and target, with a leading blank. */
export function printRule(rule: Pick<Rule, "matches" | "target">, family: 4 | 6): string {
  const head = FIRST.flatMap((type) => rule.matches.filter((match) => match.type === type));
  const rest = rule.matches.filter((match) => !FIRST.includes(match.type));
  const words: string[] = head.map((match) => option(match));
  let open: Match | undefined;
  for (const match of rest) {
    const module = moduleOf(match);
    const continues = open !== undefined && moduleOf(open) === module && sharable(open, match);
    words.push(continues ? option(match) : `-m ${module}${option(match) === "" ? "" : ` ${option(match)}`}`);
    open = match;
  }
  if (rule.target !== undefined) words.push(printTarget(rule.target, family));
  return words.map((word) => ` ${word}`).join("");
}

const sharable = (left: Match, right: Match): boolean => {
  if (left.type === "port" && right.type === "port") return left.side !== right.side;
  if (left.type === "owner" && right.type === "owner") return left.of === "uid" && right.of === "gid";
  return left.type === "address-type" && right.type === "address-type" && left.side === "src" && right.side === "dst";
};

function moduleOf(match: Match): string {
  switch (match.type) {
    case "port":
    case "ct-state":
    case "unknown":
      return match.module;
    case "multiport":
    case "mark":
    case "connmark":
    case "socket":
    case "comment":
      return match.type;
    case "tcp-flags":
      return "tcp";
    case "icmp":
      return match.version === 4 ? "icmp" : "icmp6";
    case "owner":
    case "owner-socket":
      return "owner";
    case "ct-address":
    case "ct-port":
    case "ct-protocol":
    case "ct-direction":
      return "conntrack";
    case "address-type":
      return "addrtype";
    case "random":
    case "nth":
      return "statistic";
    default:
      return "";
  }
}

const span = (ports: Span, separator = ":"): string => (ports.first === ports.last ? String(ports.first) : `${ports.first}${separator}${ports.last}`);
const hex = (value: number): string => `0x${value.toString(16)}`;
const STATES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];

function option(match: Match): string {
  const not = "not" in match && match.not ? "! " : "";
  switch (match.type) {
    case "source":
      return `${not}-s ${match.ranges.join(",")}`;
    case "destination":
      return `${not}-d ${match.ranges.join(",")}`;
    case "in-interface":
      return `${not}-i ${match.name}`;
    case "out-interface":
      return `${not}-o ${match.name}`;
    case "protocol":
      return `${not}-p ${match.protocol}`;
    case "port":
      return `${not}${match.side === "source" ? "--sport" : "--dport"} ${span(match.ports)}`;
    case "multiport":
      return `${not}${{ source: "--sports", destination: "--dports", either: "--ports" }[match.side]} ${match.ports.map((ports) => span(ports)).join(",")}`;
    case "tcp-flags":
      return `${not}--tcp-flags ${match.mask.join(",") || "NONE"} ${match.set.join(",") || "NONE"}`;
    case "icmp": {
      const code = match.codes === undefined ? "" : `/${match.codes.first}`;
      return `${not}${match.version === 4 ? "--icmp-type" : "--icmpv6-type"} ${match.icmpType === 255 ? "any" : `${match.icmpType}${code}`}`;
    }
    case "owner":
      return `${not}--${match.of}-owner ${span(match.ids, "-")}`;
    case "owner-socket":
      return `${not}--socket-exists`;
    case "mark":
    case "connmark":
      return `${not}--mark ${hex(match.value)}${match.mask === 0xffffffff ? "" : `/${hex(match.mask)}`}`;
    case "ct-state": {
      const states = STATES.filter((state) => match.states.includes(state));
      return `${not}--${match.module === "state" ? "state" : "ctstate"} ${(states.length === match.states.length ? states : match.states).join(",")}`;
    }
    case "ct-address":
      return `${not}--ct${match.field} ${match.range.replace(/\/(32|128)$/, (suffix) => (suffix === (match.range.includes(":") ? "/128" : "/32") ? "" : suffix))}`;
    case "ct-port":
      return `${not}--ct${match.field} ${span(match.ports)}`;
    case "ct-protocol":
      return `${not}--ctproto ${match.protocol}`;
    case "ct-direction":
      return `${not}--ctdir ${match.direction.toUpperCase()}`;
    case "address-type":
      return `${not}--${match.side}-type ${match.types.join(",")}${match.limit === undefined ? "" : ` --limit-iface-${match.limit}`}`;
    case "socket":
      return [match.transparent ? "--transparent" : "", match.nowildcard ? "--nowildcard" : "", match.restoreMark ? "--restore-skmark" : ""].filter((word) => word !== "").join(" ");
    case "random":
      return `--mode random ${not}--probability ${match.probability.toFixed(11)}`;
    case "nth":
      return `--mode nth ${not}--every ${match.every} --packet ${match.packet}`;
    case "comment":
      return `--comment ${quoted(match.comment)}`;
    case "unknown":
      return match.words.map((word) => (word === "!" ? word : quoted(word))).join(" ");
  }
}

function printTarget(target: Target, family: 4 | 6): string {
  const join = (...words: readonly (string | undefined)[]): string => words.filter((word) => word !== undefined && word !== "").join(" ");
  switch (target.type) {
    case "accept":
    case "drop":
    case "return":
      return `-j ${target.type.toUpperCase()}`;
    case "reject":
      return `-j REJECT --reject-with ${target.with ?? (family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable")}`;
    case "jump":
      return `-j ${target.chain}`;
    case "goto":
      return `-g ${target.chain}`;
    case "redirect":
      return join("-j REDIRECT", target.ports && `--to-ports ${span(target.ports, "-")}`, target.random);
    case "dnat":
      return join("-j DNAT --to-destination", target.to, ...target.flags);
    case "snat":
      return join("-j SNAT --to-source", target.to, ...target.flags);
    case "masquerade":
      return join("-j MASQUERADE", target.ports && `--to-ports ${span(target.ports, "-")}`, ...target.flags);
    case "mark":
      return `-j MARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`;
    case "connmark-set":
      return `-j CONNMARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`;
    case "connmark-save":
    case "connmark-restore":
      return `-j CONNMARK --${target.type === "connmark-save" ? "save" : "restore"}-mark --nfmask ${hex(target.nfmask)} --ctmask ${hex(target.ctmask)}`;
    case "tproxy":
      return `-j TPROXY --on-port ${target.port} --on-ip ${target.address ?? (family === 4 ? "0.0.0.0" : "::")} --tproxy-mark ${hex(target.value)}/${hex(target.mask)}`;
    case "ct":
      return join("-j CT", target.notrack ? "--notrack" : undefined, ...target.words.filter((word) => word !== "--notrack").map((word) => quoted(word)));
    case "passive":
    case "unknown":
      return join(`-j ${target.name}`, ...target.words.map((word) => quoted(word)));
  }
}
