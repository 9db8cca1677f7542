import { existsSync, readdirSync, readFileSync } from "node:fs";
import { replyTo, tcpPacket } from "@hopscope/core";
import type { Resource } from "@hopscope/model-kubernetes";
import { namespaceStage } from "@hopscope/model-linux";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { bridgeExOf, bridgeExStage, type BridgeState, hostNamespace } from "../../src/node/index.ts";
import { corpora, snapshotOfObjects } from "../kubernetes/corpus.ts";

interface Seen {
  readonly point: string;
  readonly src: string;
  readonly dst: string;
  readonly dport: number | "eph";
  readonly geneve?: unknown;
}
interface Leg {
  readonly proto: string;
  readonly forward: readonly Seen[];
  readonly reply: readonly Seen[];
}

const folder = `${corpora}/journeys-measured`;
const available = existsSync(folder);
if (!available) console.log("journeys-measured: the corpus is not here, skipped");

function objectsOf(scenario: string): readonly Resource[] {
  const files = ["base", scenario].flatMap((part) => readdirSync(`${folder}/snapshot/${part}`).map((file) => `${folder}/snapshot/${part}/${file}`));
  const documents = files.filter((file) => file.endsWith(".yaml")).flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Resource | null));
  return documents.flatMap((document) => {
    if (document === null) return [];
    return document.kind === "List" ? (document["items"] as readonly Resource[]) : [document];
  }).filter(({ metadata }) => metadata !== undefined);
}

const scenarios = available ? readdirSync(`${folder}/truth`).map((file) => file.replace(".json", "")) : [];

/** What br-ex did with the packets that came in plain by a node's uplink. */
describe.skipIf(!available)("br-ex does what was measured", () => {
  it.each(scenarios)("%s", (scenario) => {
    const snapshot = snapshotOfObjects(objectsOf(scenario));
    const { legs } = JSON.parse(readFileSync(`${folder}/truth/${scenario}.json`, "utf8")) as { legs: readonly Leg[] };
    for (const { proto, forward } of legs) {
      for (const [index, seen] of forward.entries()) {
        const node = /^(\S+) uplink$/.exec(seen.point)?.[1];
        const before = forward[index - 1]?.point ?? "";
        if (proto !== "tcp" || node === undefined || seen.geneve !== undefined || before.startsWith(node) || before.startsWith("pod ") || seen.dport === "eph") continue;
        const next = forward[index + 1];
        const stage = bridgeExStage(bridgeExOf(snapshot, node));
        const packet = tcpPacket({ src: seen.src, dst: seen.dst, srcPort: 40000, dstPort: seen.dport });
        const first = stage.decide({ packet, port: "physical", state: undefined, choose: () => 0 });
        const expected = next?.point === `${node} host br-ex` ? "host" : "ovn";
        expect(first.outcome).toMatchObject({ type: "forward", out: expected });
        const state: BridgeState | undefined = first.state;
        expect(stage.decide({ packet: replyTo(packet), port: expected, state, choose: () => 0 }).outcome).toMatchObject({ type: "forward", out: "physical" });
      }
    }
  });
});

describe.skipIf(!available)("a host sends as was measured", () => {
  it.each(scenarios)("%s", (scenario) => {
    const snapshot = snapshotOfObjects(objectsOf(scenario));
    const { legs } = JSON.parse(readFileSync(`${folder}/truth/${scenario}.json`, "utf8")) as { legs: readonly Leg[] };
    for (const { proto, forward } of legs) {
      const [first] = forward;
      const [, node, device] = /^(\S+) (ovn-k8s-mp0|host br-ex)$/.exec(first?.point ?? "") ?? [];
      if (proto !== "tcp" || first === undefined || node === undefined || first.dport === "eph") continue;
      const packet = tcpPacket({ src: "0.0.0.0", dst: first.dst, srcPort: 40000, dstPort: first.dport });
      const { outcome } = namespaceStage(hostNamespace(snapshot, node)).decide({ packet, port: "local", state: undefined, choose: () => 0 });
      expect(outcome).toMatchObject({ type: "forward", out: device?.replace("host ", ""), packet: { ip: { src: first.src, dst: first.dst } } });
    }
  });
});
