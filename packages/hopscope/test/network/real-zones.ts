import { type NodeFacts, nodeFacts, type NorthboundDb, type NorthboundRow, resolveConfig } from "@hopscope/model-ovn";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuiltNetwork, type OpenedDatabase, readDatabaseFile, type Snapshot } from "hopscope";

const programs = ["ovsdb-server", "ovsdb-tool", "ovsdb-client", "ovn-northd", "ovn-nbctl"];
const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
const find = (program: string): string | undefined => path.split(":").map((folder) => join(folder, program)).find((file) => existsSync(file));
const schemas = "/usr/share/ovn";

/** The first program that is not here. */
export const missingProgram = programs.find((program) => find(program) === undefined);

const uuidOf = (number: number): string => `${(Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0")}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

interface Schema {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, { readonly type: unknown }>> }>>;
}

/** The insertions that make the rows, whose ids become uuids. */
function insertions(nb: NorthboundDb, zone: string): readonly unknown[] {
  const { tables } = JSON.parse(readFileSync(`${schemas}/ovn-nb.ovsschema`, "utf8")) as Schema;
  const all = Object.entries({ ...nb, NB_Global: nb.NB_Global.length > 0 ? nb.NB_Global : [{ _uuid: "global", name: zone }] }) as [string, readonly NorthboundRow[]][];
  const ids = new Map(all.flatMap(([, rows]) => rows).map(({ _uuid }, index) => [_uuid, uuidOf(index)]));
  const isUuid = (type: unknown): boolean => type === "uuid" || (typeof type === "object" && type !== null && "type" in type && type.type === "uuid");
  const cell = (value: unknown, type: unknown): unknown => {
    const key = typeof type === "object" && type !== null && "key" in type ? type.key : type;
    const atom = (one: unknown): unknown => (isUuid(key) ? ["uuid", ids.get(String(one))] : one);
    if (Array.isArray(value)) return ["set", value.map(atom)];
    return typeof value === "object" ? ["map", Object.entries(value as object)] : atom(value);
  };
  return all.flatMap(([table, rows]) => rows.map((row) => ({
    op: "insert", table, uuid: ids.get(row._uuid),
    row: Object.fromEntries(Object.entries(row).flatMap(([column, value]) => {
      const known = tables[table]?.columns[column];
      return known === undefined || value === undefined ? [] : [[column, cell(value, known.type)]];
    })),
  })));
}

/** What ovn-controllers write: the chassis, and where each node's management port is. */
const chassisRows = (nodes: readonly NodeFacts[], isRemote: (node: NodeFacts) => boolean): readonly unknown[] => nodes.flatMap((node, index) => [
  { op: "insert", table: "Encap", "uuid-name": `encap${index}`, row: { type: "geneve", ip: node.gateway.addresses[0]?.replace(/\/\d+$/, "") ?? "", chassis_name: node.chassis } },
  { op: "insert", table: "Chassis", uuid: uuidOf(9000 + index), row: { name: node.chassis, hostname: node.name, encaps: ["named-uuid", `encap${index}`], other_config: ["map", [["ct-no-masked-label", "true"], ["ovn-ct-lb-related", "true"], ["is-remote", String(isRemote(node))]]] } },
]);
const bindings = (nodes: readonly NodeFacts[]): readonly unknown[] => nodes.map((node, index) =>
  ({ op: "update", table: "Port_Binding", where: [["logical_port", "==", `k8s-${node.name}`]], row: { chassis: ["uuid", uuidOf(9000 + index)] } }));

/** Lets a real northd make the Southbound database of every zone, and reads the files that its servers wrote. */
export async function realZones(snapshot: Snapshot, network: BuiltNetwork): Promise<readonly OpenedDatabase[]> {
  const nodes = nodeFacts(snapshot, resolveConfig(snapshot, {}), []);
  const { interconnect } = snapshot.cluster.network;
  const zones = new Map(nodes.map((node) => [interconnect ? node.zone : "global", node]));
  const opened: OpenedDatabase[] = [];
  for (const [zone, node] of zones) opened.push(await southboundOfZone(zone, network.northbound(node.name), nodes, (one) => interconnect && one.zone !== zone));
  return opened;
}

async function southboundOfZone(zone: string, nb: NorthboundDb, nodes: readonly NodeFacts[], isRemote: (node: NodeFacts) => boolean): Promise<OpenedDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "zone-"));
  const running: ChildProcess[] = [];
  const run = (program: string, args: readonly string[]): string => execFileSync(find(program) ?? program, [...args], { maxBuffer: 1 << 27, stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 }).toString();
  const start = (program: string, args: readonly string[]): void =>
    void running.push(spawn(find(program) ?? program, [...args], { stdio: "ignore", env: { ...process.env, OVN_RUNDIR: folder, OVS_RUNDIR: folder } }));
  const transact = (name: "nb" | "sb", database: string, operations: readonly unknown[]): void => {
    const answer = run("ovsdb-client", ["transact", `unix:${folder}/${name}.sock`, JSON.stringify([database, ...operations])]);
    if (answer.includes('"error"')) throw new Error(answer.slice(0, 1000));
  };
  try {
    for (const name of ["nb", "sb"]) {
      run("ovsdb-tool", ["create", join(folder, `${name}.db`), `${schemas}/ovn-${name}.ovsschema`]);
      start("ovsdb-server", [`--remote=punix:${folder}/${name}.sock`, `--unixctl=${folder}/${name}.ctl`, join(folder, `${name}.db`)]);
      for (let tries = 0; tries < 500 && !existsSync(join(folder, `${name}.sock`)); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    transact("nb", "OVN_Northbound", insertions(nb, zone));
    transact("sb", "OVN_Southbound", chassisRows(nodes, isRemote));
    start("ovn-northd", [`--ovnnb-db=unix:${folder}/nb.sock`, `--ovnsb-db=unix:${folder}/sb.sock`, `--unixctl=${folder}/northd.ctl`]);
    run("ovn-nbctl", [`--db=unix:${folder}/nb.sock`, "--timeout=15", "--wait=sb", "sync"]);
    transact("sb", "OVN_Southbound", bindings(nodes));
    return readDatabaseFile(join(folder, "sb.db"));
  } finally {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
