import type { Diagnostic } from "@hopscope/core";
import type { Snapshot } from "../snapshot.ts";
import type { Scenario } from "../cluster/read-scenario.ts";
import { loadSnapshot } from "./load-snapshot.ts";
import type { SourceFile } from "./parse-file.ts";

/** Reads the Scenario documents of files; other documents are passed over. */
export function loadScenarios(files: readonly SourceFile[]): { readonly scenarios: readonly Scenario[]; readonly diagnostics: readonly Diagnostic[]; readonly locate: Snapshot["locate"] } {
  return loadSnapshot(files);
}
