import { type Diagnostic, InputError } from "@hopscope/core";
import { loadScenarios, loadSnapshot as loadTexts, type Scenario, type Snapshot } from "@hopscope/model-kubernetes";
import { readFiles } from "./cli/read-files.ts";
import { isDatabaseFile, type OpenedDatabase, readDatabaseFile } from "./database-file.ts";
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

/** A snapshot, and the OVN databases that were given with it. */
export interface LoadedCluster {
  readonly snapshot: Snapshot;
  readonly databases: readonly OpenedDatabase[];
}

/**
 * Loads a snapshot from files and folders of which some may be OVN databases: those are told by their content.
 *
 * @throws {@link InputError} naming what cannot be read, or where there is a database and nothing else
 * @example
 * const { snapshot, databases } = loadCluster(["cluster", "worker-0_sbdb"]);
 */
export function loadCluster(paths: readonly string[]): LoadedCluster {
  const files = paths.filter(isDatabaseFile);
  const rest = paths.filter((path) => !files.includes(path));
  const [first] = files;
  if (rest.length === 0 && first !== undefined) {
    const problem = "is an OVN database alone; it does not say what pods, Services and Routes there are";
    throw new InputError([{ code: "input/database-alone", severity: "error", origin: { object: "", file: first }, problem, expected: "the cluster's manifests beside it, or the command ovn-trace" }]);
  }
  const databases = files.map(readDatabaseFile);
  return { snapshot: loadSnapshot(rest), databases };
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
