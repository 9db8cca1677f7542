import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { afterAll, describe, expect, it } from "vitest";
import { buildNetwork, loadSnapshot, simulate } from "../src/index.ts";
import { corporaFolder, hasCorpus } from "./corpora.ts";

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  readonly allowed: boolean;
  readonly decidingPolicies: { readonly ingress: readonly string[]; readonly egress: readonly string[] };
  readonly tags?: readonly string[];
  /** What OVN-Kubernetes does where it departs from the API. */
  readonly ovnKubernetes?: { readonly allowed: boolean };
}

/** One probe in so many is asked; the first is another in every cluster. */
const EVERY = Number(process.env["HOPSCOPE_PROBES_EVERY"] ?? 12);

const there = hasCorpus("network-policy");
const root = join(corporaFolder, "network-policy");
const folder = there ? mkdtempSync(join(tmpdir(), "hopscope-")) : "";
afterAll(() => {
  if (there) rmSync(folder, { recursive: true, force: true });
});

const lines = (file: string): readonly Probe[] => readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Probe);

/** A case's cluster file and its probes. */
function read(kind: string, name: string): { readonly file: string; readonly probes: readonly Probe[] } {
  if (kind !== "random") return { file: join(root, kind, name, "cluster.yaml"), probes: lines(join(root, kind, name, "probes.jsonl")) };
  const { cluster, probes } = JSON.parse(gunzipSync(readFileSync(join(root, kind, name))).toString()) as { cluster: unknown; probes: readonly Probe[] };
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(cluster));
  return { file, probes };
}

type Port = { readonly protocol?: string; readonly port?: unknown };
type Gress = { readonly ports?: readonly Port[] };

/** OVN-Kubernetes drops an entry without a number beside one with a number of the same protocol, which the API does not: there the table says nothing of it. */
function mixesPorts(snapshot: Snapshot): boolean {
  return resourcesOf(snapshot, "NetworkPolicy").some(({ spec }) => {
    const { ingress, egress } = spec as { ingress?: readonly Gress[]; egress?: readonly Gress[] };
    return [...(ingress ?? []), ...(egress ?? [])].some(({ ports = [] }) => {
      const of = (protocol: string): readonly Port[] => (ports ?? []).filter((one) => (one.protocol ?? "TCP") === protocol);
      return ["TCP", "UDP", "SCTP"].some((protocol) => of(protocol).some(({ port }) => typeof port === "number") && of(protocol).some(({ port }) => typeof port !== "number"));
    });
  });
}

/** Clusters of the table whose pod network is not OVN-Kubernetes', or whose policies ask for more than its release reads. */
const beyond = (snapshot: Snapshot, caveats: readonly { readonly code: string }[]): boolean =>
  mixesPorts(snapshot) || !snapshot.cluster.network.pods.includes("10.128.0.0/14") || caveats.some(({ code }) => code === "ovn/admin-network-policy-partial");

const endpoint = (text: string): string => {
  const [type = "", name = ""] = text.split(" ");
  return type === "ip" ? `external/${name}` : `${type}/${name}`;
};

const kinds = ["adapted", "random", "admin", "openshift"] as const;
const cases = there ? kinds.flatMap((kind) => readdirSync(join(root, kind)).filter((name) => kind === "random" || existsSync(join(root, kind, name, "probes.jsonl"))).map((name) => [kind, name] as const)) : [];

describe.skipIf(!there)("network policies, as three evaluators agree and OVN-Kubernetes does", () => {
  let asked = 0;
  let denied = 0;

  it.each(cases)("%s %s", (kind, name) => {
    const { file, probes } = read(kind, name);
    const snapshot = loadSnapshot(file);
    const network = buildNetwork(snapshot);
    const nodes = resourcesOf(snapshot, "Node").map(({ metadata }) => metadata.name);
    if (beyond(snapshot, [...network.caveats, ...nodes.flatMap(network.zoneCaveats)])) return;
    const wrong: string[] = [];
    probes.forEach((probe, index) => {
      const outside = probe.from.startsWith("ip ") || probe.protocol !== "TCP" || probe.tags?.includes("no-endpoints") === true;
      if (outside || (index + name.length) % EVERY !== 0) return;
      const known = [probe.from, probe.to].every((text) => !text.startsWith("pod ") || network.seats.pods.has(text.slice("pod ".length)));
      if (!known) return;
      const { verdict, findings } = simulate(network, { from: endpoint(probe.from), to: `${endpoint(probe.to)}:${probe.port}` });
      const allowed = probe.ovnKubernetes?.allowed ?? probe.allowed;
      asked += 1;
      if ((verdict.type !== "dropped") !== allowed || verdict.type === "unknown") wrong.push(`${probe.from} to ${probe.to}:${probe.port}: ${verdict.sentence}; expected to be ${allowed ? "allowed" : "denied"}`);
      if (allowed || probe.allowed) return;
      denied += 1;
      const deciding = [...probe.decidingPolicies.ingress, ...probe.decidingPolicies.egress].map((text) => (text.includes("NetworkPolicy ") ? text.split(" ").slice(0, 2).join(" ") : `NetworkPolicy ${text}`));
      const named = findings.find(({ code }) => code === "ovn/network-policy-denies")?.origin.object ?? "";
      if (!deciding.includes(named)) wrong.push(`${probe.from} to ${probe.to}:${probe.port}: "${named}" is named; expected one of ${deciding.join(", ")}`);
    });
    expect(wrong).toEqual([]);
  });

  it("asked a fair number, denied ones among them", () => {
    expect(asked).toBeGreaterThan(300);
    expect(denied).toBeGreaterThan(80);
  });
});
