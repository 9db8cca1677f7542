/** One command of an iptables program: `-A chain …` or `-I chain position …` in a table. @internal */
export interface Command {
  readonly table: "mangle" | "nat" | "raw";
  readonly chain: string;
  readonly words: readonly string[];
}

/** Words that differ between the families. @internal */
export interface Versioned {
  readonly v4: string;
  readonly v6: string;
}
export type Word = string | Versioned;

/** Collects the commands of both families in the order they are made. @internal */
export interface RuleList {
  readonly v4: Command[];
  readonly v6: Command[];
  append(table: Command["table"], chain: string, words: readonly Word[], options?: Tags): void;
  insert(table: Command["table"], chain: string, position: number, words: readonly Word[], options?: Tags): void;
}
interface Tags {
  /** Only this family. */
  readonly only?: "v4" | "v6";
  /** Identifier under which the rule is logged when tracing is on. */
  readonly log?: string;
}

export const LOOPBACK: Versioned = { v4: "127.0.0.1/32", v6: "::1/128" };
/** Source address of the proxy toward its application. */
export const PASSTHROUGH: Versioned = { v4: "127.0.0.6/32", v6: "::6/128" };

export function ruleList(tracing: boolean): RuleList {
  const lists = { v4: [] as Command[], v6: [] as Command[] };
  const each = (options: Tags, make: (resolve: (words: readonly Word[]) => readonly string[], list: Command[]) => void): void => {
    for (const family of ["v4", "v6"] as const) {
      if (options.only === undefined || options.only === family) make((words) => words.map((word) => (typeof word === "string" ? word : word[family])), lists[family]);
    }
  };
  const logged = (words: readonly string[], log: string | undefined): readonly string[] | undefined => {
    const jump = words.indexOf("-j");
    if (!tracing || log === undefined || jump === -1) return undefined;
    return [...words.slice(0, jump), "-j", "NFLOG", "--nflog-prefix", `"${log}"`, "--nflog-group", "1337", "--nflog-size", "20"];
  };
  return {
    ...lists,
    append: (table, chain, words, options = {}) =>
      each(options, (resolve, list) => {
        const resolved = resolve(words);
        const log = logged(resolved, options.log);
        if (log !== undefined) list.push({ table, chain, words: ["-A", chain, ...log] });
        list.push({ table, chain, words: ["-A", chain, ...resolved] });
      }),
    insert: (table, chain, position, words, options = {}) =>
      each(options, (resolve, list) => {
        const resolved = resolve(words);
        const log = logged(resolved, options.log);
        list.push({ table, chain, words: ["-I", chain, String(position), ...resolved] });
        if (log !== undefined) list.push({ table, chain, words: ["-I", chain, String(position), ...log] });
      }),
  };
}

const BUILT_IN = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

interface NewChain {
  readonly table: Command["table"];
  readonly chain: string;
}

function newChains(commands: readonly Command[]): readonly NewChain[] {
  const chains = new Map<string, NewChain>();
  for (const { table, chain } of commands) if (!BUILT_IN.includes(chain)) chains.set(`${table} ${chain}`, { table, chain });
  return [...chains.values()];
}

/** The program as commands to run one by one: chains first, in the order of their first rule. @internal */
export const asCommands = (program: string, commands: readonly Command[]): readonly string[] => [
  ...newChains(commands).map(({ table, chain }) => `${program} -t ${table} -N ${chain}`),
  ...commands.map(({ table, words }) => `${program} -t ${table} ${words.join(" ")}`),
];

/** The program as the input of `iptables-restore --noflush`. @internal */
export function asRestore(commands: readonly Command[]): string {
  const lines: string[] = [];
  for (const table of ["mangle", "nat", "raw"] as const) {
    const own = commands.filter((command) => command.table === table);
    if (own.length === 0) continue;
    lines.push(`* ${table}`, ...newChains(own).map(({ chain }) => `-N ${chain}`), ...own.map(({ words }) => words.join(" ")), "COMMIT");
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
