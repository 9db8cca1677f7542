import type { Journey } from "@hopscope/core";
import { escapeXml } from "../svg/markup.ts";
import { journeySvg } from "../svg/svg.ts";
import { journeyText, type TextOptions } from "../text/text.ts";

/** A page that stands alone: the picture, and under it the whole trace as text. */
export function journeyHtml(journey: Journey, options: TextOptions = {}): string {
  const text = escapeXml(journeyText(journey, { wide: true, ...options }));
  const title = escapeXml(`${journey.question.from} to ${journey.question.to}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>
<style>:root{color-scheme:light dark}body{margin:0;font-family:sans-serif}figure{margin:0;overflow-x:auto}figure svg{display:block;width:100%;min-width:960px;height:auto}pre{padding:1rem 20px;font-size:13px;overflow-x:auto}</style></head>
<body><figure>${journeySvg(journey)}</figure><pre>${text}</pre></body></html>
`;
}
