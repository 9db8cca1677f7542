import type { Hop, Journey, Leg, System } from "@hopscope/core";

/** One strip of the picture: everything that happens in one place. */
export interface Lane {
  readonly key: string;
  readonly group: string;
  readonly title: string;
}

export interface Point {
  readonly hop: Hop;
  readonly leg: Leg;
  /** Column from 0. */
  readonly column: number;
  /** Row of its lane from 0. */
  readonly row: number;
}

export interface Section {
  readonly leg: Leg;
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly lanes: readonly Lane[];
  readonly points: readonly Point[];
  readonly sections: readonly Section[];
  readonly columns: number;
}

const OUTSIDE = "outside";
const order: readonly System[] = ["client", "dns", "fabric", "haproxy", "host", "ovn", "netfilter", "envoy", "app"];

const labels: Partial<Readonly<Record<System, string>>> = { envoy: "Envoy", haproxy: "HAProxy", dns: "DNS" };

function laneOf(hop: Hop): Lane {
  const group = hop.node ?? OUTSIDE;
  switch (hop.system) {
    case "fabric":
      return { key: OUTSIDE, group: OUTSIDE, title: "network" };
    case "ovn":
      return { key: `${group}/ovn`, group, title: "OVN" };
    case "host":
    case "netfilter":
      return { key: `${group}/${hop.place}`, group, title: hop.place };
    default:
      return { key: `${group}/${hop.system}/${hop.place}`, group, title: `${labels[hop.system] ?? hop.system} ${hop.place.replace(/^pod [^/]*\//i, "")}` };
  }
}

/**
 * Places a journey's hops: columns in the order walked, one lane for each place, lanes of a node together.
 * The same journey gives the same layout.
 */
export function layoutOf(journey: Journey): Layout {
  const legs = journey.legs.filter((leg) => leg.protocol !== "udp");
  const shown = legs.length === 0 ? journey.legs : legs;
  const lanes = new Map<string, Lane & { readonly rank: number }>();
  const groups: string[] = [OUTSIDE];
  for (const hop of shown.flatMap((leg) => leg.hops)) {
    const lane = laneOf(hop);
    if (!groups.includes(lane.group)) groups.push(lane.group);
    if (!lanes.has(lane.key)) lanes.set(lane.key, { ...lane, rank: order.indexOf(hop.system) });
  }
  const sorted = [...lanes.values()].sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || a.rank - b.rank);
  const rows = new Map(sorted.map((lane, row) => [lane.key, row]));
  const points: Point[] = [];
  const sections: Section[] = [];
  let column = 0;
  for (const leg of shown) {
    const from = column;
    for (const hop of leg.hops) points.push({ hop, leg, column: column++, row: rows.get(laneOf(hop).key) ?? 0 });
    if (column > from) sections.push({ leg, from, to: column - 1 });
  }
  return { lanes: sorted, points, sections, columns: column };
}
