export * from "./sidecar/sidecar.ts";
export * from "./envoy/index.ts";
