import type { Diagnostic, Origin } from "@hopscope/core";
import { readMatch } from "./parse-match.ts";
import { readTarget } from "./parse-target.ts";
import type { Chain, Match, Rule, Ruleset, Table, TableName, Target } from "./ruleset.ts";
import { type Reader, peek, take, wordsOf } from "./words.ts";

export interface ParseOptions {
  readonly family?: 4 | 6;
  /** Whose rules they are; the origin of each rule. */
  readonly object?: string;
  readonly file?: string;
}
export interface ParsedRuleset {
  readonly ruleset: Ruleset;
  readonly diagnostics: readonly Diagnostic[];
}

const TABLES: readonly string[] = ["raw", "mangle", "nat", "filter", "security"];
const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};
const isTable = (name: string): name is TableName => TABLES.includes(name);

interface Draft {
  readonly name: string;
  policy?: "ACCEPT" | "DROP";
  readonly rules: Rule[];
}

/**
 * Reads what `iptables-save` or `ip6tables-save` prints, or what `iptables-restore` takes.
 *
 * Rules keep their line. A match or target that is not modelled stays in the rule as `unknown`; only what cannot be
 * read at all becomes a diagnostic.
 *
 * @see iptables 1.8.9, iptables-restore(8), iptables-extensions(8)
 * @example
 * parseRuleset("*nat\n-A OUTPUT -p tcp -j REDIRECT --to-ports 15001\nCOMMIT\n").ruleset.tables[0].name // "nat"
 */
export function parseRuleset(text: string, options: ParseOptions = {}): ParsedRuleset {
  const family = options.family ?? 4;
  const object = options.object ?? (family === 4 ? "iptables" : "ip6tables");
  const tables = new Map<TableName, Map<string, Draft>>();
  const diagnostics: Diagnostic[] = [];
  let current: TableName | undefined;

  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    const origin: Origin = { object, file: options.file, line: index + 1 };
    const complain = (problem: string, expected?: string): void => void diagnostics.push({ code: "netfilter/rule-syntax", severity: "error", origin, problem, expected });
    if (line === "" || line.startsWith("#") || line === "COMMIT") return;
    if (line.startsWith("*")) {
      const name = line.slice(1).trim();
      current = isTable(name) ? name : undefined;
      if (current === undefined) complain(`"${name}" is no table`, TABLES.join(", "));
      else if (!tables.has(current)) tables.set(current, new Map(BUILT_IN[current].map((chain) => [chain, { name: chain, policy: "ACCEPT", rules: [] }])));
      return;
    }
    const chains = current === undefined ? undefined : tables.get(current);
    if (current === undefined || chains === undefined) return complain(`"${line}" stands in no table`, "a line such as *nat before it");
    if (line.startsWith(":")) {
      const [name = "", policy] = line.slice(1).split(/\s+/);
      const draft = chains.get(name);
      if (draft === undefined) chains.set(name, { name, rules: [] });
      else if (policy === "DROP" || policy === "ACCEPT") draft.policy = policy;
      return;
    }
    const words = wordsOf(line.replace(/^\[\d+:\d+\]\s*/, ""));
    const [command, name = ""] = words;
    if (command === "-N" || command === "--new-chain") return void (chains.has(name) || chains.set(name, { name, rules: [] }));
    if (command === "-P" || command === "--policy") {
      const draft = chains.get(name);
      if (draft !== undefined && (words[2] === "DROP" || words[2] === "ACCEPT")) draft.policy = words[2];
      return;
    }
    const inserted = command === "-I" || command === "--insert";
    if (!inserted && command !== "-A" && command !== "--append") return complain(`"${command}" is no command of a saved rule set`, "-A");
    const draft = chains.get(name);
    if (draft === undefined) return complain(`chain "${name}" is not declared`, `:${name} - [0:0]`);
    const position = inserted && /^\d+$/.test(words[2] ?? "") ? Number(words[2]) : undefined;
    const parts = parseRule(words.slice(position === undefined ? 2 : 3), family, (chain) => chains.has(chain));
    const rule: Rule = { ...parts, text: line, origin: { ...origin, path: `${current}/${name}` } };
    if (inserted) draft.rules.splice((position ?? 1) - 1, 0, rule);
    else draft.rules.push(rule);
  });

  const printed = [...tables].map(([name, chains]): Table => ({ name, chains: [...chains.values()].map((draft): Chain => ({ ...draft })) }));
  return { ruleset: { family, tables: printed }, diagnostics };
}

/** Reads the part of a rule after its chain. @internal */
export function parseRule(words: readonly string[], family: 4 | 6, isChain: (name: string) => boolean): { matches: readonly Match[]; target?: Target } {
  const reader: Reader = { words, at: 0 };
  const matches: Match[] = [];
  let target: Target | undefined;
  const context = { family, module: "", protocol: "" };
  while (peek(reader) !== undefined) {
    const word = peek(reader);
    if (word === "-j" || word === "--jump" || word === "-g" || word === "--goto") {
      take(reader);
      target = readTarget(reader, take(reader) ?? "", word.startsWith("-g") || word === "--goto", isChain);
    } else {
      const match = readMatch(reader, context);
      if (match !== undefined) matches.push(match);
    }
  }
  return target === undefined ? { matches } : { matches, target };
}
