import { bitsOf } from "../../envoy/address.ts";
import type { Labels } from "../types.ts";
import type { Problems } from "./names.ts";
import { badSelector, each, when } from "./names.ts";

interface Selected { readonly selector?: { readonly matchLabels?: Labels } }
type Lists = Readonly<Record<string, readonly string[] | undefined>>;
interface Condition { readonly key?: string; readonly values?: readonly string[]; readonly notValues?: readonly string[] }
interface Rule { readonly from?: readonly { readonly source?: Lists }[]; readonly to?: readonly { readonly operation?: Lists }[]; readonly when?: readonly Condition[] }

export interface AuthorizationSpec extends Selected { readonly action?: string; readonly provider?: { readonly name?: string }; readonly rules?: readonly Rule[] | null }

/** What istiod's admission refuses in a PeerAuthentication. @see istio 1.18 pkg/config/validation/validation.go ValidatePeerAuthentication */
export function badPeerAuthentication(spec: Selected & { readonly portLevelMtls?: Readonly<Record<string, unknown>> }): Problems {
  const labels = spec.selector?.matchLabels ?? {};
  const ports = Object.keys(spec.portLevelMtls ?? {});
  return [
    ...when(Object.keys(labels).length === 0 && ports.length > 0, "mesh/namespace peer authentication cannot have port level mTLS"), ...when(ports.includes("0"), "port cannot be 0"), ...badSelector(labels),
  ];
}

const badRanges = (values: readonly string[] | undefined): Problems => each(values, (value) => {
  const [address = "", length] = value.split("/");
  const bits = bitsOf(address);
  if (length === undefined) return when(bits === undefined, `bad IP address (${value})`);
  return when(bits === undefined || !/^\d+$/.test(length) || Number(length) > bits.width, `bad CIDR range (${value})`);
});
const badPorts = (values: readonly string[] | undefined): Problems => each(values, (value) => when(!/^\d+$/.test(value) || Number(value) > 65535, `invalid port ${value}`));
const badEmpty = (name: string, values: readonly string[] | undefined): Problems => when((values ?? []).includes(""), `empty value not allowed, found in ${name}`);

const PLAIN = new Set(["source.namespace", "source.principal", "request.auth.principal", "request.auth.audiences", "request.auth.presenter", "connection.sni"]);
const RANGES = new Set(["source.ip", "remote.ip", "destination.ip"]);
const MAPS = ["request.headers", "request.regex.headers", "request.auth.claims", "experimental.envoy.filters."];

function badAttribute(key: string, values: readonly string[] | undefined): Problems {
  const empty = badEmpty(key, values);
  if (empty.length > 0) return empty;
  if (MAPS.some((prefix) => key.startsWith(prefix))) return when(!/^[^[]+\[[^\]]+\]/.test(key), `bad key (${key}): should have format a[b]`);
  if (RANGES.has(key)) return badRanges(values);
  if (key === "destination.port") return badPorts(values);
  return when(!PLAIN.has(key), `unknown attribute: ${key}`);
}

const SOURCE = ["principals", "requestPrincipals", "namespaces", "ipBlocks", "remoteIpBlocks"];
const OPERATION = ["ports", "methods", "paths", "hosts"];
const both = (names: readonly string[]): readonly string[] => [...names, ...names.map((name) => `not${name.charAt(0).toUpperCase()}${name.slice(1)}`)];

function badLists(lists: Lists | undefined, names: readonly string[], where: string, index: number): Problems {
  if (lists === undefined) return [`\`${where}\` must not be nil, found at rule ${index}`];
  const fields = both(names);
  return [
    ...when(fields.every((name) => (lists[name] ?? []).length === 0), `\`${where}\` must not be empty, found at rule ${index}`),
    ...fields.flatMap((name) => [...(/ipBlocks$/i.test(name) ? badRanges(lists[name]) : /^(not)?ports$/i.test(name) ? badPorts(lists[name]) : []), ...badEmpty(`${name.charAt(0).toUpperCase()}${name.slice(1)}`, lists[name])]),
  ];
}

function badCondition({ key = "", values, notValues }: Condition): Problems {
  if (key === "") return ["`key` must not be empty"];
  if ((values ?? []).length + (notValues ?? []).length === 0) return [`at least one of \`values\` or \`notValues\` must be set for key ${key}`];
  return [...badAttribute(key, values).map((problem) => `invalid \`value\` for \`key\` ${key}: ${problem}`), ...badAttribute(key, notValues).map((problem) => `invalid \`notValue\` for \`key\` ${key}: ${problem}`)];
}

function badCustom(rule: Rule): Problems {
  const unsupported = (name: string): string => `${name} is currently not supported with CUSTOM action`;
  const fields = both(["namespaces", "principals", "requestPrincipals"]);
  return [
    ...each(rule.from, ({ source }) => fields.filter((name) => (source?.[name] ?? []).length > 0).map((name) => unsupported(`From.${name.charAt(0).toUpperCase()}${name.slice(1)}`))),
    ...each(rule.when, ({ key = "" }) => when(key === "source.namespace" || key === "source.principal" || key.startsWith("request.auth."), unsupported(key))),
  ];
}

/** What istiod's admission refuses in an AuthorizationPolicy. @see istio 1.18 pkg/config/validation/validation.go ValidateAuthorizationPolicy */
export function badAuthorizationPolicy(spec: AuthorizationSpec, name: string, namespace: string): Problems {
  const { action = "ALLOW", provider, rules } = spec;
  const none = rules === undefined || rules === null;
  const meaningless = `${action} action without \`rules\` is meaningless as it will never be triggered, add an empty rule \`{}\` if you want it be triggered for every request`;
  const custom = action === "CUSTOM" ? [...(none ? [meaningless] : when((provider?.name ?? "") === "", "`provider.name` must not be empty")), ...each(rules ?? [], badCustom)] : [];
  return [
    ...badSelector(spec.selector?.matchLabels), ...custom, ...when(provider !== undefined && action !== "CUSTOM", `\`provider\` must not be with non CUSTOM action, found ${action}`), ...when(action === "DENY" && none, meaningless),
    ...each(rules ?? [], (rule, index) => [
      ...each(rule.from, ({ source }) => badLists(source, SOURCE, "from.source", index)), ...each(rule.to, ({ operation }) => badLists(operation, OPERATION, "to.operation", index)), ...each(rule.when, badCondition),
    ]),
  ].map((problem) => `invalid policy ${name}.${namespace}: ${problem}`);
}

interface JwtRule { readonly issuer?: string; readonly audiences?: readonly string[]; readonly jwks?: string; readonly fromHeaders?: readonly { readonly name?: string }[]; readonly fromParams?: readonly string[]; readonly outputClaimToHeaders?: readonly { readonly header?: string; readonly claim?: string }[] }

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What istiod's admission refuses in a RequestAuthentication. @see istio 1.18 pkg/config/validation/validation.go ValidateRequestAuthentication */
export const badRequestAuthentication = (spec: Selected & { readonly jwtRules?: readonly JwtRule[] }): Problems => [
  ...badSelector(spec.selector?.matchLabels),
  ...each(spec.jwtRules, (rule) => [
    ...when((rule.issuer ?? "") === "", "issuer must be set"), ...when((rule.audiences ?? []).includes(""), "audience must be non-empty string"), ...when((rule.jwks ?? "") !== "" && !isJson(rule.jwks ?? ""), "jwks parse error"),
    ...each(rule.fromHeaders, ({ name = "" }) => when(name === "", "location header name must be non-empty string")), ...when((rule.fromParams ?? []).includes(""), "location query must be non-empty string"),
    ...each(rule.outputClaimToHeaders, ({ header = "", claim = "" }) => when(header === "" || claim === "", "outputClaimToHeaders header and claim value must be non-empty string")),
  ]),
];
