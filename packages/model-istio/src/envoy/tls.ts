import type { ClientTls, Downstream } from "./downstream.ts";
import { flag, isObject, type Json, list, object, text, texts, typeOf } from "./json.ts";
import { stringMatches } from "./string-match.ts";

/** Unwraps sockets that only count or record, down to the one that speaks. */
export function tlsContextOf(socket: unknown, name: "DownstreamTlsContext" | "UpstreamTlsContext"): Json | undefined {
  if (!isObject(socket)) return undefined;
  const config = object(socket["typed_config"]);
  if (typeOf(config).endsWith(name)) return config;
  return config["transport_socket"] === undefined ? undefined : tlsContextOf(config["transport_socket"], name);
}

/** The outcome of the handshake that a filter chain asks for. */
export type Handshake =
  | { readonly type: "plain" }
  | { readonly type: "tls"; readonly alpn: string | undefined; readonly peer: string | undefined }
  /** `certificate` tells that the client's certificate, or its absence, is the reason. */
  | { readonly type: "failed"; readonly reason: string; readonly certificate: boolean }
  /** The client speaks TLS to a chain that does not. */
  | { readonly type: "cipher" };

const validation = (common: Json): Json | undefined => {
  const plain = common["validation_context"];
  if (isObject(plain)) return plain;
  const combined = object(common["combined_validation_context"])["default_validation_context"];
  if (isObject(combined)) return combined;
  return isObject(common["validation_context_sds_secret_config"]) ? {} : undefined;
};

function peerAllowed(context: Json, peer: string): boolean {
  const typed = list(context["match_typed_subject_alt_names"]).filter((item) => item["san_type"] === "URI");
  const plain = list(context["match_subject_alt_names"]);
  if (list(context["match_typed_subject_alt_names"]).length + plain.length === 0) return true;
  return [...typed.map((item) => object(item["matcher"])), ...plain].some((matcher) => stringMatches(matcher, peer));
}

function serve(context: Json, client: ClientTls): Handshake {
  const common = object(context["common_tls_context"]);
  const alpn = texts(common["alpn_protocols"]).find((protocol) => client.alpn.includes(protocol));
  const trust = validation(common);
  const peer = trust === undefined ? undefined : client.peer;
  const asksName = trust !== undefined && list(trust["match_typed_subject_alt_names"]).length + list(trust["match_subject_alt_names"]).length > 0;
  if (peer === undefined && (asksName || flag(context["require_client_certificate"]))) return { type: "failed", certificate: true, reason: "peer did not provide required client certificate" };
  if (peer !== undefined && trust !== undefined && !peerAllowed(trust, peer)) return { type: "failed", certificate: true, reason: `SAN matcher, certificate SANs are [${peer}]` };
  return { type: "tls", alpn, peer };
}

/**
 * Does the TLS handshake of a filter chain: ALPN in the server's order, the client's certificate if it is asked for.
 *
 * @see Envoy 1.40, source/common/tls (measured)
 */
export function handshake(chain: Json, downstream: Downstream): Handshake {
  const context = tlsContextOf(chain["transport_socket"], "DownstreamTlsContext");
  if (context === undefined) return downstream.tls === undefined ? { type: "plain" } : { type: "cipher" };
  if (downstream.tls === undefined) return { type: "failed", certificate: false, reason: "the client speaks no TLS" };
  return serve(context, downstream.tls);
}

/** What a cluster's TLS towards an endpoint looks like to that endpoint. */
export function upstreamTls(socket: unknown): { readonly sni: string | undefined; readonly alpn: readonly string[]; readonly presents: boolean } | undefined {
  const context = tlsContextOf(socket, "UpstreamTlsContext");
  if (context === undefined) return undefined;
  const common = object(context["common_tls_context"]);
  const presents = list(common["tls_certificates"]).length + list(common["tls_certificate_sds_secret_configs"]).length > 0;
  const sni = text(context["sni"]);
  return { sni: sni === "" ? undefined : sni, alpn: texts(common["alpn_protocols"]), presents };
}
