import { cidrRange, headerMatcher, hostMatcher, metadataMatcher, regexMatcher, stringMatcher } from "./authorization-matchers.ts";
import { trustedPrincipals } from "./trust-domains.ts";
import type { Json } from "../types.ts";

type Values = readonly string[] | undefined;
interface Source { readonly principals?: Values; readonly notPrincipals?: Values; readonly requestPrincipals?: Values; readonly notRequestPrincipals?: Values; readonly namespaces?: Values; readonly notNamespaces?: Values; readonly ipBlocks?: Values; readonly notIpBlocks?: Values; readonly remoteIpBlocks?: Values; readonly notRemoteIpBlocks?: Values }
interface Operation { readonly hosts?: Values; readonly notHosts?: Values; readonly ports?: Values; readonly notPorts?: Values; readonly methods?: Values; readonly notMethods?: Values; readonly paths?: Values; readonly notPaths?: Values }

/** One rule of an AuthorizationPolicy. */
export interface AuthorizationRule {
  readonly from?: readonly { readonly source?: Source }[];
  readonly to?: readonly { readonly operation?: Operation }[];
  readonly when?: readonly { readonly key: string; readonly values?: Values; readonly notValues?: Values }[];
}

export type RbacAction = "ALLOW" | "DENY" | "LOG";
export interface RuleContext { readonly tcp: boolean; readonly action: RbacAction; readonly trustDomains: readonly string[] }

/** One value as a permission or principal; undefined where the filter chain cannot tell (an HTTP field on TCP) or the value is malformed. */
type Compile = (value: string, tcp: boolean) => Json | undefined;
interface Condition { readonly side: "permission" | "principal"; readonly compile: Compile; readonly values: readonly string[]; readonly notValues: readonly string[]; readonly principals?: boolean }

const httpOnly = (compile: (value: string) => Json): Compile => (value, tcp) => (tcp ? undefined : compile(value));
const range = (field: string): Compile => (value) => { const cidr = cidrRange(value); return cidr === undefined ? undefined : { [field]: cidr }; };
const peer = (stringMatch: Json): Json => ({ filterState: { key: "io.istio.peer_principal", stringMatch } });
const AUTHN = "istio_authn";
const port: Compile = (value) => (/^\d+$/.test(value) && Number(value) <= 65535 ? { destinationPort: Number(value) } : undefined);
const namespace: Compile = (value) => peer(regexMatcher(`.*/ns/${value.replaceAll("*", ".*")}/.*`));
const principal: Compile = (value) => peer(stringMatcher(value, "spiffe://"));
const requestPrincipal = (key: string): Compile => httpOnly((value) => metadataMatcher(AUTHN, [key], stringMatcher(value), false));

/** `[a][b]` as its names; a text with other brackets is one name. */
function claimNames(text: string): string[] | undefined {
  if (/^(\[[^[\]]*\])+$/.test(text)) return text.slice(1, -1).split("][");
  return text.startsWith("[") && text.endsWith("]") ? [text.slice(1, -1)] : undefined;
}

const bracketed = (text: string): string | undefined => (text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : undefined);

function filterMetadata(key: string): Compile {
  const [filter = "", name] = key.slice("experimental.".length).replace(/\]$/, "").split(/\[(.*)/s);
  return (value) => {
    if (name === undefined) return undefined;
    return value.startsWith("[") && value.endsWith("]")
      ? metadataMatcher(filter, [name], stringMatcher(value.replace(/^[[\]]+|[[\]]+$/g, "")), true)
      : metadataMatcher(filter, [name], stringMatcher(value), false);
  };
}

/** What a `when` key looks at; undefined for a key that istiod does not know. */
function attribute(key: string): Pick<Condition, "side" | "compile" | "principals"> | undefined {
  const permission = (compile: Compile) => ({ side: "permission", compile }) as const;
  const of = (compile: Compile) => ({ side: "principal", compile }) as const;
  switch (key) {
    case "destination.ip": return permission(range("destinationIp"));
    case "destination.port": return permission(port);
    case "connection.sni": return permission((value) => ({ requestedServerName: stringMatcher(value) }));
    case "source.ip": return of(range("directRemoteIp"));
    case "remote.ip": return of(range("remoteIp"));
    case "source.namespace": return of(namespace);
    case "source.principal": return { ...of(principal), principals: true };
    case "request.auth.principal": case "request.auth.audiences": case "request.auth.presenter": return of(requestPrincipal(key));
  }
  if (key.startsWith("experimental.envoy.filters.")) return permission(filterMetadata(key));
  if (key.startsWith("request.headers")) {
    const name = bracketed(key.slice("request.headers".length));
    return of((value, tcp) => (tcp || name === undefined ? undefined : { header: headerMatcher(name, value) }));
  }
  if (key.startsWith("request.regex.headers")) {
    const name = bracketed(key.slice("request.regex.headers".length));
    return of((value, tcp) => (tcp || name === undefined ? undefined : { header: { name, safeRegexMatch: { googleRe2: {}, regex: value } } }));
  }
  if (key.startsWith("request.auth.claims")) {
    const names = claimNames(key.slice("request.auth.claims".length));
    return of((value, tcp) => (tcp || names === undefined ? undefined : metadataMatcher(AUTHN, ["request.auth.claims", ...names], stringMatcher(value), true)));
  }
  return undefined;
}

function condition(side: Condition["side"], compile: Compile, values: Values, notValues: Values, principals = false): Condition[] {
  if ((values ?? []).length === 0 && (notValues ?? []).length === 0) return [];
  return [{ side, compile, values: values ?? [], notValues: notValues ?? [], ...(principals ? { principals } : {}) }];
}

/** A condition that the chain cannot express makes an ALLOW rule vanish, and widens any other. */
const UNABLE = Symbol("a value that cannot be compiled");

function conjunction(conditions: readonly Condition[], context: RuleContext, words: { readonly and: string; readonly or: string; readonly not: string; readonly list: string }): Json | typeof UNABLE {
  const all: Json[] = [];
  for (const { compile, values, notValues, principals } of conditions) {
    for (const [list, negated] of [[values, false], [notValues, true]] as const) {
      const compiled = (principals === true ? trustedPrincipals(list, context.trustDomains) : list).map((value) => compile(value, context.tcp));
      const able = compiled.filter((entry): entry is Json => entry !== undefined);
      if (able.length < compiled.length && context.action === "ALLOW") return UNABLE;
      if (able.length === 0) continue;
      const any = { [words.or]: { [words.list]: able } };
      all.push(negated ? { [words.not]: any } : any);
    }
  }
  return { [words.and]: { [words.list]: all.length === 0 ? [{ any: true }] : all } };
}

const PERMISSION = { and: "andRules", or: "orRules", not: "notRule", list: "rules" };
const PRINCIPAL = { and: "andIds", or: "orIds", not: "notId", list: "ids" };

/**
 * Compiles one rule to an Envoy RBAC policy; undefined where the rule cannot be kept on this chain.
 * @see istio 1.18 pilot/pkg/security/authz/model/model.go New, Generate
 */
export function compileRule(rule: AuthorizationRule, context: RuleContext): Json | undefined {
  const when: Condition[] = [];
  for (const { key, values, notValues } of rule.when ?? []) {
    const known = attribute(key);
    if (known === undefined) return undefined;
    when.push(...condition(known.side, known.compile, values, notValues, known.principals));
  }
  const base = (side: Condition["side"]): readonly Condition[] => when.filter((entry) => entry.side === side);
  const sources = (rule.from ?? []).length === 0 ? [undefined] : (rule.from ?? []).map((entry) => entry.source);
  const operations = (rule.to ?? []).length === 0 ? [undefined] : (rule.to ?? []).map((entry) => entry.operation);
  const principals = sources.map((source) => conjunction([
    ...condition("principal", principal, source?.principals, source?.notPrincipals, true),
    ...condition("principal", requestPrincipal("request.auth.principal"), source?.requestPrincipals, source?.notRequestPrincipals),
    ...condition("principal", namespace, source?.namespaces, source?.notNamespaces),
    ...condition("principal", range("remoteIp"), source?.remoteIpBlocks, source?.notRemoteIpBlocks),
    ...condition("principal", range("directRemoteIp"), source?.ipBlocks, source?.notIpBlocks),
    ...base("principal"),
  ], context, PRINCIPAL));
  const permissions = operations.map((operation) => conjunction([
    ...condition("permission", httpOnly((value) => ({ header: hostMatcher(value) })), operation?.hosts, operation?.notHosts),
    ...condition("permission", httpOnly((value) => ({ header: headerMatcher(":method", value) })), operation?.methods, operation?.notMethods),
    ...condition("permission", httpOnly((value) => ({ urlPath: { path: stringMatcher(value) } })), operation?.paths, operation?.notPaths),
    ...condition("permission", port, operation?.ports, operation?.notPorts),
    ...base("permission"),
  ], context, PERMISSION));
  if ([...principals, ...permissions].includes(UNABLE)) return undefined;
  return { permissions, principals };
}
