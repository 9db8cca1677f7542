import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type GraphQuestion, kialiEdges, type Sample } from "../../src/telemetry/index.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/kiali-graph/graph`;
const present = existsSync(root);
if (!present) console.log("kiali-graph: skipped, the corpus is not here");

/** Cases by number whose edges, rates and response times are all as Kiali answers them. */
const passing: readonly string[] = ["001", "002", "003", "004", "005", "006", "007", "008", "009", "011", "013", "014", "015", "016", "020", "021", "023", "024", "026", "027", "030", "032", "033", "038", "042", "044", "045", "047", "048", "050", "051", "053", "054", "056", "059", "062", "063", "065", "066", "068", "069", "071", "072", "074", "075", "077", "078", "083", "084", "086", "087", "092", "093", "095", "096", "098", "099", "101", "102", "104", "105", "107", "108", "110", "111", "113", "114", "116", "117"];

interface Edge {
  readonly source: string;
  readonly target: string;
  readonly responseTime?: string;
  readonly traffic: { readonly protocol: string; readonly rates?: Readonly<Record<string, string>> };
}

/** Rates over the window: a line without time grew evenly from 0; lines with times are the counter at these moments. */
function steady(text: string): readonly Sample[] {
  const seen = new Map<string, { name: string; labels: Record<string, string>; first: number; last: number }>();
  for (const line of text.split("\n")) {
    const match = /^(\w+)\{(.*)\} (\S+)( \d+)?$/.exec(line);
    if (match === null) continue;
    const key = `${match[1] ?? ""}{${match[2] ?? ""}`;
    const value = Number(match[3]);
    const before = seen.get(key);
    const labels = Object.fromEntries([...(match[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", text = ""]) => [name, text]));
    seen.set(key, before === undefined ? { name: match[1] ?? "", labels, first: match[4] === undefined ? 0 : value, last: value } : { ...before, last: value });
  }
  return [...seen.values()].map(({ name, labels, first, last }) => ({ name, labels, value: (last - first) / 600 }));
}

function compared(folder: string): { readonly ours: readonly string[]; readonly kiali: readonly string[] } {
  const read = (file: string): string => readFileSync(`${root}/${folder}/${file}`, "utf8");
  const { question } = JSON.parse(read("case.json")) as { question: { query: Readonly<Record<string, string>> } };
  const { query } = question;
  const asked = query["appenders"]?.includes("responseTime") === true ? (query["responseTime"] ?? "95") : undefined;
  const edges = kialiEdges(steady(read("metrics.prom")), {
    namespaces: (query["namespaces"] ?? "").split(","),
    graphType: (query["graphType"] ?? "workload") as GraphQuestion["graphType"],
    injectServiceNodes: query["injectServiceNodes"] === "true",
    responseTime: asked === undefined ? undefined : asked === "avg" ? "avg" : Number(asked) / 100,
  });
  const graph = JSON.parse(read("graph.json")) as { edges: readonly Edge[] | null };
  const line = (source: string, target: string, protocol: string, rate: string, time: string | undefined): string => `${source} -> ${target} ${protocol} ${rate} ${time ?? "no time"}`;
  return {
    ours: edges.map((edge) => line(edge.source, edge.target, edge.protocol, edge.rate.toFixed(2), edge.responseTime?.toFixed(0))).sort(),
    kiali: (graph.edges ?? []).map((edge) => line(edge.source, edge.target, edge.traffic.protocol, Number(edge.traffic.rates?.[edge.traffic.protocol] ?? 0).toFixed(2), edge.responseTime)).sort(),
  };
}

describe.skipIf(!present)("Kiali's edges from metrics", () => {
  const folders = present ? readdirSync(root).sort() : [];
  it.each(passing)("case %s", (number) => {
    const { ours, kiali } = compared(folders.find((name) => name.startsWith(number)) ?? number);
    expect(ours).toEqual(kiali);
  });
  it("lists every case that passes", () => {
    const now = folders.filter((folder) => {
      const { ours, kiali } = compared(folder);
      return JSON.stringify(ours) === JSON.stringify(kiali);
    });
    expect(now.map((name) => name.slice(0, 3))).toEqual(passing);
  });
});
