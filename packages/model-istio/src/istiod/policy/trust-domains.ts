const prefixMatch = (text: string, pattern: string): boolean => pattern.endsWith("*") && text.startsWith(pattern.slice(0, -1));
const suffixMatch = (text: string, pattern: string): boolean => pattern.startsWith("*") && text.endsWith(pattern.slice(1));
const wildMatch = (a: string, b: string): boolean => a === b || b === "*" || prefixMatch(a, b) || prefixMatch(b, a) || suffixMatch(a, b) || suffixMatch(b, a);

/**
 * A policy's principals, each of the mesh's own trust domain written out for that domain and its aliases.
 *
 * `cluster.local` stands for the mesh's domain, whatever it is; a foreign domain, and a principal that names none, stay as they are.
 *
 * @see istio 1.18 pilot/pkg/security/trustdomain/bundle.go ReplaceTrustDomainAliases
 */
export function trustedPrincipals(principals: readonly string[], trustDomains: readonly string[]): readonly string[] {
  return principals.flatMap((principal) => {
    const parts = principal.split("/");
    const [own = ""] = parts;
    if (parts.length !== 5 || own === "*") return [principal];
    if (own !== "cluster.local" && !trustDomains.some((domain) => wildMatch(own, domain))) return [principal];
    return [...new Set(trustDomains.map((domain) => (suffixMatch(domain, own) ? principal : [domain, ...parts.slice(1)].join("/"))))];
  });
}
