import type { BackendRef, HeaderFilter, RouteFilter, RouteMatch } from "./gateway-api-types.ts";
import type { Json } from "../types.ts";
import type { HeaderOps, HttpMatch, StringMatch } from "../route/virtual-service.ts";

function headerMap(items: HeaderFilter["set"]): Readonly<Record<string, string>> | undefined {
  const out: Record<string, string> = {};
  for (const { name, value } of items ?? []) out[name.toLowerCase()] ??= value;
  return Object.keys(out).length === 0 ? undefined : out;
}

/** The header operations of a modifier filter. */
export function headerOps(filter: HeaderFilter): HeaderOps {
  const [set, add] = [headerMap(filter.set), headerMap(filter.add)];
  return { ...(add === undefined ? {} : { add }), ...((filter.remove ?? []).length === 0 ? {} : { remove: filter.remove ?? [] }), ...(set === undefined ? {} : { set }) };
}

const named = (items: RouteMatch["headers"]): Readonly<Record<string, StringMatch>> | undefined =>
  (items ?? []).length === 0 ? undefined : Object.fromEntries((items ?? []).map(({ name, type, value }) => [name, type === "RegularExpression" ? { regex: value } : { exact: value }]));

function uriOf(path: RouteMatch["path"]): StringMatch {
  const value = path?.value ?? "/";
  switch (path?.type) {
    case "Exact": return { exact: value };
    case "RegularExpression": return { regex: value };
    default: return { prefix: value === "/" ? value : value.replace(/\/$/, "") };
  }
}

/** A match of an HTTPRoute as one of a VirtualService. */
export function httpMatch(match: RouteMatch): HttpMatch {
  const [headers, queryParams] = [named(match.headers), named(match.queryParams)];
  return { uri: uriOf(match.path), ...(headers === undefined ? {} : { headers }), ...(queryParams === undefined ? {} : { queryParams }), ...(match.method === undefined ? {} : { method: { exact: match.method } }) };
}

/** A redirect filter as a VirtualService's; the request's port is kept unless the filter names one. */
export function redirectOf(filter: NonNullable<RouteFilter["requestRedirect"]>): Json {
  const { path } = filter;
  const uri = path?.type === "ReplaceFullPath" ? path.replaceFullPath : path?.type === "ReplacePrefixMatch" ? `%PREFIX()%${path.replacePrefixMatch ?? ""}` : undefined;
  return {
    ...(filter.statusCode === undefined ? {} : { redirectCode: filter.statusCode }), ...(filter.hostname === undefined ? {} : { authority: filter.hostname }), ...(filter.scheme === undefined ? {} : { scheme: filter.scheme }),
    ...(filter.port === undefined ? { derivePort: "FROM_REQUEST_PORT" } : { port: filter.port }), ...(uri === undefined || uri === "" ? {} : { uri }),
  };
}

/** A rewrite filter as a VirtualService's, if it changes anything. */
export function rewriteOf(filter: NonNullable<RouteFilter["urlRewrite"]>): Json | undefined {
  const { path, hostname } = filter;
  const uri = path?.type === "ReplacePrefixMatch" ? path.replacePrefixMatch : path?.type === "ReplaceFullPath" ? `%FULLREPLACE()%${path.replaceFullPath ?? ""}` : undefined;
  const out = { ...(uri === undefined || uri === "" ? {} : { uri }), ...(hostname === undefined || hostname === "" ? {} : { authority: hostname }) };
  return Object.keys(out).length === 0 ? undefined : out;
}

/** The backends that take part, each with its weight; one alone needs none. */
export function weighted(refs: readonly BackendRef[], keepZero: boolean): readonly { readonly ref: BackendRef; readonly weight: number }[] {
  const kept = refs.map((ref) => ({ ref, weight: ref.weight ?? 1 })).filter(({ weight }) => weight !== 0 || keepZero);
  return kept.length === 1 ? kept.map(({ ref }) => ({ ref, weight: 0 })) : kept;
}

const RANKS = ["regex", "prefix", "exact"] as const;

/** How specific a match is: kind and length of the path, then headers and query parameters. */
export function precedence(match: HttpMatch): readonly number[] {
  const rank = RANKS.findIndex((kind) => match.uri?.[kind] !== undefined);
  return [rank, (match.uri?.[RANKS[rank] ?? "exact"] ?? "").length, Object.keys(match.headers ?? {}).length, Object.keys(match.queryParams ?? {}).length];
}
