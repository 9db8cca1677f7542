export * from "./router/index.ts";
export * from "./haproxy/index.ts";
