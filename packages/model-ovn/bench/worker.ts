import { closeSync, openSync, readSync } from "node:fs";
import { databaseReader } from "../src/ovsdb/index.ts";
import { southboundOf } from "../src/ovsdb/load-southbound.ts";
import { openTrace, parseTraceArguments, trace, type TraceRequest, type TraceSession } from "../src/trace/index.ts";
import { nearestTrace } from "../test/trace/dice.ts";

/** What the benchmark asks of the process that has our library in it. */
export type WorkerRequest =
  | { readonly type: "load"; readonly file: string }
  | { readonly type: "block"; readonly options: readonly string[]; readonly microflows: readonly string[]; readonly rounds: number }
  | { readonly type: "each"; readonly options: readonly string[]; readonly microflows: readonly string[]; readonly rounds: number }
  | { readonly type: "check"; readonly options: readonly string[]; readonly microflow: string; readonly expected: string };

/** Its answers: times in milliseconds, memory in KiB. */
export type WorkerAnswer =
  | { readonly type: "loaded"; readonly milliseconds: number; readonly flows: number; readonly expanded: number }
  | { readonly type: "block"; readonly milliseconds: number; readonly cpu: number; readonly peak: number }
  | { readonly type: "each"; readonly milliseconds: readonly number[] }
  | { readonly type: "checked"; readonly same: boolean };

let session: TraceSession | undefined;

function load(file: string): WorkerAnswer {
  const began = performance.now();
  const reader = databaseReader({ file });
  const source = openSync(file, "r");
  for (;;) {
    const chunk = Buffer.allocUnsafe(1 << 20);
    const size = readSync(source, chunk, 0, chunk.length, null);
    if (size === 0) break;
    reader.push(chunk.subarray(0, size));
  }
  closeSync(source);
  const result = reader.finish();
  if (result.type === "failed") throw new Error(`${file} cannot be read`);
  const db = southboundOf(result.database);
  session = openTrace(db);
  const milliseconds = performance.now() - began;
  return { type: "loaded", milliseconds, flows: db.flows.length, expanded: db.datapaths.reduce((sum, datapath) => sum + datapath.flows.length, 0) };
}

/** The time of one trace, over several. */
function each(opened: TraceSession, request: TraceRequest, rounds: number): number {
  const began = performance.now();
  for (let round = 0; round < rounds; round++) Buffer.byteLength(trace(opened, request));
  return (performance.now() - began) / rounds;
}

function answer(request: WorkerRequest): WorkerAnswer {
  if (request.type === "load") return load(request.file);
  if (session === undefined) throw new Error("no database is loaded");
  const opened = session;
  if (request.type === "check") {
    return { type: "checked", same: nearestTrace(session, parseTraceArguments([...request.options, request.microflow]), request.expected) === request.expected };
  }
  // Options are read once, as those of a daemon are; microflows every time.
  const options = parseTraceArguments([...request.options, "1"]);
  if (request.type === "each") return { type: "each", milliseconds: request.microflows.map((microflow) => each(opened, { ...options, microflow }, request.rounds)) };
  const before = process.cpuUsage();
  const began = performance.now();
  // The size in bytes is asked for so that the text has to be there in one piece.
  let bytes = 0;
  for (let round = 0; round < request.rounds; round++) {
    for (const microflow of request.microflows) bytes += Buffer.byteLength(trace(opened, { ...options, microflow }));
  }
  const milliseconds = performance.now() - began;
  const cpu = process.cpuUsage(before);
  if (bytes === 0) throw new Error("the traces are empty");
  return { type: "block", milliseconds, cpu: (cpu.user + cpu.system) / 1000, peak: process.resourceUsage().maxRSS };
}

process.on("message", (request: WorkerRequest) => process.send?.(answer(request)));
