import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addressConstants, annotate, type Expression, type ExpressionSets, expandTemplates, normalize, normalRules, type OvnSymbol, OvnSyntaxError, parseExpression, printExpression, simplify, symbolTable, type SymbolTable,
} from "../../src/expr/index.ts";
import { arbitraryExpression } from "../../src/testing/index.ts";
import { installedOvn, type RealOvn, startOvn } from "../oracle/real-ovn.ts";
import { startTraceDaemon } from "../oracle/real-trace.ts";
import { mangled } from "./mangle.ts";
import { addKnownNames, KNOWN, realProblems } from "./real-parser.ts";

const version = installedOvn();
if (version === undefined) console.log("matches: no ovn-trace with its databases here, the comparison is skipped");

const seed = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const runs = Number(process.env["HOPSCOPE_RUNS"] ?? 40) * 20;
const symbols = symbolTable(version);
const rules = normalRules(version);
const sets: ExpressionSets = {
  addressSet: (name) => (name in KNOWN.addressSets ? addressConstants(KNOWN.addressSets[name as keyof typeof KNOWN.addressSets]) : undefined),
  portGroup: (name) => KNOWN.portGroups[name as keyof typeof KNOWN.portGroups],
};

const read = (text: string): Expression => parseExpression(expandTemplates(text, new Map()), sets, symbols);
const problem = (step: () => unknown): string | undefined => {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof OvnSyntaxError) return error.problem;
    throw error;
  }
};

const PIECES = ["==", "!=", "<", ">=", "&&", "||", "!", "(", ")", "{", "}", "[", "]", "..", ",", "1", "0", "65536", "0x1f", "10.0.0.1/24", "1.2.3", "fd00::1", "fd00::/64", "0a:00:00:00:00:01", '"a"', "$as", "$as6", "$none", "$gone", "@pg", "@empty", "^T", "ip4", "tcp", "inport", "eth.src", "eth.type", "ct.new", "&", "#", "/*", "//", "01", "is_chassis_resident", "ip4.src", "tcp.dst", "vlan.vid", "="];

/** Symbols whose tests stay few when they are normalised: no inequality of wide or of crossed fields. */
function smallSymbols(): SymbolTable {
  const isSmall = (symbol: OvnSymbol): boolean => symbol.type === "string" || (symbol.type === "field" ? symbol.width <= 3 || symbol.level === "nominal" : symbol.level === "nominal");
  return new Map([...symbols].filter(([, symbol]) => isSmall(symbol) && symbol.name !== "ip.frag" && !("oxm" in symbol && symbol.oxm === symbol.name)));
}

/** What ovn-trace says of a match as the description of a packet. */
function microflowAnswer(text: string): string {
  const annotated = annotate(read(text), symbols);
  const normal = normalize(simplify(annotated, () => true, rules), rules);
  const isAmbiguous = normal.type === "or" || (normal.type === "and" && normal.of.some((part) => part.type === "or"));
  if (isAmbiguous) return `Constraints are ambiguous: ${printExpression(annotated)}.`;
  return normal.type === "boolean" && !normal.value ? "Constraints are contradictory." : "taken";
}

describe.skipIf(version === undefined && process.env["CI"] === undefined)("matches beside the real program", () => {
  let ovn: RealOvn;
  beforeAll(async () => {
    if (version === undefined) throw new Error("ovn-trace and its databases are needed");
    ovn = await startOvn();
    await addKnownNames(ovn);
  });
  afterAll(() => ovn.stop());

  it("are taken and refused with the same words", async () => {
    const printed = arbitraryExpression({ symbols, ports: ["a", "b", "c"], sets: { addresses: Object.keys(KNOWN.addressSets), ports: Object.keys(KNOWN.portGroups) } }).map(printExpression);
    const texts = [...new Set([...fc.sample(printed, { seed, numRuns: runs }), ...fc.sample(mangled(printed, PIECES), { seed, numRuns: runs * 3 })])];
    const real = await realProblems(ovn, texts.map((match) => ({ match, actions: "next;" })));
    const differing = texts.map((match, index) => ({ match, real: real[index], ours: problem(() => read(match)) })).filter(({ real: theirs, ours }) => theirs !== ours);
    expect(differing).toEqual([]);
    expect(real.filter((answer) => answer !== undefined).length).toBeGreaterThan(texts.length / 5);
  }, 120_000);

  it("need the same, contradict themselves alike and leave the same open", async () => {
    const printed = arbitraryExpression({ symbols: smallSymbols(), ports: ["a", "b"], depth: 2 }).map(printExpression).filter((text) => text.length < 300);
    const daemon = await startTraceDaemon(ovn.southboundRemote, ovn.folder);
    const differing: unknown[] = [];
    const kinds = new Map<string, number>();
    try {
      for (const match of new Set(fc.sample(printed, { seed, numRuns: runs }))) {
        const output = await daemon.trace(["sw", match]);
        if (output === undefined) throw new Error(`no answer to ${match}`);
        const said = /^error parsing flow: (.*)$/m.exec(output)?.[1] ?? "taken";
        const ours = microflowAnswer(match);
        kinds.set(said.slice(0, 24), (kinds.get(said.slice(0, 24)) ?? 0) + 1);
        if (said !== ours) differing.push({ match, said, ours });
      }
    } finally {
      await daemon.stop();
    }
    expect(differing).toEqual([]);
    expect(kinds.size).toBe(3);
  }, 120_000);
});
