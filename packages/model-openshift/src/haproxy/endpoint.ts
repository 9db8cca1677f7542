import type { Connection, Decision, Endpoint, EndpointContext, HttpRequest, Identity, Opening, Payload, Reply, Tls } from "@hopscope/core";
import { setCookie } from "./cookie.ts";
import { emptyBackendFindings, noRouteFinding } from "./findings.ts";
import { handle, type Action, type ClientRequest, type Handling, type HttpMessage } from "./machine.ts";
import type { Backend, HaproxyProgram, Server } from "./program.ts";
import { responseHeaders } from "./response.ts";
import type { Header } from "./sample.ts";
import { chooseServer, nextAttempt, RETRIES, serverTimeouts } from "./servers.ts";

export interface RouterEndpointOptions {
  /** Key of the endpoint in the network. */
  readonly id: string;
  /** The router pod; on the host network `namespace` is the node's stage. */
  readonly identity: Identity;
  readonly program: HaproxyProgram;
  /** Public ports; 80 and 443 unless the IngressController says otherwise. */
  readonly ports?: { readonly http: number; readonly https: number };
}

type Http = Extract<Reply, { type: "http" }>;
type Forward = Extract<Action, { type: "forward" | "splice" }>;

/** What the log tells of the servers: the one tried last, how often, and the two first flags of a failure. */
interface Tried {
  readonly reply: Reply;
  readonly server: Server | undefined;
  readonly retries: number;
}

const MILLISECOND = 1_000_000;

/** A request of the journey as HAProxy's parser sees it: `Host` is a header like others. */
function messageOf(request: HttpRequest): HttpMessage {
  const headers = Object.entries(request.headers).map(([name, value]): Header => [name.toLowerCase(), value]);
  const host: readonly Header[] = request.authority === "" || headers.some(([name]) => name === "host") ? [] : [["host", request.authority]];
  return { version: request.version, method: request.method, target: request.path, headers: [...host, ...headers] };
}

const recordOf = (headers: readonly Header[]): Readonly<Record<string, string>> => {
  const out: Record<string, string> = {};
  for (const [name, value] of headers) out[name] = name in out ? `${out[name]}, ${value}` : value;
  return out;
};

function requestTo(server: Server, sent: Extract<Action, { type: "forward" }>["request"]): HttpRequest {
  const { host = "", ...headers } = recordOf(sent.headers);
  return {
    version: server.flags.includes("proto h2") ? "2" : "1.1",
    method: sent.method,
    scheme: server.flags.includes("ssl") ? "https" : "http",
    authority: host,
    path: sent.target,
    headers,
  };
}

const tlsTo = (server: Server): Tls => ({ alpn: server.flags.some((flag) => flag.startsWith("alpn ")) ? ["h2", "http/1.1"] : [], version: "1.3" });

const termOf = (handling: Handling): string => {
  const { action } = handling;
  if (action.type === "splice" || handling.frontend === "public_ssl") return "haproxy/passthrough";
  if (action.type === "forward" && action.backend.name.startsWith("be_secure:")) return "haproxy/reencrypt";
  return handling.frontend === "public" ? "haproxy/none" : "haproxy/edge";
};

/** A connection was never made: refused, no answer, or no TLS spoken. HAProxy tries again then. */
const notConnected = (reply: Reply): boolean =>
  (reply.type === "reset" && (reply.reason === "connect-refused" || reply.reason === "tls-failure")) || (reply.type === "timeout" && reply.phase === "connect");

/** Tries servers until one is connected or the retries are used up. */
function trying(context: EndpointContext, action: Forward, open: (server: Server) => Reply): Tried {
  const { backend, candidates } = action;
  const usable = backend.servers.filter((server) => server.weight > 0);
  let pinned = action.type === "forward" && action.pinned !== undefined;
  let server = action.type === "forward" && action.pinned !== undefined ? action.pinned : chooseServer(context.choose, backend, candidates);
  if (server === undefined) return { reply: { type: "unknown", reason: "no server", after: 0 }, server, retries: 0 };
  for (let retry = 0; ; retry++) {
    const reply = open(server);
    if (notConnected(reply) && server.flags.includes("check")) {
      context.caveat({
        code: "haproxy/health-checks-not-modelled",
        problem: `health checks take ${server.name} out within about 15 seconds of failing; until then requests meet it as shown`,
        origin: server.origin,
      });
    }
    if (!notConnected(reply) || retry === RETRIES) return { reply, server, retries: retry };
    const next = nextAttempt(backend, { retry: retry + 1, pinned, active: usable.length, refused: reply.type === "reset" });
    if (next.wait > 0) context.wait(next.wait);
    if (next.redispatch) {
      server = chooseServer(context.choose, backend, usable, server) ?? server;
      pinned = false;
    }
  }
}

/** Status and flags where a server failed; the first flag is who, the second when. */
function failure(reply: Reply): { readonly status: number; readonly flags: string; readonly why: string } | undefined {
  switch (reply.type) {
    case "reset":
      return notConnected(reply) ? { status: 503, flags: "SC", why: reply.detail } : { status: 502, flags: "SH", why: reply.detail };
    case "timeout":
      return reply.phase === "connect" ? { status: 503, flags: "sC", why: reply.detail } : { status: 504, flags: "sH", why: reply.detail };
    case "bytes":
      return { status: 502, flags: "SH", why: "the server's answer is not HTTP" };
    default:
      return undefined;
  }
}

/**
 * A router pod's HAProxy as an endpoint: it accepts clients on its public ports and opens a leg to a server for
 * each request, with HAProxy's time-outs and retries on the journey's clock.
 *
 * @see HAProxy 2.6 configuration manual, 8.5 "Session state at disconnection"
 * @example
 * const router = routerEndpoint({ id: "router-default-1", identity, program: compileRouter(snapshot) });
 */
export function routerEndpoint(options: RouterEndpointOptions): Endpoint {
  const { id, identity, program } = options;
  const ports = options.ports ?? { http: 80, https: 443 };

  const clientOf = (connection: Connection): Omit<ClientRequest, "http"> => ({
    frontend: connection.local.port === ports.https ? "public_ssl" : "public",
    port: connection.local.port,
    src: connection.source.address,
    ...(connection.tls !== undefined && {
      tls: {
        alpn: connection.tls.alpn,
        ...(connection.tls.sni !== undefined && { sni: connection.tls.sni }),
        ...(connection.tls.clientIdentity !== undefined && { clientSubject: connection.tls.clientIdentity }),
      },
    }),
  });
  const handling = (connection: Connection, payload: Payload | undefined): Handling =>
    handle(program, { ...clientOf(connection), ...(payload?.type === "http" && { http: messageOf(payload.request) }) });

  const record = (context: EndpointContext, stage: string, decisions: readonly Decision[], terms: readonly string[]): void =>
    context.record({ system: "haproxy", place: identity.object, stage, decisions, terms: terms.map((key) => ({ key })) });

  /** One step for each table that was asked; the time of the request counts at the last. */
  const recordHandling = (context: EndpointContext, handled: Handling): void => {
    const tables = [...new Set(handled.decisions.map((decision) => decision.table))];
    const stages = tables.length === 0 ? [handled.frontend] : tables;
    stages.forEach((table, index) => {
      record(context, table, handled.decisions.filter((decision) => decision.table === table), index === stages.length - 1 ? [termOf(handled)] : []);
    });
  };

  const serveRequest = (payload: Payload, connection: Connection, context: EndpointContext): Reply => {
    const began = context.now;
    const handled = handling(connection, payload);
    const { action } = handled;
    recordHandling(context, handled);
    for (const caveat of handled.caveats) context.caveat(caveat);
    const asked = (payload.type === "http" ? payload.request.authority : (connection.tls?.sni ?? "")).replace(/:[0-9]+$/, "").toLowerCase();
    for (const { host, ...caveat } of program.caveats) if (host === undefined || host === asked) context.caveat(caveat);

    const log = (fields: { readonly server?: Server | undefined; readonly status?: number | undefined; readonly termination: string; readonly retries?: number; readonly Tc?: number; readonly Tr?: number }): void =>
      context.observe({
        type: "haproxy",
        frontend: handled.frontend,
        backend: handled.backend ?? handled.frontend,
        server: fields.server?.name ?? "<NOSRV>",
        status: fields.status,
        termination: fields.termination,
        retries: fields.retries ?? 0,
        source: `${connection.source.address}:${connection.source.port}`,
        ...(payload.type === "http" && { method: payload.request.method, host: payload.request.authority, path: payload.request.path }),
        Tq: 0,
        Tw: fields.server === undefined ? -1 : 0,
        ...(fields.Tc !== undefined && { Tc: fields.Tc }),
        ...(fields.Tr !== undefined && { Tr: fields.Tr }),
        Ta: Math.round((context.now - began) / MILLISECOND),
      });
    const answered = (status: number, termination: string, details: string, headers: Readonly<Record<string, string>> = {}): Http => ({ type: "http", status, headers, by: id, after: 0, flags: termination, details });

    switch (action.type) {
      case "answer": {
        if (action.termination !== undefined) log({ status: action.status, termination: action.termination, Tc: -1, Tr: -1 });
        if (handled.backend === "openshift_default") context.finding(noRouteFinding(program, handled.base ?? "", handled.frontend === "public"));
        const headers: Readonly<Record<string, string>> = action.location === undefined ? {} : { location: action.location, "cache-control": "no-cache" };
        return answered(action.status, action.termination ?? "", action.reason, headers);
      }
      case "close":
        log({ termination: action.termination, Tc: -1, Tr: -1 });
        return { type: "reset", reason: action.tls === true ? "tls-failure" : "closed", detail: action.reason, origin: action.origin, after: 0 };
      case "splice":
        return serveTunnel(payload, connection, context, action.backend, action, log);
      case "forward":
        break;
    }

    const { backend, request, cookie } = action;
    if (action.candidates.length === 0) {
      for (const finding of emptyBackendFindings(backend)) context.finding(finding);
      const flags = `SC${cookie}${cookie === "-" ? "-" : "N"}`;
      log({ status: 503, termination: flags, Tc: -1, Tr: -1 });
      return answered(503, flags, `${backend.name} has no server`);
    }
    const times = serverTimeouts(program, backend);
    const tried = trying(context, action, (server) => {
      record(context, `backend ${backend.name}`, [{ table: `backend ${backend.name}`, rule: `balance ${backend.balance}`, verdict: server === action.pinned ? `${server.name} (cookie)` : server.name, origin: server.origin }], []);
      const opening: Opening = {
        identity,
        to: { address: server.address.replace(/^\[|\]$/g, ""), port: server.port },
        protocol: "tcp",
        ...(server.flags.includes("ssl") && { tls: tlsTo(server) }),
        payload: { type: "http", request: requestTo(server, request) },
        connectTimeout: times.connect,
        responseTimeout: times.server,
        label: { backend: backend.name, endpoint: server.name },
      };
      return context.exchange(opening);
    });
    const { reply, server, retries } = tried;
    const failed = failure(reply);
    if (failed !== undefined) {
      const flags = `${failed.flags}${cookie}${cookie === "-" ? "-" : "N"}`;
      log({ server, status: failed.status, termination: flags, retries, Tr: -1, ...(failed.status === 503 && { Tc: -1 }) });
      return answered(failed.status, flags, failed.why);
    }
    if (reply.type !== "http" || server === undefined) return reply;
    record(context, "response", [], [termOf(handled)]);
    const insert = action.pinned === server ? undefined : setCookie(backend, server);
    const flags = `--${cookie}${cookie === "-" ? "-" : insert === undefined ? "N" : "I"}`;
    log({ server, status: reply.status, termination: flags, retries });
    const headers = Object.entries(reply.headers).map(([name, value]): Header => [name.toLowerCase(), value]);
    return { ...reply, flags, headers: recordOf(responseHeaders(program, handled, clientOf(connection), server, headers)) };
  };

  const serveTunnel = (payload: Payload, connection: Connection, context: EndpointContext, backend: Backend, action: Forward, log: (fields: { readonly server?: Server | undefined; readonly termination: string; readonly retries?: number; readonly Tc?: number }) => void): Reply => {
    if (action.candidates.length === 0) {
      for (const finding of emptyBackendFindings(backend)) context.finding(finding);
      log({ termination: "SC", Tc: -1 });
      return { type: "reset", reason: "closed", detail: `${backend.name} has no server`, origin: backend.origin, after: 0 };
    }
    const times = serverTimeouts(program, backend);
    let handshake = false;
    const { reply, server, retries } = trying(context, action, (chosen) => {
      record(context, `backend ${backend.name}`, [{ table: `backend ${backend.name}`, rule: `balance ${backend.balance}`, verdict: chosen.name, origin: chosen.origin }], []);
      const answer = context.exchange({
        identity,
        to: { address: chosen.address.replace(/^\[|\]$/g, ""), port: chosen.port },
        protocol: "tcp",
        ...(connection.tls !== undefined && { tls: connection.tls }),
        payload,
        connectTimeout: times.connect,
        responseTimeout: times.tunnel,
        label: { backend: backend.name, endpoint: chosen.name },
      });
      // The handshake is the client's with the pod: HAProxy has its connection and does not try again.
      handshake = answer.type === "reset" && answer.reason === "tls-failure";
      return handshake ? { type: "unknown", reason: answer.type === "reset" ? answer.detail : "", after: answer.after } : answer;
    });
    if (handshake) {
      log({ server, termination: "CD", retries });
      return { type: "reset", reason: "tls-failure", detail: reply.type === "unknown" ? reply.reason : "the TLS handshake with the pod fails", origin: backend.origin, after: 0 };
    }
    if (notConnected(reply)) {
      log({ server, termination: reply.type === "timeout" ? "sC" : "SC", retries, Tc: -1 });
      const detail = reply.type === "timeout" || reply.type === "reset" ? reply.detail : "";
      return { type: "reset", reason: "closed", detail, after: 0, ...((reply.type === "timeout" || reply.type === "reset") && reply.origin !== undefined && { origin: reply.origin }) };
    }
    record(context, "response", [], ["haproxy/passthrough"]);
    log({ server, termination: reply.type === "timeout" ? "sD" : "--", retries });
    return reply;
  };

  return {
    id,
    system: "haproxy",
    identity,
    accept: (connection, context) => {
      if (program.acceptProxy) {
        context.caveat({ code: "router/proxy-protocol-assumed", problem: "the router expects the PROXY protocol; the load balancer before it is taken to send it, with the address that the router sees", origin: program.origin });
      }
      if (program.refused !== undefined) {
        context.finding({ code: "router/configuration-refused", severity: "error", origin: program.refused.origin, problem: `${program.refused.problem}; the router keeps its last good configuration, and no change of any Route takes effect`, fix: "correct or delete this object" });
      }
      if (connection.local.port !== ports.https) return undefined;
      const { action } = handling(connection, undefined);
      return action.type === "close" && action.tls === true ? { type: "reset", reason: "tls-failure", detail: action.reason, origin: action.origin, after: 0 } : undefined;
    },
    serve: serveRequest,
  };
}
