import type { SocketAddress } from "@hopscope/core";
import { bitsOf } from "./address.ts";
import { appendHeader, type Headers, headerOf, valuesOf, withHeader, withoutHeader } from "./headers.ts";
import { flag, type Json, numberOf, object, text, texts } from "./json.ts";

/** What the connection manager knows of the connection. */
export interface ManagerFacts {
  readonly source: SocketAddress;
  readonly local: SocketAddress;
  readonly tls: boolean;
  readonly peer: string | undefined;
  readonly localAddress: string | undefined;
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

export interface Prepared {
  readonly headers: Headers;
  /** The trusted client address. */
  readonly remote: SocketAddress;
}

const HOP = ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "x-envoy-internal"];
const EXTERNAL = [
  "x-envoy-retriable-status-codes", "x-envoy-retriable-header-names", "x-envoy-retry-on", "x-envoy-retry-grpc-on", "x-envoy-max-retries", "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-upstream-rq-timeout-alt-response", "x-envoy-expected-rq-timeout-ms", "x-envoy-force-trace",
  "x-envoy-ip-tags", "x-envoy-original-url", "x-envoy-hedge-on-per-try-timeout",
];
const EDGE = ["x-envoy-decorator-operation", "x-envoy-downstream-service-cluster", "x-envoy-downstream-service-node", "x-envoy-original-path"];

const drop = (headers: Headers, names: readonly string[]): Headers => names.reduce(withoutHeader, headers);

function lastAddress(headers: Headers, hops: number): SocketAddress | undefined {
  const entries = valuesOf(headers, "x-forwarded-for").flatMap((value) => value.split(",")).map((entry) => entry.trim());
  const address = entries[entries.length - 1 - hops];
  return address !== undefined && bitsOf(address) !== undefined ? { address, port: 0 } : undefined;
}

/** One element of x-forwarded-client-cert, for a peer known by its URI. */
function certificateElement(manager: Json, peer: string): string {
  const details = object(manager["set_current_client_cert_details"]);
  return ["Hash=", ...(flag(details["uri"]) ? [`URI=${peer}`] : [])].join(";");
}

function forwardedCertificate(manager: Json, headers: Headers, facts: ManagerFacts): Headers {
  const action = text(manager["forward_client_cert_details"]) ?? "SANITIZE";
  if (action === "ALWAYS_FORWARD_ONLY") return headers;
  if (action === "SANITIZE" || facts.peer === undefined) return withoutHeader(headers, "x-forwarded-client-cert");
  if (action === "FORWARD_ONLY") return headers;
  const element = certificateElement(manager, facts.peer);
  return action === "APPEND_FORWARD" ? appendHeader(headers, "x-forwarded-client-cert", element) : withHeader(headers, "x-forwarded-client-cert", element);
}

/**
 * Cleans and completes a request's headers on arrival: hop-by-hop headers, X-Forwarded-*, what outsiders may not set.
 *
 * @see Envoy 1.26, ConnectionManagerUtility::mutateRequestHeaders
 */
export function prepareHeaders(manager: Json, routes: Json, original: Headers, facts: ManagerFacts): Prepared {
  const te = headerOf(original, "te");
  let headers = drop(original, HOP);
  if (te !== undefined) headers = te.split(",").some((part) => part.trim().toLowerCase() === "trailers") ? withHeader(headers, "te", "trailers") : withoutHeader(headers, "te");
  const hops = numberOf(manager["xff_num_trusted_hops"]) ?? 0;
  const edge = flag(manager["use_remote_address"]);
  const scheme = facts.tls ? "https" : "http";
  const trusted = edge ? (hops > 0 ? lastAddress(headers, hops - 1) : undefined) : lastAddress(headers, hops);
  const remote = trusted ?? facts.source;
  if (edge) {
    if (!flag(manager["skip_xff_append"])) headers = appendHeader(headers, "x-forwarded-for", isLoopback(facts.source.address) ? (facts.localAddress ?? facts.source.address) : facts.source.address);
    if (hops === 0 || headerOf(headers, "x-forwarded-proto") === undefined) headers = withHeader(headers, "x-forwarded-proto", scheme);
  }
  if (flag(manager["append_x_forwarded_port"]) && (!edge || hops === 0 || headerOf(headers, "x-forwarded-port") === undefined)) headers = withHeader(headers, "x-forwarded-port", String(facts.local.port));
  if (headerOf(headers, "x-forwarded-proto") === undefined) headers = withHeader(headers, "x-forwarded-proto", scheme);
  const overwrite = text(object(manager["scheme_header_transformation"])["scheme_to_overwrite"]);
  if (overwrite !== undefined && overwrite !== "") headers = withHeader(withHeader(headers, ":scheme", overwrite), "x-forwarded-proto", overwrite);
  const proto = headerOf(headers, "x-forwarded-proto")?.toLowerCase() ?? "";
  if (headerOf(headers, ":scheme") === undefined) headers = withHeader(headers, ":scheme", proto === "http" || proto === "https" ? proto : scheme);
  headers = drop(headers, [...EXTERNAL, ...texts(routes["internal_only_headers"]).map((name) => name.toLowerCase())]);
  if (edge) headers = withHeader(drop(headers, EDGE), "x-envoy-external-address", remote.address);
  const via = text(manager["via"]);
  if (via !== undefined && via !== "") headers = appendHeader(headers, "via", via, ", ");
  return { headers: forwardedCertificate(manager, headers, facts), remote };
}
