export * from "./resource.ts";
export * from "./snapshot.ts";
export * from "./cluster-spec.ts";
