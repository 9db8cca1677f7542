import { type Diagnostic, InputError } from "@hopscope/core";
import { openTrace, parseTraceArguments, southboundOf, trace, TraceProblem, type TraceSession } from "@hopscope/model-ovn";
import { readFileSync } from "node:fs";
import { readDatabaseFile } from "../database-file.ts";
import { tell } from "./output.ts";

const trouble = (code: string, object: string, problem: string, expected?: string): InputError => {
  const diagnostic: Diagnostic = { code, severity: "error", origin: { object }, problem, expected };
  return new InputError([diagnostic]);
};

/** What `--help` says after the usage. */
export const ovnTraceHelp = `
  --db FILE             Southbound database: a server's file, a backup, a clustered file, or the
                        output of ovsdb-client dump --format=json
  --ct=FLAGS            state that the next look at connections finds, as in trk,est; may be
                        repeated
  --lb-dst=IP:PORT      backend that a load balancer takes
  --select-id=N         member that select takes
  --detailed            every table and what its flow does (the default)
  --summary             tables left out
  --minimal             only what changes or leaves
  --all                 all three
  --no-friendly-names   identifiers instead of names
  --batch FILE          each line (- for stdin) a JSON array of the arguments above; each line
                        written {"args":[…],"output":"…"} or {"args":[…],"error":"…"}

Example: hopscope ovn-trace --db ovnsb_db.db --minimal --ct=new 'inport == "shop_web" && eth.src == …'
`;

/**
 * `hopscope ovn-trace`: what ovn-trace(8) says of a packet, from a file instead of a server.
 *
 * With `--batch FILE` each line of the file is a JSON array of arguments, and each line written the object of its answer.
 *
 * @throws {@link InputError} for a database, an option or a microflow that makes no sense
 */
export function ovnTrace(args: readonly string[], out: (text: string) => void): void {
  const { batch, rest } = takeBatch(args);
  if (batch === undefined) {
    const request = located(() => parseTraceArguments(rest));
    const session = openFile(request.db);
    return out(located(() => trace(session, request)));
  }
  // A batch has its microflows in the file; one is put in here for the options alone.
  const { db } = located(() => parseTraceArguments([...rest, "1"]));
  const session = openFile(db);
  const lines = readText(batch).split("\n");
  let answers: string[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    answers.push(answer(session, rest, line, at + 1));
    if (answers.length < 200) continue;
    out(answers.join(""));
    answers = [];
  }
  out(answers.join(""));
}

function answer(session: TraceSession, common: readonly string[], line: string, number: number): string {
  let args: unknown = [];
  try {
    args = JSON.parse(line);
    if (!Array.isArray(args) || !args.every((one) => typeof one === "string")) throw new TraceProblem(`line ${number}: not a JSON array of strings`);
    return `${JSON.stringify({ args, output: trace(session, parseTraceArguments([...common, ...args])) })}\n`;
  } catch (error) {
    if (error instanceof SyntaxError) return `${JSON.stringify({ args: [], error: `line ${number}: ${error.message}` })}\n`;
    if (error instanceof TraceProblem) return `${JSON.stringify({ args, error: error.message })}\n`;
    throw error;
  }
}

/** Takes `--batch FILE` out of the arguments. */
function takeBatch(args: readonly string[]): { readonly batch: string | undefined; readonly rest: readonly string[] } {
  const at = args.findIndex((word) => word === "--batch" || word.startsWith("--batch="));
  if (at === -1) return { batch: undefined, rest: args };
  const word = args[at] as string;
  const value = word === "--batch" ? args[at + 1] : word.slice("--batch=".length);
  if (value === undefined || value === "") throw trouble("input/option", "option --batch", "names no file", "a file, or - for stdin");
  return { batch: value, rest: [...args.slice(0, at), ...args.slice(at + (word === "--batch" ? 2 : 1))] };
}

function located<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof TraceProblem) throw trouble("input/microflow", "", error.message);
    throw error;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw trouble("input/unreadable", path, `cannot be read (${codeOf(error)})`);
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));

function openFile(path: string | undefined): TraceSession {
  if (path === undefined) throw trouble("input/option", "option --db", "is missing", "--db FILE, a Southbound database or a dump of one");
  const { database, diagnostics } = readDatabaseFile(path);
  tell(diagnostics);
  return openTrace(southboundOf(database, { file: path }));
}
