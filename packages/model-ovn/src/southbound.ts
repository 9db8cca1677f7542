import type { Origin } from "@hopscope/core";
import type { StringMap, Uuid } from "./northbound.ts";

/**
 * A logical flow: match and actions are text in OVN's own language.
 *
 * One row of the database is one value, also where a group of datapaths shares it: exactly one of `datapath` and `group` says
 * where it applies.
 */
export interface LogicalFlow {
  readonly uuid: Uuid;
  /** The one datapath that the flow is of. */
  readonly datapath?: Uuid;
  /** The group of datapaths that the flow is of: a key of `datapathGroups`. */
  readonly group?: Uuid;
  readonly pipeline: "ingress" | "egress";
  readonly table: number;
  readonly stage: string;
  readonly priority: number;
  readonly match: string;
  readonly actions: string;
  /** The line of northd that made it: `northd.c:1234`. */
  readonly source?: string;
  /** First eight digits of the uuid of the Northbound row it was made for. */
  readonly hint?: string;
  /** The meter that limits what the flow sends to the controller. */
  readonly meter?: string;
  /** Hints to chassis: `in_out_port` names the only port that the flow can concern. */
  readonly tags?: StringMap;
  readonly origin: Origin;
}

/** How a port is attached; `` is a VIF. */
export type SbPortType =
  | "" | "patch" | "l3gateway" | "l2gateway" | "localnet" | "localport" | "chassisredirect" | "remote" | "virtual" | "vtep" | "external" | "router";

/** A chassis that may hold a gateway, and how willingly. */
export interface SbGatewayChassis {
  readonly uuid: Uuid;
  /** Name of the chassis; absent where it is not registered. */
  readonly chassis?: string;
  readonly priority: number;
}

export interface SbPort {
  readonly uuid: Uuid;
  readonly name: string;
  readonly key: number;
  readonly type: SbPortType;
  /** Peer port of a patch or l3gateway port. */
  readonly peer?: string;
  /**
   * Chassis that the port is on: where it is bound, else where its gateway chassis, its options or a request say that it will be.
   */
  readonly chassis?: string;
  /** Real port of a chassisredirect port. */
  readonly distributedPort?: string;
  readonly mac: readonly string[];
  /** Allowed source addresses: `MAC IP…`. */
  readonly security: readonly string[];
  readonly options: StringMap;
  /** `name` is the friendly name of ports that are named by a uuid. */
  readonly externalIds: StringMap;
  /** VLAN of a container port or of a localnet port. */
  readonly tag?: number;
  /** The port that carries a container port's packets. */
  readonly parentPort?: string;
  /** The port that holds a virtual port's address now. */
  readonly virtualParent?: string;
  readonly natAddresses: readonly string[];
  /** Whether a chassis says that the port works; absent where none has said. */
  readonly up?: boolean;
  /** Chassis that the port is bound to, as the database says. */
  readonly boundChassis?: string;
  readonly additionalChassis: readonly string[];
  readonly requestedChassis?: string;
  readonly requestedAdditionalChassis: readonly string[];
  readonly gatewayChassis: readonly SbGatewayChassis[];
  /** Name of its group in `haChassisGroups`. */
  readonly haChassisGroup?: string;
  /** Uuid of the tunnel end that the port is reached by. */
  readonly encap?: Uuid;
}

export interface SbMulticastGroup {
  readonly uuid: Uuid;
  readonly name: string;
  readonly key: number;
  /** Names of ports, in the order of the database. */
  readonly ports: readonly string[];
}

export interface SbDatapath {
  readonly uuid: Uuid;
  /** `external_ids:name`; the uuid of the Northbound row where that is not set. */
  readonly name: string;
  /** `external_ids:name2`: the friendly name. */
  readonly name2?: string;
  /** Uuid of the switch or router in Northbound; its own uuid where the database does not say. */
  readonly nbUuid: Uuid;
  readonly key: number;
  readonly type: "switch" | "router";
  readonly externalIds: StringMap;
  readonly ports: readonly SbPort[];
  readonly multicastGroups: readonly SbMulticastGroup[];
  /** The flows that apply here, in the order of the database: the same values as in `flows` of the database. */
  readonly flows: readonly LogicalFlow[];
}

/** One end of a tunnel. */
export interface SbEncap {
  readonly uuid: Uuid;
  readonly type: string;
  readonly ip: string;
  readonly options: StringMap;
}

export interface SbChassis {
  readonly uuid: Uuid;
  readonly name: string;
  readonly hostname: string;
  /** Geneve endpoint. */
  readonly ip: string;
  readonly encaps: readonly SbEncap[];
  readonly externalIds: StringMap;
  readonly otherConfig: StringMap;
  readonly transportZones: readonly string[];
}

/** The hardware address of a neighbour, learned by a chassis or set in Northbound. */
export interface SbMacBinding {
  readonly port: string;
  readonly ip: string;
  readonly mac: string;
  /** Uuid of the port's datapath. */
  readonly datapath?: Uuid;
  /** Row of Static_MAC_Binding; `overrides` says that it wins over a learned one. */
  readonly static?: { readonly overrides: boolean };
  readonly timestamp?: number;
}

/** A hardware address that a chassis has learned behind a port. */
export interface SbFdb {
  readonly mac: string;
  readonly datapathKey: number;
  readonly portKey: number;
}

/** A DHCP option that `put_dhcp_opts` may name: its number and the type of its value. */
export interface SbDhcpOption {
  readonly name: string;
  readonly code: number;
  readonly type: string;
}

/** Names that a chassis answers for itself. */
export interface SbDns {
  readonly uuid: Uuid;
  readonly records: StringMap;
  readonly datapaths: readonly Uuid[];
}

/** A load balancer of switches, as chassis need it for hairpins. */
export interface SbLoadBalancer {
  readonly uuid: Uuid;
  readonly name: string;
  readonly protocol?: "tcp" | "udp" | "sctp";
  /** Virtual address → backends. */
  readonly vips: StringMap;
  readonly options: StringMap;
  /** Datapaths it is attached to; those of its groups included. */
  readonly datapaths: readonly Uuid[];
}

export interface SbHaChassisGroup {
  readonly uuid: Uuid;
  readonly name: string;
  readonly members: readonly SbGatewayChassis[];
}

export interface SbMeter {
  readonly name: string;
  readonly unit: string;
  readonly bands: readonly { readonly action: string; readonly rate: number; readonly burst: number }[];
}

/** A session that watches a next hop. */
export interface SbBfd {
  readonly port: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly discriminator: number;
  readonly status: string;
}

/** What chassis have learned from IGMP or MLD. */
export interface SbIgmpGroup {
  readonly address: string;
  readonly datapath?: Uuid;
  readonly chassis?: string;
  readonly ports: readonly string[];
}

/** A backend that chassis probe. */
export interface SbServiceMonitor {
  readonly port: string;
  readonly ip: string;
  readonly l4Port: number;
  readonly protocol?: string;
  readonly status?: string;
}

/** What the OVN machine runs: the Southbound database as a value. */
export interface SouthboundDb {
  readonly datapaths: readonly SbDatapath[];
  /** All flows, one a row. */
  readonly flows: readonly LogicalFlow[];
  /** Logical_DP_Group: uuid → uuids of its datapaths. */
  readonly datapathGroups: ReadonlyMap<Uuid, readonly Uuid[]>;
  readonly chassis: readonly SbChassis[];
  /** Members as text: addresses, prefixes. */
  readonly addressSets: ReadonlyMap<string, readonly string[]>;
  /** Members are port names. A group is here by the name of matches (`@name`) and, per datapath, by Southbound's (`<key>_<name>`). */
  readonly portGroups: ReadonlyMap<string, readonly string[]>;
  readonly macBindings: readonly SbMacBinding[];
  readonly fdb: readonly SbFdb[];
  /** `templates` of each chassis: what `^NAME` stands for. */
  readonly templates: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly loadBalancers: readonly SbLoadBalancer[];
  readonly dhcpOptions: readonly SbDhcpOption[];
  readonly dhcpv6Options: readonly SbDhcpOption[];
  readonly dns: readonly SbDns[];
  readonly haChassisGroups: readonly SbHaChassisGroup[];
  readonly meters: readonly SbMeter[];
  readonly bfd: readonly SbBfd[];
  readonly igmpGroups: readonly SbIgmpGroup[];
  readonly serviceMonitors: readonly SbServiceMonitor[];
  /** SB_Global: `options` and `external_ids`. */
  readonly global: { readonly options: StringMap; readonly externalIds: StringMap };
}
