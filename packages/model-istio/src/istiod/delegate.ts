import type { HttpMatch, HttpRoute, StringMatch } from "./virtual-services.ts";

/** Says whether no request can satisfy both the root's and the delegate's condition. */
export function stringMatchConflict(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
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

function conflicts(root: HttpMatch, leaf: HttpMatch): boolean {
  if (stringMatchConflict(root.uri, leaf.uri) || stringMatchConflict(root.scheme, leaf.scheme) || stringMatchConflict(root.method, leaf.method) || stringMatchConflict(root.authority, leaf.authority)) return true;
  if (anyConflict(root.headers, leaf.headers) || anyConflict(root.withoutHeaders, leaf.withoutHeaders) || anyConflict(root.queryParams, leaf.queryParams)) return true;
  if ((root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false)) return true;
  if ((root.port ?? 0) > 0 && (leaf.port ?? 0) > 0 && root.port !== leaf.port) return true;
  if ((root.sourceNamespace ?? "") !== "" && leaf.sourceNamespace !== undefined && leaf.sourceNamespace !== "" && leaf.sourceNamespace !== root.sourceNamespace) return true;
  if (Object.entries(leaf.sourceLabels ?? {}).some(([key, value]) => root.sourceLabels?.[key] !== undefined && root.sourceLabels[key] !== value)) return true;
  const [rg, lg] = [root.gateways ?? [], leaf.gateways ?? []];
  return rg.length > 0 && lg.length > 0 && (rg.length < lg.length || lg.some((gateway) => !rg.includes(gateway)));
}

function mergeMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const name = [root.name, leaf.name].filter((part) => part !== undefined && part !== "").join("-");
  const merged = { ...root, ...Object.fromEntries(Object.entries(leaf).filter(([, value]) => value !== undefined)) };
  const join = (key: "headers" | "withoutHeaders" | "queryParams" | "sourceLabels") => {
    const value = { ...root[key], ...leaf[key] };
    return Object.keys(value).length === 0 ? {} : { [key]: value };
  };
  return {
    ...merged, ...(name === "" ? {} : { name }),
    ...join("headers"), ...join("withoutHeaders"), ...join("queryParams"), ...join("sourceLabels"),
    ...((leaf.gateways ?? []).length === 0 && root.gateways !== undefined ? { gateways: root.gateways } : {}),
  };
}

/**
 * Merges one item of a delegate into the root's item; undefined when their conditions exclude each other.
 * @see istio 1.18 pilot/pkg/model/virtualservice.go mergeHTTPRoute
 */
export function mergeDelegate(root: HttpRoute, leaf: HttpRoute): HttpRoute | undefined {
  const rootMatches = root.match ?? [];
  const leafMatches = leaf.match ?? [];
  let match = leafMatches.length === 0 ? rootMatches : leafMatches;
  if (rootMatches.length > 0 && leafMatches.length > 0) {
    match = rootMatches.flatMap((r) => leafMatches.filter((l) => !conflicts(r, l)).map((l) => mergeMatch(r, l)));
    if (match.length === 0) return undefined;
  }
  const { delegate: _root, match: _match, route: _route, ...inherited } = root;
  const { match: _leaf, ...own } = leaf;
  const name = [root.name, leaf.name].filter((part) => part !== undefined && part !== "").join("-");
  return { ...inherited, ...own, ...(match.length === 0 ? {} : { match }), ...(name === "" ? {} : { name }) };
}
