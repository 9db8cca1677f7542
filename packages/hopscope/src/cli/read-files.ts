import { type Diagnostic, InputError } from "@hopscope/core";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

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
      const bytes = readFileSync(path === "-" ? 0 : path);
      if (bytes.includes(0)) return complain(path, "is a binary file", "YAML or JSON text");
      files.push({ name: path === "-" ? "stdin" : path, text: bytes.toString("utf8") });
    } catch (error) {
      complain(path, `cannot be read (${codeOf(error)})`);
    }
  };
  const visit = (path: string): void => {
    let entries: string[];
    try {
      entries = readdirSync(path).sort();
    } catch (error) {
      return complain(path, `cannot be listed (${codeOf(error)})`);
    }
    for (const entry of entries) {
      const child = join(path, entry);
      const info = statSync(child, { throwIfNoEntry: false });
      if (info?.isDirectory() === true) visit(child);
      else if (info?.isFile() === true && MANIFEST.test(entry)) read(child);
    }
  };
  for (const path of paths) {
    if (path === "-") {
      read(path);
      continue;
    }
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined) complain(path, "no such file or folder");
    else if (info.isDirectory()) {
      const before = files.length;
      visit(path);
      if (files.length === before && problems.length === 0) complain(path, "holds no .yaml, .yml or .json file");
    } else read(path);
  }
  if (problems.length > 0) throw new InputError(problems);
  return files;
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unreadable");
