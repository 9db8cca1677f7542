import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects } from "../mesh/config-order.ts";
import { expandHost, mostSpecificHost } from "../mesh/host.ts";
import type { TrafficPolicy } from "./traffic-policy.ts";
import type { Labels, MeshConfig, MeshService } from "../types.ts";

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

interface Index { readonly byHost: Map<string, DestinationRule[]>; readonly exportTo: Map<string, readonly string[]> }

/** DestinationRules by who may use them: clients of their own namespace, other namespaces, the root namespace alone. */
export interface DestinationRules { readonly local: ReadonlyMap<string, Index>; readonly exported: ReadonlyMap<string, Index>; readonly rootLocal: Index }

const newIndex = (): Index => ({ byHost: new Map(), exportTo: new Map() });

function into(indexes: Map<string, Index>, namespace: string): Index {
  const known = indexes.get(namespace) ?? newIndex();
  indexes.set(namespace, known);
  return known;
}

function merge(older: DestinationRule, newer: DestinationRule): DestinationRule {
  const names = new Set(older.subsets.map((subset) => subset.name));
  const policy = older.trafficPolicy ?? newer.trafficPolicy;
  return { ...older, ...(policy === undefined ? {} : { trafficPolicy: policy }), subsets: [...older.subsets, ...newer.subsets.filter((subset) => !names.has(subset.name))] };
}

/** Adds a rule to those of its host; one without workloadSelector merges into those that have one and also stands alone. */
function add(index: Index, rule: DestinationRule): void {
  const known = index.byHost.get(rule.host);
  if (known === undefined) {
    index.byHost.set(rule.host, [rule]);
    index.exportTo.set(rule.host, rule.exportTo);
    return;
  }
  let alone = true;
  for (const [at, existing] of known.entries()) {
    const same = sameLabels(existing.selector, rule.selector);
    if (existing.selector !== undefined && rule.selector !== undefined && !same) continue;
    if ((existing.selector === undefined && rule.selector === undefined) || (rule.selector !== undefined && same)) alone = false;
    known[at] = merge(existing, rule);
    if ((index.exportTo.get(rule.host) ?? []).length === 0 && rule.exportTo.length > 0) index.exportTo.set(rule.host, rule.exportTo);
  }
  if (alone) known.push(rule);
}

/**
 * Reads DestinationRules, merging those of one host in one namespace, oldest first.
 * @see istio 1.18 pilot/pkg/model/push_context.go setDestinationRules, destination_rule.go mergeDestinationRule
 */
export function readDestinationRules(snapshot: Pick<Snapshot, "resources">, mesh: MeshConfig): DestinationRules {
  const out = { local: new Map<string, Index>(), exported: new Map<string, Index>(), rootLocal: newIndex() };
  for (const resource of [...resourcesOf(snapshot, "DestinationRule")].sort(byAge)) {
    const spec = (resource.spec ?? {}) as Spec;
    const namespace = resource.metadata.namespace ?? "default";
    const selector = spec.workloadSelector === undefined ? undefined : (spec.workloadSelector.matchLabels ?? {});
    const exportTo = selector === undefined ? (spec.exportTo ?? []) : ["."];
    const rule: DestinationRule = {
      resource, namespace, exportTo,
      host: expandHost(spec.host ?? "", namespace, mesh.domain),
      ...(selector === undefined ? {} : { selector }),
      ...(spec.trafficPolicy === undefined ? {} : { trafficPolicy: spec.trafficPolicy }),
      subsets: (spec.subsets ?? []).map((subset, index) => ({ ...subset, path: `spec.subsets[${index}]`, from: resource })),
    };
    const own = (entry: string): boolean => entry === "." || entry === namespace;
    if (exportTo.length === 0 || exportTo.some((entry) => entry === "*" || own(entry))) add(into(out.local, namespace), rule);
    const isPrivate = exportTo.length === 0 ? mesh.defaultDestinationRuleExportTo.includes(".") : new Set(exportTo).size === 1 && exportTo.every(own);
    if (!isPrivate) add(into(out.exported, namespace), rule);
    else if (namespace === mesh.rootNamespace) add(out.rootLocal, rule);
  }
  return out;
}

const NONE: readonly DestinationRule[] = [];

function rulesFor(rules: DestinationRules, namespace: string, service: Pick<MeshService, "host" | "namespace">, mesh: MeshConfig): readonly DestinationRule[] {
  const hostIn = (index: Index | undefined): string | undefined => (index === undefined ? undefined : index.byHost.has(service.host) ? service.host : mostSpecificHost(service.host, [...index.byHost.keys()]));
  const ownIndex = namespace === mesh.rootNamespace ? rules.rootLocal : rules.local.get(namespace);
  const own = hostIn(ownIndex);
  if (own !== undefined) return ownIndex?.byHost.get(own) ?? NONE;
  for (const owner of service.namespace === "" ? [mesh.rootNamespace] : [service.namespace, mesh.rootNamespace]) {
    const index = rules.exported.get(owner);
    const host = hostIn(index);
    if (index === undefined || host === undefined) continue;
    const to = index.exportTo.get(host) ?? [];
    if (to.length === 0 || to.includes("*") || to.includes(namespace)) return index.byHost.get(host) ?? NONE;
  }
  return NONE;
}

/**
 * The rule a client in `namespace` with `labels` uses for a service: its own namespace's, the service's, the root's.
 * A workloadSelector counts for outbound traffic alone.
 * @see istio 1.18 pilot/pkg/model/push_context.go destinationRule, sidecar.go SidecarScope.DestinationRule
 */
export function destinationRuleFor(rules: DestinationRules, client: { readonly namespace: string; readonly labels: Labels }, service: Pick<MeshService, "host" | "namespace">, mesh: MeshConfig, direction: "inbound" | "outbound" = "outbound"): DestinationRule | undefined {
  const all = rulesFor(rules, client.namespace, service, mesh);
  const selected = direction === "inbound" ? undefined : all.find((rule) => rule.selector !== undefined && rule.namespace === client.namespace && selects(rule.selector, client.labels));
  return selected ?? all.filter((rule) => rule.selector === undefined).at(-1);
}
