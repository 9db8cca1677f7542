import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainOf, parseRuleset, printRuleset, type Match, type Ruleset, type Target } from "../../src/index.ts";
import { arbitraryRules } from "../../src/testing/index.ts";

const rule = (text: string, table = "filter"): { matches: readonly Match[]; target?: Target } => {
  const { ruleset } = parseRuleset(`*${table}\n:OWN - [0:0]\n-A OUTPUT ${text}\nCOMMIT\n`);
  const found = chainOf(ruleset, ruleset.tables[0]?.name ?? "filter", "OUTPUT")?.rules[0];
  if (found === undefined) throw new Error(`"${text}" gave no rule`);
  return { matches: found.matches, target: found.target };
};
const plain = (ruleset: Ruleset): unknown => ruleset.tables.map((table) => ({ ...table, chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(({ matches, target }) => ({ matches, target })) })) }));

describe("rule sets", () => {
  it("keeps each rule's text, chain and line", () => {
    const { ruleset } = parseRuleset("# saved\n*nat\n:OUTPUT ACCEPT [0:0]\n[3:180] -A OUTPUT -p tcp -j REDIRECT --to-ports 15001\nCOMMIT\n", { object: "pod demo/web", file: "web.rules" });
    expect(chainOf(ruleset, "nat", "OUTPUT")?.rules[0]?.origin).toEqual({ object: "pod demo/web", file: "web.rules", line: 4, path: "nat/OUTPUT" });
  });

  it("reads both spellings of an option alike", () => {
    expect(rule("-o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j OWN").matches.map(({ type }) => type).toSorted()).toEqual(
      rule("! -d 127.0.0.1/32 -o lo -p tcp -m tcp ! --dport 15008 -m owner --uid-owner 1337 -j OWN").matches.map(({ type }) => type).toSorted(),
    );
    expect(rule("-j MARK --set-mark 1337", "mangle").target).toEqual(rule("-j MARK --set-xmark 0x539/0xffffffff", "mangle").target);
  });

  it.each([
    ["--set-mark 0x5/0x1", { type: "mark", value: 5, mask: 5 }],
    ["--and-mark 0xf", { type: "mark", value: 0, mask: 0xfffffff0 }],
    ["--or-mark 0x4", { type: "mark", value: 4, mask: 4 }],
    ["--xor-mark 0x4", { type: "mark", value: 4, mask: 0 }],
  ])("brings MARK %s to one form", (options, target) => {
    expect(rule(`-j MARK ${options}`, "mangle").target).toEqual(target);
  });

  it("holds a comment with blanks and quotes together", () => {
    expect(rule(String.raw`-m comment --comment "say \"hi\" -j DROP" -j ACCEPT`)).toEqual({ matches: [{ type: "comment", comment: 'say "hi" -j DROP' }], target: { type: "accept" } });
  });

  it("keeps what it does not model as unknown, and goes on behind it", () => {
    const { matches, target } = rule("-p tcp -m set --match-set KUBE-IPS dst,dst -m comment --comment x -j OWN");
    expect(matches).toContainEqual({ type: "unknown", module: "set", words: ["--match-set", "KUBE-IPS", "dst,dst"] });
    expect(target).toEqual({ type: "jump", chain: "OWN" });
    expect(rule("-j NFQUEUE --queue-num 1").target).toEqual({ type: "unknown", name: "NFQUEUE", words: ["--queue-num", "1"] });
  });

  it("tells where a line cannot be read", () => {
    const { diagnostics } = parseRuleset("*nat\n-A NOWHERE -j ACCEPT\nCOMMIT\n");
    expect(diagnostics).toMatchObject([{ code: "netfilter/rule-syntax", origin: { line: 2 } }]);
  });

  it("reads what it prints as the same rules", () => {
    fc.assert(
      fc.property(fc.nat(100_000), (seed) => {
        const { ruleset } = parseRuleset(arbitraryRules(seed));
        expect(plain(parseRuleset(printRuleset(ruleset)).ruleset)).toEqual(plain(parseRuleset(printRuleset(parseRuleset(printRuleset(ruleset)).ruleset)).ruleset));
        expect(printRuleset(parseRuleset(printRuleset(ruleset)).ruleset)).toBe(printRuleset(ruleset));
      }),
      { numRuns: 50 },
    );
  });
});
