import type { Journey } from "@hopscope/core";
import { duration, plain, shorten } from "../format.ts";
import { latencyBar } from "./latency-bar.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { element, escapeXml } from "./markup.ts";
import { markOf, SYSTEM_NAMES } from "./shapes.ts";
import { drawStrip, LEFT, STEP, stripHeight } from "./strip.ts";

export interface SvgOptions {
  /** Columns of one strip before the picture goes on below; fewer make it narrower. */
  readonly columns?: number;
  /** Start of every id in the picture, where the same picture stands twice on a page. */
  readonly id?: string;
}

const STYLE = `
.hopscope{--paper:#fff;--ink:#1b1f24;--quiet:#4c555e;--band:#f3f5f7;--edge:#d0d7de;--path:#0550ae;--good:#116329;--bad:#a40e26;--dim:#8c959f;font-family:sans-serif;background:var(--paper);direction:ltr}
@media (prefers-color-scheme:dark){.hopscope{--paper:#0d1117;--ink:#e6edf3;--quiet:#a9b3bd;--band:#161b22;--edge:#30363d;--path:#79c0ff;--good:#56d364;--bad:#ff7b72;--dim:#6e7681}}
.hopscope text{fill:var(--ink);font-size:13px;unicode-bidi:isolate}.hopscope .quiet{fill:var(--quiet);font-size:12px}.hopscope .stage{font-size:12px}.hopscope .title{font-size:18px;font-weight:600}.hopscope .verdict{font-size:15px}
.hopscope .paper{fill:var(--paper)}.hopscope .band{fill:var(--band)}.hopscope .rule{stroke:var(--edge);fill:none}.hopscope .path{stroke:var(--path);stroke-width:2.5;fill:none}.hopscope .back{stroke-dasharray:7 4;stroke-width:2}
.hopscope .between{stroke:var(--dim);stroke-width:1.5;stroke-dasharray:3 3;fill:none}.hopscope .mark{fill:var(--path);stroke:var(--paper);stroke-width:1.5}.hopscope .mark.hollow{fill:var(--paper);stroke:var(--path)}.hopscope .mark.failed{fill:var(--bad)}
.hopscope .good{fill:var(--good)}.hopscope .bad{fill:var(--bad)}.hopscope .bar{stroke:var(--paper);stroke-width:1}
`.replace(/\n/g, "");

/** A short name for a text, the same every time: FNV-1a in 32 bits. */
function nameFor(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return `hopscope-${hash.toString(36)}`;
}

/** Where a line of a text is cut to fit the picture's width, by the size of its letters. */
const fit = (text: string, width: number, size: number): string => escapeXml(shorten(plain(text), Math.max(10, Math.floor(width / (size * 0.6)))));

/** What is not drawn: look-ups before the request, and the other ways of a load balancer. */
function notes(journey: Journey, { hidden }: Layout): readonly string[] {
  const [first] = hidden;
  const last = hidden.at(-1);
  const lookups = first === undefined || last === undefined
    ? []
    : [`${hidden.length === 1 ? `Leg ${first.id} is a DNS look-up` : `Legs ${first.id}${hidden.length === 2 ? " and " : "–"}${last.id} are DNS look-ups`} at ${first.to.address}, not drawn: ${duration(hidden.reduce((sum, { times }) => sum + times.closed - times.opened, 0))} in all.`];
  const others = journey.alternatives.length === 0
    ? []
    : [`One of ${journey.alternatives.length + 1} ways, taken with ${(journey.probability * 100).toFixed(1)} %; the others: ${[...new Set(journey.alternatives.map(({ verdict }) => `${verdict.type}${verdict.status === undefined ? "" : ` ${verdict.status}`}`))].join(", ")}.`];
  return [...lookups, ...others];
}

function legend({ strips }: Layout, top: number): readonly string[] {
  const points = strips.flatMap(({ sections }) => sections.flatMap((section) => section.points));
  const systems = [...new Set(points.map(({ hop }) => hop.system))];
  const back = strips.some(({ sections }) => sections.some(({ reply }) => reply));
  return [
    ...systems.flatMap((system, index) => [
      element("path", { class: "mark", d: markOf(system, 90), transform: `translate(${28 + index * 104},${top})` }),
      element("text", { x: 40 + index * 104, y: top + 4, class: "quiet" }, [SYSTEM_NAMES[system]]),
    ]),
    element("text", { x: 40 + systems.length * 104, y: top + 4, class: "quiet" }, [back ? "broken line, hollow marks: the reply" : "replies take the same way back"]),
  ];
}

/**
 * Draws a journey's way as SVG text: a lane for each place (outside, node, pod, proxy), the hops with their stage names in
 * the order walked, strip below strip, the verdict, and a bar of where the time goes. A reply is drawn where it fails or
 * takes another way. Readable in light, dark and grey; no browser is needed.
 *
 * @example
 * writeFileSync("journey.svg", journeySvg(journey));
 */
export function journeySvg(journey: Journey, options: SvgOptions = {}): string {
  const layout = layoutOf(journey, options.columns);
  const label = `${journey.question.from} to ${journey.question.to}`;
  const { verdict } = journey;
  const width = Math.max(860, LEFT + Math.max(0, ...layout.strips.map(({ columns }) => columns)) * STEP + 110);
  const remarks = notes(journey, layout);
  const good = verdict.type === "delivered";
  const id = options.id ?? nameFor(JSON.stringify([label, verdict, journey.legs.map(({ from, to, outcome, hops }) => [from, to, outcome, hops.map(({ place, stage }) => [place, stage])])]));
  const word = `${good ? "✓" : "✗"} ${verdict.type}${verdict.status === undefined ? "" : ` ${verdict.status}`}`;
  let top = 72 + remarks.length * 20;
  const strips = layout.strips.map((strip) => {
    const drawn = element("g", { transform: `translate(0,${top})` }, drawStrip(strip, width, id));
    top += stripHeight(strip);
    return drawn;
  });
  const height = top + 96;
  return `${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", class: "hopscope", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": `${id}-title ${id}-description` },
    [
      element("title", { id: `${id}-title` }, [escapeXml(`The way of a packet: ${label}`)]),
      element("desc", { id: `${id}-description` }, [escapeXml(verdict.sentence)]),
      element("style", {}, [STYLE]),
      element("rect", { class: "paper", width, height }),
      element("text", { x: 20, y: 30, class: "title" }, [fit(label, width - 40, 18)]),
      element("text", { x: 20, y: 56, class: `verdict ${good ? "good" : "bad"}`, "font-weight": 600 }, [escapeXml(word)]),
      element("text", { x: 32 + word.length * 9, y: 56 }, [fit(verdict.sentence, width - 60 - word.length * 11, 13)]),
      ...remarks.map((remark, index) => element("text", { x: 20, y: 78 + index * 20, class: "quiet" }, [fit(remark, width - 40, 12)])),
      ...strips,
      ...legend(layout, top + 8),
      ...latencyBar(journey, width, top + 32),
    ],
  )}\n`;
}
