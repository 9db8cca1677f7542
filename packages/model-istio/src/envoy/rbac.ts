import type { SocketAddress } from "@hopscope/core";
import { prefixLength } from "./address.ts";
import { type Headers, headerOf } from "./headers.ts";
import { isObject, type Json, list, numberOf, object, text } from "./json.ts";
import { metadataMatches } from "./metadata-match.ts";
import { pathOnly } from "./path.ts";
import { headerMatches, stringMatches } from "./string-match.ts";
import { templateMatches } from "./uri-template.ts";

/** What RBAC rules look at. `remote` differs from `direct` where an address from X-Forwarded-For is trusted. */
export interface RbacFacts {
  readonly direct: SocketAddress;
  readonly remote: SocketAddress;
  readonly destination: SocketAddress;
  readonly sni: string;
  readonly tls: boolean;
  readonly peer: string | undefined;
  /** Empty for a network filter. */
  readonly headers: Headers;
  /** Dynamic metadata by filter name. */
  readonly metadata?: Json;
}

/** The answer of RBAC: the policy that decided, `none` where no policy matched. */
export interface RbacAnswer {
  readonly allowed: boolean;
  readonly policy: string;
  readonly unknown: readonly string[];
}

const inRange = (range: unknown, address: string): boolean => prefixLength(object(range), address) >= 0;

function pathMatch(matcher: unknown, headers: Headers): boolean {
  const path = headerOf(headers, ":path");
  return path !== undefined && stringMatches(object(object(matcher)["path"]), pathOnly(path));
}

/** One Permission or Principal: a message with exactly one field set. */
function holds(rule: Json, facts: RbacFacts, unknown: string[]): boolean {
  const [field, value] = Object.entries(rule).find(([key]) => key !== "@type") ?? ["", undefined];
  switch (field) {
    case "any":
      return value === true;
    case "and_rules":
      return list(object(value)["rules"]).every((item) => holds(item, facts, unknown));
    case "or_rules":
      return list(object(value)["rules"]).some((item) => holds(item, facts, unknown));
    case "and_ids":
      return list(object(value)["ids"]).every((item) => holds(item, facts, unknown));
    case "or_ids":
      return list(object(value)["ids"]).some((item) => holds(item, facts, unknown));
    case "not_rule":
    case "not_id":
      return !holds(object(value), facts, unknown);
    case "header":
      return headerMatches(object(value), facts.headers);
    case "url_path":
      return pathMatch(value, facts.headers);
    case "uri_template":
      return templateMatches(text(object(object(value)["typed_config"])["path_template"]) ?? "", pathOnly(headerOf(facts.headers, ":path") ?? ""));
    case "destination_ip":
      return inRange(value, facts.destination.address);
    case "destination_port":
      return numberOf(value) === facts.destination.port;
    case "destination_port_range": {
      const range = object(value);
      return facts.destination.port >= (numberOf(range["start"]) ?? 0) && facts.destination.port < (numberOf(range["end"]) ?? 0);
    }
    case "requested_server_name":
      return stringMatches(object(value), facts.sni);
    case "source_ip":
    case "direct_remote_ip":
      return inRange(value, facts.direct.address);
    case "remote_ip":
      return inRange(value, facts.remote.address);
    case "authenticated": {
      if (!facts.tls) return false;
      const name = object(value)["principal_name"];
      return !isObject(name) || stringMatches(name, facts.peer ?? "");
    }
    case "metadata":
    case "sourced_metadata": {
      const matcher = field === "metadata" ? object(value) : object(object(value)["metadata_matcher"]);
      if (text(matcher["filter"]) !== "istio_authn") unknown.push(`metadata ${text(matcher["filter"]) ?? ""}`);
      return metadataMatches(matcher, facts.metadata ?? {});
    }
    case "filter_state": {
      const key = text(object(value)["key"]) ?? "";
      if (key !== "io.istio.peer_principal") unknown.push(`filter state ${key}`);
      return key === "io.istio.peer_principal" && facts.peer !== undefined && stringMatches(object(object(value)["string_match"]), facts.peer);
    }
    default:
      unknown.push(field);
      return false;
  }
}

/**
 * Evaluates RBAC rules. Policies are tried in the order of their names; the first that matches decides.
 *
 * @see Envoy 1.26, source/extensions/filters/common/rbac/engine_impl.cc
 */
export function evaluateRbac(rules: unknown, facts: RbacFacts): RbacAnswer {
  if (!isObject(rules)) return { allowed: true, policy: "none", unknown: [] };
  const action = text(rules["action"]) ?? "ALLOW";
  if (action === "LOG") return { allowed: true, policy: "none", unknown: [] };
  const unknown: string[] = [];
  const policies = object(rules["policies"]);
  const names = Object.keys(policies).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const found = names.find((name) => {
    const policy = object(policies[name]);
    if (policy["condition"] !== undefined || policy["checked_condition"] !== undefined) unknown.push("condition");
    return list(policy["permissions"]).some((item) => holds(item, facts, unknown)) && list(policy["principals"]).some((item) => holds(item, facts, unknown));
  });
  return { allowed: (found !== undefined) === (action === "ALLOW"), policy: found ?? "none", unknown };
}

/** The detail string of a denial. */
export const denialDetails = (policy: string): string => `rbac_access_denied_matched_policy[${policy.replace(/\s/g, "_")}]`;

/** What rules that only watch would have done, and the metadata that tells later filters. */
export interface ShadowAnswer {
  readonly answer: RbacAnswer;
  readonly metadata: Json;
}

/**
 * Evaluates the shadow rules of an RBAC filter, if it has some.
 *
 * @see Envoy 1.26, source/extensions/filters/http/rbac/rbac_filter.cc
 */
export function shadowRbac(config: Json, facts: RbacFacts): ShadowAnswer | undefined {
  if (!isObject(config["shadow_rules"])) return undefined;
  const answer = evaluateRbac(config["shadow_rules"], facts);
  const prefix = text(config["shadow_rules_stat_prefix"]) ?? "";
  const policy = answer.policy === "none" ? {} : { [`${prefix}shadow_effective_policy_id`]: answer.policy };
  return { answer, metadata: { ...policy, [`${prefix}shadow_engine_result`]: answer.allowed ? "allowed" : "denied" } };
}

/** Whether an ext_authz filter asks for this request or connection. */
export const asksAuthorizer = (config: Json, metadata: Json): boolean =>
  !isObject(config["filter_enabled_metadata"]) || metadataMatches(config["filter_enabled_metadata"], metadata);
