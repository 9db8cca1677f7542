export * from "./sidecar/sidecar.ts";
export * from "./envoy/index.ts";
export * from "./istiod/index.ts";
export * from "./telemetry/index.ts";
