import type { Json, Labels, LocalitySetting, Proxy } from "../types.ts";

/** Endpoints of one locality: Envoy's hosts, and the labels of the workloads behind them. */
export interface LocalityGroup {
  readonly locality: string;
  readonly hosts: readonly { readonly json: Json; readonly labels: Labels; readonly weight: number }[];
}

/**
 * The locality setting that counts: a DestinationRule's own, else the mesh's; undefined where balancing by locality is off.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/loadbalancer GetLocalityLbSetting
 */
export function localitySetting(mesh: LocalitySetting | undefined, rule: LocalitySetting | undefined): LocalitySetting | undefined {
  if (rule !== undefined) return rule.enabled === false ? undefined : rule;
  return mesh === undefined || mesh.enabled === false ? undefined : mesh;
}

function localityJson(text: string): Json {
  const [region = "", zone = "", subZone = ""] = text.split("/");
  return { ...(region === "" ? {} : { region }), ...(zone === "" ? {} : { zone }), ...(subZone === "" ? {} : { subZone }) };
}

function localityMatches(locality: string, pattern: string): boolean {
  const [region = "", zone = "", subzone = ""] = pattern.split("/");
  const [r = "", z = "", s = ""] = locality.split("/");
  return (region === "*" || r === region) && (zone === "*" || zone === "" || z === zone) && (subzone === "*" || subzone === "" || s === subzone);
}

interface Group { readonly locality: string; hosts: LocalityGroup["hosts"]; weight: number | undefined; priority: number }

function distribute(groups: readonly Group[], own: string, rules: NonNullable<LocalitySetting["distribute"]>): void {
  const rule = rules.find((entry) => localityMatches(own, entry.from ?? ""));
  if (rule === undefined) return;
  const left = new Set(groups);
  for (const [pattern, weight] of Object.entries(rule.to ?? {})) {
    const hit = [...left].filter((group) => localityMatches(group.locality, pattern));
    const total = hit.reduce((sum, group) => sum + (group.weight ?? 1), 0);
    for (const group of hit) {
      left.delete(group);
      const share = ((group.weight ?? 1) * weight) / total;
      if (share > 0) group.weight = Math.ceil(share);
    }
  }
  for (const group of left) group.hosts = [];
}

/** Priorities without gaps, the nearest first. */
function closeRanks(groups: readonly Group[]): void {
  const used = [...new Set(groups.map((group) => group.priority))].sort((a, b) => a - b);
  for (const group of groups) group.priority = used.indexOf(group.priority);
}

function failover(groups: readonly Group[], own: string, setting: LocalitySetting): void {
  const [region = "", zone = "", subzone = ""] = own.split("/");
  for (const group of groups) {
    const [r = "", z = "", s = ""] = group.locality.split("/");
    group.priority = r !== region ? 3 : z !== zone ? 2 : s !== subzone ? 1 : 0;
    const rule = group.priority === 3 ? setting.failover?.find((entry) => (entry.from ?? "") === region) : undefined;
    if (rule !== undefined && (rule.to ?? "") !== r) group.priority = 4;
  }
  closeRanks(groups);
}

/** Splits each locality by how many of the labels, in order, agree with the proxy's. */
function byLabels(groups: readonly Group[], proxy: Labels, names: readonly string[]): Group[] {
  const wanted = names.map((text): readonly [string, string | undefined] => { const parts = text.split("="); return [parts[0] ?? "", parts.length === 2 ? parts[1] : undefined]; });
  const overrides = new Map(wanted.filter(([, value]) => value !== undefined));
  const out = groups.flatMap((group): Group[] => {
    const levels = new Map<number, LocalityGroup["hosts"][number][]>();
    for (const host of group.hosts) {
      const miss = wanted.findIndex(([name]) => (overrides.get(name) ?? proxy[name] ?? "") !== (host.labels[name] ?? ""));
      const priority = miss < 0 ? 0 : names.length - miss;
      levels.set(priority, [...(levels.get(priority) ?? []), host]);
    }
    return [...levels.entries()].sort(([a], [b]) => a - b).map(([priority, hosts]) => ({ locality: group.locality, hosts, priority, weight: hosts.reduce((sum, host) => sum + host.weight, 0) }));
  });
  closeRanks(out);
  return out;
}

interface Options { readonly own: string; readonly proxy: Pick<Proxy, "labels">; readonly setting: LocalitySetting | undefined; readonly failover: boolean; readonly byLabels: boolean }

/**
 * Weighs or ranks localities as seen from one proxy, and writes them as Envoy's endpoints.
 *
 * Weights given by `distribute` always count; failover only where outlier detection can find a host unhealthy.
 *
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/loadbalancer ApplyLocalityLBSetting
 */
export function applyLocality(list: readonly LocalityGroup[], options: Options): readonly Json[] {
  let groups = list.map((group): Group => ({ locality: group.locality, hosts: group.hosts, priority: 0, weight: group.hosts.length === 0 ? undefined : group.hosts.reduce((sum, host) => sum + host.weight, 0) }));
  const { setting, own } = options;
  if (setting?.distribute !== undefined && setting.distribute.length > 0) distribute(groups, own, setting.distribute);
  else if (setting !== undefined && options.failover) {
    const labels = setting.failoverPriority ?? [];
    if (labels.length === 0) failover(groups, own, setting);
    else if (options.byLabels && Object.keys(options.proxy.labels).length > 0 && groups.length > 0) groups = byLabels(groups, options.proxy.labels, labels);
  }
  return groups.map((group) => ({
    ...(group.hosts.length === 0 ? {} : { lbEndpoints: group.hosts.map((host) => host.json) }),
    ...(group.weight === undefined ? {} : { loadBalancingWeight: group.weight }),
    ...(group.priority > 0 ? { priority: group.priority } : {}),
    locality: localityJson(group.locality),
  }));
}
