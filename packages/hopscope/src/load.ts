import { type Diagnostic, InputError } from "@hopscope/core";
import { loadScenarios, loadSnapshot as loadTexts, type Scenario, type Snapshot } from "@hopscope/model-kubernetes";
import { readFiles } from "./cli/read-files.ts";
import { completeCluster } from "./complete/complete.ts";

/**
 * Loads a snapshot from files and folders of YAML and JSON (`-` is stdin), merges them, and derives what a GitOps folder
 * does not hold (pods, addresses, nodes, routers, sidecars), each assumption a caveat.
 *
 * Trouble in the input is in the snapshot's `diagnostics`; what cannot be read at all throws {@link InputError}.
 *
 * @example
 * const snapshot = loadSnapshot(["cluster", "app.yaml"]);
 */
export function loadSnapshot(paths: string | readonly string[]): Snapshot {
  return completeCluster(loadTexts(readFiles(typeof paths === "string" ? [paths] : paths)));
}

/** Loads the Scenario documents of one file. */
export function loadScenario(path: string): readonly Scenario[] {
  return readScenarios(path).scenarios;
}

/** The Scenario documents of one file, and where their fields stand. @internal */
export function readScenarios(path: string): { readonly scenarios: readonly Scenario[]; readonly locate: Snapshot["locate"] } {
  const { scenarios, diagnostics, locate } = loadScenarios(readFiles([path]));
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new InputError(errors);
  if (scenarios.length > 0) return { scenarios, locate };
  const diagnostic: Diagnostic = { code: "input/scenario", severity: "error", origin: { object: "", file: path }, problem: "holds no Scenario", expected: "a document with apiVersion: hopscope/v1 and kind: Scenario" };
  throw new InputError([diagnostic]);
}
