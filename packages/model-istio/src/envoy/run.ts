import type { Caveat, Choose, Decision, Finding, SocketAddress } from "@hopscope/core";
import type { Headers } from "./headers.ts";
import type { Host, Resolve } from "./hosts.ts";
import type { Json } from "./json.ts";
import type { EnvoyConfig } from "./load.ts";

/** One connection or request that Envoy makes to an upstream host. */
export interface Attempt {
  readonly cluster: Json;
  readonly host: Host;
  /** Of the host, as the cluster's metadata chooses it. */
  readonly transportSocket: unknown;
  /** Absent for a proxied TCP connection. */
  readonly http?: { readonly headers: Headers; readonly version: "1.1" | "2"; readonly alpn?: readonly string[] };
  /** Nanoseconds; absent = for ever. */
  readonly responseTimeout?: number;
}

export type AttemptResult =
  | { readonly type: "response"; readonly status: number; readonly headers: Headers }
  | { readonly type: "bytes" }
  /** `detail` as Envoy prints it after `remote_connection_failure|`. */
  | { readonly type: "connect-failure"; readonly reason: "refused" | "timeout" | "tls"; readonly detail: string }
  | { readonly type: "reset" }
  | { readonly type: "timeout" }
  | { readonly type: "unknown"; readonly reason: string };

/** What the machine needs from the world, and where it tells what it decided. */
export interface Run {
  readonly config: EnvoyConfig;
  readonly choose: Choose;
  attempt(attempt: Attempt): AttemptResult;
  wait(nanoseconds: number): void;
  /** A decision, with the resource it was read from. */
  note(stage: string, decision: Omit<Decision, "origin">, resource: Json | undefined): void;
  caveat(caveat: Caveat): void;
  finding(finding: Omit<Finding, "origin">, resource: Json | undefined): void;
  readonly resolve?: Resolve;
  /** The machine's first address that is no loopback: what X-Forwarded-For names for a peer on loopback. */
  readonly localAddress?: string;
}

/** What Envoy's access log would hold of one connection or request. */
export interface Verdict {
  readonly kind: "http" | "tcp" | "none";
  readonly routeConfig?: string;
  readonly virtualHost?: string;
  readonly route?: string;
  readonly cluster?: string;
  readonly host?: Host;
  /** 0: no answer. */
  readonly status: number;
  readonly flags: readonly string[];
  readonly details?: string;
  /** Headers of the answer. */
  readonly headers: Headers;
  /** Headers as they went upstream, pseudo-headers among them. */
  readonly upstream?: Headers;
  readonly attempts: number;
  /** Envoy closed the connection without a word; a reason for people. */
  readonly closed?: string;
  /** How the last attempt ended, where that is neither an answer nor Envoy's own doing. */
  readonly unknown?: string;
}

export const verdict = (kind: Verdict["kind"], rest: Partial<Verdict> = {}): Verdict => ({ kind, status: 0, flags: [], headers: [], attempts: 0, ...rest });

/** The connection as filters see it. */
export interface Established {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  /** Where an ORIGINAL_DST cluster goes; `undefined` where nothing restored it. */
  readonly restored: SocketAddress | undefined;
  readonly sni: string;
  readonly tls: boolean;
  readonly alpn: string | undefined;
  readonly peer: string | undefined;
  readonly chain: string;
}
