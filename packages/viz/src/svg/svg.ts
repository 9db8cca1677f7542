import type { Journey, System } from "@hopscope/core";
import { scaleLinear } from "d3-scale";
import { curveMonotoneX, line, symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye, type SymbolType } from "d3-shape";
import { duration, shorten } from "../format.ts";
import { type Layout, layoutOf, type Point } from "./layout.ts";
import { element, escapeXml } from "./markup.ts";

const LEFT = 200;
const STEP = 54;
const LANE = 44;
const TOP = 104;
const LABELS = 120;

const shapes: Readonly<Record<System, SymbolType>> = {
  client: symbolCircle,
  dns: symbolWye,
  fabric: symbolCircle,
  host: symbolSquare,
  ovn: symbolDiamond,
  netfilter: symbolTriangle,
  envoy: symbolStar,
  haproxy: symbolCross,
  app: symbolSquare,
};

const STYLE = `
.hopscope{--paper:#fff;--ink:#1b1f24;--quiet:#57606a;--band:#f3f5f7;--edge:#d0d7de;--path:#0550ae;--good:#116329;--bad:#a40e26;--dim:#8c959f;font-family:sans-serif;background:var(--paper)}
@media (prefers-color-scheme:dark){.hopscope{--paper:#0d1117;--ink:#e6edf3;--quiet:#9da7b1;--band:#161b22;--edge:#30363d;--path:#79c0ff;--good:#56d364;--bad:#ff7b72;--dim:#6e7681}}
.hopscope text{fill:var(--ink);font-size:12px}.hopscope .quiet{fill:var(--quiet);font-size:11px}.hopscope .stage{font-size:11px}.hopscope .title{font-size:16px;font-weight:600}
.hopscope .paper{fill:var(--paper)}.hopscope .band{fill:var(--band)}.hopscope .rule{stroke:var(--edge);fill:none}.hopscope .path{stroke:var(--path);stroke-width:2.5;fill:none}
.hopscope .between{stroke:var(--dim);stroke-width:1.5;stroke-dasharray:3 3;fill:none}.hopscope .mark{fill:var(--path);stroke:var(--paper);stroke-width:1.5}.hopscope .mark.failed{fill:var(--bad)}
.hopscope .good{fill:var(--good)}.hopscope .bad{fill:var(--bad)}.hopscope .bar{stroke:var(--paper);stroke-width:1}
`.replace(/\n/g, "");

/**
 * Draws a journey's way as SVG text: a lane for each place (outside, node, namespace, proxy), the hops with their stage
 * names in the order walked, the verdict, and a bar of where the time goes. Readable in light, dark and grey; no browser is needed.
 *
 * @example
 * writeFileSync("journey.svg", journeySvg(journey));
 */
export function journeySvg(journey: Journey): string {
  const layout = layoutOf(journey);
  const width = Math.max(860, LEFT + layout.columns * STEP + 60);
  const lanesEnd = TOP + layout.lanes.length * LANE;
  const height = lanesEnd + LABELS + 96;
  const good = journey.verdict.type === "delivered";
  const status = journey.verdict.status === undefined ? "" : ` ${journey.verdict.status}`;
  const label = `${journey.question.from} to ${journey.question.to}`;
  return `${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", class: "hopscope", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": "hopscope-title hopscope-description" },
    [
      element("title", { id: "hopscope-title" }, [escapeXml(`The way of a packet: ${label}`)]),
      element("desc", { id: "hopscope-description" }, [escapeXml(journey.verdict.sentence)]),
      element("style", {}, [STYLE]),
      element("rect", { class: "paper", width, height }),
      element("text", { x: 20, y: 30, class: "title" }, [escapeXml(shorten(label, Math.floor(width / 9)))]),
      element("text", { x: 20, y: 54, class: good ? "good" : "bad", "font-weight": 600 }, [escapeXml(`${good ? "✓" : "✗"} ${journey.verdict.type}${status}`)]),
      element("text", { x: 150, y: 54, class: "quiet" }, [escapeXml(shorten(journey.verdict.sentence, Math.floor((width - 170) / 6)))]),
      ...lanes(layout, width),
      ...ways(layout),
      ...marks(layout),
      ...legend(layout, lanesEnd + LABELS),
      ...latencyBar(journey, width, lanesEnd + LABELS + 30),
    ],
  )}\n`;
}

const x = (column: number): number => LEFT + (column + 0.5) * STEP;
const y = (row: number): number => TOP + (row + 0.5) * LANE;

function lanes(layout: Layout, width: number): readonly string[] {
  const out: string[] = [];
  let group: string | undefined;
  layout.lanes.forEach((lane, row) => {
    const top = TOP + row * LANE;
    if (row % 2 === 0) out.push(element("rect", { class: "band", x: 12, y: top, width: width - 24, height: LANE, rx: 4 }));
    if (lane.group !== group) {
      out.push(element("line", { class: "rule", x1: 12, x2: width - 12, y1: top, y2: top }));
      out.push(element("text", { x: 20, y: top + 16, "font-weight": 600 }, [escapeXml(shorten(lane.group, 24))]));
      group = lane.group;
    }
    out.push(element("text", { x: 20, y: top + 34, class: "quiet" }, [escapeXml(shorten(lane.title, 26))]));
  });
  for (const { leg, from, to } of layout.sections) {
    const mid = (x(from) + x(to)) / 2;
    out.push(element("text", { x: mid, y: TOP - 26, "text-anchor": "middle", "font-weight": 600 }, [escapeXml(`leg ${leg.id} · ${leg.protocol}`)]));
    out.push(element("text", { x: mid, y: TOP - 10, "text-anchor": "middle", class: "quiet" }, [escapeXml(to - from < 2 ? duration(leg.roundTrip.p50) : `${leg.to.address}:${leg.to.port} · ${duration(leg.roundTrip.p50)}`)]));
    out.push(element("line", { class: "rule", x1: x(from) - STEP / 2, x2: x(from) - STEP / 2, y1: TOP - 36, y2: TOP + layout.lanes.length * LANE }));
  }
  return out;
}

const draw = line<Point>()
  .x(({ column }) => x(column))
  .y(({ row }) => y(row))
  .curve(curveMonotoneX);

function ways(layout: Layout): readonly string[] {
  const byLeg = layout.sections.map(({ from, to }) => layout.points.slice(from, to + 1));
  return byLeg.flatMap((points, index) => {
    const before = byLeg[index - 1]?.at(-1);
    const first = points[0];
    const joint = before === undefined || first === undefined ? [] : [element("path", { class: "between", d: draw([before, first]) ?? undefined })];
    return [...joint, element("path", { class: "path", d: draw(points) ?? undefined })];
  });
}

function marks(layout: Layout): readonly string[] {
  const bottom = TOP + layout.lanes.length * LANE;
  return layout.points.flatMap((point) => {
    const { hop, leg, column, row } = point;
    const last = layout.points[column + 1]?.leg !== leg;
    const failed = last && leg.outcome !== "accepted";
    const shape = symbol(shapes[hop.system], failed ? 190 : 120)() ?? undefined;
    const tip = [`${hop.system} ${hop.place}: ${hop.stage}`, ...hop.decisions.map(({ table, rule, verdict }) => `${table} ${rule} → ${verdict}`), ...hop.changes.map(({ field, from, to }) => `${field}: ${from ?? "–"} → ${to ?? "–"}`)].join("\n");
    return [
      element("line", { class: "rule", x1: x(column), x2: x(column), y1: y(row) + 9, y2: bottom + 4, "stroke-dasharray": "1 4" }),
      element("path", { class: failed ? "mark failed" : "mark", d: shape, transform: `translate(${x(column)},${y(row)})`, id: `hop-${leg.id}-${column}` }, [element("title", {}, [escapeXml(tip)])]),
      element("text", { class: "stage", transform: `translate(${x(column) - 2},${bottom + 14}) rotate(38)` }, [escapeXml(shorten(hop.stage, 24))]),
    ];
  });
}

function legend(layout: Layout, top: number): readonly string[] {
  const systems = [...new Set(layout.points.map(({ hop }) => hop.system))];
  return systems.flatMap((system, index) => {
    const left = 24 + index * 96;
    return [
      element("path", { class: "mark", d: symbol(shapes[system], 90)() ?? undefined, transform: `translate(${left},${top})` }),
      element("text", { x: left + 12, y: top + 4, class: "quiet" }, [escapeXml(system)]),
    ];
  });
}

function latencyBar(journey: Journey, width: number, top: number): readonly string[] {
  const legs = journey.latency.legs;
  const sum = legs.reduce((total, { p50 }) => total + p50, 0);
  const { p50, p99, profile } = journey.latency;
  const whole = Math.max(p50, sum, 1);
  const scale = scaleLinear().domain([0, whole]).range([0, width - 40]);
  let at = 0;
  const parts = legs.flatMap(({ leg, p50: time }, index) => {
    const from = scale(at);
    at += time;
    const span = scale(at) - from;
    const box = element("rect", { class: "bar", x: 20 + from, y: top, width: span, height: 18, fill: "var(--path)", "fill-opacity": index % 2 === 0 ? 0.85 : 0.55 }, [element("title", {}, [escapeXml(`leg ${leg}: one round trip ${duration(time)}`)])]);
    return span < 40 ? [box] : [box, element("text", { x: 20 + from + span / 2, y: top + 13, "text-anchor": "middle", style: "fill:var(--paper)" }, [escapeXml(`leg ${leg}`)])];
  });
  const rest = scale(whole) - scale(at);
  const rests = rest < 1 ? [] : [element("rect", { class: "bar", x: 20 + scale(at), y: top, width: rest, height: 18, fill: "var(--dim)", "fill-opacity": 0.35 }, [element("title", {}, ["second round trips, proxies, the application, waiting"])])];
  return [
    ...parts,
    ...rests,
    element("text", { x: 20, y: top + 36, class: "quiet" }, [escapeXml(`where the time goes: one round trip of each leg, then everything else (proxies, application, waiting); whole journey p50 ${duration(p50)}, p99 ${duration(p99)}, profile ${profile}`)]),
  ];
}
