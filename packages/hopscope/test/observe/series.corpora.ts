import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type SeriesLabels, seriesOf, steadyTraffic } from "@hopscope/model-istio";
import { buildNetwork, loadSnapshot, simulate } from "../../src/index.ts";

const root = `${process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../../shared/corpora", import.meta.url))}/kiali-graph/graph`;
const present = existsSync(root);
if (!present) console.log("kiali-graph corpus not found; set HOPSCOPE_CORPORA");

const scratch = mkdtempSync(join(tmpdir(), "hopscope-series-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

type Edit = readonly [RegExp, string];
/** The corpus calls the workload `…-v1` and gives it a service account of its own. */
const NAMES: readonly Edit[] = [[/wzh-mesh-demo-6d9f8b7c5d/g, "wzh-mesh-demo-v1-6d9f8b7c5d"], [/serviceAccountName: default/g, "serviceAccountName: wzh-mesh-demo"]];
/** The story's egress with HTTP on the same port. */
const HTTP: readonly Edit[] = [[/^ {4}tcp:$/gm, "    http:"], [/name: tcp-port(\s+number: 13000\s+protocol: )TCP/g, "name: http$1HTTP"], [/name: tcp(\s+number: 13000\s+protocol: )TCP/g, "name: http$1HTTP"], [/tcp-egress/g, "http-egress"]];
const PORT80: readonly Edit[] = [[/listens: \[\{port: 13000/g, "listens: [{port: 80, application: http}, {port: 13000"]];

interface Story {
  readonly from?: string;
  readonly to: string;
  readonly add?: string;
  readonly edits?: readonly Edit[];
}

const EGRESS = "http://egress-demo-back-service.static.wzhlab.top:13000/";
const APP = "deploy/demo-mesh-app/wzh-mesh-demo";
const INGRESS: Story = { from: "external/172.21.6.102", to: "http://wzh-mesh-demo.mesh-test-app.wzhlab.top/" };
const PASSED: Story = { to: "http://172.21.6.8:13000/" };
const BYPASSED: Story = { to: EGRESS, add: "egress-as-written" };
const THROUGH_HTTP: Story = { to: EGRESS, add: "egress-corrected", edits: HTTP };
/** Every case of the story but 012, whose labels no proxy reports. */
const CASES: Readonly<Record<string, readonly Story[]>> = {
  "001": [INGRESS], "002": [INGRESS], "003": [INGRESS], "014": [INGRESS], "015": [INGRESS],
  "004": [PASSED],
  "005": [{ to: "http://172.21.6.8/", edits: PORT80 }],
  "006": [BYPASSED], "013": [BYPASSED],
  "007": [{ ...BYPASSED, edits: HTTP }],
  "008": [{ to: EGRESS, add: "egress-corrected" }],
  "009": [THROUGH_HTTP],
  "010": [INGRESS, PASSED, BYPASSED],
  "011": [INGRESS, THROUGH_HTTP],
  "016": [INGRESS, { to: "http://wzh-mesh-demo.demo-mesh-app/" }],
};

let folders = 0;
/** Series of a story's journey, by metric; the buckets of the histogram without their bounds. */
function made({ from = APP, to, add, edits = [] }: Story): readonly string[] {
  const folder = join(scratch, String(folders++));
  for (const part of ["cluster", "policies", "route", "app", ...(add === undefined ? [] : [add])]) {
    cpSync(fileURLToPath(new URL(`../../../../examples/openshift-mesh/${part}`, import.meta.url)), join(folder, part), { recursive: true });
    for (const file of readdirSync(join(folder, part))) {
      const text = [...NAMES, ...edits].reduce((all, [pattern, by]) => all.replace(pattern, by), readFileSync(join(folder, part, file), "utf8"));
      writeFileSync(join(folder, part, file), text);
    }
  }
  const snapshot = loadSnapshot(["cluster", "policies", "route", "app/workload.yaml", "app/service.yaml", "app/listens.yaml", ...(add === undefined ? [] : [add])].map((part) => join(folder, part)));
  return lines(steadyTraffic(seriesOf(simulate(buildNetwork(snapshot), { from, to }), snapshot)));
}

const lines = (samples: readonly { readonly name: string; readonly labels: SeriesLabels }[]): readonly string[] =>
  [...new Set(samples.map(({ name, labels: { le: _bound, ...labels } }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`))].sort();

function recorded(number: string): readonly string[] {
  const folder = readdirSync(root).find((name) => name.startsWith(number)) ?? number;
  const text = readFileSync(`${root}/${folder}/metrics.prom`, "utf8");
  return lines([...text.matchAll(/^(\w+)\{(.*)\}/gm)].map(([, name = "", inner = ""]) => ({ name, labels: Object.fromEntries([...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value])) })));
}

/**
 * The corpus' series were written after the proxy's code, they were not scraped: what this compares is two readings of
 * that code, with the real Kiali's answers to the second (they are compared in model-istio).
 */
describe.skipIf(!present)("The story's metrics", () => {
  it.each(Object.entries(CASES))("have the labels of case %s", (number, stories) => {
    expect([...new Set(stories.flatMap(made))].sort()).toEqual(recorded(number));
  });
});
