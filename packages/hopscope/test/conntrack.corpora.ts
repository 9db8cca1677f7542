import { readdirSync, readFileSync } from "node:fs";
import { connectionsOf, type Conntrack, type Stage, type TrackedConnection, type Tuple } from "@hopscope/core";
import { buildNetwork, loadSnapshot, simulate } from "hopscope";
import { describe, expect, it } from "vitest";
import { corporaFolder, hasCorpus } from "./corpora.ts";

const folder = `${corporaFolder}/journeys-measured`;

interface Truth {
  readonly question: { readonly from: string; readonly to: string };
  readonly conntrack: Readonly<Record<string, readonly { readonly zone: string; readonly entry: string }[]>>;
}

/** Ports that a kernel picks are not told apart. */
const portText = (port: number): string => (port >= 32768 ? "eph" : String(port));
const ends = ({ src, dst, srcPort, dstPort }: Tuple): string => `(src=${src},dst=${dst},sport=${portText(srcPort)},dport=${portText(dstPort)})`;
const entryText = ({ original, reply, mark }: TrackedConnection): string => `${original.protocol},orig=${ends(original)},reply=${ends(reply)}${mark === 0 ? "" : `,mark=${mark}`}`;

/** Watches what a stage remembers: the last table of connections stays in `seen`. */
const watched = (stage: Stage, seen: (table: Conntrack) => void): Stage => ({
  id: stage.id,
  decide: (visit) => {
    const decided = stage.decide(visit);
    const state = decided.state as { readonly conntrack?: Conntrack } | undefined;
    if (state?.conntrack !== undefined) seen(state.conntrack);
    return decided;
  },
});

describe.skipIf(!hasCorpus("journeys-measured"))("connections that journeys leave in OVN's zones", () => {
  const names = hasCorpus("journeys-measured") ? readdirSync(`${folder}/truth`).map((file) => file.replace(/\.json$/, "")) : [];
  it.each(names)("%s", (name) => {
    const truth = JSON.parse(readFileSync(`${folder}/truth/${name}.json`, "utf8")) as Truth;
    const model = buildNetwork(loadSnapshot([`${folder}/snapshot/base`, `${folder}/snapshot/${name}`]));
    /** Entries by node; each with the zone it was in, whose number is this package's own. */
    const seen = new Map<string, Set<string>>();
    const stages = new Map([...model.network.stages].map(([id, stage]) => {
      const node = /^ovn\/(.*)$/.exec(id)?.[1];
      if (node === undefined) return [id, stage] as const;
      const own = seen.get(node) ?? new Set<string>();
      seen.set(node, own);
      return [id, watched(stage, (table) => connectionsOf(table).forEach((one) => own.add(`${one.zone} ${entryText(one)}`)))] as const;
    }));
    simulate({ ...model, network: { ...model.network, stages } }, truth.question);
    for (const [place, measured] of Object.entries(truth.conntrack)) {
      const node = /^OVS (.*)$/.exec(place)?.[1];
      if (node === undefined) continue;
      const own = [...(seen.get(node) ?? [])].map((text) => text.replace(/^\d+ /, ""));
      // br-ex commits what the host sends; it picks a connection up by packets that come after those of a journey.
      const ovn = measured.filter(({ zone }) => !zone.startsWith("br-ex"));
      expect([place, own.sort()]).toEqual([place, ovn.map(({ entry }) => entry).sort()]);
    }
  });
});
