export { type CompiledNorthbound, compileNorthbound } from "./compile.ts";
export type { CompileNorthboundOptions } from "./options.ts";
