import type { Pipeline } from "../actions/action.ts";
import { DHCP_OPTIONS, type OptionTable } from "../actions/options.ts";
import { symbolTable } from "../expr/symbol-table.ts";
import { DEFAULT_VERSION } from "../expr/version.ts";
import type { LogicalFlow, SbDatapath, SouthboundDb } from "../southbound.ts";
import type { Datapath, Group, Language, Machine, MachineOptions, Port, Table } from "./machine.ts";
import { inRowOrder } from "./row-order.ts";

/**
 * Makes a Southbound database ready to run. Flows are sorted when a packet first enters their datapath, and read when one first
 * visits their table.
 *
 * @example
 * buildMachine(db, { isResident: () => true, index: true }).datapaths.length
 */
export function buildMachine(db: SouthboundDb, options: Partial<MachineOptions> = {}): Machine {
  const ports = new Map<string, Port>();
  let ranks: ReadonlyMap<LogicalFlow, number> | undefined;
  const rankOf: RankOf = (flow) => (ranks ??= ranksOf(db.flows, options.order ?? "ovn-trace")).get(flow) ?? 0;
  const datapaths = db.datapaths.map((row) => buildDatapath(row, rankOf));
  for (const datapath of datapaths) for (const port of datapath.ports.values()) if (!ports.has(port.name)) ports.set(port.name, port);
  linkPorts([...ports.values()], ports);
  return {
    db, datapaths, ports,
    datapathsByKey: new Map(datapaths.map((one) => [one.key, one])),
    datapathsByUuid: new Map(datapaths.map((one) => [one.row.uuid, one])),
    options: { isResident: (name) => name === "" || ports.has(name), findPort: (name) => ports.get(name), plainPortGroups: false, index: true, order: "ovn-trace", ...options },
    language: languageOf(db),
    skipped: [],
    rankOf,
    shared: { tests: new Map(), needs: new Map(), matches: new Map(), parts: new Map(), parsed: new Map(), problems: new Map(), code: { words: new Int32Array(1 << 12), used: 1 }, sets: new Map(), actions: new Map() },
  };
}

/** The release that wrote the database says so; DHCP options are rows. */
function languageOf(db: SouthboundDb): Language {
  const version = /^\d+\.\d+\.\d+/.exec(db.global.options["northd_internal_version"] ?? "")?.[0] ?? DEFAULT_VERSION;
  const table = (rows: SouthboundDb["dhcpOptions"]): OptionTable => new Map(rows.map(({ name, code, type }) => [name, { code, type }]));
  const dhcp = db.dhcpOptions.length + db.dhcpv6Options.length === 0 ? DHCP_OPTIONS : { v4: table(db.dhcpOptions), v6: table(db.dhcpv6Options) };
  return { version, symbols: symbolTable(version), dhcp };
}

type RankOf = (flow: LogicalFlow) => number;

/**
 * Flows by priority; those of equal priority in the order in which ovn-trace comes upon them, or as they are given, drops last:
 * of flows with one match, ovn-controller installs what does not drop.
 *
 * @see OVN 23.09, controller/ofctrl.c flow_is_preferred
 */
function ranksOf(flows: readonly LogicalFlow[], order: MachineOptions["order"]): ReadonlyMap<LogicalFlow, number> {
  const drops = ({ actions }: LogicalFlow): number => (order === "given" && actions === "drop;" ? 1 : 0);
  const sorted = [...(order === "given" ? flows : inRowOrder(flows, (row) => row.uuid))].sort((a, b) => b.priority - a.priority || drops(a) - drops(b));
  return new Map(sorted.map((flow, rank) => [flow, rank]));
}

function buildDatapath(row: SbDatapath, rankOf: RankOf): Datapath {
  const ports = new Map<number, Port>();
  const groups = new Map<number, Group>();
  const groupsByName = new Map<string, Group>();
  let tables: Datapath["tables"] | undefined;
  const datapath: Datapath = {
    row, name: row.name, label: undefined, key: row.key, ports, groups, groupsByName, hasGateway: row.ports.some((port) => port.type === "l3gateway"),
    get tables() {
      tables ??= sortFlows(datapath, row.flows, rankOf);
      return tables;
    },
  };
  const byName = new Map<string, Port>();
  for (const port of row.ports) {
    const made: Port = { row: port, name: port.name, key: port.key, datapath, peer: undefined, distributed: undefined, label: undefined };
    byName.set(port.name, made);
    ports.set(port.key, made);
  }
  for (const group of row.multicastGroups) {
    const members = group.ports.flatMap((name) => byName.get(name) ?? []).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    const made: Group = { row: group, name: group.name, key: group.key, datapath, ports: members };
    groups.set(group.key, made);
    if (!groupsByName.has(group.name)) groupsByName.set(group.name, made);
  }
  return datapath;
}

/** Ties both ends of patch ports and gateway ports, and chassisredirect ports to the port they stand for. */
function linkPorts(list: readonly Port[], ports: ReadonlyMap<string, Port>): void {
  const seen = new Set<Port>();
  for (const port of inRowOrder(list, (one) => one.row.uuid)) {
    seen.add(port);
    const { type, peer: peerName, distributedPort } = port.row;
    if (type === "chassisredirect") {
      const real = distributedPort === undefined ? undefined : ports.get(distributedPort);
      if (real?.datapath === port.datapath) port.distributed = real;
    }
    if ((type !== "patch" && type !== "l3gateway") || peerName === undefined) continue;
    const peer = ports.get(peerName);
    if (peer === undefined || !seen.has(peer)) continue;
    port.peer = peer;
    peer.peer = port;
  }
}

function sortFlows(datapath: Datapath, flows: readonly LogicalFlow[], rankOf: RankOf): Datapath["tables"] {
  const tables = { ingress: [] as Table[], egress: [] as Table[] };
  for (const flow of flows) tableIn(tables[flow.pipeline], datapath, flow.pipeline, flow.table, rankOf).unsorted.push(flow);
  return tables;
}

function tableIn(tables: Table[], datapath: Datapath, pipeline: Pipeline, number: number, rankOf: RankOf): Table {
  while (tables.length <= number) {
    const unsorted: LogicalFlow[] = [];
    const rows = (): readonly LogicalFlow[] => [...unsorted].sort((a, b) => rankOf(a) - rankOf(b));
    tables.push({ datapath, pipeline, number: tables.length, unsorted, rows, index: undefined, onward: undefined, jump: undefined });
  }
  return tables[number] as Table;
}

/** A table of a datapath; one without flows where the database has none. */
export function tableOf(datapath: Datapath, pipeline: Pipeline, number: number): Table {
  const tables = datapath.tables[pipeline];
  return tables[number] ?? tableIn(tables, datapath, pipeline, number, () => 0);
}

/** The table after a table. */
export function onwardOf(table: Table): Table {
  table.onward ??= tableOf(table.datapath, table.pipeline, table.number + 1);
  return table.onward;
}
