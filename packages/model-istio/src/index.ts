export * from "./sidecar/sidecar.ts";
