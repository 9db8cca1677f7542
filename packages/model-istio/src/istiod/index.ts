export { compileProxy } from "./compile.ts";
export { meshFindings } from "./findings.ts";
export { compareSpecificity, expandHost, hostIsSubset, hostMatches, mostSpecificHost } from "./host.ts";
export { rootNamespaceOf, trustDomainOf } from "./mesh.ts";
export { selectProtocol } from "./protocol.ts";
export type { CompiledProxy, CompileOptions, Proxy as MeshProxy } from "./types.ts";
export { type KnownName, nameTable } from "./name-table.ts";
export { meshDiagnostics } from "./diagnostics.ts";
