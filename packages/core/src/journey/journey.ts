import type { Caveat, Finding } from "../diagnostic.ts";
import type { Summary } from "../latency/compose.ts";
import type { Connection, Observation, Reply } from "../network/endpoint.ts";
import type { Decision, System, Term } from "../network/stage.ts";
import type { Origin } from "../origin.ts";
import type { Change } from "../packet/diff.ts";
import type { Packet } from "../packet/packet.ts";

/** One place's visit on a leg. */
export interface Hop {
  readonly system: System;
  readonly node?: string;
  readonly place: string;
  readonly stage: string;
  readonly decisions: readonly Decision[];
  readonly changes: readonly Change[];
  readonly terms: readonly Term[];
  /** Nanoseconds. */
  readonly latency: { readonly p50: number; readonly p99: number };
  /** The packet as it left; endpoints' hops have none. */
  readonly packet?: Packet;
}

export type LegOutcome = "accepted" | "refused" | "dropped" | "unknown";

export interface Party {
  /** `Pod ns/name`, `Node name`, `outside client`; undefined where nobody was reached. */
  readonly object?: string;
  readonly address: string;
  readonly port: number;
}

/** Why a leg failed: the decision that ended it. */
export interface Ended {
  readonly reason: string;
  readonly origin?: Origin;
  readonly code?: string;
}

/** One transport connection, or one datagram exchange. `from` and `to` are as its opener sees them. */
export interface Leg {
  readonly id: number;
  readonly parent?: number;
  readonly protocol: "http" | "tls" | "tcp" | "udp" | "icmp";
  readonly from: Party;
  readonly to: Party;
  readonly outcome: LegOutcome;
  readonly hops: readonly Hop[];
  readonly reply?: { readonly outcome: LegOutcome; readonly hops: readonly Hop[] };
  readonly ended?: Ended;
  /** As the acceptor sees it. */
  readonly connection?: Connection;
  /** Nanoseconds since the journey began, on the clock of medians. */
  readonly times: { readonly opened: number; readonly connected?: number; readonly requested?: number; readonly answered?: number; readonly closed: number };
  /** One round trip of this leg: forward and reply path. */
  readonly roundTrip: Summary;
}

/** One request on a leg. */
export interface RequestRecord {
  readonly id: number;
  readonly parent?: number;
  readonly leg: number;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly status?: number;
  readonly cluster?: string;
  readonly backend?: string;
  readonly endpoint?: string;
}

export type Verdict = "delivered" | "answered" | "refused" | "dropped" | "unknown";

export interface Judgement {
  readonly type: Verdict;
  /** What the client sees; undefined where no HTTP answer came. */
  readonly status?: number;
  readonly sentence: string;
  readonly deciding?: { readonly object: string; readonly origin: Origin };
}

/** What an endpoint noted about a request, with the leg that brought it. */
export interface Noted {
  readonly leg: number | undefined;
  readonly endpoint: string;
  readonly object: string;
  readonly node?: string;
  readonly at: number;
  readonly fact: Observation;
}

/** A choice that was made on the way. */
export interface Choice {
  readonly point: string;
  readonly taken: string;
  readonly probability: number;
  readonly origin?: Origin;
}

/** The tree of legs that a request caused, both directions, with its verdict. */
export interface Journey {
  readonly question: { readonly from: string; readonly to: string };
  readonly verdict: Judgement;
  readonly legs: readonly Leg[];
  readonly requests: readonly RequestRecord[];
  readonly observations: readonly Noted[];
  readonly choices: readonly Choice[];
  /** Product of the choices' probabilities. */
  readonly probability: number;
  readonly latency: Summary & { readonly legs: readonly ({ readonly leg: number } & Summary)[]; readonly profile: string };
  readonly reply: Reply;
  readonly findings: readonly Finding[];
  readonly caveats: readonly Caveat[];
  /** With `choose: "all"`: every other way, this one being the likeliest. */
  readonly alternatives: readonly Journey[];
}
