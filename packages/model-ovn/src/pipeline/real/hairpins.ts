import { hairpinEntries } from "../../ovsdb/hairpins.ts";
import type { SouthboundDb } from "../../southbound.ts";
import { WORDS } from "../registers.ts";
import { ip4At, ip6At, putAddress } from "./packet-registers.ts";

/** One backend of a load balancer, as a chassis matches a packet that would come back to its sender. */
export interface Hairpin {
  readonly vip: string;
  readonly vipPort?: number;
  readonly proto: number;
  readonly backend: string;
  readonly backendPort?: number;
  /** The source that the packet gets. */
  readonly snat: string;
  /** The original destination is read from registers that northd's flows fill, instead of the connection. */
  readonly fromRegisters: boolean;
  /** Uuids of the datapaths, where the balancer has an address of its own for this; elsewhere any will do. */
  readonly datapaths?: readonly string[];
}

const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;

/** The hairpins of all load balancers, templates put in. */
export function hairpinsOf(db: SouthboundDb, chassis: string): readonly Hairpin[] {
  const templates = db.templates.get(chassis);
  return db.loadBalancers.flatMap((row) => hairpinEntries(row, templates === undefined ? [] : [templates]).map((entry): Hairpin => ({
    vip: canonical(entry.vip), vipPort: entry.port, proto: PROTO[entry.protocol ?? "tcp"],
    backend: canonical(entry.backend), backendPort: entry.backendPort, snat: canonical(entry.snat ?? entry.vip),
    fromRegisters: row.options["hairpin_orig_tuple"] === "true", ...(entry.snat === undefined ? {} : { datapaths: row.datapaths }),
  })));
}

/** Text of an address as packets carry it. */
function canonical(address: string): string {
  const regs = new Uint32Array(WORDS);
  putAddress(regs, 0, address);
  return address.includes(":") ? ip6At(regs, 0) : ip4At(regs, 0);
}
