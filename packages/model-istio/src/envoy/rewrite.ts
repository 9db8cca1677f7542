import { appendHeader, type Headers, headerOf, withHeader } from "./headers.ts";
import { flag, isObject, type Json, numberOf, object, text } from "./json.ts";
import { pathOnly, replacePath } from "./path.ts";
import { replaceAll } from "./regex.ts";
import { templateRewrite } from "./uri-template.ts";

/** The path after a route's (or redirect's) rewrite; `undefined` where none applies. */
export function rewrittenPath(route: Json, action: Json, whole: string): string | undefined {
  const match = object(route["match"]);
  const path = pathOnly(whole);
  const prefix = text(action["prefix_rewrite"]);
  if (prefix !== undefined && prefix !== "") {
    const matched = text(match["prefix"]) ?? text(match["path_separated_prefix"]) ?? path;
    return replacePath(whole, prefix + path.slice(matched.length));
  }
  const regex = action["regex_rewrite"];
  if (isObject(regex)) {
    const result = replaceAll(text(object(regex["pattern"])["regex"]) ?? "", text(regex["substitution"]) ?? "", path);
    return result === "" ? undefined : replacePath(whole, result);
  }
  const policy = object(object(action["path_rewrite_policy"])["typed_config"])["path_template_rewrite"];
  const template = text(object(object(match["path_match_policy"])["typed_config"])["path_template"]);
  return text(policy) === undefined || template === undefined ? undefined : replacePath(whole, templateRewrite(template, text(policy) ?? "", path));
}

/** The authority after a route's rewrite, but for `auto_host_rewrite`, which waits for the host. */
export function rewrittenHost(action: Json, headers: Headers): string | undefined {
  const literal = text(action["host_rewrite_literal"]);
  if (literal !== undefined && literal !== "") return literal;
  const header = text(action["host_rewrite_header"]);
  if (header !== undefined && header !== "") {
    const value = headerOf(headers, header.toLowerCase());
    return value === "" ? undefined : value;
  }
  const regex = action["host_rewrite_path_regex"];
  if (!isObject(regex)) return undefined;
  return replaceAll(text(object(regex["pattern"])["regex"]) ?? "", text(regex["substitution"]) ?? "", pathOnly(headerOf(headers, ":path") ?? ""));
}

/** Puts a new authority in, keeping the old one where the route asks for that. */
export function setHost(headers: Headers, host: string, action: Json, original: boolean): Headers {
  const old = headerOf(headers, ":authority") ?? "";
  const forwarded = flag(action["append_x_forwarded_host"]) && old !== "" ? appendHeader(headers, "x-forwarded-host", old) : headers;
  const marked = original && old !== "" ? withHeader(forwarded, "x-envoy-original-host", old) : forwarded;
  return withHeader(marked, ":authority", host);
}

const CODES: Readonly<Record<string, number>> = { MOVED_PERMANENTLY: 301, FOUND: 302, SEE_OTHER: 303, TEMPORARY_REDIRECT: 307, PERMANENT_REDIRECT: 308 };

export const redirectCode = (redirect: Json): number => CODES[text(redirect["response_code"]) ?? "MOVED_PERMANENTLY"] ?? 301;

function redirectHost(headers: Headers, scheme: string, port: string): string {
  const host = headerOf(headers, ":authority") ?? "";
  const at = host.startsWith("[") ? (host.includes("]:") ? host.lastIndexOf(":") : -1) : host.lastIndexOf(":");
  if (at < 0) return host;
  const proto = headerOf(headers, "x-forwarded-proto") ?? "";
  const own = host.slice(at);
  const byDefault = scheme !== proto && ((proto === "https" && own === ":443") || (proto === "http" && own === ":80"));
  return port !== "" || byDefault ? host.slice(0, at) : host;
}

/**
 * The Location of a redirect action.
 * @see Envoy 1.26, source/common/http/utility.cc newUri
 */
export function redirectLocation(route: Json, redirect: Json, headers: Headers): string {
  const scheme = flag(redirect["https_redirect"]) ? "https" : (text(redirect["scheme_redirect"]) || undefined) ?? headerOf(headers, ":scheme") ?? "http";
  const wanted = numberOf(redirect["port_redirect"]) ?? 0;
  const port = wanted === 0 ? "" : `:${wanted}`;
  const named = text(redirect["host_redirect"]);
  const host = named === undefined || named === "" ? redirectHost(headers, scheme, port) : named;
  const whole = headerOf(headers, ":path") ?? "/";
  const query = whole.includes("?") ? whole.slice(whole.indexOf("?")) : "";
  const given = text(redirect["path_redirect"]) ?? "";
  let path = given === "" ? (rewrittenPath(route, redirect, whole) ?? whole) : given.includes("?") ? given : given + query;
  if (flag(redirect["strip_query"]) && !given.includes("?")) path = path.split("?")[0] ?? "";
  return `${scheme}://${host}${port}${path}`;
}

/** Where `require_tls` sends a client. */
export const tlsRedirect = (headers: Headers): string => `https://${headerOf(headers, ":authority") ?? ""}${headerOf(headers, ":path") ?? ""}`;
