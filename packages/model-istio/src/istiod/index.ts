export { compileProxy } from "./compile.ts";
export { meshFindings } from "./findings.ts";
export { compareSpecificity, expandHost, hostIsSubset, hostMatches, mostSpecificHost } from "./mesh/host.ts";
export { rootNamespaceOf, trustDomainOf } from "./mesh/mesh.ts";
export { selectProtocol } from "./mesh/protocol.ts";
export type { CompiledProxy, CompileOptions, Proxy as MeshProxy } from "./types.ts";
export { type KnownName, nameTable } from "./mesh/name-table.ts";
export { meshDiagnostics } from "./diagnostics.ts";
