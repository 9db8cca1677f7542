import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { httpRbac, tcpRbac } from "./authorization-matchers.ts";
import type { AuthorizationRule, RbacAction } from "./authorization-rules.ts";
import { compileRule } from "./authorization-rules.ts";
import { byAge, selects } from "../mesh/config-order.ts";
import { extAuthzFor } from "./ext-authz.ts";
import type { Json, Labels, MeshConfig, MeshService } from "../types.ts";

interface Spec {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly action?: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM";
  readonly provider?: { readonly name?: string };
  readonly rules?: readonly (AuthorizationRule | undefined)[];
}

/** The authorization filters of one proxy: what stands before authentication, and what after it. */
export interface AuthorizationFilters { readonly custom: readonly Json[]; readonly local: readonly Json[] }
export interface Authorization { readonly http: AuthorizationFilters; readonly tcp: AuthorizationFilters }

const specOf = (policy: Resource): Spec => (policy.spec ?? {}) as Spec;

/** A policy without rules matches nothing, which an ALLOW turns into a refusal of everything. */
const NEVER: Json = { permissions: [{ notRule: { any: true } }], principals: [{ notId: { any: true } }] };
const DENY_ALL: Json = { action: "DENY", policies: { "default-deny-all-due-to-bad-CUSTOM-action": { permissions: [{ any: true }], principals: [{ any: true }] } } };
const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);

interface Target { readonly tcp: boolean; readonly mesh: MeshConfig; readonly services: readonly MeshService[] }

function rbacRules(policies: readonly Resource[], action: RbacAction, { tcp, mesh }: Target, custom: boolean): { readonly rules?: Json; readonly shadow?: Json } {
  const kept = { rules: undefined as Json | undefined, shadow: undefined as Json | undefined };
  const aliases = Array.isArray(mesh["trustDomainAliases"]) ? (mesh["trustDomainAliases"] as string[]) : [];
  for (const policy of policies) {
    const side = TRUE.has(policy.metadata.annotations?.["istio.io/dry-run"] ?? "") ? "shadow" : "rules";
    const into: Json = (kept[side] ??= action === "ALLOW" ? {} : { action });
    const name = (index: number): string => `${custom ? "istio-ext-authz-" : ""}ns[${policy.metadata.namespace ?? ""}]-policy[${policy.metadata.name}]-rule[${index}]`;
    const add = (index: number, compiled: Json | undefined): void => { if (compiled !== undefined) into["policies"] = { ...(into["policies"] as Json | undefined), [name(index)]: compiled }; };
    const rules = specOf(policy).rules ?? [];
    if (rules.length === 0) add(0, NEVER);
    for (const [index, rule] of rules.entries()) if (rule !== undefined && rule !== null) add(index, compileRule(rule, { tcp, action, trustDomains: [mesh.trustDomain, ...aliases] }));
  }
  return { ...(kept.rules === undefined ? {} : { rules: kept.rules }), ...(kept.shadow === undefined ? {} : { shadow: kept.shadow }) };
}

function localFilter(policies: readonly Resource[], action: RbacAction, target: Target): Json[] {
  if (policies.length === 0) return [];
  const { rules, shadow } = rbacRules(policies, action, target, false);
  const prefix = shadow === undefined || action === "ALLOW" ? "istio_dry_run_allow_" : action === "DENY" ? "istio_dry_run_deny_" : undefined;
  return [(target.tcp ? tcpRbac : httpRbac)({ rules, shadowRules: shadow, shadowRulesStatPrefix: prefix })];
}

function customFilters(policies: readonly Resource[], target: Target): Json[] {
  if (policies.length === 0) return [];
  const providers = target.mesh.extensionProviders ?? [];
  const authorizer = extAuthzFor(policies.map((policy) => specOf(policy).provider?.name ?? ""), providers, target.services);
  const rbac = target.tcp ? tcpRbac : httpRbac;
  if (authorizer === undefined) return [rbac({ rules: DENY_ALL })];
  const asks = target.tcp ? authorizer.tcp : authorizer.http;
  if (asks === undefined) return [];
  const { rules } = rbacRules(policies, "DENY", target, true);
  return [rbac({ shadowRules: rules, shadowRulesStatPrefix: "istio_ext_authz_" }), asks];
}

/** The policies that hold for a workload: the root namespace's, then its own, each whose selector covers it; oldest first. */
export function policiesFor(snapshot: Pick<Snapshot, "resources">, kind: string, { root, namespace, labels }: { readonly root: string; readonly namespace: string; readonly labels: Labels }): readonly Resource[] {
  const all = [...resourcesOf(snapshot, kind)].sort(byAge);
  return [...new Set([root, namespace])].flatMap((home) => all.filter((policy) => (policy.metadata.namespace ?? "default") === home && selects(specOf(policy).selector?.matchLabels, labels)));
}

/**
 * Compiles a workload's AuthorizationPolicies to Envoy's filters for HTTP and for TCP chains.
 *
 * CUSTOM policies ask an external authorizer before anything else; then come AUDIT, DENY and ALLOW.
 *
 * @see istio 1.18 pilot/pkg/security/authz/builder/builder.go
 */
export function authorizationFilters(policies: readonly Resource[], mesh: MeshConfig, services: readonly MeshService[]): Authorization {
  const of = (action: Spec["action"]): readonly Resource[] => policies.filter((policy) => (specOf(policy).action ?? "ALLOW") === action);
  const build = (tcp: boolean): AuthorizationFilters => {
    const target = { tcp, mesh, services };
    return {
      custom: customFilters(of("CUSTOM"), target),
      local: [...localFilter(of("AUDIT"), "LOG", target), ...localFilter(of("DENY"), "DENY", target), ...localFilter(of("ALLOW"), "ALLOW", target)],
    };
  };
  return { http: build(false), tcp: build(true) };
}
