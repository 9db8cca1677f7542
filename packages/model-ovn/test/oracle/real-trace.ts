import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rpcClient } from "./json-rpc.ts";
import { program, until } from "./real-ovn.ts";

/** What the real ovn-trace did with some arguments. */
export interface RealAnswer {
  readonly output: string;
  /** What it said on its error stream, when it exited with an error. */
  readonly failure?: string;
  /** It crashed, or found no end in the time and memory it had. */
  readonly broken?: true;
}

const find = (): string => program("ovn-trace") ?? "ovn-trace";

/** What one ovn-trace may use. */
export interface Limits {
  readonly kilobytes: number;
  /** For one trace. */
  readonly seconds: number;
}

/** Enough for small databases: where routes go round in circles and every turn forks, it takes all the memory there is. */
const usual: Limits = { kilobytes: 1_000_000, seconds: 3 };

/** The command line of ovn-trace under a memory limit. */
const limited = (args: readonly string[], limits: Limits): readonly [string, readonly string[]] =>
  ["/bin/sh", ["-c", `ulimit -v ${limits.kilobytes}; ulimit -t ${limits.seconds * 60}; exec "$0" "$@"`, find(), ...args]];

/** Runs the real ovn-trace once. */
export function realTrace(remote: string, args: readonly string[]): Promise<RealAnswer> {
  return new Promise((resolve) => {
    const [file, rest] = limited([`--db=${remote}`, "-vconsole:off", ...args], usual);
    execFile(file, [...rest], { maxBuffer: 1 << 26, timeout: usual.seconds * 1000, killSignal: "SIGKILL" }, (error, output, errors) => {
      if (error === null) resolve({ output });
      else if (error.killed === true || error.signal != null || error.code === 134 || String(error.code) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER" || errors.includes("virtual memory exhausted")) resolve({ output: "", broken: true });
      else resolve({ output, failure: errors || `exit ${String(error.code)}` });
    });
  });
}

/** The real ovn-trace as a daemon. */
export interface TraceDaemon {
  readonly pid: number;
  /** One trace, or nothing when it crashes or finds no end, which is the daemon's end. Options here may only choose the form, the others are given at the start. */
  readonly trace: (args: readonly string[]) => Promise<string | undefined>;
  readonly stop: () => Promise<void>;
}

let daemons = 0;

/**
 * Starts ovn-trace as a daemon with options and returns when it has read its database.
 *
 * The conntrack states of `--ct` are used up across traces and never start again, and `--lb-dst` serves once:
 * a daemon needs as many equal `--ct` as all its traces will use, and no `--lb-dst`.
 */
export async function startTraceDaemon(remote: string, folder: string, options: readonly string[] = [], limits: Limits = usual): Promise<TraceDaemon> {
  const name = join(folder, `trace-${process.pid}-${daemons++}`);
  const [file, rest] = limited([`--db=${remote}`, "--detach", "--no-chdir", "-vconsole:off", `--unixctl=${name}.ctl`, `--pidfile=${name}.pid`, ...options], limits);
  execFileSync(file, [...rest], { stdio: "ignore" });
  await until(() => existsSync(`${name}.ctl`) && existsSync(`${name}.pid`), "control socket of ovn-trace");
  const client = await rpcClient(`${name}.ctl`);
  const pid = Number(readFileSync(`${name}.pid`, "utf8"));
  let alive = true;
  const kill = (): undefined => {
    if (alive) try { process.kill(pid, "SIGKILL"); } catch { /* it is gone already */ }
    alive = false;
    return undefined;
  };
  return {
    pid,
    trace: async (args) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), limits.seconds * 1000); });
      const answer = await Promise.race([client.call("trace", args).then(String, (error: Error) => (error.message.includes("closed") ? kill() : error.message)), late]);
      clearTimeout(timer);
      return answer ?? kill();
    },
    stop: async () => {
      if (alive) await client.call("exit", []).catch(() => undefined);
      client.close();
      for (const file of [`${name}.ctl`, `${name}.pid`]) rmSync(file, { force: true });
    },
  };
}
