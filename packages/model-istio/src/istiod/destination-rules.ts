import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects, visibleIn } from "./config-order.ts";
import { expandHost, mostSpecificHost } from "./host.ts";
import type { TrafficPolicy } from "./traffic-policy.ts";
import type { Labels, MeshConfig, MeshService } from "./types.ts";

export interface Subset { readonly name: string; readonly labels?: Labels; readonly trafficPolicy?: TrafficPolicy; readonly path: string; readonly from: Resource }

/** DestinationRules for one host in one namespace, merged. */
export interface DestinationRule {
  readonly resource: Resource;
  readonly namespace: string;
  readonly host: string;
  readonly exportTo: readonly string[];
  readonly selector?: Labels;
  readonly trafficPolicy?: TrafficPolicy;
  readonly subsets: readonly Subset[];
}

interface Spec {
  readonly host?: string;
  readonly trafficPolicy?: TrafficPolicy;
  readonly subsets?: readonly { readonly name: string; readonly labels?: Labels; readonly trafficPolicy?: TrafficPolicy }[];
  readonly exportTo?: readonly string[];
  readonly workloadSelector?: { readonly matchLabels?: Labels };
}

const sameLabels = (a: Labels | undefined, b: Labels | undefined): boolean => selects(a, b ?? {}) && selects(b, a ?? {});

function merge(into: DestinationRule, from: DestinationRule): DestinationRule {
  const names = new Set(into.subsets.map((subset) => subset.name));
  const policy = into.trafficPolicy ?? from.trafficPolicy;
  return { ...into, ...(policy === undefined ? {} : { trafficPolicy: policy }), subsets: [...into.subsets, ...from.subsets.filter((subset) => !names.has(subset.name))] };
}

/**
 * Reads DestinationRules, merging those of one host in one namespace, oldest first.
 * A rule without workloadSelector merges into those that have one and also stands alone.
 * @see istio 1.18 pilot/pkg/model/destination_rule.go mergeDestinationRule
 */
export function readDestinationRules(snapshot: Pick<Snapshot, "resources">, mesh: MeshConfig): readonly DestinationRule[] {
  const out: DestinationRule[] = [];
  for (const resource of [...resourcesOf(snapshot, "DestinationRule")].sort(byAge)) {
    const spec = (resource.spec ?? {}) as Spec;
    const namespace = resource.metadata.namespace ?? "default";
    const selector = spec.workloadSelector?.matchLabels;
    const rule: DestinationRule = {
      resource, namespace,
      host: expandHost(spec.host ?? "", namespace, mesh.domain),
      exportTo: spec.exportTo === undefined || spec.exportTo.length === 0 ? (selector === undefined ? mesh.defaultDestinationRuleExportTo : ["."]) : spec.exportTo,
      ...(selector === undefined ? {} : { selector }),
      ...(spec.trafficPolicy === undefined ? {} : { trafficPolicy: spec.trafficPolicy }),
      subsets: (spec.subsets ?? []).map((subset, index) => ({ ...subset, path: `spec.subsets[${index}]`, from: resource })),
    };
    let standsAlone = true;
    for (const [index, existing] of out.entries()) {
      if (existing.host !== rule.host || existing.namespace !== namespace) continue;
      const both = existing.selector !== undefined && rule.selector !== undefined;
      if (both ? sameLabels(existing.selector, rule.selector) : existing.selector === undefined && rule.selector === undefined) {
        standsAlone = false;
        out[index] = merge(existing, rule);
      } else if (existing.selector !== undefined && rule.selector === undefined) {
        out[index] = merge(existing, rule);
      }
    }
    if (standsAlone) out.push(rule);
  }
  return out;
}

/**
 * The rule a client in `namespace` with `labels` uses for a service: its own namespace, the service's, the root's.
 * @see istio 1.18 pilot/pkg/model/push_context.go destinationRule
 */
export function destinationRuleFor(rules: readonly DestinationRule[], client: { readonly namespace: string; readonly labels: Labels }, service: Pick<MeshService, "host" | "namespace">, mesh: MeshConfig): DestinationRule | undefined {
  const applies = (rule: DestinationRule): boolean => rule.selector === undefined || (rule.namespace === client.namespace && selects(rule.selector, client.labels));
  const pick = (candidates: readonly DestinationRule[]): DestinationRule | undefined => {
    const host = mostSpecificHost(service.host, candidates.map((rule) => rule.host));
    const matching = candidates.filter((rule) => rule.host === host);
    return matching.find((rule) => rule.selector !== undefined && applies(rule)) ?? matching.find((rule) => rule.selector === undefined);
  };
  if (client.namespace !== mesh.rootNamespace) {
    const local = pick(rules.filter((rule) => rule.namespace === client.namespace && visibleIn(rule.exportTo, rule.namespace, rule.namespace)));
    if (local !== undefined) return local;
  }
  const exported = (namespace: string): DestinationRule | undefined =>
    pick(rules.filter((rule) => rule.namespace === namespace && visibleIn(rule.exportTo, rule.namespace, client.namespace)));
  const own = service.namespace === "" ? undefined : exported(service.namespace);
  if (own !== undefined) return own;
  return client.namespace === mesh.rootNamespace
    ? pick(rules.filter((rule) => rule.namespace === mesh.rootNamespace && !rule.exportTo.includes("~")))
    : exported(mesh.rootNamespace);
}
