import type { Journey } from "@hopscope/core";
import { scaleLinear } from "d3-scale";
import { duration } from "../format.ts";
import { element, escapeXml } from "./markup.ts";

/** A bar of where the time goes: one round trip of each leg, then everything else. */
export function latencyBar(journey: Journey, width: number, top: number): readonly string[] {
  const { legs, p50, p99, profile } = journey.latency;
  const sum = legs.reduce((total, leg) => total + leg.p50, 0);
  const whole = Math.max(p50, sum, 1);
  const scale = scaleLinear().domain([0, whole]).range([0, width - 40]);
  let at = 0;
  const parts = legs.flatMap(({ leg, p50: time }, index) => {
    const from = scale(at);
    at += time;
    const span = scale(at) - from;
    const box = element("rect", { class: "bar", x: 20 + from, y: top, width: span, height: 18, fill: "var(--path)", "fill-opacity": index % 2 === 0 ? 0.85 : 0.55 }, [element("title", {}, [escapeXml(`leg ${leg}: one round trip ${duration(time)}`)])]);
    return span < 44 ? [box] : [box, element("text", { x: 20 + from + span / 2, y: top + 13, "text-anchor": "middle", style: "fill:var(--paper)" }, [escapeXml(`leg ${leg}`)])];
  });
  const rest = scale(whole) - scale(at);
  const rests = rest < 1 ? [] : [
    element("rect", { class: "bar", x: 20 + scale(at), y: top, width: rest, height: 18, fill: "var(--dim)", "fill-opacity": 0.35 }, [element("title", {}, ["further round trips, proxies, the application, waiting"])]),
    ...(rest < 240 ? [] : [element("text", { x: 20 + scale(at) + rest / 2, y: top + 13, "text-anchor": "middle", class: "quiet" }, ["proxies, application, waiting"])]),
  ];
  return [
    ...parts,
    ...rests,
    element("text", { x: 20, y: top + 36, class: "quiet" }, [escapeXml(`Where the time goes: one round trip of each leg (${duration(sum)} together), then everything else. Whole journey ${duration(p50)}, p99 ${duration(p99)} (profile ${profile}).`)]),
  ];
}
