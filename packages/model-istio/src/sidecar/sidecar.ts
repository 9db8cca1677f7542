export { sidecarDefaults, type SidecarOptions } from "./options.ts";
export { sidecarRules, type SidecarProgram, type SidecarRules } from "./sidecar-rules.ts";
export { sidecarOptionsOf, type PodOptions, type PodSidecar } from "./pod-options.ts";
