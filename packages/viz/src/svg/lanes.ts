import type { Hop, System } from "@hopscope/core";
import { SYSTEM_NAMES } from "./shapes.ts";

/** One strip's band: everything that happens in one place. */
export interface Lane {
  readonly key: string;
  readonly group: string;
  readonly title: string;
}

const OUTSIDE = "outside";
const order: readonly System[] = ["client", "dns", "fabric", "haproxy", "host", "ovn", "netfilter", "envoy", "app"];

function laneOf(hop: Hop): Lane {
  const group = hop.node ?? OUTSIDE;
  switch (hop.system) {
    case "fabric":
      return { key: OUTSIDE, group: OUTSIDE, title: "network" };
    case "ovn":
      return { key: `${group}/ovn`, group, title: "OVN" };
    case "host":
    case "netfilter":
      return { key: `${group}/${hop.place}`, group, title: hop.place.startsWith("node ") ? "node's kernel" : hop.place.replace(/^pod [^/]*\//i, "pod ") };
    default:
      return { key: `${group}/${hop.system}/${hop.place}`, group, title: `${SYSTEM_NAMES[hop.system]} ${hop.place.replace(/^pod [^/]*\//i, "")}` };
  }
}

/** Where a hop is drawn. */
export const laneKey = (hop: Hop): string => laneOf(hop).key;

/** The lanes of some hops: outside first, then the nodes as they are met, in each the outer machines before the inner. */
export function lanesOf(hops: readonly Hop[]): readonly Lane[] {
  const lanes = new Map<string, Lane & { readonly rank: number }>();
  const groups: string[] = [OUTSIDE];
  for (const hop of hops) {
    const lane = laneOf(hop);
    if (!groups.includes(lane.group)) groups.push(lane.group);
    if (!lanes.has(lane.key)) lanes.set(lane.key, { ...lane, rank: order.indexOf(hop.system) });
  }
  return [...lanes.values()].sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || a.rank - b.rank);
}
