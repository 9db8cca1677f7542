export {};
export * from "./kubernetes/index.ts";
export * from "./node/index.ts";
export * from "./northbound.ts";
export * from "./northd/index.ts";
