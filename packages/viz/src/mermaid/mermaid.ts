import type { Journey, Leg } from "@hopscope/core";
import { duration, plain, socket } from "../format.ts";

/** Mermaid takes `;`, `#` and line breaks as syntax: they are written as entities. */
const escaped = (text: string): string => plain(text).replace(/[#;<>"`]/g, (character) => `#${character.charCodeAt(0)};`);

const nameOf = (party: Leg["from"]): string => party.object ?? party.address;

/**
 * A journey as a Mermaid sequence diagram: one participant per process, one arrow per leg and its answer. Look-ups are arrows too, so the numbers are those of the text.
 *
 * @example
 * mermaid(journey).startsWith("sequenceDiagram") // true
 */
export function journeyMermaid(journey: Journey): string {
  const met = [...new Set(journey.legs.flatMap((leg) => [nameOf(leg.from), nameOf(leg.to)]))];
  const names = met.length === 0 ? [journey.question.from] : met;
  const id = (name: string): string => `p${names.indexOf(name)}`;
  const lines = ["sequenceDiagram", ...names.map((name) => `  participant ${id(name)} as ${escaped(name) || "–"}`)];
  const children = (parent: number | undefined): readonly Leg[] => journey.legs.filter((leg) => leg.parent === parent);
  const draw = (leg: Leg): void => {
    const from = id(nameOf(leg.from));
    const to = id(nameOf(leg.to));
    const request = journey.requests.find((one) => one.leg === leg.id);
    const what = request === undefined ? leg.protocol : `${request.method} ${request.authority}${request.path}`;
    lines.push(`  ${from}->>${to}: ${escaped(`leg ${leg.id}: ${what} to ${socket(leg.to.address, leg.to.port)}`)}`);
    for (const child of children(leg.id)) draw(child);
    if (leg.outcome === "accepted") lines.push(`  ${to}-->>${from}: ${request?.status ?? "answer"}, ${duration(leg.times.closed - leg.times.opened)}`);
    else lines.push(`  ${to}--x${from}: ${leg.outcome}${leg.ended === undefined ? "" : `, ${escaped(leg.ended.reason)}`}`);
  };
  for (const leg of children(undefined)) draw(leg);
  lines.push(`  Note over ${names.length > 1 ? `p0,p${names.length - 1}` : "p0"}: ${escaped(journey.verdict.sentence)}`);
  return `${lines.join("\n")}\n`;
}
