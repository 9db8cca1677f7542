import type { Caveat, Decision, Origin } from "@hopscope/core";
import { readCookie, type CookieState } from "./cookie.ts";
import { lookup } from "./lookup.ts";
import type { Backend, CertificateEntry, HaproxyProgram, Line, MapName, Server } from "./program.ts";
import { applyRules } from "./rules.ts";
import type { Header, SampleContext } from "./sample.ts";

/** A request as it reaches one of the router's public ports. */
export interface ClientRequest {
  readonly frontend: "public" | "public_ssl";
  /** Port that the client connected to. */
  readonly port: number;
  readonly src: string;
  /** Absent on `public_ssl`: the client speaks plain text there. */
  readonly tls?: { readonly sni?: string; readonly alpn: readonly string[]; readonly clientSubject?: string };
  /** Absent where only a connection is made (passthrough does not look inside). */
  readonly http?: HttpMessage;
}

export interface HttpMessage {
  readonly version: "1.0" | "1.1" | "2";
  readonly method: string;
  /** The request target as sent: `/path?query`, `*`, `http://host/path`. */
  readonly target: string;
  /** In order, names in lower case; `host` only if sent. */
  readonly headers: readonly Header[];
}

export type FrontendName = "public" | "public_ssl" | "fe_sni" | "fe_no_sni";

/** What HAProxy does with a request before any server is tried. */
export type Action =
  | { readonly type: "answer"; readonly status: number; readonly location?: string; readonly termination?: string; readonly reason: string; readonly origin: Origin }
  | { readonly type: "close"; readonly termination: string; readonly reason: string; readonly origin: Origin; readonly tls?: boolean }
  | {
      readonly type: "forward";
      readonly backend: Backend;
      /** Servers that may be chosen; none: 503. */
      readonly candidates: readonly Server[];
      readonly pinned?: Server;
      readonly cookie: CookieState;
      readonly request: { readonly method: string; readonly target: string; readonly headers: readonly Header[] };
    }
  | { readonly type: "splice"; readonly backend: Backend; readonly candidates: readonly Server[] };

export interface Handling {
  readonly frontend: FrontendName;
  /** Name of the backend; absent where the frontend answered. */
  readonly backend?: string;
  /** Certificate shown to the client; absent: the default one, or no TLS ended here. */
  readonly certificate?: CertificateEntry;
  /** Protocol agreed upon in the TLS handshake, or nothing. */
  readonly alpn: string;
  /** `host/path` that the maps were asked with. */
  readonly base?: string;
  readonly action: Action;
  readonly decisions: readonly Decision[];
  readonly caveats: readonly Caveat[];
}

const DEFAULT_BACKEND = "openshift_default";
const decision = (table: string, rule: string, verdict: string, origin: Origin): Decision => ({ table, rule, verdict, origin });
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Path of a request target, without query; nothing for `*` and an authority. */
function pathOf(method: string, target: string): string {
  if (method === "CONNECT") return "";
  const rest = target.startsWith("/") ? target : (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]*(.*)$/.exec(target)?.[1] ?? "");
  return rest.split("?")[0] ?? "";
}

const authorityOf = (method: string, target: string): string | undefined =>
  method === "CONNECT" ? target : /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)/.exec(target)?.[1];

/** What makes HAProxy's parser answer 400, in the order it looks; nothing for a good request. */
function badRequest(program: HaproxyProgram, http: HttpMessage): string | undefined {
  const { method, target, headers } = http;
  if (!/^[!-~\u0080-\uffff]+$/.test(target)) return "the request target has a blank or a control character";
  const authority = authorityOf(method, target);
  if (authority === undefined && !target.startsWith("/") && target !== "*") return "the request target does not begin with a slash";
  if (target.includes("#")) return 'the request target has a "#"';
  const hosts = headers.filter(([name]) => name === "host").map(([, value]) => value);
  if (new Set(hosts).size > 1) return "two Host headers differ";
  if (authority !== undefined && hosts[0] !== undefined && http.version !== "2") {
    const port = target.startsWith("https://") ? ":443" : ":80";
    const plain = (host: string): string => (method !== "CONNECT" && host.endsWith(port) ? host.slice(0, -port.length) : host);
    if (lower(plain(authority)) !== lower(plain(hosts[0]))) return "the authority of the request target differs from Host";
  }
  if (headers.some(([name, value]) => name === "content-length" && value === "")) return "the Content-Length is empty";
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, method.length + target.length + 14);
  return size > program.bufsize - program.maxrewrite ? `the request's head is longer than ${program.bufsize - program.maxrewrite} bytes` : undefined;
}

const usable = (backend: Backend): readonly Server[] => backend.servers.filter((server) => server.weight > 0);

const unknownCaveats = (lines: readonly Line[]): readonly Caveat[] =>
  lines.map((line) => ({ code: "haproxy/rule-not-evaluated", problem: `"${line.text}" depends on what is not modelled here`, origin: line.origin }));

/** Decisions of looking a text up in a map: the line that matched, or that none did. */
function consult(program: HaproxyProgram, map: MapName, text: string): { readonly value: string | undefined; readonly decision: Decision; readonly origin: Origin } {
  const entry = lookup(program.maps[map], text);
  return entry === undefined
    ? { value: undefined, origin: program.origin, decision: decision(map, `no line matches "${text}"`, "no match", program.origin) }
    : { value: entry.value, origin: entry.origin, decision: decision(map, entry.key, entry.value, entry.origin) };
}

/**
 * Certificate for a server name: one of that name, then one of its wildcard, then the default one (`undefined`).
 *
 * The default certificate's own names count too, and before the routes' of the same name.
 */
export function certificateFor(program: HaproxyProgram, sni: string | undefined): CertificateEntry | undefined {
  if (sni === undefined) return undefined;
  const name = lower(sni);
  const dot = name.indexOf(".");
  for (const wanted of [name, ...(dot < 0 ? [] : [`*${name.slice(dot)}`])]) {
    if (program.defaultCertificateNames.includes(wanted)) return undefined;
    const entry = program.certificates.find((candidate) => candidate.host === wanted);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** What a backend does before its servers: address lists and rate limits, header rules, rewrite, cookie. */
function enterBackend(program: HaproxyProgram, backend: Backend, http: HttpMessage, headers: readonly Header[], context: SampleContext): { readonly action: Action; readonly decisions: readonly Decision[]; readonly caveats: readonly Caveat[] } {
  const scope = { acls: backend.acls, lists: program.lists };
  const table = `backend ${backend.name}`;
  const name = backend.cookie?.split(" ")[0];
  const gate = applyRules(backend.tcpRequest, { headers, path: "" }, context, scope);
  if (gate.stopped !== undefined) {
    const { line } = gate.stopped;
    const reason = `"tcp-request ${line.text}" closes connections from ${context.src}`;
    return { action: { type: "close", termination: name === undefined ? "PR--" : "PRNN", reason, origin: line.origin }, decisions: [decision(table, line.text, "reject", line.origin)], caveats: unknownCaveats(gate.unknown) };
  }
  const path = pathOf(http.method, http.target);
  const at = http.target.indexOf(path);
  const rules = applyRules(backend.httpRequest, { headers, path }, context, scope);
  const cookie = readCookie(backend, rules.headers);
  const forwarded = backend.options.find((option) => option.startsWith("forwardfor"));
  const unique = program.uniqueIdHeader === undefined ? cookie.headers : [...cookie.headers, [program.uniqueIdHeader.text.toLowerCase(), ""] as const];
  const sent: readonly Header[] =
    forwarded === undefined || (forwarded === "forwardfor if-none" && unique.some(([key]) => key === "x-forwarded-for"))
      ? unique
      : [...unique, ["x-forwarded-for", context.src]];
  const target = path === "" || rules.path === path ? http.target : http.target.slice(0, at) + rules.path + http.target.slice(at + path.length);
  const pinned = cookie.server;
  const candidates = pinned === undefined ? usable(backend) : [pinned];
  return {
    action: { type: "forward", backend, candidates, cookie: cookie.state, request: { method: http.method, target, headers: sent }, ...(pinned !== undefined && { pinned }) },
    decisions: rules.used.map((line) => decision(table, line.text, target !== http.target && line.text.startsWith("replace-path") ? `path ${target}` : "applied", line.origin)),
    caveats: unknownCaveats([...gate.unknown, ...rules.unknown]),
  };
}

/** An HTTP frontend: parser, header rules, redirect, map, backend. */
function httpFrontend(program: HaproxyProgram, frontend: FrontendName, request: ClientRequest, http: HttpMessage, tls: { readonly certificate?: CertificateEntry; readonly alpn: string }): Handling {
  const plain = frontend === "public";
  const head = { frontend, alpn: tls.alpn, ...(tls.certificate !== undefined && { certificate: tls.certificate }) };
  const answer = (action: Action, decisions: readonly Decision[] = [], more: Partial<Handling> = {}): Handling => ({ ...head, action, decisions, caveats: [], ...more });
  if (plain && http.target === program.monitorUri) {
    return answer({ type: "answer", status: 200, reason: "the router's health check answers this path for every host", origin: program.origin }, [decision(frontend, `monitor-uri ${program.monitorUri}`, "200", program.origin)]);
  }
  const bad = badRequest(program, http);
  if (bad !== undefined) return answer({ type: "answer", status: 400, termination: "PR--", reason: bad, origin: program.origin }, [decision(frontend, bad, "400", program.origin)]);

  const context: SampleContext = {
    src: request.src,
    dstPort: request.port,
    tls: !plain,
    alpn: tls.alpn,
    clientSubject: request.tls?.clientSubject,
    request: http.headers,
    response: [],
  };
  const { filter, origin } = program.clientTls;
  if (!plain && program.clientTls.verify !== "none" && filter !== undefined) {
    const subject = request.tls?.clientSubject;
    if (subject === undefined || !new RegExp(filter).test(subject)) {
      const reason = "the client's certificate has no subject that clientTLS allows";
      return answer({ type: "answer", status: 403, termination: "PR--", reason, origin }, [decision(frontend, `ssl_c_s_dn -m reg ${filter}`, "deny 403", origin)]);
    }
  }
  const rules = applyRules(plain ? program.frontendRequest : program.tlsFrontendRequest, { headers: http.headers, path: "" }, context, { acls: [], lists: program.lists });
  if (rules.stopped !== undefined) return answer({ type: "answer", status: 403, termination: "PR--", reason: rules.stopped.line.text, origin: rules.stopped.line.origin });
  const host = rules.headers.find(([name]) => name === "host")?.[1] ?? "";
  const path = pathOf(http.method, http.target);
  const base = host + path;
  const decisions: Decision[] = [];
  if (plain) {
    const redirect = consult(program, "os_route_http_redirect.map", base);
    if (redirect.value === "1") {
      const query = http.target.includes("?") ? http.target.slice(http.target.indexOf("?")) : "";
      const location = `https://${host}${path === "" ? "/" : path}${query}`;
      const reason = `the route redirects plain HTTP to ${location}`;
      return answer({ type: "answer", status: 302, location, termination: "LR--", reason, origin: redirect.origin }, [redirect.decision], { base });
    }
    if (redirect.value !== undefined) decisions.push(redirect.decision);
  }
  const found = consult(program, plain ? "os_http_be.map" : "os_edge_reencrypt_be.map", base);
  decisions.push(found.decision);
  const backend = program.backends.find((candidate) => candidate.name === found.value);
  if (backend === undefined) {
    const status = program.noRouteStatus;
    return answer(
      { type: "answer", status, termination: status === 404 ? "PR--" : "SC--", reason: `no route is admitted for "${base}"`, origin: program.origin },
      [...decisions, decision(frontend, `default_backend ${DEFAULT_BACKEND}`, String(status), program.origin)],
      { backend: DEFAULT_BACKEND, base },
    );
  }
  const entered = enterBackend(program, backend, http, rules.headers, { ...context, request: rules.headers });
  return { ...head, backend: backend.name, base, action: entered.action, decisions: [...decisions, ...entered.decisions], caveats: [...unknownCaveats(rules.unknown), ...entered.caveats] };
}

/** `public_ssl` hands a connection to a pod as it is. */
function passthrough(program: HaproxyProgram, backend: Backend, request: ClientRequest, decisions: readonly Decision[]): Handling {
  const head = { frontend: "public_ssl", alpn: "", backend: backend.name } as const;
  if (backend.mode !== "tcp") {
    const reason = `the TCP frontend cannot use the HTTP backend ${backend.name}; the client gets plain text where it expects TLS`;
    return { frontend: "public_ssl", alpn: "", decisions, caveats: [], action: { type: "close", termination: "PR", reason, origin: backend.origin, tls: true } };
  }
  const context: SampleContext = { src: request.src, dstPort: request.port, tls: false, alpn: "", clientSubject: undefined, request: [], response: [] };
  const gate = applyRules(backend.tcpRequest, { headers: [], path: "" }, context, { acls: backend.acls, lists: program.lists });
  const caveats = unknownCaveats(gate.unknown);
  if (gate.stopped === undefined) return { ...head, decisions, caveats, action: { type: "splice", backend, candidates: usable(backend) } };
  const { line } = gate.stopped;
  const reason = `"tcp-request ${line.text}" closes connections from ${request.src}`;
  return { ...head, caveats, decisions: [...decisions, decision(`backend ${backend.name}`, line.text, "reject", line.origin)], action: { type: "close", termination: "PR", reason, origin: line.origin } };
}

/**
 * Runs one request through a router's HAProxy: frontend, maps, redirect, backend and its rules.
 *
 * Which server is then tried is a choice among `candidates`, and not made here.
 *
 * @see openshift/router release-4.14, haproxy-config.template; HAProxy 2.6
 * @example
 * handle(program, { frontend: "public", port: 80, src: "192.0.2.1", http: { version: "1.1", method: "GET", target: "/", headers: [["host", "shop.test"]] } }).backend
 */
export function handle(program: HaproxyProgram, request: ClientRequest): Handling {
  if (request.frontend === "public") {
    const { http } = request;
    if (http === undefined) return { frontend: "public", alpn: "", decisions: [], caveats: [], action: { type: "answer", status: 400, termination: "PR--", reason: "the client sends no HTTP", origin: program.origin } };
    return httpFrontend(program, "public", request, http, { alpn: "" });
  }
  const { tls, http } = request;
  if (tls === undefined) {
    return { frontend: "fe_no_sni", alpn: "", decisions: [], caveats: [], action: { type: "close", termination: "PR--", reason: "the client speaks plain text where TLS is expected", origin: program.origin, tls: true } };
  }
  const decisions: Decision[] = [];
  if (tls.sni !== undefined) {
    const name = lower(tls.sni);
    const pass = consult(program, "os_sni_passthrough.map", name);
    decisions.push(pass.decision);
    if (pass.value !== undefined) {
      const found = consult(program, "os_tcp_be.map", name);
      const backend = program.backends.find((candidate) => candidate.name === found.value);
      if (backend !== undefined) return passthrough(program, backend, request, [...decisions, found.decision]);
    }
  }
  const frontend = tls.sni === undefined ? "fe_no_sni" : "fe_sni";
  const certificate = certificateFor(program, tls.sni);
  const alpn = certificate?.alpn.find((protocol) => tls.alpn.includes(protocol)) ?? "";
  decisions.push(
    certificate === undefined
      ? decision("cert_config.map", "no certificate of a route for the server name", "default certificate", program.origin)
      : decision("cert_config.map", certificate.host, certificate.file, certificate.origin),
  );
  const { verify, origin } = program.clientTls;
  if (verify === "required" && tls.clientSubject === undefined) {
    return { frontend, alpn, decisions, caveats: [], ...(certificate !== undefined && { certificate }), action: { type: "close", termination: "PR--", reason: "the client shows no certificate and clientTLS requires one", origin, tls: true } };
  }
  if (http === undefined) {
    return { frontend, alpn, decisions, caveats: [], ...(certificate !== undefined && { certificate }), action: { type: "answer", status: 400, termination: "PR--", reason: "the client sends no HTTP", origin: program.origin } };
  }
  const handled = httpFrontend(program, frontend, request, http, { alpn, ...(certificate !== undefined && { certificate }) });
  return { ...handled, decisions: [...decisions, ...handled.decisions] };
}
