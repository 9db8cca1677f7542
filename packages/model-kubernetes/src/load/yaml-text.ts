import { CORE_SCHEMA, loadAll, Type, YAMLException } from "js-yaml";

/** What is wrong in a YAML text, at a line and column from 1. */
export interface YamlTrouble {
  readonly code: "input/yaml-syntax" | "input/duplicate-key" | "input/too-deep";
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

/** One document of a YAML text and the piece of text it stands in. */
export interface YamlDocument {
  readonly value: unknown;
  /** Offset of the piece between two `---` in the text. */
  readonly start: number;
  readonly end: number;
  /** Index in the piece: pieces ended by `...` hold several. */
  readonly part: number;
}

// Kubernetes turns YAML into JSON before it reads it, so that times stay text; merge keys are honoured.
const schema = CORE_SCHEMA.extend({
  implicit: [new Type("tag:yaml.org,2002:merge", { kind: "scalar", resolve: (data: unknown) => data === "<<" })],
});

/** Reads all documents of a YAML text; a broken one does not hide the others. */
export function readYaml(text: string): { readonly documents: readonly YamlDocument[]; readonly troubles: readonly YamlTrouble[] } {
  const documents: YamlDocument[] = [];
  const troubles: YamlTrouble[] = [];
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map((match) => match.index).filter((at) => at > 0)];
  let line = 0;
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? text.length;
    const piece = text.slice(start, end);
    const marked = piece.startsWith("---");
    if (marked || !isPreamble(piece)) {
      const before = documents.length;
      try {
        loadAll(piece, (value) => documents.push({ value, start, end, part: documents.length - before }), { schema });
      } catch (error) {
        documents.length = before;
        documents.push({ value: undefined, start, end, part: 0 });
        troubles.push(toTrouble(error, line));
      }
      if (documents.length === before) documents.push({ value: undefined, start, end, part: 0 });
    }
    line += countLines(piece);
  }
  return { documents, troubles };
}

/** Comments and directives before the first `---` are no document. */
function isPreamble(text: string): boolean {
  return text.split("\n").every((line) => /^(?:[#%]|\s*$|\s+#)/.test(line));
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

function toTrouble(error: unknown, line: number): YamlTrouble {
  if (error instanceof YAMLException) {
    const reason = error.reason ?? "the text is no YAML";
    const duplicate = reason.includes("duplicated mapping key");
    return {
      code: duplicate ? "input/duplicate-key" : "input/yaml-syntax",
      line: line + (error.mark?.line ?? 0) + 1,
      column: (error.mark?.column ?? 0) + 1,
      problem: duplicate ? "a key stands twice in one mapping" : `the text is no YAML: ${reason}`,
    };
  }
  if (error instanceof RangeError) return { code: "input/too-deep", line: line + 1, column: 1, problem: "the text is nested too deeply" };
  throw error;
}
