import type { Diagnostic } from "@hopscope/core";
import { type Resource, SOURCE, type Source } from "../resource.ts";
import { scenarioSchema } from "./schemas.ts";
import { validate } from "./validate.ts";

/** The words of a verdict. */
export type VerdictWord = "delivered" | "answered" | "refused" | "dropped" | "unknown";

/** What a step expects; what is left out is not checked, and an empty `findings` says that there are none. */
export interface Expectation {
  readonly verdict?: VerdictWord | readonly VerdictWord[];
  /** `null`: no answer is seen. */
  readonly status?: number | null;
  readonly through?: readonly string[];
  readonly not?: readonly string[];
  readonly findings?: readonly string[];
  /** Bounds such as `< 50ms`. */
  readonly latency?: Readonly<Partial<Record<"p50" | "p90" | "p99" | "mean", string>>>;
}

export interface ScenarioStep {
  readonly trace: { readonly from: string; readonly to: string; readonly choose?: string; readonly profile?: string };
  readonly expect?: Expectation;
}

/** A `hopscope/v1` Scenario document. */
export interface Scenario {
  readonly name: string;
  /** Files and folders, relative to the scenario's file. */
  readonly snapshot: readonly string[];
  readonly steps: readonly ScenarioStep[];
  readonly source?: Source;
}

/** Reads a Scenario document, or says what is wrong in it. */
export function readScenario(document: Resource): { readonly value?: Scenario; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics = validate(document, scenarioSchema);
  if (diagnostics.length > 0) return { diagnostics };
  const spec = document.spec as Pick<Scenario, "snapshot" | "steps">;
  return { value: { name: document.metadata.name, snapshot: spec.snapshot, steps: spec.steps, source: document[SOURCE] }, diagnostics };
}
