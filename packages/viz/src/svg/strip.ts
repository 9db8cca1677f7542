import { curveMonotoneX, line } from "d3-shape";
import { duration, plain, shorten, socket } from "../format.ts";
import type { Lane, Point, Section, Strip } from "./layout.ts";
import { element, escapeXml } from "./markup.ts";
import { markOf } from "./shapes.ts";

export const LEFT = 290;
export const STEP = 50;
const LANE = 36;
const HEAD = 62;
const LABELS = 108;

/** Height that a strip takes. */
export const stripHeight = ({ lanes }: Strip): number => HEAD + lanes.length * LANE + LABELS;

const x = (column: number): number => LEFT + (column + 0.5) * STEP;
const y = (row: number): number => HEAD + (row + 0.5) * LANE;

/** Text of at most the room that there is, in pixels of a font's size. */
const text = (attributes: Parameters<typeof element>[1], content: string, room: number, size = 12): string =>
  element("text", attributes, [escapeXml(shorten(plain(content), Math.max(3, Math.floor(room / (size * 0.6)))))]);

function bands(lanes: readonly Lane[], width: number): readonly string[] {
  const out: string[] = [];
  let group: string | undefined;
  lanes.forEach((lane, row) => {
    const top = HEAD + row * LANE;
    if (row % 2 === 0) out.push(element("rect", { class: "band", x: 12, y: top, width: width - 24, height: LANE, rx: 4 }));
    const opens = lane.group !== group;
    if (opens) out.push(element("line", { class: "rule", x1: 12, x2: width - 12, y1: top, y2: top }), text({ x: 20, y: top + 15, "font-weight": 600 }, lane.group, 100));
    group = lane.group;
    out.push(element("g", {}, [element("title", {}, [escapeXml(lane.title)]), text({ x: 36, y: top + (opens ? 30 : 23), class: "quiet" }, lane.title, LEFT - 48)]));
  });
  return out;
}

function headline({ leg, reply, part, parts }: Section): string {
  const cut = parts > 1 ? ` (${part + 1} of ${parts})` : "";
  if (reply) return `reply of leg ${leg.id}${cut}`;
  return `leg ${leg.id} · ${leg.protocol}${cut}${part === 0 && leg.parent !== undefined ? ` · for leg ${leg.parent}` : ""}`;
}

function fate({ leg, reply }: Section): string | undefined {
  if (reply) return leg.reply?.outcome === "accepted" ? "another way back than there" : `✗ the reply is ${leg.reply?.outcome ?? "lost"}`;
  return leg.outcome === "accepted" ? undefined : `✗ ${leg.outcome}${leg.ended === undefined ? "" : `: ${leg.ended.reason}`}`;
}

function heads({ sections, columns, lanes }: Strip, width: number): readonly string[] {
  return sections.flatMap((section, index) => {
    const { leg, reply, points } = section;
    const from = x(points[0]?.column ?? 0) - STEP / 2;
    const next = sections[index + 1]?.points[0];
    const room = (next === undefined ? width - 12 : x(next.column) - STEP / 2) - from - 8;
    const further = sections.slice(index + 1).find((other) => fate(other) !== undefined)?.points[0]?.column ?? columns;
    const end = fate(section);
    const address = reply ? "" : `${socket(leg.to.address, leg.to.port)}${leg.times.connected === undefined ? "" : ` · RTT ${duration(leg.roundTrip.p50)}`}`;
    return [
      element("line", { class: "rule", x1: from, x2: from, y1: 6, y2: HEAD + lanes.length * LANE }),
      text({ x: from + 6, y: 18, "font-weight": 600 }, headline(section), room, 14),
      text({ x: from + 6, y: 35, class: "quiet" }, address, room),
      ...(end === undefined ? [] : [text({ x: from + 6, y: 53, class: end.startsWith("✗") ? "bad" : "quiet", "font-weight": 600 }, end, x(further) - from - STEP / 2 - 12, 14)]),
    ];
  });
}

const draw = line<Point>()
  .x(({ column }) => x(column))
  .y(({ row }) => y(row))
  .curve(curveMonotoneX);

function ways({ sections }: Strip): readonly string[] {
  return sections.flatMap(({ leg, points, reply, part }, index) => {
    const earlier = sections[index - 1];
    const before = earlier?.points.at(-1);
    const first = points[0];
    const goesOn = earlier !== undefined && (reply || part > 0 || leg.parent === earlier.leg.id);
    const joint = before === undefined || first === undefined || !goesOn || before.failed ? [] : [element("path", { class: "between", d: draw([before, first]) ?? undefined })];
    return [...joint, element("path", { class: reply ? "path back" : "path", d: draw(points) ?? undefined })];
  });
}

function marks({ sections, lanes }: Strip, id: string): readonly string[] {
  const bottom = HEAD + lanes.length * LANE;
  return sections.flatMap(({ leg, reply, part, points }) => points.flatMap(({ hop, column, row, failed }, index) => {
    const tip = [`${hop.system} ${hop.place}: ${hop.stage}`, ...hop.decisions.map(({ table, rule, verdict }) => `${table} ${rule} → ${verdict}`), ...hop.changes.map(({ field, from, to }) => `${field}: ${from ?? "–"} → ${to ?? "–"}`)].join("\n");
    const name = `${id}-leg-${leg.id}${reply ? "-reply" : ""}-${part === 0 ? "" : `${part}-`}${index}`;
    return [
      element("line", { class: "rule", x1: x(column), x2: x(column), y1: y(row) + 9, y2: bottom + 4, "stroke-dasharray": "1 4" }),
      element("path", { class: failed ? "mark failed" : reply ? "mark hollow" : "mark", d: markOf(hop.system, failed ? 200 : 120), transform: `translate(${x(column)},${y(row)})`, id: name }, [element("title", {}, [escapeXml(tip)])]),
      ...(failed ? [element("text", { x: x(column) + 10, y: y(row) - 7, class: "bad", "font-weight": 700 }, ["✗"])] : []),
      element("text", { class: "stage", transform: `translate(${x(column) - 2},${bottom + 14}) rotate(38)` }, [escapeXml(shorten(plain(hop.stage), 22))]),
    ];
  }));
}

/** Draws one strip from its own top left corner. */
export function drawStrip(strip: Strip, width: number, id: string): readonly string[] {
  return [...bands(strip.lanes, width), ...heads(strip, width), ...ways(strip), ...marks(strip, id)];
}
