import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseActions } from "../../src/actions/index.ts";
import { expandTemplates, OvnSyntaxError, symbolTable } from "../../src/expr/index.ts";
import { arbitraryActions } from "../../src/testing/index.ts";
import { mangled } from "../expr/mangle.ts";
import { addDhcpOptions, addKnownNames, realProblems } from "../expr/real-parser.ts";
import { installedOvn, type RealOvn, startOvn } from "../oracle/real-ovn.ts";

const version = installedOvn();
if (version === undefined) console.log("actions: no ovn-trace with its databases here, the comparison is skipped");

const seed = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const runs = Number(process.env["HOPSCOPE_RUNS"] ?? 40) * 20;
/** Tables of a pipeline in ovn-trace. @see OVN 23.03, lib/ovn-util.h, LOG_PIPELINE_LEN */
const TABLES = 29;
/** Where the flows stand: in the middle of a pipeline, and at its end, where nothing can follow. */
const places = [{ pipeline: "ingress", table: 10 }, { pipeline: "ingress", table: 0 }, { pipeline: "egress", table: 28 }, { pipeline: "egress", table: 27 }] as const;
const placeOf = (index: number): (typeof places)[number] => places[index % places.length] ?? places[0];

const problem = (text: string, index: number): string | undefined => {
  try {
    parseActions(expandTemplates(text, new Map()), { ...placeOf(index), tables: TABLES, ...(version === undefined ? {} : { version }) });
    return undefined;
  } catch (error) {
    if (error instanceof OvnSyntaxError) return error.problem;
    throw error;
  }
};

const PIECES = ["=", "<->", ";", ",", "(", ")", "{", "}", "[", "]", "..", "--", ":", "1", "0", "99999", "0x1f", "10.0.0.1", "10.0.0.0/8", "fd00::1", "0a:00:00:00:00:01", '"a"', "$as", "^T", "next", "drop", "output", "clone", "ct_commit", "ip4", "inport", "eth.src", "eth.type", "ct_mark", "reg0", "reg8[0..15]", "table", "pipeline", "backends", "verdict", "#", "/*", "true", "tcp"];

describe.skipIf(version === undefined && process.env["CI"] === undefined)("actions beside the real program", () => {
  let ovn: RealOvn;
  beforeAll(async () => {
    if (version === undefined) throw new Error("ovn-trace and its databases are needed");
    ovn = await startOvn();
    await addKnownNames(ovn);
    await addDhcpOptions(ovn);
  });
  afterAll(() => ovn.stop());

  it("are taken and refused with the same words", async () => {
    const texts = arbitraryActions({ symbols: symbolTable(version), tables: TABLES });
    const asked = [...new Set([...fc.sample(texts, { seed, numRuns: runs }), ...fc.sample(mangled(texts, PIECES), { seed, numRuns: runs * 3 })])].filter((text) => !/check_pkt_larger\(\s*;/.test(text));
    const real = await realProblems(ovn, asked.map((actions, index) => ({ match: "1", actions, ...placeOf(index) })));
    const differing = asked.map((actions, index) => ({ actions, real: real[index], ours: problem(actions, index) })).filter(({ real: theirs, ours }) => theirs !== ours);
    expect(differing).toEqual([]);
    const taken = real.filter((answer) => answer === undefined).length;
    expect(taken).toBeGreaterThan(asked.length / 10);
    expect(taken).toBeLessThan((asked.length * 9) / 10);
  }, 120_000);
});
