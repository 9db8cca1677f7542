import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openTrace, parseTraceArguments } from "../../src/trace/index.ts";
import { golden, hasGolden } from "../golden.ts";
import { nearestTrace } from "./dice.ts";
import { goldenSouthbound } from "./golden-southbound.ts";

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url));
const casesOf = (folder: string): readonly string[] => (hasGolden ? readdirSync(`${corpora}/../reference/ovn-golden/${folder}/traces`).sort() : []);

/** The command that made a trace, and what it printed. */
function caseOf(file: string): { readonly args: readonly string[]; readonly output: string } {
  const [command = "", ...lines] = golden(file).split("\n");
  const microflow = /'(.*)'$/.exec(command)?.[1] ?? "";
  const options = command.replace(/^\$ ovn-trace/, "").replace(/'.*'$/, "").trim();
  return { args: [...(options === "" ? [] : options.split(/\s+/)), microflow], output: `${lines.join("\n").trimEnd()}\n` };
}

describe.skipIf(!hasGolden)("traces of OVN 23.09", () => {
  const session = hasGolden ? openTrace(goldenSouthbound("23.09-ic-shared")) : undefined;
  it.each(casesOf("23.09-ic-shared"))("23.09-ic-shared/%s to the last character", (file) => {
    const { args, output } = caseOf(`23.09-ic-shared/traces/${file}`);
    if (session !== undefined) expect(`${nearestTrace(session, parseTraceArguments(args), output).trimEnd()}\n`).toBe(output);
  });
});

/**
 * What differs between a database of the real northd and one of ours: row ids, lines of northd's source, and tunnel keys, which
 * the real one gives out in arbitrary order. Comments and blanks at the end of a match stay.
 */
const comparable = (text: string): string =>
  text.replace(/, uuid [0-9a-f]{8}/g, "").replace(/ \(northd\.c:\d+\)/g, "").replace(/reg1[45]=0x[0-9a-f]+/g, "reg").replace(/reg8\[16\.\.31\] == \d+|reg8\[0\.\.15\] == \d+/g, "reg8").trimEnd();

// The Southbound databases of these are not kept: ours makes them of the Northbound ones.
describe.skipIf(!hasGolden).each(["23.03-ic-shared", "23.09-ic-local", "23.09-legacy-local", "23.09-legacy-shared"])("traces of %s, apart from row ids", (folder) => {
  const session = hasGolden ? openTrace(goldenSouthbound(folder)) : undefined;
  it.each(casesOf(folder))("%s", (file) => {
    const { args, output } = caseOf(`${folder}/traces/${file}`);
    if (session !== undefined) expect(comparable(nearestTrace(session, parseTraceArguments(args), output, comparable))).toBe(comparable(output));
  });
});
