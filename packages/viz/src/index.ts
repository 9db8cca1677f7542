export { duration, plain } from "./format.ts";
export { journeyText, type TextOptions } from "./text/text.ts";
export { journeyJson, JSON_SCHEMA_VERSION, type Json } from "./json/json.ts";
export { journeyMermaid } from "./mermaid/mermaid.ts";
export { journeySvg } from "./svg/svg.ts";
export { journeyHtml } from "./html/html.ts";
export { displayJourney, type JourneyBundle } from "./notebook/display.ts";
