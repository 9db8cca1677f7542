import { createRequire } from "node:module";

/** Reads YAML with whatever parser the workspace has at its root. */
export const readYaml = (text: string): unknown => (createRequire(import.meta.url)("js-yaml") as { load: (text: string) => unknown }).load(text);
