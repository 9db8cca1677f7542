import type { Connection, Observation, Payload, Reply } from "@hopscope/core";
import { printSocket } from "./address.ts";
import { text } from "./json.ts";
import type { Admission } from "./machine.ts";
import type { Verdict } from "./run.ts";

export interface LogFacts {
  readonly connection: Connection;
  readonly payload: Payload;
  /** Nanoseconds since the journey began. */
  readonly start: number;
  readonly end: number;
  readonly last: Reply | undefined;
}

/**
 * What the access log holds of one request or connection, by the names that Envoy's own log commands suggest.
 *
 * `code` 0, `flags` `-` and `details` null are what Envoy prints for a proxied TCP connection.
 *
 * @see Envoy 1.26, access log command operators
 */
export function observationOf(proxy: string, admission: Admission, verdict: Verdict, facts: LogFacts): Observation {
  const { connection, payload, start, end } = facts;
  const { chain, established, picked } = admission;
  const http = verdict.kind === "http" && payload.type === "http" ? payload.request : undefined;
  return {
    type: "envoy",
    proxy,
    listener: text(picked.listener["name"]),
    filterChain: chain.type === "chosen" ? text(chain.chain["name"]) : undefined,
    routeConfig: verdict.routeConfig,
    virtualHost: verdict.virtualHost,
    route: verdict.route,
    cluster: verdict.cluster,
    endpoint: verdict.host?.name,
    code: verdict.status,
    flags: verdict.flags.length === 0 ? "-" : verdict.flags.join(","),
    details: verdict.details ?? null,
    attempts: verdict.attempts,
    protocol: http === undefined ? undefined : http.version === "2" ? "HTTP/2" : `HTTP/${http.version}`,
    method: http?.method,
    authority: http?.authority,
    path: http?.path,
    start,
    duration: end - start,
    bytesReceived: 0,
    downstreamRemote: printSocket(connection.source),
    downstreamLocal: printSocket(picked.destination),
    downstreamPeer: established?.peer,
    downstreamTls: established?.tls === true ? "TLSv1.3" : undefined,
    requestedServerName: connection.tls?.sni,
    upstreamTransportFailure: facts.last?.type === "reset" ? facts.last.detail : undefined,
  };
}
