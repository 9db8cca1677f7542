import type { HttpMatch, HttpRoute, StringMatch } from "./virtual-service.ts";

/** Says whether no request can satisfy both the root's and the delegate's condition. */
function stringMatchConflict(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return false;
  const set = (match: StringMatch): boolean => (match.regex ?? match.prefix ?? match.exact ?? "") !== "";
  if ((root.regex ?? "") !== "" && set(leaf)) return true;
  if ((leaf.regex ?? "") !== "" && set(root)) return true;
  if ((root.exact ?? "") !== "") return (leaf.prefix ?? "") !== "" || leaf.exact !== root.exact;
  if (root.prefix !== undefined && root.prefix !== "") {
    if ((leaf.prefix ?? "") !== "") return !(leaf.prefix ?? "").startsWith(root.prefix);
    if ((leaf.exact ?? "") !== "") return !(leaf.exact ?? "").startsWith(root.prefix);
  }
  return true;
}

const anyConflict = (root: Readonly<Record<string, StringMatch>> | undefined, leaf: Readonly<Record<string, StringMatch>> | undefined): boolean =>
  Object.entries(leaf ?? {}).some(([key, value]) => stringMatchConflict(root?.[key], value));

/** Says whether a delegate's match cannot be narrowed to its root's. @see istio 1.18 pilot/pkg/model/virtualservice.go hasConflict */
export function matchConflict(root: HttpMatch, leaf: HttpMatch): boolean {
  if (stringMatchConflict(root.uri, leaf.uri) || stringMatchConflict(root.scheme, leaf.scheme) || stringMatchConflict(root.method, leaf.method) || stringMatchConflict(root.authority, leaf.authority)) return true;
  if (anyConflict(root.headers, leaf.headers) || anyConflict(root.withoutHeaders, leaf.withoutHeaders) || anyConflict(root.queryParams, leaf.queryParams)) return true;
  if ((root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false)) return true;
  if ((root.port ?? 0) > 0 && (leaf.port ?? 0) > 0 && root.port !== leaf.port) return true;
  if ((root.sourceNamespace ?? "") !== "" && (leaf.sourceNamespace ?? "") !== root.sourceNamespace) return true;
  if (Object.entries(leaf.sourceLabels ?? {}).some(([key, value]) => root.sourceLabels?.[key] !== undefined && root.sourceLabels[key] !== value)) return true;
  const [rg, lg] = [root.gateways ?? [], leaf.gateways ?? []];
  return rg.length > 0 && lg.length > 0 && (rg.length < lg.length || lg.some((gateway) => !rg.includes(gateway)));
}

const joined = (root: string | undefined, leaf: string | undefined): string => [root, leaf].filter((part) => part !== undefined && part !== "").join("-");

function mergeMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const name = joined(root.name, leaf.name);
  const join = (key: "headers" | "withoutHeaders" | "queryParams" | "sourceLabels") => {
    const value = { ...root[key], ...leaf[key] };
    return Object.keys(value).length === 0 ? {} : { [key]: value };
  };
  const inherit = (key: "uri" | "scheme" | "method" | "authority") => (leaf[key] === undefined && root[key] !== undefined ? { [key]: root[key] } : {});
  return {
    ...leaf, ...(name === "" ? {} : { name }),
    ...inherit("uri"), ...inherit("scheme"), ...inherit("method"), ...inherit("authority"),
    ...join("headers"), ...join("withoutHeaders"), ...join("queryParams"), ...join("sourceLabels"),
    ...((leaf.port ?? 0) === 0 && root.port !== undefined ? { port: root.port } : {}),
    ...((leaf.gateways ?? []).length === 0 && root.gateways !== undefined ? { gateways: root.gateways } : {}),
    ...((leaf.sourceNamespace ?? "") === "" && root.sourceNamespace !== undefined ? { sourceNamespace: root.sourceNamespace } : {}),
    ...((leaf.statPrefix ?? "") === "" && root.statPrefix !== undefined ? { statPrefix: root.statPrefix } : {}),
  };
}

/**
 * Merges the conditions of a delegate's item with those of its root's; undefined when one of the delegate's fits none of them.
 * @see istio 1.18 pilot/pkg/model/virtualservice.go mergeHTTPMatchRequests
 */
export function mergeMatches(root: readonly HttpMatch[], leaf: readonly HttpMatch[]): readonly HttpMatch[] | undefined {
  if (root.length === 0) return leaf;
  if (leaf.length === 0) return root;
  const out: HttpMatch[] = [];
  for (const own of leaf) {
    const fitting = root.filter((match) => !matchConflict(match, own));
    if (fitting.length === 0) return undefined;
    out.push(...fitting.map((match) => mergeMatch(match, own)));
  }
  return out;
}

/** What an item takes from the root's where it says nothing itself. */
const INHERITED = ["rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrorPercent", "mirrorPercentage", "corsPolicy", "headers"] as const;

/**
 * Merges one item of a delegate into the root's item; undefined when their conditions exclude each other.
 * @see istio 1.18 pilot/pkg/model/virtualservice.go mergeHTTPRoute
 */
export function mergeDelegate(root: HttpRoute, leaf: HttpRoute): HttpRoute | undefined {
  const match = mergeMatches(root.match ?? [], leaf.match ?? []);
  if (match === undefined) return undefined;
  const name = joined(root.name, leaf.name);
  const { match: _own, ...item } = leaf;
  const inherited = Object.fromEntries(INHERITED.flatMap((field) => (leaf[field] === undefined && root[field] !== undefined ? [[field, root[field]]] : [])));
  return { ...item, ...inherited, ...(match.length === 0 ? {} : { match }), ...(name === "" ? {} : { name }) };
}
