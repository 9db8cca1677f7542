import type { Hop, Journey, Leg } from "@hopscope/core";
import { type Lane, laneKey, lanesOf } from "./lanes.ts";

export type { Lane } from "./lanes.ts";

export interface Point {
  readonly hop: Hop;
  readonly leg: Leg;
  /** Column of its strip from 0. */
  readonly column: number;
  /** Row of its lane in the strip from 0. */
  readonly row: number;
  /** Where the leg, or its reply, ended without being accepted; or where somebody else than the application answered. */
  readonly failed: boolean;
}

/** A leg's way, or a reply's where it is another way or fails; a long one is cut. */
export interface Section {
  readonly leg: Leg;
  readonly reply: boolean;
  readonly part: number;
  readonly parts: number;
  readonly points: readonly Point[];
}

/** One row of the picture, read like a line of text: lanes of its own, and the legs side by side. */
export interface Strip {
  readonly lanes: readonly Lane[];
  readonly sections: readonly Section[];
  readonly columns: number;
}

export interface Layout {
  readonly strips: readonly Strip[];
  /** Look-ups that are not drawn, as the request's own legs are of interest. */
  readonly hidden: readonly Leg[];
}

/** A strip is at least this wide before the next leg begins a new one, and never wider than the second. */
const FEW = 22;
const MOST = 30;
/** Columns that a section takes at least, for its headline. */
const LEAST = 3;

interface Run {
  readonly leg: Leg;
  readonly reply: boolean;
  readonly part: number;
  readonly parts: number;
  readonly hops: readonly Hop[];
}

const isPath = ({ system }: Hop): boolean => system === "fabric" || system === "ovn" || system === "host" || system === "netfilter";

/** Whether a reply is worth a drawing: it fails, or goes through other places than the way there. */
function replyDiffers({ hops, reply, outcome }: Leg): boolean {
  if (reply === undefined || reply.hops.length === 0) return false;
  if (outcome === "accepted" && reply.outcome !== "accepted") return true;
  const places = (all: readonly Hop[]): string => [...new Set(all.filter(isPath).map(laneKey))].sort().join("\n");
  return places(hops) !== places(reply.hops);
}

/** Cuts a way into parts of about equal length, none longer than a strip. */
function runsOf(leg: Leg, reply: boolean, hops: readonly Hop[], most: number): readonly Run[] {
  const parts = Math.max(1, Math.ceil(hops.length / most));
  const size = Math.ceil(hops.length / parts);
  return Array.from({ length: parts }, (_, part) => ({ leg, reply, part, parts, hops: hops.slice(part * size, (part + 1) * size) }));
}

function stripOf(runs: readonly Run[], answering: Leg | undefined): Strip {
  const lanes = lanesOf(runs.flatMap(({ hops }) => hops));
  const rows = new Map(lanes.map(({ key }, row) => [key, row]));
  let column = 0;
  const sections = runs.map(({ leg, reply, part, parts, hops }): Section => {
    const outcome = reply ? leg.reply?.outcome : leg.outcome;
    const points = hops.map((hop, index): Point => ({
      hop, leg, column: column++, row: rows.get(laneKey(hop)) ?? 0,
      failed: part === parts - 1 && index === hops.length - 1 && (outcome !== "accepted" || (leg === answering && !reply)),
    }));
    column += Math.max(0, LEAST - hops.length);
    return { leg, reply, part, parts, points };
  });
  return { lanes, sections, columns: column };
}

/**
 * Places a journey's hops: columns in the order walked, one lane for each place, lanes of a node together, and as many
 * strips as it takes. The same journey gives the same layout.
 *
 * @param columns of one strip; undefined takes the longest leg's, within bounds
 */
export function layoutOf(journey: Journey, columns?: number): Layout {
  const hidden = journey.legs.filter(({ protocol }) => protocol === "udp");
  const shown = hidden.length === journey.legs.length ? journey.legs : journey.legs.filter((leg) => !hidden.includes(leg));
  const most = columns !== undefined ? Math.max(1, Math.floor(columns)) : Math.min(MOST, Math.max(FEW, ...shown.map(({ hops }) => hops.length)));
  const runs = shown.flatMap((leg) => [...runsOf(leg, false, leg.hops, most), ...(replyDiffers(leg) ? runsOf(leg, true, leg.reply?.hops ?? [], most) : [])]).filter(({ hops }) => hops.length > 0);
  const width = ({ hops }: Run): number => Math.max(LEAST, hops.length);
  const strips: Run[][] = [];
  let used = 0;
  for (const run of runs) {
    const current = strips.at(-1);
    if (current === undefined || used + width(run) > most) {
      strips.push([run]);
      used = width(run);
    } else {
      current.push(run);
      used += width(run);
    }
  }
  const answering = journey.verdict.type === "answered" && shown.every(({ outcome }) => outcome === "accepted") ? shown.at(-1) : undefined;
  return { strips: strips.map((row) => stripOf(row, answering)), hidden: shown === journey.legs ? [] : hidden };
}
