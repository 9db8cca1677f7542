import type { Caveat, Finding } from "../diagnostic.ts";
import type { Choose, Decided, Delivery, Network, Outcome, PortId, StageId, Step } from "../network/network.ts";
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
 * Copies of a replicated packet are followed in order; the first that is delivered is the result, else the last end counts.
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
        let last: WalkEnd = { type: "dropped", reason: `${stage} sent the packet nowhere` };
        for (const copy of outcome.copies) {
          const peer = wiring.get(connector(stage, copy.out));
          if (peer === undefined) continue;
          last = follow({ stage: peer[0], port: peer[1], packet: copy.packet });
          if (last.type === "delivered") break;
        }
        return { type: "end", end: last };
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
