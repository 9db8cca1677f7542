import type { Diagnostic } from "@hopscope/core";
import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { buildModel } from "./model.ts";
import type { CompileOptions } from "./types.ts";

/**
 * What is wrong in the mesh's own objects, whoever asks: delegates that lead nowhere or in a circle.
 *
 * @example
 * meshDiagnostics(snapshot).map(printDiagnostic)
 */
export function meshDiagnostics(snapshot: Pick<Snapshot, "resources">, options: CompileOptions = {}): readonly Diagnostic[] {
  return resourcesOf(snapshot, "VirtualService").length === 0 ? [] : buildModel(snapshot, options).diagnostics;
}
