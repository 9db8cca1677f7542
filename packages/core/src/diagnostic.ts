import type { Origin } from "./origin.ts";

/** Trouble in the user's input. Codes are `area/kebab-case`, stable for life; `hopscope explain CODE` tells more. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly origin: Origin;
  /** One sentence, present tense, the offending value in quotes. */
  readonly problem: string;
  readonly expected?: string;
}

/** Configuration that was read, may affect the journey and is not modelled, or a fact that had to be assumed. */
export interface Caveat {
  readonly code: string;
  readonly problem: string;
  readonly origin?: Origin;
}

/** What is wrong (or surprising) in the cluster's configuration for this journey, and the change that mends it. */
export interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly origin: Origin;
  readonly problem: string;
  readonly fix: string;
}

/** Prints a diagnostic as `file:line:col: problem; expected …`. */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const { origin, problem, expected } = diagnostic;
  const place = [origin.file, origin.line, origin.column].filter((part) => part !== undefined).join(":");
  const what = [origin.object, origin.path].filter((part) => part !== undefined && part !== "").join(" ");
  const head = [place, what].filter((part) => part !== "").join(": ");
  return `${head === "" ? "" : `${head}: `}${problem}${expected === undefined ? "" : `; expected ${expected}`}`;
}

/** Thrown by functions that cannot go on; carries everything that was found, so that the rim prints it and exits with 2. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(printDiagnostic).join("\n"));
    this.name = "InputError";
    this.diagnostics = diagnostics;
  }
}
