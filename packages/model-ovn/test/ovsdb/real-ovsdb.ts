import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const programs = ["ovsdb-server", "ovsdb-tool", "ovsdb-client", "ovs-appctl"] as const;
const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
const find = (program: string): string | undefined => path.split(":").map((folder) => join(folder, program)).find((file) => existsSync(file));

/** Whether all programs are here; the first missing one otherwise. */
export const missingProgram = programs.find((program) => find(program) === undefined);

/** Runs one of the programs to its end. */
export function run(program: (typeof programs)[number], args: readonly string[]): string {
  return execFileSync(find(program) ?? program, [...args], { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"], timeout: 8_000 }).toString();
}

/** A server of a database and its file. */
export interface RealServer {
  readonly file: string;
  transact(operations: readonly unknown[]): string;
  compact(): void;
  dump(): string;
  /** The dump for people: a line for each column. */
  print(): string;
  bytes(): Uint8Array;
}

/** A folder with servers, which `stop` ends and removes. */
export interface RealServers {
  /** @param cluster the place in a cluster, the first server creates it; absent for a standalone database */
  start(schema: { readonly name: string }, cluster?: number): Promise<RealServer>;
  stop(): void;
}

/** Makes room for servers. */
export function realServers(): RealServers {
  const folder = mkdtempSync(join(tmpdir(), "ovsdb-"));
  const running: ChildProcess[] = [];
  const raft = (place: number): string => `unix:${folder}/${place}.raft`;
  const until = async (done: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 500; tries++) {
      if (done()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("the server does not come up");
  };
  return {
    start: async (schema, cluster) => {
      const name = `db${running.length}`;
      const [file, socket, control, description] = ["db", "sock", "ctl", "schema"].map((ending) => join(folder, `${name}.${ending}`)) as [string, string, string, string];
      writeFileSync(description, JSON.stringify(schema));
      if (cluster === undefined) run("ovsdb-tool", ["create", file, description]);
      else if (cluster === 0) run("ovsdb-tool", ["create-cluster", file, description, raft(0)]);
      else run("ovsdb-tool", ["join-cluster", file, schema.name, raft(cluster), raft(0)]);
      const child = spawn(find("ovsdb-server") ?? "", [`--remote=punix:${socket}`, `--unixctl=${control}`, "-vconsole:off", file], { stdio: "ignore", env: { ...process.env, OVS_RUNDIR: folder } });
      running.push(child);
      await until(() => existsSync(socket));
      if (cluster !== undefined) run("ovsdb-client", ["wait", `unix:${socket}`, schema.name, "connected"]);
      return {
        file,
        transact: (operations) => run("ovsdb-client", ["transact", `unix:${socket}`, JSON.stringify([schema.name, ...operations])]),
        compact: () => { run("ovs-appctl", ["-t", control, "ovsdb-server/compact"]); },
        dump: () => run("ovsdb-client", ["dump", "--no-leader-only", "--format=json", `unix:${socket}`, schema.name]),
        print: () => run("ovsdb-client", ["dump", "--format=list", `unix:${socket}`, schema.name]),
        bytes: () => readFileSync(file),
      };
    },
    stop: () => {
      for (const child of running) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
