import type { Resource } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects } from "../mesh/config-order.ts";
import type { Model } from "../model.ts";
import type { Json, Labels, Proxy } from "../types.ts";

type Mode = "CLIENT" | "SERVER";
interface Override { readonly match?: { readonly metric?: string; readonly customMetric?: string; readonly mode?: string }; readonly disabled?: boolean }
interface Metrics { readonly providers?: readonly { readonly name: string }[]; readonly overrides?: readonly Override[] }
interface TelemetrySpec { readonly selector?: { readonly matchLabels?: Labels }; readonly metrics?: readonly Metrics[] }

const specOf = (resource: Resource): TelemetrySpec => (resource.spec ?? {}) as TelemetrySpec;
const labelsOf = (resource: Resource): Labels => specOf(resource).selector?.matchLabels ?? {};
const isWide = (resource: Resource): boolean => Object.keys(labelsOf(resource)).length === 0;

/** The metrics settings that hold for a proxy: the mesh's, the namespace's, its own. */
function settings(model: Model, proxy: Proxy): readonly Metrics[] {
  const all = [...resourcesOf(model.seen, "Telemetry")].sort(byAge);
  const inside = (namespace: string): readonly Resource[] => all.filter(({ metadata }) => metadata.namespace === namespace);
  const root = inside(model.mesh.rootNamespace).find(isWide);
  const own = proxy.namespace === model.mesh.rootNamespace ? undefined : inside(proxy.namespace).find(isWide);
  const selected = inside(proxy.namespace).find((resource) => !isWide(resource) && selects(labelsOf(resource), proxy.labels));
  return [root, own, selected].flatMap((resource) => (resource === undefined ? [] : (specOf(resource).metrics ?? [])));
}

/** The providers that Envoy's own statistics filter serves. */
function statistics(model: Model): ReadonlySet<string> {
  const made = (model.mesh.extensionProviders ?? []).filter((provider) => provider["prometheus"] !== undefined).map((provider) => String(provider["name"]));
  return new Set(["prometheus", ...made]);
}

/**
 * The modes in which a proxy counts nothing, because Telemetries switch all its metrics off.
 * @see istio 1.18 pilot/pkg/model/telemetry.go mergeMetrics
 */
export function metricsOff(model: Model, proxy: Proxy): ReadonlySet<Mode> {
  const all = settings(model, proxy);
  if (all.length === 0) return new Set();
  const names = ({ providers = [] }: Metrics): readonly string[] => providers.map(({ name }) => name);
  const byDefault = ((model.mesh["defaultProviders"] as { readonly metrics?: readonly string[] } | undefined)?.metrics) ?? ["prometheus"];
  const inScope = all.map(names).findLast((list) => list.length > 0) ?? byDefault;
  const off = new Set<string>();
  let inherited: readonly string[] = byDefault;
  for (const item of all) {
    inherited = names(item).length > 0 ? names(item) : inherited;
    for (const provider of inherited.filter((name) => inScope.includes(name))) {
      for (const { match, disabled } of item.overrides ?? []) {
        const every = match?.customMetric === undefined && (match?.metric ?? "ALL_METRICS") === "ALL_METRICS";
        for (const mode of match?.mode === "CLIENT" || match?.mode === "SERVER" ? [match.mode] : ["CLIENT", "SERVER"]) {
          if (every && disabled === true) off.add(`${provider} ${mode}`);
          else off.delete(`${provider} ${mode}`);
        }
      }
    }
  }
  const counting = inScope.filter((name) => statistics(model).has(name));
  return new Set((["CLIENT", "SERVER"] as const).filter((mode) => counting.every((provider) => off.has(`${provider} ${mode}`))));
}

const isStats = (filter: unknown): boolean => (filter as Json | undefined)?.["name"] === "istio.stats";

/** A listener without the filters that count. */
export function withoutStats<T>(value: T): T {
  if (Array.isArray(value)) return value.filter((item) => !isStats(item)).map((item: unknown) => withoutStats(item)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutStats(item)])) as T;
}
