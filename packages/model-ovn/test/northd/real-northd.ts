import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NorthboundDb, NorthboundRow } from "../../src/northbound.ts";

const programs = ["ovsdb-server", "ovsdb-tool", "ovsdb-client", "ovn-northd", "ovn-sbctl", "ovn-nbctl"];
const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
const find = (program: string): string | undefined => path.split(":").map((folder) => join(folder, program)).find((file) => existsSync(file));
const schemas = "/usr/share/ovn";

/** The release of the installed ovn-northd, as `23.03`; absent when it or a tool it needs is missing. */
export function installedNorthd(): string | undefined {
  if (programs.some((program) => find(program) === undefined) || !existsSync(`${schemas}/ovn-nb.ovsschema`)) return undefined;
  const text = execFileSync(find("ovn-northd") ?? "", ["--version"]).toString();
  return /ovn-northd (\d+\.\d+)/.exec(text)?.[1];
}

type Json = unknown;
interface Schema {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, { readonly type: Json }>> }>>;
}

function atom(value: unknown, type: Json): Json {
  const base = typeof type === "object" && type !== null && "type" in type ? type.type : type;
  return base === "uuid" ? ["uuid", value] : value;
}

function encode(value: unknown, type: Json): Json {
  if (typeof type !== "object" || type === null || !("key" in type)) return atom(value, type);
  const key = type.key;
  if ("value" in type) return ["map", Object.entries(value as object)];
  return Array.isArray(value) ? ["set", value.map((item) => atom(item, key))] : atom(value, key);
}

function insertions(nb: NorthboundDb, schema: Schema): Json[] {
  const operations: Json[] = ["OVN_Northbound"];
  for (const [table, rows] of Object.entries(nb) as [string, readonly NorthboundRow[]][]) {
    const columns = schema.tables[table]?.columns ?? {};
    for (const row of rows) {
      const cells = Object.entries(row).filter(([column]) => column in columns && !column.startsWith("_"));
      const encoded = Object.fromEntries(cells.map(([column, value]) => [column, encode(value, columns[column]?.type)]));
      operations.push({ op: "insert", table, uuid: row._uuid, row: encoded });
    }
  }
  return operations;
}

/** Runs the installed ovn-northd on a database and returns its flows as `lflow-list` prints them. */
export async function realFlows(nb: NorthboundDb): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "northd-"));
  const running: ChildProcess[] = [];
  const run = (program: string, args: readonly string[]): string =>
    execFileSync(find(program) ?? program, [...args], { maxBuffer: 1 << 27, stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 }).toString();
  const start = (program: string, args: readonly string[]): void => {
    running.push(spawn(find(program) ?? program, [...args], { stdio: "ignore", env: { ...process.env, OVN_RUNDIR: folder, OVS_RUNDIR: folder } }));
  };
  const until = async (file: string): Promise<void> => {
    for (let tries = 0; tries < 200 && !existsSync(file); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    for (const name of ["nb", "sb"]) {
      run("ovsdb-tool", ["create", join(folder, `${name}.db`), `${schemas}/ovn-${name}.ovsschema`]);
      start("ovsdb-server", [`--remote=punix:${folder}/${name}.sock`, `--unixctl=${folder}/${name}.ctl`, join(folder, `${name}.db`)]);
      await until(join(folder, `${name}.sock`));
    }
    const schema = JSON.parse(readFileSync(`${schemas}/ovn-nb.ovsschema`, "utf8")) as Schema;
    const answer = run("ovsdb-client", ["transact", `unix:${folder}/nb.sock`, JSON.stringify(insertions(nb, schema))]);
    if (answer.includes('"error"')) throw new Error(answer.slice(0, 2000));
    const databases = [`--ovnnb-db=unix:${folder}/nb.sock`, `--ovnsb-db=unix:${folder}/sb.sock`];
    start("ovn-northd", [...databases, `--unixctl=${folder}/northd.ctl`]);
    run("ovn-nbctl", [`--db=unix:${folder}/nb.sock`, "--timeout=15", "--wait=sb", "sync"]);
    return run("ovn-sbctl", [`--db=unix:${folder}/sb.sock`, "lflow-list"]);
  } finally {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
