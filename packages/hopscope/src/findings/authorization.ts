import type { Finding, Journey } from "@hopscope/core";
import { matchesLabels, objectName, originOf, podsOf, type Resource, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { rootNamespaceOf } from "@hopscope/model-istio";
import { codes } from "../codes/codes.ts";

interface PolicySpec {
  readonly action?: string;
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
}

/**
 * The AuthorizationPolicies that made a proxy on the way answer 403: the one that denies, else those that allow others only.
 *
 * @see Istio 1.18, Authorization Policy: without a match in any ALLOW policy of a workload a request is denied
 */
export function authorizationFindings(snapshot: Snapshot, journey: Journey): readonly Finding[] {
  return journey.legs.flatMap((leg) =>
    leg.hops.flatMap(({ decisions, system }) => {
      const denial = system === "envoy" ? decisions.find(({ table, verdict }) => table.endsWith("rbac") && verdict === "denied") : undefined;
      if (denial === undefined) return [];
      const to = leg.to.object ?? "the workload";
      const named = denial.origin.object.startsWith("AuthorizationPolicy ") ? denial.origin : undefined;
      const [only] = named === undefined ? allowing(snapshot, to) : [];
      const origin = named ?? (only === undefined ? denial.origin : originOf(only, "spec.rules"));
      const why = named === undefined ? `no rule of ${only === undefined ? "any policy" : objectName(only)} allows the request to ${to}` : `${named.object} denies the request to ${to}`;
      return [{ code: "mesh/authorization-denies", severity: "error" as const, origin, problem: `${why} (RBAC: ${denial.rule})`, fix: codes["mesh/authorization-denies"]?.act ?? "" }];
    }),
  );
}

function allowing(snapshot: Snapshot, object: string): readonly Resource[] {
  const pod = podsOf(snapshot).find((one) => objectName(one) === object);
  if (pod === undefined) return [];
  const places = new Set([pod.metadata.namespace, rootNamespaceOf(snapshot)]);
  return resourcesOf(snapshot, "AuthorizationPolicy", { group: "security.istio.io" }).filter(({ spec, metadata }) => {
    const { action = "ALLOW", selector } = (spec ?? {}) as PolicySpec;
    return action === "ALLOW" && places.has(metadata.namespace) && matchesLabels(selector?.matchLabels ?? {}, pod.metadata.labels);
  });
}
