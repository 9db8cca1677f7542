import type { WireRequest } from "./downstream.ts";
import { addHeader, type Headers, valuesOf } from "./headers.ts";
import { flag, type Json, numberOf, object, text } from "./json.ts";

/** What the codec makes of a request: headers with pseudo-headers, or an end before any filter runs. */
export type Decoded =
  | { readonly type: "request"; readonly headers: Headers; readonly version: WireRequest["version"] }
  /** `status` 0: the stream or connection is closed without an answer. */
  | { readonly type: "refused"; readonly status: number; readonly flags: readonly string[]; readonly details: string | undefined; readonly headers: Headers };

const refused = (status: number, flags: readonly string[], details: string | undefined, headers: Headers = []): Decoded => ({ type: "refused", status, flags, details, headers });

/** HTTP/1 has no blanks around a value; HTTP/2 carries them. */
export const trimmed = (headers: Headers): Headers => headers.map(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, "")] as const);

/** The codec for a connection: told by configuration, by ALPN, or by the first bytes. */
function codecOf(manager: Json, alpn: string | undefined, http: WireRequest | undefined): "1" | "2" {
  const type = text(manager["codec_type"]) ?? "AUTO";
  if (type === "HTTP1") return "1";
  if (type === "HTTP2") return "2";
  if (alpn !== undefined) return alpn === "h2" ? "2" : "1";
  return http?.version === "2" ? "2" : "1";
}

/** The request as the client writes it once the protocol is agreed on by ALPN. */
export function spoken(manager: Json, alpn: string | undefined, http: WireRequest | undefined): WireRequest | undefined {
  if (http?.adapts !== true || alpn === undefined) return http;
  return { ...http, version: codecOf(manager, alpn, http) === "2" ? "2" : "1.1" };
}

function absolute(path: string): { readonly authority: string; readonly path: string } | undefined {
  const found = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]+)(.*)$/.exec(path);
  if (found === null) return undefined;
  const rest = found[2] ?? "";
  return { authority: found[1] ?? "", path: rest.startsWith("/") ? rest : `/${rest}` };
}

const size = (headers: Headers): number => headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

function decodeOne(manager: Json, http: WireRequest): Decoded {
  const options = object(manager["http_protocol_options"]);
  const common = object(manager["common_http_protocol_options"]);
  const lines: Headers = http.authority === undefined ? http.headers : [["host", http.authority], ...http.headers];
  const limit = (numberOf(manager["max_request_headers_kb"]) ?? 60) * 1024;
  if (size(lines) + http.path.length > limit) return refused(431, ["DPE"], "http1.headers_too_large");
  if (/[^\x21-\x7e]/.test(http.path)) return refused(400, ["DPE"], "http1.codec_error");
  if (lines.length > (numberOf(common["max_headers_count"]) ?? 100)) return refused(431, ["DPE"], "http1.too_many_headers");
  const action = text(common["headers_with_underscores_action"]) ?? "ALLOW";
  if (action === "REJECT_REQUEST" && lines.some(([name]) => name.includes("_"))) return refused(400, ["DPE"], "http1.unexpected_underscore");
  const kept = action === "DROP_HEADER" ? http.headers.filter(([name]) => !name.includes("_")) : http.headers;
  const url = options["allow_absolute_url"] === false || object(options["allow_absolute_url"])["value"] === false ? undefined : absolute(http.path);
  const authority = url?.authority ?? http.authority;
  const head: Headers = [[":method", http.method], [":path", url?.path ?? http.path], ...(authority === undefined ? [] : [[":authority", authority] as const])];
  return finish(manager, http, [...head, ...kept]);
}

function finish(manager: Json, http: WireRequest, headers: Headers): Decoded {
  const options = object(manager["http_protocol_options"]);
  let all = headers;
  if (http.version === "1.0") {
    if (!flag(options["accept_http_10"])) return refused(426, ["DPE"], "low_version");
    const host = text(options["default_host_for_http_10"]);
    if (valuesOf(all, ":authority").length === 0 && host !== undefined && host !== "") all = addHeader(all, ":authority", host);
  }
  if (valuesOf(all, ":authority").length === 0) return refused(400, [], "missing_host_header", all);
  const path = valuesOf(all, ":path")[0] ?? "";
  if (!path.startsWith("/")) return refused(404, [], "absolute_path_rejected", all);
  return { type: "request", headers: all, version: http.version };
}

const CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

function decodeTwo(manager: Json, http: WireRequest, scheme: string): Decoded {
  const common = object(manager["common_http_protocol_options"]);
  if (http.authority === "") return refused(0, ["DPE"], "http2.invalid.header.field");
  if (http.headers.some(([name, value]) => CONNECTION.has(name) || (name === "te" && value !== "trailers"))) return refused(0, ["DPE"], "http2.invalid.header.field");
  const head: Headers = [[":method", http.method], [":scheme", scheme], ...(http.authority === undefined ? [] : [[":authority", http.authority] as const]), [":path", http.path]];
  const all = [...head, ...http.headers];
  const action = text(common["headers_with_underscores_action"]) ?? "ALLOW";
  if (action === "REJECT_REQUEST" && http.headers.some(([name]) => name.includes("_"))) return refused(0, ["DR"], "http2.unexpected_underscore");
  const limit = (numberOf(manager["max_request_headers_kb"]) ?? 60) * 1024;
  if (size(all) > limit) return refused(0, ["DR"], "http2.header_list_size_too_large");
  if (all.length > (numberOf(common["max_headers_count"]) ?? 100)) return refused(0, ["DR"], "http2.too_many_headers");
  if (http.authority === undefined) return refused(0, ["DPE"], "http2.violation.of.messaging.rule");
  const kept = action === "DROP_HEADER" ? http.headers.filter(([name]) => !name.includes("_")) : http.headers;
  const cookies = valuesOf(kept, "cookie");
  const joined: Headers = cookies.length < 2 ? kept : [...kept.filter(([name]) => name !== "cookie"), ["cookie", cookies.join("; ")]];
  return finish(manager, http, [...head, ...joined]);
}

/**
 * Decodes a request as the connection manager's codec does, with its limits.
 *
 * @see Envoy 1.40, source/common/http/{http1,http2}/codec_impl.cc, ConnectionManagerImpl::ActiveStream::decodeHeaders (measured)
 */
export function decode(manager: Json, alpn: string | undefined, raw: WireRequest | undefined, scheme: string): Decoded {
  const http = raw === undefined || raw.version === "2" ? raw : { ...raw, headers: trimmed(raw.headers) };
  const codec = codecOf(manager, alpn, http);
  if (codec === "2") return http?.version === "2" ? decodeTwo(manager, http, scheme) : refused(0, ["DPE"], undefined);
  return http === undefined || http.version === "2" ? refused(400, ["DPE"], "http1.codec_error") : decodeOne(manager, http);
}
