import { type Diagnostic, InputError, type Journey, printDiagnostic } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { journeyHtml, journeyJson, journeyMermaid, journeySvg, journeyText, plain } from "@hopscope/viz";
import { observersOf } from "../observe/observers.ts";

/** Prints what the loader noticed; errors stop, warnings are told. */
export function complain(snapshot: Snapshot): void {
  const errors = snapshot.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new InputError(errors);
  tell(snapshot.diagnostics);
}

/** Prints diagnostics that stop nothing. */
export function tell(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) process.stderr.write(`${plain(printDiagnostic(diagnostic))}\n`);
}

export type Format = "text" | "wide" | "json" | "mermaid" | "svg" | "html";

/** A journey in one of the output formats. */
export function render(journey: Journey, snapshot: Snapshot, format: Format): string {
  const observers = observersOf(journey, snapshot);
  switch (format) {
    case "json":
      return `${JSON.stringify(journeyJson(journey, observers), null, 2)}\n`;
    case "mermaid":
      return journeyMermaid(journey);
    case "svg":
      return journeySvg(journey);
    case "html":
      return journeyHtml(journey, { observers });
    default:
      return journeyText(journey, { wide: format === "wide", observers });
  }
}
