import { decode, spoken } from "./codec.ts";
import { corsAnswer, corsPreflight, injectFault } from "./faults.ts";
import { applyMutations, type FormatFacts, mutateHeaders } from "./header-mutation.ts";
import type { WireRequest } from "./downstream.ts";
import { appendHeader, type Headers, headerOf, withHeader } from "./headers.ts";
import { flag, isObject, type Json, list, numberOf, object, text, typeOf } from "./json.ts";
import { checkJwt, istioAuthn } from "./jwt.ts";
import { prepareHeaders } from "./manager-headers.ts";
import { normaliseHost, normalisePath } from "./path.ts";
import { asksAuthorizer, denialDetails, evaluateRbac, shadowRbac } from "./rbac.ts";
import { redirectCode, redirectLocation, tlsRedirect } from "./rewrite.ts";
import { findRoute, findVirtualHost, isGrpc, pickCluster, type RouteFacts, type Target } from "./route-match.ts";
import { mutationLevels, type Resolved, type Routed, type RouterOptions, routeToCluster } from "./router.ts";
import { type Established, type Run, type Verdict, verdict } from "./run.ts";

const HTTP_FILTER = /envoy\.extensions\.filters\.http\.([a-z_0-9]+)\.v3\./;

/** Filters that change nothing a journey could show. */
const HARMLESS = new Set(["grpc_stats", "grpc_web", "local_ratelimit", "stats", "metadata_exchange", "peer_metadata", "alpn"]);

function filterKind(filter: Json): string {
  const type = typeOf(filter["typed_config"]);
  if (/^istio\.(stats|metadata_exchange)$/.test(text(filter["name"]) ?? "") || type.includes("filter.http.authn")) return "metadata_exchange";
  const found = HTTP_FILTER.exec(type)?.[1];
  if (found !== undefined) return found;
  if (type.includes("filter.http.alpn")) return "alpn";
  if (type.startsWith("stats.") || /istio[._]stats|stackdriver/.test(text(filter["name"]) ?? "")) return "stats";
  if (/peer_metadata|metadata_exchange/.test(`${type} ${text(filter["name"]) ?? ""}`)) return "metadata_exchange";
  return text(filter["name"])?.replace(/^envoy\.filters\.http\./, "") ?? "unknown";
}

/** The configurations of a filter at weighted cluster, route, virtual host and route configuration, most specific first. */
function perRoute(name: string, resolved: Partial<Resolved>): readonly Json[] {
  if (resolved.route === undefined) return [];
  return [resolved.target?.weighted, resolved.route, resolved.virtualHost, resolved.routes]
    .map((level) => object(level?.["typed_per_filter_config"])[name])
    .filter(isObject)
    .map((item) => (typeOf(item).endsWith("route.v3.FilterConfig") ? { ...object(item["config"]), __disabled: flag(item["disabled"]) } as Json : item));
}

interface Exchange {
  headers: Headers;
  flags: string[];
  /** Dynamic metadata by filter name. */
  metadata: Json;
}

type Answer = Omit<Routed, "local" | "details"> & { readonly details: string | undefined };
const own = (status: number, details: string | undefined, rest: Partial<Answer> = {}): Answer => ({ status, flags: [], details, headers: [], attempts: 0, ...rest });

interface Scope {
  readonly run: Run;
  readonly connection: Established;
  readonly resolved: Partial<Resolved>;
  readonly remote: Established["source"];
  readonly facts: FormatFacts;
}

function runFilter(scope: Scope, filter: Json, kind: string, exchange: Exchange): Answer | undefined {
  const { run, connection, resolved } = scope;
  const levels = perRoute(text(filter["name"]) ?? "", resolved);
  const [specific] = levels;
  if (specific === undefined ? flag(filter["disabled"]) : specific["__disabled"] === true) return undefined;
  switch (kind) {
    case "rbac": {
      const config = specific === undefined ? object(filter["typed_config"]) : object(specific["rbac"]);
      const { rules } = config;
      const facts = {
        direct: connection.source, remote: scope.remote, destination: connection.destination, sni: connection.sni, tls: connection.tls, peer: connection.peer, headers: exchange.headers, metadata: exchange.metadata,
      };
      const shadow = shadowRbac(config, facts);
      if (shadow !== undefined) {
        run.note("rbac", { table: "rbac shadow rules", rule: shadow.answer.policy, verdict: `${shadow.answer.allowed ? "allowed" : "denied"}, not enforced` }, filter);
        exchange.metadata = { ...exchange.metadata, "envoy.filters.http.rbac": { ...object(exchange.metadata["envoy.filters.http.rbac"]), ...shadow.metadata } };
      }
      const answer = evaluateRbac(rules, facts);
      for (const field of [...answer.unknown, ...(shadow?.answer.unknown ?? [])]) run.caveat({ code: "envoy/rbac-field", problem: `RBAC looks at "${field}", which is not modelled; it was taken as absent` });
      if (isObject(rules)) run.note("rbac", { table: "rbac", rule: answer.policy, verdict: answer.allowed ? "allowed" : "denied" }, filter);
      return answer.allowed ? undefined : own(403, denialDetails(answer.policy));
    }
    case "jwt_authn": {
      const answer = checkJwt(object(filter["typed_config"]), exchange.headers);
      if (answer.type === "deny") {
        run.note("jwt_authn", { table: "jwt_authn", rule: text(filter["name"]) ?? "", verdict: answer.details }, filter);
        return own(answer.status, answer.details);
      }
      if (answer.claims === undefined) return undefined;
      run.caveat({ code: "envoy/jwt-signature", problem: "a token was believed without checking its signature and times" });
      exchange.metadata = { ...exchange.metadata, istio_authn: istioAuthn(answer.claims) };
      return undefined;
    }
    case "ext_authz": {
      if (asksAuthorizer(object(filter["typed_config"]), exchange.metadata)) run.caveat({ code: "envoy/http-filter", problem: `HTTP filter "${text(filter["name"]) ?? kind}" asks an external authorizer, whose answer is not known; it was taken as a yes` });
      return undefined;
    }
    case "fault": {
      const fault = injectFault(run, specific ?? object(filter["typed_config"]), exchange.headers, resolved.target?.cluster);
      if (fault.delayed) exchange.flags.push("DI");
      if (fault.delayed || fault.abort !== undefined) run.note("fault", { table: "fault", rule: text(filter["name"]) ?? "", verdict: fault.abort === undefined ? "delayed" : `aborted with ${fault.abort}` }, resolved.route);
      return fault.abort === undefined ? undefined : own(fault.abort, "fault_filter_abort", { flags: ["FI"] });
    }
    case "cors": {
      const policy = specific ?? object(resolved.action)["cors"] ?? object(resolved.virtualHost)["cors"];
      const answer = isObject(policy) && isObject(resolved.route?.["route"]) ? corsPreflight(policy, exchange.headers) : undefined;
      return answer === undefined ? undefined : own(200, "cors_response", { headers: answer });
    }
    case "header_mutation": {
      const wins = flag(object(filter["typed_config"])["most_specific_header_mutations_wins"]);
      const configs = [object(filter["typed_config"]), ...(wins ? [...levels].reverse() : levels)];
      for (const config of configs) exchange.headers = applyMutations(exchange.headers, list(object(config["mutations"])["request_mutations"]), scope.facts);
      return undefined;
    }
    default:
      if (!HARMLESS.has(kind)) run.caveat({ code: "envoy/http-filter", problem: `HTTP filter "${text(filter["name"]) ?? kind}" is not modelled; requests pass it unchanged` });
      return undefined;
  }
}

const GRPC: Readonly<Record<number, string>> = { 400: "13", 401: "16", 403: "7", 404: "12", 429: "14", 502: "14", 503: "14", 504: "14" };

/** What a local reply to a gRPC request looks like. */
function toGrpc(answer: Answer): Answer {
  const status = answer.details === "cors_response" || answer.status === 200 ? "0" : (GRPC[answer.status] ?? "2");
  return { ...answer, status: 200, headers: withHeader(withHeader(answer.headers, "content-type", "application/grpc"), "grpc-status", status) };
}

function resolve(run: Run, routes: Json, headers: Headers, connection: Established): { readonly resolved: Partial<Resolved>; readonly secure: boolean } {
  const virtualHost = findVirtualHost(routes, headerOf(headers, ":authority") ?? "");
  const name = text(routes["name"]) ?? "";
  if (virtualHost === undefined) {
    run.note("route", { table: `route configuration ${name}`, rule: "domains", verdict: `no virtual host for "${headerOf(headers, ":authority") ?? ""}"` }, routes);
    return { resolved: { routes }, secure: true };
  }
  const tls = text(virtualHost["require_tls"]) ?? "NONE";
  if (tls !== "NONE" && headerOf(headers, "x-forwarded-proto") !== "https") return { resolved: { routes, virtualHost }, secure: false };
  const facts: RouteFacts = { headers, certificate: connection.peer !== undefined, runtime: run.config.runtime, choose: run.choose };
  const route = findRoute(virtualHost, facts);
  const where = `${name} ${text(virtualHost["name"]) ?? ""}`;
  if (route === undefined) {
    run.note("route", { table: `virtual host ${where}`, rule: "routes", verdict: `no route for ${headerOf(headers, ":method") ?? ""} ${headerOf(headers, ":path") ?? ""}` }, virtualHost);
    return { resolved: { routes, virtualHost }, secure: true };
  }
  const action = object(route["route"]);
  const target = isObject(route["route"]) ? pickCluster(action, headers, run.choose, `route ${text(route["name"]) ?? ""} weighted clusters`) : undefined;
  run.note("route", { table: `virtual host ${where}`, rule: describeMatch(route), verdict: target === undefined ? (route["redirect"] === undefined ? "direct response" : "redirect") : `cluster ${target.cluster}` }, route);
  return { resolved: { routes, virtualHost, route, action, target }, secure: true };
}

function describeMatch(route: Json): string {
  const match = object(route["match"]);
  const path = ["prefix", "path", "path_separated_prefix"].map((field) => (match[field] === undefined ? undefined : `${field} ${text(match[field]) ?? ""}`)).find((item) => item !== undefined);
  const regex = isObject(match["safe_regex"]) ? `regex ${text(match["safe_regex"]["regex"]) ?? ""}` : undefined;
  return [text(route["name"]), path ?? regex].filter((item) => item !== undefined && item !== "").join(": ");
}

function act(scope: Scope, secure: boolean, headers: Headers, options: RouterOptions): Routed | Answer {
  const { run, connection, resolved, facts } = scope;
  if (!secure) return own(301, "direct_response", { headers: [["location", tlsRedirect(headers)]] });
  const { route, routes, virtualHost, action, target } = resolved;
  if (route === undefined || routes === undefined || virtualHost === undefined || action === undefined) return own(404, "route_not_found", { flags: ["NR"] });
  if (isObject(route["redirect"])) return own(redirectCode(route["redirect"]), "direct_response", { headers: [["location", redirectLocation(route, route["redirect"], headers)]] });
  if (isObject(route["direct_response"])) return direct(route, route["direct_response"], headers);
  if (target === undefined) {
    run.caveat({ code: "envoy/route-action", problem: `route "${text(route["name"]) ?? ""}" has an action that is not modelled` });
    return own(404, "route_not_found", { flags: ["NR"] });
  }
  return routeToCluster(run, { routes, virtualHost, route, action, target }, headers, facts, connection, options);
}

/** A direct response; with a status that calls for one it carries a Location. */
function direct(route: Json, response: Json, headers: Headers): Answer {
  const status = numberOf(response["status"]) ?? 200;
  return own(status, "direct_response", { headers: directHeaders(route, response, headers) });
}

/** The headers of a direct response, before the route's own additions. */
export function directHeaders(route: Json, response: Json, headers: Headers): Headers {
  const status = numberOf(response["status"]) ?? 200;
  const body = text(object(response["body"])["inline_string"]) ?? "";
  const location: Headers = status === 201 || (status >= 300 && status < 400) ? [["location", redirectLocation(route, {}, headers)]] : [];
  return body === "" ? location : [["content-length", String(new TextEncoder().encode(body).length)], ["content-type", "text/plain"], ...location];
}

/** The route configuration of a connection manager: inline, or discovered by name. */
function routeConfigOf(run: Run, manager: Json): Json {
  if (isObject(manager["route_config"])) return manager["route_config"];
  const name = text(object(manager["rds"])["route_config_name"]) ?? "";
  const found = run.config.routes.get(name);
  if (found === undefined) run.note("route", { table: "rds", rule: name, verdict: "route configuration is not known" }, undefined);
  return found ?? { name };
}

/**
 * Serves one HTTP request: codec, virtual host and route, HTTP filters, and what the route asks for.
 *
 * @see Envoy 1.26, source/common/http/conn_manager_impl.cc
 */
export function serveHttp(run: Run, manager: Json, connection: Established, written: WireRequest | undefined): Verdict {
  const http = spoken(manager, connection.alpn, written);
  const routes = routeConfigOf(run, manager);
  const named = { routeConfig: text(routes["name"]) };
  const decoded = decode(manager, connection.alpn, http, connection.tls ? "https" : "http");
  const version = http?.version ?? "1.1";
  const finish = (answer: Answer, extra: Partial<Verdict>, request: Headers, isLocal: boolean): Verdict => {
    const shown = isLocal && answer.status !== 0 && isGrpc(request) ? toGrpc(answer) : answer;
    return verdict("http", { ...named, ...extra, status: shown.status, flags: shown.flags, details: shown.details, headers: shown.headers, attempts: shown.attempts, cluster: shown.cluster ?? extra.cluster, host: shown.host, upstream: shown.upstream, unknown: shown.unknown });
  };
  if (decoded.type === "refused") return finish(own(decoded.status, decoded.details, { flags: decoded.flags }), {}, decoded.headers, true);
  const path = normalisePath(manager, headerOf(decoded.headers, ":path") ?? "");
  if (path.type === "reject") return finish(own(400, "path_normalization_failed"), {}, decoded.headers, true);
  if (path.type === "redirect") return finish(own(307, "path_normalization_failed", { headers: isGrpc(decoded.headers) ? [] : [["location", path.path]] }), {}, decoded.headers, true);
  const host = normaliseHost(manager, headerOf(decoded.headers, ":authority") ?? "", connection.destination.port);
  const clean = withHeader(withHeader(decoded.headers, ":path", path.path), ":authority", host);
  const prepared = prepareHeaders(manager, routes, clean, { source: connection.source, local: connection.destination, tls: connection.tls, peer: connection.peer, localAddress: run.localAddress });
  const { resolved, secure } = resolve(run, routes, prepared.headers, connection);
  const facts: FormatFacts = {
    headers: prepared.headers, source: prepared.remote, direct: connection.source, local: connection.destination, protocol: version === "2" ? "HTTP/2" : `HTTP/${version}`,
    sni: connection.sni, route: text(resolved.route?.["name"]) ?? "", chain: connection.chain, cluster: resolved.target?.cluster ?? "", peer: connection.peer,
  };
  const scope: Scope = { run, connection, resolved, remote: prepared.remote, facts };
  const exchange: Exchange = { headers: prepared.headers, flags: [], metadata: {} };
  const names = { virtualHost: text(resolved.virtualHost?.["name"]), route: text(resolved.route?.["name"]) };
  const known = resolved.target !== undefined && run.config.clusters.has(resolved.target.cluster) ? resolved.target.cluster : undefined;
  let answer: Answer | Routed | undefined;
  let cors: Json | undefined;
  let alpn: Json | undefined;
  for (const filter of list(manager["http_filters"])) {
    const kind = filterKind(filter);
    if (kind === "router") {
      const suppress = flag(object(filter["typed_config"])["suppress_envoy_headers"]);
      answer = act({ ...scope, facts: { ...facts, headers: exchange.headers } }, secure, exchange.headers, { suppress, version, alpn });
      break;
    }
    if (kind === "alpn") alpn = object(filter["typed_config"]);
    if (kind === "cors") cors = perRoute(text(filter["name"]) ?? "", resolved)[0];
    answer = runFilter(scope, filter, kind, exchange);
    if (answer !== undefined) break;
  }
  const end = answer ?? own(404, "route_not_found", { flags: ["NR"] });
  const complete: Answer | Routed = isResolved(resolved) ? { ...end, headers: mutateHeaders(cors === undefined || !isUpstream(end) ? end.headers : corsAnswer(cors, exchange.headers, end.headers), mutationLevels(resolved), "response", facts) } : end;
  const flagged = { ...complete, flags: [...exchange.flags, ...complete.flags] };
  const served = addServer(manager, flagged, isUpstream(end));
  return finish(served, { ...names, cluster: known }, exchange.headers, !isUpstream(end));
}

const isResolved = (resolved: Partial<Resolved>): resolved is Omit<Resolved, "target"> & { readonly target?: Target } => resolved.route !== undefined && resolved.routes !== undefined && resolved.virtualHost !== undefined;

const isUpstream = (answer: Answer | Routed): boolean => "local" in answer && answer.local === false;

function addServer(manager: Json, answer: Answer, upstream: boolean): Answer {
  const name = text(manager["server_name"]);
  const transformation = text(manager["server_header_transformation"]) ?? "OVERWRITE";
  const keep = upstream && (transformation === "PASS_THROUGH" || (transformation === "APPEND_IF_ABSENT" && headerOf(answer.headers, "server") !== undefined));
  const headers = keep ? answer.headers : withHeader(answer.headers, "server", name === undefined || name === "" ? "envoy" : name);
  const via = text(manager["via"]);
  return { ...answer, headers: via === undefined || via === "" ? headers : appendHeader(headers, "via", via, ", ") };
}
