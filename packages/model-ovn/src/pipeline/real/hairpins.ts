import type { SbLoadBalancer, SouthboundDb } from "../../southbound.ts";
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

/** A backend as the load balancer's row says it. */
interface Entry {
  readonly vip: string;
  readonly port?: number;
  readonly protocol?: "tcp" | "udp" | "sctp";
  readonly backend: string;
  readonly backendPort?: number;
  readonly snat?: string;
}

const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;

/** The hairpins of all load balancers, templates put in. */
export function hairpinsOf(db: SouthboundDb, chassis: string): readonly Hairpin[] {
  const templates = db.templates.get(chassis);
  return db.loadBalancers.flatMap((row) => hairpinEntries(row, templates).map((entry): Hairpin => ({
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

const endpoint = (text: string): { readonly address: string; readonly port?: number } | undefined => {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)):(\d+)$/.exec(text);
  const address = found?.[1] ?? found?.[2] ?? text;
  if (!/^[0-9a-fA-F:.]+$/.test(address)) return undefined;
  return found === null ? { address } : { address, port: Number(found[3]) };
};

/** The backends of one load balancer, with the chassis' templates put in; what has a template that is not known here is left out. */
function hairpinEntries(row: SbLoadBalancer, templates: ReadonlyMap<string, string> | undefined): readonly Entry[] {
  const snats = (row.options["hairpin_snat_ip"] ?? "").split(/\s+/).filter((part) => part !== "");
  const expand = (text: string): string => text.replace(/\^(\w+)/g, (whole, name: string) => templates?.get(name) ?? whole);
  return Object.entries(row.vips).flatMap(([vip, backends]): readonly Entry[] => {
    const front = endpoint(expand(vip));
    if (front === undefined) return [];
    const snat = snats.find((one) => one.includes(":") === front.address.includes(":"));
    return expand(backends).split(",").filter((text) => text !== "").flatMap((text) => endpoint(text) ?? []).map((backend) => ({
      vip: front.address, port: front.port, protocol: row.protocol ?? "tcp", backend: backend.address, backendPort: backend.port, snat,
    }));
  });
}
