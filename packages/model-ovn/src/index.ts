export {};
export * from "./kubernetes/index.ts";
