export { arbitraryMesh } from "./arbitrary-mesh.ts";
export { arbitraryQuestion, arbitraryScenario } from "./arbitrary-question.ts";
export { arbitrarySnapshot, type GeneratedSnapshot, type SnapshotOptions } from "./arbitrary-snapshot.ts";
export { printYaml } from "@hopscope/model-kubernetes/testing";
