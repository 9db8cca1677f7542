import type { Caveat, Finding } from "../diagnostic.ts";
import type { Network } from "../network/network.ts";
import type { Choose, Decided, Delivery, Outcome, PortId, StageId, Step } from "../network/stage.ts";
import type { Origin } from "../origin.ts";
import type { Packet } from "../packet/packet.ts";

/** The stages' states; every walk takes one value and gives the next. */
export type States = ReadonlyMap<StageId, unknown>;

/** How one packet's walk ended. */
export type WalkEnd =
  | { readonly type: "delivered"; readonly stage: StageId; readonly to: Delivery; readonly packet: Packet }
  | { readonly type: "dropped"; readonly reason: string; readonly origin?: Origin; readonly code?: string }
  | { readonly type: "rejected"; readonly reason: string; readonly origin: Origin; readonly code?: string; readonly with: Packet; readonly stage: StageId; readonly out: PortId }
  | { readonly type: "unknown"; readonly reason: string; readonly origin?: Origin };

export interface Walked {
  readonly end: WalkEnd;
  readonly steps: readonly Step[];
  readonly states: States;
  readonly caveats: readonly Caveat[];
  readonly findings: readonly Finding[];
}

export interface WalkOptions {
  readonly choose: Choose;
  /** Most stage visits before the walk is called a loop. */
  readonly maxVisits: number;
}

export type Wiring = ReadonlyMap<string, readonly [StageId, PortId]>;

const connector = (stage: StageId, port: PortId): string => `${stage}\n${port}`;

/** Indexes a network's links by both of their ends. */
export function wiringOf(network: Network): Wiring {
  const wiring = new Map<string, readonly [StageId, PortId]>();
  for (const { a, b } of network.links) {
    wiring.set(connector(...a), b);
    wiring.set(connector(...b), a);
  }
  return wiring;
}

interface Position {
  readonly stage: StageId;
  readonly port: PortId;
  readonly packet: Packet;
}

/**
 * Carries one packet from a stage's port through the network until a stage ends it.
 *
 * Copies of a replicated packet are followed in order until one is delivered; else one that was answered, is unknown, or the last
 * one's end counts. A copy to a port without a link is a caveat.
 */
export function walk(network: Network, wiring: Wiring, start: Position, states: States, options: WalkOptions): Walked {
  const steps: Step[] = [];
  const caveats: Caveat[] = [];
  const findings: Finding[] = [];
  let current: States = states;
  let visits = 0;

  const follow = (at: Position): WalkEnd => {
    let position = at;
    for (;;) {
      visits += 1;
      if (visits > options.maxVisits) {
        return { type: "dropped", reason: `the packet still travels after ${options.maxVisits} stages: a loop`, code: "journey/loop" };
      }
      const stage = network.stages.get(position.stage);
      if (stage === undefined) return { type: "unknown", reason: `no stage "${position.stage}" in this network` };
      const decided: Decided = stage.decide({ packet: position.packet, port: position.port, state: current.get(stage.id), choose: options.choose });
      steps.push(...decided.steps);
      caveats.push(...(decided.caveats ?? []));
      findings.push(...(decided.findings ?? []));
      if (decided.state !== undefined) current = new Map(current).set(stage.id, decided.state);
      const next = advance(stage.id, decided.outcome);
      if (next.type !== "at") return next.end;
      position = next.position;
    }
  };

  const advance = (stage: StageId, outcome: Outcome): { type: "at"; position: Position } | { type: "end"; end: WalkEnd } => {
    switch (outcome.type) {
      case "forward": {
        const peer = wiring.get(connector(stage, outcome.out));
        if (peer === undefined) return { type: "end", end: { type: "dropped", reason: `nothing is connected to port "${outcome.out}" of ${stage}` } };
        return { type: "at", position: { stage: peer[0], port: peer[1], packet: outcome.packet } };
      }
      case "replicate": {
        const ends: WalkEnd[] = [];
        for (const copy of outcome.copies) {
          const peer = wiring.get(connector(stage, copy.out));
          if (peer === undefined) {
            caveats.push({ code: "journey/copy-unconnected", problem: `${stage} sent a copy of the packet to port "${copy.out}", to which nothing is connected` });
            continue;
          }
          ends.push(follow({ stage: peer[0], port: peer[1], packet: copy.packet }));
          if (ends.at(-1)?.type === "delivered") break;
        }
        const ports = outcome.copies.map(({ out }) => `"${out}"`).join(", ");
        const nowhere: WalkEnd = { type: "dropped", reason: ports === "" ? `${stage} sent the packet nowhere` : `nothing is connected to port ${ports} of ${stage}` };
        return { type: "end", end: mostTelling(ends) ?? nowhere };
      }
      case "deliver":
        return { type: "end", end: { type: "delivered", stage, to: outcome.to, packet: outcome.packet } };
      case "drop":
        return { type: "end", end: { type: "dropped", reason: outcome.reason, origin: outcome.origin, code: outcome.code } };
      case "reject":
        return { type: "end", end: { type: "rejected", reason: outcome.reason, origin: outcome.origin, code: outcome.code, with: outcome.with, stage, out: outcome.out } };
      case "unknown":
        return { type: "end", end: { type: "unknown", reason: outcome.reason, origin: outcome.origin } };
    }
  };

  const end = follow(start);
  return { end, steps, states: current, caveats, findings };
}

/** The end of a packet that was copied: a delivered copy, else one that was answered or is unknown, else the last. */
function mostTelling(ends: readonly WalkEnd[]): WalkEnd | undefined {
  for (const type of ["delivered", "rejected", "unknown"] as const) {
    const found = ends.find((end) => end.type === type);
    if (found !== undefined) return found;
  }
  return ends.at(-1);
}
