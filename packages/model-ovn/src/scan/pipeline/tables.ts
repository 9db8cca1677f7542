import type { LogicalFlow, SbDatapath, SbPort, SouthboundDb } from "../../southbound.ts";

/** A datapath with its flows by pipeline and table, highest priority first. */
export interface IndexedDatapath {
  readonly row: SbDatapath;
  readonly ports: ReadonlyMap<string, SbPort>;
  readonly portsByKey: ReadonlyMap<number, SbPort>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly groupsByKey: ReadonlyMap<number, string>;
  readonly flows: { readonly ingress: readonly (readonly LogicalFlow[])[]; readonly egress: readonly (readonly LogicalFlow[])[] };
}

export interface IndexedDb {
  readonly db: SouthboundDb;
  readonly datapaths: readonly IndexedDatapath[];
  readonly byKey: ReadonlyMap<number, IndexedDatapath>;
  /** The datapath of each port. */
  readonly byPort: ReadonlyMap<string, IndexedDatapath>;
  readonly portGroups: ReadonlyMap<string, ReadonlySet<string>>;
  readonly macs: ReadonlyMap<string, string>;
  /** MAC addresses of the ports' own addresses: what ARP inside the logical network would learn. */
  readonly owners: ReadonlyMap<string, string>;
}

export const neighbourKey = (port: string, ip: string): string => `${port} ${ip}`;

/** Indexes a Southbound database for the machine. Flows of equal priority keep their order. */
export function indexSouthbound(db: SouthboundDb): IndexedDb {
  const datapaths = db.datapaths.map((row): IndexedDatapath => {
    const flows: { ingress: LogicalFlow[][]; egress: LogicalFlow[][] } = { ingress: [], egress: [] };
    for (const flow of row.flows) {
      const tables = flows[flow.pipeline];
      (tables[flow.table] ??= []).push(flow);
    }
    for (const tables of [flows.ingress, flows.egress]) for (const table of tables) table?.sort((a, b) => b.priority - a.priority);
    return {
      row,
      ports: new Map(row.ports.map((port) => [port.name, port])),
      portsByKey: new Map(row.ports.map((port) => [port.key, port])),
      groups: new Map(row.multicastGroups.map((group) => [group.name, group.ports])),
      groupsByKey: new Map(row.multicastGroups.map((group) => [group.key, group.name])),
      flows,
    };
  });
  return {
    db,
    datapaths,
    byKey: new Map(datapaths.map((datapath) => [datapath.row.key, datapath])),
    byPort: new Map(datapaths.flatMap((datapath) => datapath.row.ports.map((port) => [port.name, datapath] as const))),
    portGroups: new Map([...db.portGroups].map(([name, members]) => [name, new Set(members)])),
    owners: new Map(datapaths.flatMap(({ row }) => row.ports.flatMap(({ mac }) => mac.flatMap(addressesOf)))),
    macs: new Map(db.macBindings.map(({ port, ip, mac }) => [neighbourKey(port, ip), mac])),
  };
}

/** Pairs of address and MAC in `MAC IP[/length]…`. */
function addressesOf(text: string): readonly (readonly [string, string])[] {
  const [mac, ...addresses] = text.trim().split(/\s+/);
  if (mac === undefined || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) return [];
  return addresses.map((address) => [address.replace(/\/\d+$/, ""), mac.toLowerCase()] as const);
}
