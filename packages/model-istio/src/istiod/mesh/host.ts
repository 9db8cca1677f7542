/**
 * Says whether two host names can name the same host, a leading `*` standing for any prefix.
 * @see istio 1.18 pkg/config/host/name.go Name.Matches
 */
export function hostMatches(a: string, b: string): boolean {
  const aWild = a.startsWith("*");
  const bWild = b.startsWith("*");
  if (aWild && bWild) {
    const [short, long] = a.length < b.length ? [a, b] : [b, a];
    return long.slice(1).endsWith(short.slice(1));
  }
  if (aWild) return b.endsWith(a.slice(1));
  if (bWild) return a.endsWith(b.slice(1));
  return a === b;
}

/**
 * Says whether every host named by `inner` is also named by `outer`.
 * @see istio 1.18 pkg/config/host/name.go Name.SubsetOf
 */
export function hostIsSubset(inner: string, outer: string): boolean {
  const innerWild = inner.startsWith("*");
  const outerWild = outer.startsWith("*");
  if (innerWild && outerWild) return inner.length >= outer.length && inner.slice(1).endsWith(outer.slice(1));
  if (outerWild) return inner.endsWith(outer.slice(1));
  return !innerWild && inner === outer;
}

/** Sorts exact hosts first, then longer wildcards before shorter; the order in which a most specific match is sought. */
export function compareSpecificity(a: string, b: string): number {
  const aWild = a.startsWith("*");
  const bWild = b.startsWith("*");
  if (aWild !== bWild) return aWild ? 1 : -1;
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The most specific of `hosts` that covers `needle`: the exact name, else the longest wildcard.
 * @see istio 1.18 pilot/pkg/model/config.go MostSpecificHostMatch
 */
export function mostSpecificHost(needle: string, hosts: readonly string[]): string | undefined {
  if (!needle.startsWith("*") && hosts.includes(needle)) return needle;
  let best: string | undefined;
  for (const host of hosts) {
    const covers = needle.startsWith("*") ? host.startsWith("*") && hostIsSubset(needle, host) : host.startsWith("*") && hostMatches(needle, host);
    if (covers && (best === undefined || compareSpecificity(host, best) < 0)) best = host;
  }
  return best;
}

/**
 * The hosts that two lists have in common, the narrower of each pair that meets.
 * @see istio 1.18 pkg/config/host/names.go Names.Intersection
 */
export function hostIntersection(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  const out = new Set<string>();
  for (const own of ours) {
    for (const other of theirs) {
      if (hostIsSubset(own, other)) out.add(own);
      else if (hostIsSubset(other, own)) out.add(other);
    }
  }
  return [...out];
}

const isIp = (text: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(text) || text.includes(":");

/**
 * Expands a host name without dots to the full name of the Service in `namespace`.
 * @see istio 1.18 pilot/pkg/model/conversion.go ResolveShortnameToFQDN
 */
export function expandHost(host: string, namespace: string, domain: string): string {
  if (host === "" || host.startsWith("*") || host.includes(".") || isIp(host)) return host;
  return [host, ...(namespace === "" ? [] : [namespace]), "svc", domain].join(".");
}
