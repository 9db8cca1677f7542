export { duration, plain } from "./format.ts";
export { journeyText, type TextOptions } from "./text/text.ts";
export { journeyJson, JSON_SCHEMA_VERSION, type Json } from "./json/json.ts";
export { journeyMermaid } from "./mermaid/mermaid.ts";
