import { type Diagnostic, InputError } from "@hopscope/core";
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { decodeText } from "./decode-text.ts";

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

const MANIFEST = /\.(ya?ml|json)$/i;

/**
 * Reads snapshot arguments: files, folders (all `.yaml`, `.yml`, `.json` below them, in name order) and `-` for stdin.
 *
 * @throws {@link InputError} naming what cannot be read
 */
export function readFiles(paths: readonly string[]): readonly SourceFile[] {
  const problems: Diagnostic[] = [];
  const files: SourceFile[] = [];
  const complain = (path: string, problem: string, expected?: string): void => {
    problems.push({ code: "input/unreadable", severity: "error", origin: { object: "", file: path }, problem, expected });
  };
  const read = (path: string): void => {
    try {
      const name = path === "-" ? "stdin" : path;
      const { text, trouble } = decodeText(readFileSync(path === "-" ? 0 : path));
      if (trouble !== undefined) problems.push({ code: "input/unreadable", severity: "error", origin: { object: "", file: name, line: trouble.line, column: trouble.column }, problem: trouble.problem, expected: "YAML or JSON text in UTF-8" });
      else files.push({ name, text });
    } catch (error) {
      complain(path, `cannot be read (${codeOf(error)})`);
    }
  };
  const visited = new Set<string>();
  const visit = (path: string): void => {
    let entries: string[];
    try {
      // A link to a folder above would never end.
      const real = realpathSync(path);
      if (visited.has(real)) return;
      visited.add(real);
      entries = readdirSync(path).sort();
    } catch (error) {
      return complain(path, `cannot be listed (${codeOf(error)})`);
    }
    for (const entry of entries) {
      const child = join(path, entry);
      const info = statOf(child);
      if (info?.isDirectory() === true) visit(child);
      else if (info?.isFile() === true && MANIFEST.test(entry)) read(child);
    }
  };
  for (const path of paths) {
    if (path === "-") {
      read(path);
      continue;
    }
    const info = statOf(path);
    if (info === undefined) complain(path, "no such file or folder");
    else if (info.isCharacterDevice() || info.isBlockDevice() || info.isSocket()) complain(path, "is a device", "a file, a folder or - for stdin");
    else if (info.isDirectory()) {
      const before = files.length;
      visit(path);
      if (files.length === before && problems.length === 0) complain(path, "holds no .yaml, .yml or .json file");
    } else read(path);
  }
  if (problems.length > 0) throw new InputError(problems);
  return files;
}

/** What a path leads to; nothing where it leads nowhere, or round in a circle of links. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unreadable");
