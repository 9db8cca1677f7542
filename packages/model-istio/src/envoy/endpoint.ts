import type { Connection, Decision, Endpoint, EndpointContext, Identity, Origin, Payload, Reply, SocketAddress } from "@hopscope/core";
import type { Downstream } from "./downstream.ts";
import { reportRefusedTls } from "./findings.ts";
import { type Headers, recordOf } from "./headers.ts";
import type { Resolve } from "./hosts.ts";
import { type Json, nanoseconds, object, text } from "./json.ts";
import type { EnvoyConfig } from "./load.ts";
import { type Admission, admit, managerOf, serve } from "./machine.ts";
import { objectOfPolicy, originOfResource } from "./origin.ts";
import type { Attempt, AttemptResult, Run, Verdict } from "./run.ts";
import { upstreamTls } from "./tls.ts";
import { observationOf } from "./access-log.ts";

/** What makes an Envoy one place in a network. */
export interface EnvoyOptions {
  readonly id: string;
  /** Its sockets' owner; Istio's proxy runs with uid and gid 1337. */
  readonly identity: Identity;
  readonly config: EnvoyConfig;
  /** The name that observers show: `istio-ingressgateway`, `web-1 sidecar`. */
  readonly name: string;
  /** The pod's or machine's own address. */
  readonly address?: string;
  /** SPIFFE id in the certificate that it presents. */
  readonly principal?: string;
  /** Where resources come from, keyed by config path, object or resource name. */
  readonly origins?: ReadonlyMap<string, Origin>;
  /** Answers for the names in clusters of type STRICT_DNS and LOGICAL_DNS. */
  readonly resolve?: Resolve;
}

const CONNECT_TIMEOUT = 5e9;
/** Stands for a certificate whose name nobody told. */
const UNNAMED = "spiffe://unknown";

const wire = (payload: Payload): Downstream["http"] =>
  payload.type === "http"
    ? { version: payload.request.version, method: payload.request.method, authority: payload.request.authority, path: payload.request.path, headers: Object.entries(payload.request.headers).map(([name, value]) => [name.toLowerCase(), value] as const) }
    : undefined;

/** A client that offers both protocols, as curl and browsers do, speaks the one that is agreed on. */
const adapting = (http: Downstream["http"], offered: readonly string[]): Downstream["http"] => (http !== undefined && offered.includes("h2") && offered.includes("http/1.1") ? { ...http, adapts: true } : http);

function downstreamOf(connection: Connection, payload: Payload): Downstream {
  const { tls } = connection;
  return {
    source: connection.source,
    local: connection.local,
    original: connection.originalDestination,
    tls: tls === undefined ? undefined : { sni: tls.sni, alpn: tls.alpn, peer: tls.clientIdentity },
    http: adapting(wire(payload), tls?.alpn ?? []),
  };
}

/** How Envoy names the end of an attempt to connect, or of the request on it. */
function resultOf(reply: Reply, http: boolean): AttemptResult {
  switch (reply.type) {
    case "http":
      return http ? { type: "response", status: reply.status, headers: Object.entries(reply.headers) } : { type: "bytes" };
    case "bytes":
    case "dns":
      return { type: "bytes" };
    case "reset":
      if (reply.reason === "connect-refused") return { type: "connect-failure", reason: "refused", detail: "delayed_connect_error:_Connection_refused" };
      return reply.reason === "tls-failure" ? { type: "connect-failure", reason: "tls", detail: `TLS_error:_${reply.detail.replace(/\s+/g, "_")}` } : { type: "reset" };
    case "timeout":
      return reply.phase === "connect" ? { type: "connect-failure", reason: "timeout", detail: "connection_timeout" } : { type: "timeout" };
    case "unknown":
      return { type: "unknown", reason: reply.reason };
  }
}

interface Session {
  readonly run: Run;
  /** Hands the decisions so far to the journey. */
  flush(): void;
  /** The last upstream reply as it came. */
  last(): Reply | undefined;
}

function sessionOf(options: EnvoyOptions, context: EndpointContext, connection: Connection, payload: Payload, passThrough: () => boolean): Session {
  const notes: { stage: string; decision: Decision }[] = [];
  let last: Reply | undefined;
  let counted = false;
  const originOf = (resource: Json | undefined): Origin => originOfResource(resource, options.name, options.origins);
  const flush = (): void => {
    while (notes.length > 0) {
      const stage = notes[0]?.stage ?? "";
      const end = notes.findIndex((note) => note.stage !== stage);
      const group = notes.splice(0, end < 0 ? notes.length : end);
      const key = payload.type !== "http" ? "envoy/tcp" : payload.request.version === "2" ? "envoy/http2" : "envoy/http1";
      context.record({ system: "envoy", place: options.identity.object, stage, decisions: group.map(({ decision }) => decision), terms: counted ? [] : [{ key, times: 2 }] });
      counted = true;
    }
  };
  const attempt = (asked: Attempt): AttemptResult => {
    flush();
    const { cluster, host, http } = asked;
    const socket = upstreamTls(asked.transportSocket);
    const own = socket === undefined ? undefined : { sni: socket.sni, alpn: http?.alpn ?? socket.alpn, version: "1.3" as const, clientIdentity: socket.presents ? (options.principal ?? UNNAMED) : undefined };
    if (socket?.presents === true && options.principal === undefined) context.caveat({ code: "envoy/principal-unknown", problem: `the identity in the certificate of Envoy "${options.name}" is not known; rules that look at it may decide otherwise` });
    const inner = http === undefined && passThrough() ? connection.tls : undefined;
    if (own !== undefined && inner !== undefined) context.caveat({ code: "envoy/nested-tls", problem: `cluster "${text(cluster["name"]) ?? ""}" wraps the client's own TLS in TLS; only the outer layer is followed` });
    last = context.exchange({
      identity: options.identity,
      to: host.socket,
      protocol: "tcp",
      source: bindAddress(cluster),
      tls: own ?? inner,
      payload: http === undefined ? payload : { type: "http", request: requestOf(http.headers, http.version, own !== undefined) },
      connectTimeout: nanoseconds(cluster["connect_timeout"]) ?? CONNECT_TIMEOUT,
      responseTimeout: asked.responseTimeout,
      label: { cluster: text(cluster["name"]), endpoint: host.name },
      pooled: http !== undefined,
    });
    return resultOf(last, http !== undefined);
  };
  const run: Run = {
    config: options.config,
    choose: context.choose,
    attempt,
    wait: (time) => context.wait(Math.round(time)),
    note: (stage, decision, resource) => {
      const policy = decision.table.endsWith("rbac") ? objectOfPolicy(decision.rule) : undefined;
      const origin = policy === undefined ? originOf(resource) : (options.origins?.get(policy) ?? { object: policy });
      notes.push({ stage: stage === "listener" ? `listener ${decision.rule}` : stage, decision: { ...decision, origin } });
    },
    caveat: (caveat) => context.caveat(caveat),
    finding: (finding, resource) => context.finding({ ...finding, origin: originOf(resource) }),
    resolve: options.resolve,
    localAddress: options.address,
  };
  return { run, flush, last: () => last };
}

function bindAddress(cluster: Json): string | undefined {
  const address = text(object(object(cluster["upstream_bind_config"])["source_address"])["address"]);
  return address === "" || address === "0.0.0.0" ? undefined : address;
}

function requestOf(headers: Headers, version: "1.1" | "2", tls: boolean): Extract<Payload, { type: "http" }>["request"] {
  const pseudo = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  const scheme = pseudo(":scheme") === "https" ? "https" : tls && pseudo(":scheme") === undefined ? "https" : "http";
  return { version, method: pseudo(":method") ?? "GET", scheme, authority: pseudo(":authority") ?? "", path: pseudo(":path") ?? "/", headers: recordOf(headers.filter(([name]) => !name.startsWith(":"))) };
}

function replyOf(options: EnvoyOptions, verdict: Verdict, admission: Admission, last: Reply | undefined): Reply {
  if (verdict.unknown !== undefined) return { type: "unknown", reason: verdict.unknown, after: 0 };
  if (verdict.kind === "http" && verdict.status > 0) {
    const by = verdict.details === "via_upstream" && last?.type === "http" ? last.by : options.id;
    return { type: "http", status: verdict.status, headers: recordOf(verdict.headers), by, after: 0, flags: verdict.flags.join(",") || undefined, details: verdict.details };
  }
  const origin = admission.chain.type === "chosen" ? originOfResource(admission.chain.chain, options.name, options.origins) : originOfResource(admission.chain.lost[0] ?? admission.picked.listener, options.name, options.origins);
  const detail = `${verdict.closed ?? verdict.details ?? "closed"}${verdict.flags.length > 0 ? ` (${verdict.flags.join(",")})` : ""}`;
  if (admission.handshake?.type === "failed") return { type: "reset", reason: "tls-failure", detail: admission.handshake.reason, origin, after: 0 };
  if (admission.handshake?.type === "cipher" && verdict.kind === "http") return { type: "reset", reason: "tls-failure", detail: "the listener's filter chain speaks no TLS", origin, after: 0 };
  if (verdict.flags.includes("NR")) return { type: "reset", reason: "connection-reset", detail, origin, after: 0 };
  if (verdict.flags.length === 0 && verdict.kind === "tcp" && verdict.closed === undefined) return last ?? { type: "bytes", by: options.id, after: 0 };
  return verdict.flags.length === 0 && last !== undefined && verdict.details === undefined ? last : { type: "reset", reason: "closed", detail, origin, after: 0 };
}

/**
 * Stands an Envoy into a network: it takes connections as its listeners say and opens its own to its clusters.
 *
 * TCP is accepted wherever a listener stands; a refused TLS handshake and a missing filter chain end the connection
 * after that, when it is served, as the client of a real Envoy sees it.
 *
 * @example
 * envoyEndpoint({ id: "gw", name: "gateway", identity: { namespace: "pod/gw", object: "Pod demo/gw" }, config: loadEnvoyConfig(dump) })
 */
export function envoyEndpoint(options: EnvoyOptions): Endpoint {
  return {
    id: options.id,
    system: "envoy",
    identity: options.identity,
    accept(connection, context) {
      const quiet = sessionOf(options, context, connection, { type: "bytes" }, () => false).run;
      const admission = admit({ ...quiet, note: () => undefined, caveat: () => undefined, finding: () => undefined }, downstreamOf(connection, { type: "bytes" }));
      if (admission !== undefined) return undefined;
      return { type: "reset", reason: "connect-refused", detail: `no listener at ${print(connection.local)}`, origin: { object: `Envoy ${options.name}` }, after: 0 };
    },
    serve(payload, connection, context) {
      const start = context.now;
      const downstream = downstreamOf(connection, payload);
      let admission: Admission | undefined;
      const session = sessionOf(options, context, connection, payload, () => admission?.handshake?.type === "cipher");
      admission = admit(session.run, downstream);
      if (admission === undefined) return { type: "reset", reason: "connect-refused", detail: `no listener at ${print(connection.local)}`, after: 0 };
      reportRefusedTls(session.run, admission, downstream);
      const http = admission.chain.type === "chosen" && managerOf(admission.chain.chain) !== undefined;
      const failed = admission.handshake?.type === "failed";
      const verdict = failed && !http ? serveFailed(session.run, admission, downstream) : serve(session.run, admission, downstream);
      session.flush();
      context.observe(observationOf(options.name, admission, verdict, { connection, payload, start, end: context.now, last: session.last() }));
      return replyOf(options, verdict, admission, session.last());
    },
  };
}

/** A failed handshake in front of a TCP proxy: Envoy has connected upstream by then, which carries nothing. */
function serveFailed(run: Run, admission: Admission, downstream: Downstream): Verdict {
  return serve({ ...run, attempt: () => ({ type: "bytes" }) }, admission, downstream);
}

const print = ({ address, port }: SocketAddress): string => `${address}:${port}`;
