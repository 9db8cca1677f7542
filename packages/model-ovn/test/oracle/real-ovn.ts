import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NorthboundDb } from "../../src/northbound.ts";
import { rpcClient, type RpcClient } from "./json-rpc.ts";
import { northboundInsertions, readSchema, transact, type Operation, type Schema } from "./transact.ts";

const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
const needed = ["ovsdb-server", "ovsdb-tool", "ovsdb-client", "ovn-northd", "ovn-trace"];
const schemas = "/usr/share/ovn";

/** The file of an installed program. */
export const program = (name: string): string | undefined =>
  path.split(":").map((folder) => join(folder, name)).find((file) => existsSync(file));

/** The release of the installed OVN, as `23.03.1`; absent when a program these tests need is missing. */
export function installedOvn(): string | undefined {
  if (needed.some((name) => program(name) === undefined) || !existsSync(`${schemas}/ovn-sb.ovsschema`)) return undefined;
  return /ovn-trace (\d+\.\d+\.\d+)/.exec(execFileSync(program("ovn-trace") ?? "", ["--version"]).toString())?.[1];
}

/** Waits until `done` holds. */
export async function until(done: () => boolean | Promise<boolean>, what: string, seconds = 60): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no ${what} after ${seconds} s`);
}

/** A private pair of databases in a temporary folder, with or without an ovn-northd between them. */
export interface RealOvn {
  readonly folder: string;
  readonly northbound: RpcClient;
  readonly southbound: RpcClient;
  /** The address of the Southbound server for a command's `--db`. */
  readonly southboundRemote: string;
  /** Puts a Northbound database in, in one transaction. */
  readonly fill: (nb: NorthboundDb) => Promise<void>;
  readonly startNorthd: () => void;
  /** Stops ovn-northd, so that nobody repairs what is changed then. */
  readonly stopNorthd: () => Promise<void>;
  /** Waits until ovn-northd has put the present Northbound database into the Southbound one. */
  readonly sync: (seconds?: number) => Promise<void>;
  readonly transactSouthbound: (operations: readonly Operation[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Compacts the Southbound database and copies its file. */
  readonly saveSouthbound: (file: string) => Promise<void>;
  /** The bytes of the Southbound server's file, with every transaction since its start. */
  readonly southboundFile: () => Promise<Uint8Array>;
  /** The text of `ovsdb-client dump --format=json`. */
  readonly dumpSouthbound: () => string;
  readonly stop: () => void;
}

/** Starts private database servers; `southboundFile` starts the Southbound one on a copy of an existing database. */
export async function startOvn(southboundFile?: string): Promise<RealOvn> {
  const folder = mkdtempSync(join(tmpdir(), "hopscope-ovn-"));
  const running: ChildProcess[] = [];
  const environment = { ...process.env, OVN_RUNDIR: folder, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVN_LOGDIR: folder };
  const start = (name: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program(name) ?? name, [...args], { stdio: "ignore", env: environment });
    running.push(child);
    return child;
  };
  let northd: ChildProcess | undefined;
  const server = async (name: string, file?: string): Promise<RpcClient> => {
    const database = join(folder, `${name}.db`);
    if (file === undefined) execFileSync(program("ovsdb-tool") ?? "", ["create", database, `${schemas}/ovn-${name}.ovsschema`]);
    else copyFileSync(file, database);
    start("ovsdb-server", [`--remote=punix:${folder}/${name}.sock`, `--unixctl=${folder}/${name}.ctl`, "-vconsole:off", database]);
    await until(() => existsSync(join(folder, `${name}.sock`)), `${name} server`);
    return rpcClient(join(folder, `${name}.sock`));
  };
  const [northbound, southbound] = [await server("nb"), await server("sb", southboundFile)];
  const schema: Schema = readSchema(`${schemas}/ovn-nb.ovsschema`);
  const leave = (): void => {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  // A test run that is broken off leaves no servers behind.
  process.once("exit", leave);
  const stop = (): void => {
    process.off("exit", leave);
    northbound.close();
    southbound.close();
    leave();
  };
  let generation = 0;
  const global = async (): Promise<Readonly<Record<string, unknown>> | undefined> => {
    const [result] = await transact(northbound, "OVN_Northbound", [{ op: "select", table: "NB_Global", where: [], columns: ["sb_cfg"] }]);
    return (result?.["rows"] as Readonly<Record<string, unknown>>[] | undefined)?.[0];
  };
  return {
    folder, northbound, southbound, southboundRemote: `unix:${folder}/sb.sock`, stop,
    fill: async (nb) => { await transact(northbound, "OVN_Northbound", northboundInsertions(schema, nb)); },
    startNorthd: () => {
      northd = start("ovn-northd", [`--ovnnb-db=unix:${folder}/nb.sock`, `--ovnsb-db=unix:${folder}/sb.sock`, `--unixctl=${folder}/northd.ctl`, "-vconsole:off"]);
    },
    stopNorthd: async () => {
      const child = northd;
      if (child === undefined || child.exitCode !== null) return;
      await new Promise((resolve) => { child.once("exit", resolve).kill("SIGKILL"); });
    },
    sync: async (seconds = 60) => {
      generation++;
      await transact(northbound, "OVN_Northbound", [{ op: "update", table: "NB_Global", where: [], row: { nb_cfg: generation } }]);
      await until(async () => (await global())?.["sb_cfg"] === generation, "answer of ovn-northd", seconds);
    },
    transactSouthbound: (operations) => transact(southbound, "OVN_Southbound", operations),
    saveSouthbound: async (file) => {
      const control = await rpcClient(join(folder, "sb.ctl"));
      await control.call("ovsdb-server/compact", []);
      control.close();
      copyFileSync(join(folder, "sb.db"), file);
    },
    // The server answers after what it has answered before is on the disk.
    southboundFile: async () => {
      await transact(southbound, "OVN_Southbound", [{ op: "commit", durable: true }]);
      return readFileSync(join(folder, "sb.db"));
    },
    dumpSouthbound: () => execFileSync(program("ovsdb-client") ?? "", ["dump", `unix:${folder}/sb.sock`, "OVN_Southbound", "--format=json"], { maxBuffer: 1 << 30 }).toString(),
  };
}

/** The most memory a process has had resident, in KiB. */
export function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN);
}
