import { fork, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TraceDaemon } from "../test/oracle/real-trace.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker.ts";

/** One timed run over packets. */
export interface Sample {
  readonly traces: number;
  readonly milliseconds: number;
  /** Processor time the program itself took. */
  readonly cpu: number;
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
export const perSecond = ({ traces, milliseconds }: Sample): number => (traces / milliseconds) * 1000;
export const perCpuSecond = ({ traces, cpu }: Sample): number => (traces / cpu) * 1000;

/** The processor time of a process so far, in milliseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Times the daemon; all requests are sent at once, so that it never waits for the next. */
export async function sampleDaemon(daemon: TraceDaemon, form: string, packets: readonly string[]): Promise<Sample> {
  const before = cpuOf(daemon.pid);
  const began = performance.now();
  await Promise.all(packets.map((packet) => daemon.trace([form, packet])));
  return { traces: packets.length, milliseconds: performance.now() - began, cpu: cpuOf(daemon.pid) - before };
}

/** Our library in a process of its own. */
export interface OwnProcess {
  readonly ask: <Type extends WorkerAnswer["type"]>(request: WorkerRequest, type: Type) => Promise<Extract<WorkerAnswer, { type: Type }>>;
  readonly stop: () => void;
}

/** Starts the process with our library. */
export function startOwn(): OwnProcess {
  const child = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), { execArgv: ["-C", "@hopscope/source", "--import", "tsx"] });
  return {
    ask: (request, type) => new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the worker ended with ${code}`));
      child.once("exit", ended);
      child.once("message", (message) => {
        child.off("exit", ended);
        const answer = message as WorkerAnswer;
        if (answer.type === type) resolve(answer as Extract<WorkerAnswer, { type: typeof type }>);
        else reject(new Error(`the worker answered ${answer.type} for ${type}`));
      });
      child.send(request);
    }),
    stop: () => { child.kill(); },
  };
}

/** Times the command with `--batch`: the whole process, its start and the reading of the database included. */
export async function timeCommand(file: string, options: readonly string[], packets: readonly string[]): Promise<number> {
  const main = fileURLToPath(new URL("../../hopscope/src/cli/main.ts", import.meta.url));
  const began = performance.now();
  const child = spawn(process.execPath, ["-C", "@hopscope/source", "--import", "tsx", main, "ovn-trace", "--db", file, ...options, "--batch", "-"], { stdio: ["pipe", "pipe", "inherit"] });
  let lines = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => { lines += text.split("\n").length - 1; });
  child.stdin.end(packets.map((packet) => `${JSON.stringify([packet])}\n`).join(""));
  const code = await new Promise<number | null>((resolve) => { child.once("close", resolve); });
  if (code !== 0 || lines !== packets.length) throw new Error(`the command ended with ${code} after ${lines} of ${packets.length} answers`);
  return performance.now() - began;
}
