import type { Datapath, Machine } from "../pipeline/machine.ts";
import { parseAddress, parseMac } from "./address.ts";

/** Hardware addresses as the database knows them, by datapath. */
interface Known {
  /** Words of the hardware address by `KEY WORDS`: tunnel key of the port and words of the IP address. */
  readonly bindings: ReadonlyMap<string, readonly [number, number]>;
  /** Tunnel key of the port by the words of the hardware address. */
  readonly fdb: ReadonlyMap<string, number>;
}

const known = new WeakMap<Machine, ReadonlyMap<Datapath, Known>>();
const none: Known = { bindings: new Map(), fdb: new Map() };

function collect(machine: Machine): ReadonlyMap<Datapath, Known> {
  const found = new Map<Datapath, { readonly bindings: Map<string, readonly [number, number]>; readonly fdb: Map<string, number> }>();
  const of = (datapath: Datapath): { readonly bindings: Map<string, readonly [number, number]>; readonly fdb: Map<string, number> } => {
    const known = found.get(datapath) ?? { bindings: new Map(), fdb: new Map() };
    found.set(datapath, known);
    return known;
  };
  // The program does not read Static_MAC_Binding.
  for (const row of machine.db.macBindings) {
    const port = row.static === undefined ? machine.ports.get(row.port) : undefined;
    const address = parseAddress(row.ip);
    const mac = parseMac(row.mac);
    if (port === undefined || address === undefined || mac === undefined || (row.datapath !== undefined && row.datapath !== port.datapath.row.uuid)) continue;
    of(port.datapath).bindings.set(`${port.key} ${address.words.join(" ")}`, mac);
  }
  for (const row of machine.db.fdb) {
    const datapath = machine.datapathsByKey.get(row.datapathKey);
    const mac = parseMac(row.mac);
    if (datapath !== undefined && mac !== undefined) of(datapath).fdb.set(mac.join(" "), row.portKey);
  }
  return found;
}

/** What is known about the neighbours of a datapath. @see OVN 23.09, utilities/ovn-trace.c read_mac_bindings, read_fdbs */
export function neighboursIn(machine: Machine, datapath: Datapath): Known {
  let all = known.get(machine);
  if (all === undefined) known.set(machine, (all = collect(machine)));
  return all.get(datapath) ?? none;
}
