import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import type { Resource } from "@hopscope/model-kubernetes";
import { type KialiEdge, type KialiGraph, kialiGraphs, type KialiNode, parseQuestion, ratesOf, type Scraped } from "../../src/telemetry/index.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/kiali-graph`;
export const present = existsSync(`${root}/graph`);
export const graphCases = present ? readdirSync(`${root}/graph`).sort() : [];
export const randomCases = present ? readdirSync(`${root}/random`).sort() : [];

export interface Answer {
  readonly status: number;
  readonly nodes?: readonly KialiNode[] | null;
  readonly edges?: readonly KialiEdge[] | null;
}

export interface Case {
  readonly metrics: string;
  readonly resources: readonly Resource[];
  readonly namespaces: readonly string[];
  readonly question: { readonly istioNamespace: string; readonly path: string; readonly query: Readonly<Record<string, string>> };
  /** Kiali's own answers: two where it is not deterministic. */
  readonly answers: readonly Answer[];
}

const objects = (text: string): readonly Resource[] => parseAllDocuments(text).flatMap((document) => (document.contents === null ? [] : [document.toJS() as Resource]));
type Head = Pick<Case, "namespaces" | "question">;

export function graphCase(name: string): Case {
  const read = (file: string): string => readFileSync(`${root}/graph/${name}/${file}`, "utf8");
  const answers = ["graph.json", "graph.other.json"].filter((file) => existsSync(`${root}/graph/${name}/${file}`)).map((file) => JSON.parse(read(file)) as Answer);
  return { ...(JSON.parse(read("case.json")) as Head), metrics: read("metrics.prom"), resources: objects(read("objects.yaml")), answers };
}

export function randomCase(name: string): Case {
  const whole = JSON.parse(gunzipSync(readFileSync(`${root}/random/${name}`)).toString("utf8")) as { case: Head; metrics: string; objects: string; graph: Answer };
  return { ...whole.case, metrics: whole.metrics, resources: objects(whole.objects), answers: [whole.graph] };
}

/** Counters as scraped every 15 s: a line without time grew evenly from 0, lines with times are the counter at these moments. */
export function scraped(text: string): readonly Scraped[] {
  const known = new Map<string, { name: string; labels: Record<string, string>; known: { at: number; value: number }[] }>();
  for (const line of text.split("\n")) {
    const [, name = "", inner = "", value, time] = /^(\w+)\{(.*)\} (\S+)( \d+)?$/.exec(line) ?? [];
    if (value === undefined) continue;
    const labels = Object.fromEntries([...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", content = ""]) => [label, content]));
    const one = known.get(`${name}{${inner}`) ?? { name, labels, known: time === undefined ? [{ at: 0, value: 0 }] : [] };
    known.set(`${name}{${inner}`, one);
    one.known.push({ at: time === undefined ? 600 : Number(time) / 1000, value: Number(value) });
  }
  return [...known.values()].map(({ name, labels, known: moments }) => ({
    name,
    labels,
    points: Array.from({ length: 41 }, (_, index) => index * 15).flatMap((at) => {
      const after = moments.findIndex((moment) => moment.at >= at);
      const [low, high] = [moments[after - 1], moments[after]];
      if (high === undefined) return moments.length > 0 ? [{ at, value: moments.at(-1)?.value ?? 0 }] : [];
      if (low === undefined) return high.at === at ? [{ at, value: high.value }] : [];
      return [{ at, value: low.value + ((high.value - low.value) * (at - low.at)) / (high.at - low.at) }];
    }),
  }));
}

/** The answers that the model gives to a case. */
export function ours({ metrics, resources, namespaces, question }: Case): readonly KialiGraph[] {
  const asked = parseQuestion(question.path, question.query, { istioNamespace: question.istioNamespace, accessible: namespaces });
  const seconds = Number(/^(\d+)s$/.exec(question.query["duration"] ?? "600s")?.[1] ?? 600);
  return kialiGraphs(ratesOf(scraped(metrics), { now: 600, seconds }), { resources }, asked);
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
      : value;
const line = (value: unknown): string => JSON.stringify(sorted(value));

/** Every number of every edge, and the nodes with all that Kiali says of them. */
export function lines(answer: Answer | KialiGraph, level: "edges" | "all"): readonly string[] {
  const edges = (answer.edges ?? []).map(({ otherTimes: _other, ...edge }) => line(edge));
  const nodes = (answer.nodes ?? []).map(line);
  return [`status ${String(answer.status)}`, ...edges.sort(), ...(level === "all" ? nodes.sort() : [])];
}

/** The same answer with another of the competing times on each edge that has them; chance decides between these. */
function byChance(graph: KialiGraph): readonly KialiGraph[] {
  const most = Math.max(0, ...graph.edges.map(({ otherTimes }) => otherTimes?.length ?? 0));
  return Array.from({ length: most + 1 }, (_, pick) => ({ ...graph, edges: graph.edges.map((edge) => (pick === 0 ? edge : { ...edge, responseTime: edge.otherTimes?.[pick - 1] ?? edge.responseTime })) }));
}

/** Lines that differ between Kiali's answer and the nearest of ours, for each of Kiali's answers. */
export function differences(one: Case, level: "edges" | "all"): readonly (readonly string[])[] {
  const all = ours(one).flatMap(byChance).map((graph) => lines(graph, level));
  return one.answers.map((answer) => {
    const right = lines(answer, level);
    const each = all.map((made) => [...right.filter((text) => !made.includes(text)).map((text) => `kiali ${text}`), ...made.filter((text) => !right.includes(text)).map((text) => `ours  ${text}`)]);
    return each.sort((a, b) => a.length - b.length)[0] ?? [];
  });
}
