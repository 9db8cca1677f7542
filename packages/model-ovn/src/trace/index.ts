export { parseTraceArguments, type TraceArguments } from "./arguments.ts";
export { TraceProblem } from "./problem.ts";
export { openTrace, type TraceSession } from "./session.ts";
export type { LoadBalancerChoice } from "./state.ts";
export { trace, type TraceForm, type TraceRequest } from "./trace.ts";
