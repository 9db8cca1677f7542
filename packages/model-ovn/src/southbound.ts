import type { Origin } from "@hopscope/core";

/** A logical flow: match and actions are text in OVN's own language. */
export interface LogicalFlow {
  readonly pipeline: "ingress" | "egress";
  readonly table: number;
  readonly stage: string;
  readonly priority: number;
  readonly match: string;
  readonly actions: string;
  readonly origin: Origin;
}

export interface SbPort {
  readonly name: string;
  readonly key: number;
  /** `` is a VIF. */
  readonly type: "" | "patch" | "l3gateway" | "localnet" | "localport" | "chassisredirect" | "remote" | "virtual" | "vtep" | "external" | "router";
  /** Peer port of a patch or l3gateway port. */
  readonly peer?: string;
  /** Chassis that the port is bound to (VIF, l3gateway, chassisredirect, remote). */
  readonly chassis?: string;
  /** Real port of a chassisredirect port. */
  readonly distributedPort?: string;
  readonly mac: readonly string[];
  /** Allowed source addresses: `MAC IP…`. */
  readonly security?: readonly string[];
}

export interface SbMulticastGroup {
  readonly name: string;
  readonly key: number;
  readonly ports: readonly string[];
}

export interface SbDatapath {
  readonly name: string;
  readonly key: number;
  readonly type: "switch" | "router";
  readonly ports: readonly SbPort[];
  readonly multicastGroups: readonly SbMulticastGroup[];
  readonly flows: readonly LogicalFlow[];
}

export interface SbChassis {
  readonly name: string;
  readonly hostname: string;
  /** Geneve endpoint. */
  readonly ip: string;
}

export interface SbMacBinding {
  readonly port: string;
  readonly ip: string;
  readonly mac: string;
}

/** What the OVN machine runs: the Southbound database as a value. */
export interface SouthboundDb {
  readonly datapaths: readonly SbDatapath[];
  readonly chassis: readonly SbChassis[];
  /** Members as text: addresses, prefixes. */
  readonly addressSets: ReadonlyMap<string, readonly string[]>;
  /** Members are port names. */
  readonly portGroups: ReadonlyMap<string, readonly string[]>;
  readonly macBindings: readonly SbMacBinding[];
  /** `templates` of each chassis: what `^NAME` stands for. */
  readonly templates: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** `hairpin_snat_ip` and backends of load balancers: datapath name → entries. */
  readonly hairpins: ReadonlyMap<string, readonly SbHairpin[]>;
}

/** One backend of a load balancer, as hairpin detection needs it. */
export interface SbHairpin {
  readonly vip: string;
  readonly port?: number;
  readonly protocol?: "tcp" | "udp" | "sctp";
  readonly backend: string;
  readonly backendPort?: number;
  /** Source of hairpinned packets; the VIP where absent. */
  readonly snat?: string;
}
