import type { Caveat, Finding } from "../diagnostic.ts";
import type { Address, HttpRequest, Tls } from "../packet/packet.ts";
import type { Choose, Decision, System, Term } from "./stage.ts";
import type { Origin } from "../origin.ts";

/** A process's place: the network namespace stage it runs in, and the owner of its sockets. */
export interface Identity {
  /** Stage id of the network namespace. */
  readonly namespace: string;
  /** `Pod ns/name`, `Node name`, `outside client`. */
  readonly object: string;
  readonly node?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SocketAddress {
  readonly address: Address;
  readonly port: number;
}

/** A connection as the accepting endpoint sees it. */
export interface Connection {
  readonly protocol: "tcp" | "udp";
  readonly source: SocketAddress;
  /** Local socket address the packet arrived at (after redirects). */
  readonly local: SocketAddress;
  /** SO_ORIGINAL_DST, where the packet was redirected; else `local`. */
  readonly originalDestination: SocketAddress;
  readonly tls?: Tls;
}

/** What is sent over a connection, once. */
export type Payload =
  | { readonly type: "http"; readonly request: HttpRequest }
  | { readonly type: "dns"; readonly name: string; readonly recordType: "A" | "AAAA" }
  /** Bytes that only the application understands. */
  | { readonly type: "bytes" };

/** How an exchange ended, as its opener sees it. `after` is nanoseconds since the opener began. */
export type Reply =
  | { readonly type: "http"; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly by: string; readonly after: number; readonly flags?: string; readonly details?: string }
  | { readonly type: "dns"; readonly rcode: "NOERROR" | "NXDOMAIN" | "SERVFAIL"; readonly addresses: readonly Address[]; readonly after: number }
  | { readonly type: "bytes"; readonly by: string; readonly after: number }
  /** The connection ended quickly: RST, ICMP unreachable, failed TLS handshake. */
  | { readonly type: "reset"; readonly reason: "connect-refused" | "connection-reset" | "tls-failure" | "closed"; readonly detail: string; readonly origin?: Origin; readonly after: number }
  /** Silence until the deadline. */
  | { readonly type: "timeout"; readonly phase: "connect" | "response"; readonly detail: string; readonly origin?: Origin; readonly after: number }
  | { readonly type: "unknown"; readonly reason: string; readonly origin?: Origin; readonly after: number };

/** What an endpoint asks the walk to do for it. */
export interface Opening {
  readonly identity: Identity;
  readonly to: SocketAddress;
  readonly protocol: "tcp" | "udp";
  /** Binds the source (Envoy's inbound pass-through uses 127.0.0.6). */
  readonly source?: Address;
  readonly tls?: Tls;
  readonly payload: Payload;
  /** Give up connecting / waiting for the answer after so many nanoseconds. */
  readonly connectTimeout?: number;
  readonly responseTimeout?: number;
  /** What opened it, for the request list: Envoy cluster, HAProxy backend/server. */
  readonly label?: { readonly cluster?: string; readonly backend?: string; readonly endpoint?: string };
  /** Opened on an existing pooled connection in reality, at times (a caveat of latency only). */
  readonly pooled?: boolean;
}

/** One machine's step inside a request: shown as a hop of the leg that brought the request. */
export interface EndpointStep {
  readonly system: System;
  readonly place: string;
  readonly stage: string;
  readonly decisions: readonly Decision[];
  readonly terms: readonly Term[];
}

export interface EndpointContext {
  /** Nanoseconds since the journey began. */
  readonly now: number;
  /** Opens a leg, sends the payload, and tells how it ended. */
  exchange(opening: Opening): Reply;
  /** Lets time pass (back-off, think time). */
  wait(nanoseconds: number): void;
  record(step: EndpointStep): void;
  /** What a log or metric of this endpoint would hold for this request; read by the observers. */
  observe(fact: Observation): void;
  finding(finding: Finding): void;
  caveat(caveat: Caveat): void;
  readonly choose: Choose;
}

/** A plain record of what an endpoint knows about one request, for vantages to read. `type` names the endpoint kind. */
export interface Observation {
  readonly type: "envoy" | "haproxy" | "app" | "dns" | "client";
  readonly [field: string]: unknown;
}

/**
 * Where a leg ends: it accepts or refuses a connection, answers its requests, or opens legs of its own.
 */
export interface Endpoint {
  readonly id: string;
  readonly system: System;
  readonly identity: Identity;
  /** `undefined` accepts; a reply refuses (a TLS failure, an immediate close). */
  accept(connection: Connection, context: EndpointContext): Reply | undefined;
  serve(payload: Payload, connection: Connection, context: EndpointContext): Reply;
}
