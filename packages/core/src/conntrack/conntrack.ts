export * from "./tuple.ts";
export * from "./table.ts";
export * from "./translate.ts";
