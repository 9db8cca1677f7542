import type { Caveat, Finding } from "../diagnostic.ts";
import type { Origin } from "../origin.ts";
import type { Packet } from "../packet/packet.ts";

export type System = "client" | "dns" | "fabric" | "host" | "ovn" | "netfilter" | "envoy" | "haproxy" | "app";
export type StageId = string;
/** A stage's own name for one of its connectors: an interface, a logical port, `tunnel`, `local` (the kernel's sockets). */
export type PortId = string;

/** One rule that was consulted and mattered. "No rule matched" is a decision too. */
export interface Decision {
  /** The platform's name: `ls_in_acl`, `nat/OUTPUT`, `filter chain`, `os_http_be.map`. */
  readonly table: string;
  /** The rule's own text. */
  readonly rule: string;
  /** What it said, in the platform's word or a short sentence. */
  readonly verdict: string;
  readonly origin: Origin;
}

/** One share of latency: `key` names an entry of the latency profile, taken `times` over (default 1). */
export interface Term {
  readonly key: string;
  readonly times?: number;
  /** Size in bytes, for entries that grow with it. */
  readonly bytes?: number;
  /** A value stated by the user (an application's think time, in nanoseconds) in place of the profile's. */
  readonly value?: { readonly p50: number; readonly p99: number };
}

/** One place that the packet passed inside a stage's visit; becomes a hop of the leg. */
export interface Step {
  readonly system: System;
  /** Kubernetes node, if the place is on one. */
  readonly node?: string;
  /** `switch worker-0`, `pod demo/web-1`, `fabric`. */
  readonly place: string;
  /** The platform's name of the stage: `ls_in_acl_eval`, `nat/OUTPUT`. */
  readonly stage: string;
  readonly before: Packet;
  readonly after: Packet;
  readonly decisions: readonly Decision[];
  readonly terms: readonly Term[];
}

export interface Alternative {
  /** Name that `--choose` can ask for: a backend address `10.128.2.7:8080`, a next hop, a pod. */
  readonly name: string;
  /** Weights of one choice sum to 1. */
  readonly weight: number;
}

/** What a stage decides about one packet. */
export type Outcome =
  | { readonly type: "forward"; readonly out: PortId; readonly packet: Packet }
  | { readonly type: "deliver"; readonly to: Delivery; readonly packet: Packet }
  | { readonly type: "drop"; readonly reason: string; readonly origin: Origin; readonly code?: string }
  /** Refused with an answer (`with`, already addressed to the sender) which leaves by `out`. */
  | { readonly type: "reject"; readonly reason: string; readonly origin: Origin; readonly with: Packet; readonly out: PortId; readonly code?: string }
  | { readonly type: "unknown"; readonly reason: string; readonly origin?: Origin }
  | { readonly type: "replicate"; readonly copies: readonly { readonly out: PortId; readonly packet: Packet }[] };

/** The socket a packet reached. `originalDestination` is what SO_ORIGINAL_DST would say after a redirect. */
export interface Delivery {
  /** Key into `Network.endpoints`. */
  readonly endpoint: string;
  readonly socket: { readonly address: string; readonly port: number };
  readonly originalDestination?: { readonly address: string; readonly port: number };
}

/** What a stage gets to see. `state` is the stage's own immutable value (connection tracking …), undefined at first. */
export interface Visit<State = unknown> {
  readonly packet: Packet;
  /** The port by which the packet came in. */
  readonly port: PortId;
  readonly state: State | undefined;
  /** Picks among weighted alternatives as the journey's options say; returns the index. */
  readonly choose: Choose;
}
export type Choose = (point: string, among: readonly Alternative[], origin?: Origin) => number;

export interface Decided<State = unknown> {
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly state?: State;
  readonly caveats?: readonly Caveat[];
  readonly findings?: readonly Finding[];
}

/**
 * One place that looks at a packet and decides. Pure: the same visit gives the same decision.
 *
 * @example
 * const wire: Stage = {
 *   id: "wire",
 *   decide: ({ packet, port }) => ({
 *     outcome: { type: "forward", out: port === "a" ? "b" : "a", packet },
 *     steps: [{ system: "fabric", place: "wire", stage: "wire", before: packet, after: packet, decisions: [], terms: [] }],
 *   }),
 * };
 */
export interface Stage<State = unknown> {
  readonly id: StageId;
  decide(visit: Visit<State>): Decided<State>;
}
