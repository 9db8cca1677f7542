import type { Host } from "./hosts.ts";
import { flag, type Json, numberOf, object } from "./json.ts";

/** A host and its share of the traffic. */
export interface Share {
  readonly host: Host;
  readonly weight: number;
}

const OVERPROVISIONING = 140;

interface Level {
  readonly all: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
  readonly panic: boolean;
}

const availability = (some: number, all: number): number => (all === 0 ? 0 : Math.min(100, Math.floor((OVERPROVISIONING * some) / all)));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Spreads what `remaining` leaves over the levels, each at most its availability. */
function spread(available: readonly number[], total: number, remaining: number): { readonly loads: readonly number[]; readonly left: number } {
  let left = remaining;
  const loads = available.map((value) => {
    const load = total === 0 ? 0 : Math.min(left, Math.floor((value * 100) / total));
    left -= load;
    return load;
  });
  return { loads, left };
}

function byWeight(hosts: readonly Host[], load: number, cluster: Json): readonly Share[] {
  const flat = cluster["lb_policy"] === "RANDOM";
  const total = sum(hosts.map((host) => (flat ? 1 : host.weight)));
  return total === 0 ? [] : hosts.map((host) => ({ host, weight: (load * (flat ? 1 : host.weight)) / total }));
}

/** Splits a level's load over its localities, each scaled down as its hosts fail. */
function byLocality(hosts: readonly Host[], all: readonly Host[], load: number, cluster: Json): readonly Share[] {
  if (object(cluster["common_lb_config"])["locality_weighted_lb_config"] === undefined) return byWeight(hosts, load, cluster);
  const names = [...new Set(all.map((host) => host.locality))];
  const scaled = names.map((name) => {
    const members = all.filter((host) => host.locality === name);
    const alive = hosts.filter((host) => host.locality === name);
    return (members[0]?.localityWeight ?? 0) * Math.min(1, ((OVERPROVISIONING / 100) * alive.length) / members.length);
  });
  const total = sum(scaled);
  if (total === 0) return byWeight(hosts, load, cluster);
  return names.flatMap((name, index) => byWeight(hosts.filter((host) => host.locality === name), (load * (scaled[index] ?? 0)) / total, cluster));
}

/**
 * The shares in which a load balancer spreads requests over a cluster's hosts; empty where it finds none healthy.
 *
 * The first priority gets 1.4 times its healthy share, the rest spills over to degraded hosts and later priorities.
 * Below the panic threshold health is ignored.
 *
 * @see Envoy 1.26, source/extensions/load_balancing_policies/common/load_balancer_impl.cc
 */
export function balance(cluster: Json, hosts: readonly Host[]): readonly Share[] {
  const options = object(cluster["common_lb_config"]);
  const percent = options["healthy_panic_threshold"];
  const threshold = percent === undefined ? 50 : (numberOf(percent) ?? 0);
  const priorities = Math.max(0, ...hosts.map((host) => host.priority)) + 1;
  const groups = Array.from({ length: priorities }, (_, priority) => hosts.filter((host) => host.priority === priority));
  const healthy = groups.map((group) => group.filter((host) => host.health === "healthy"));
  const degraded = groups.map((group) => group.filter((host) => host.health === "degraded"));
  const up = groups.map((group, index) => availability(healthy[index]?.length ?? 0, group.length));
  const half = groups.map((group, index) => availability(degraded[index]?.length ?? 0, group.length));
  const total = Math.min(100, sum(up) + sum(half));
  if (total === 0 && threshold === 0) return [];
  const levels: readonly Level[] = groups.map((all, index) => {
    const [well, poor] = [healthy[index] ?? [], degraded[index] ?? []];
    const alive = all.length === 0 ? 0 : (100 * (well.length + poor.length)) / all.length;
    return { all, healthy: well, degraded: poor, panic: total !== 100 && alive < threshold };
  });
  if (levels.every((level) => level.panic)) {
    if (flag(object(options["zone_aware_lb_config"])["fail_traffic_on_panic"])) return [];
    return normal(levels.flatMap((level) => byWeight(level.all, level.all.length, cluster)));
  }
  const first = spread(up, total, 100);
  const second = spread(half, total, first.left);
  const residue = second.left;
  const lead = up.findIndex((value) => value > 0);
  return normal(
    levels.flatMap((level, index) => {
      const well = (first.loads[index] ?? 0) + (index === lead ? residue : 0);
      const poor = second.loads[index] ?? 0;
      return level.panic ? byWeight(level.all, well + poor, cluster) : [...byLocality(level.healthy, level.all, well, cluster), ...byLocality(level.degraded, level.all, poor, cluster)];
    }),
  );
}

/** Shares that sum to 1, hosts without any left out. */
function normal(shares: readonly Share[]): readonly Share[] {
  const total = sum(shares.map((share) => share.weight));
  return total === 0 ? [] : shares.filter((share) => share.weight > 0).map(({ host, weight }) => ({ host, weight: weight / total }));
}
