import type {
  AddressSetRow, LoadBalancerRow, LogicalRouterPortRow, LogicalRouterRow, LogicalSwitchPortRow, LogicalSwitchRow, NATRow,
  NorthboundDb, NorthboundRow, PortGroupRow, StringMap, Uuid,
} from "../northbound.ts";
import type { Addresses } from "./address.ts";
import type { Flows } from "./flow.ts";
import type { OvnVersion } from "./stage.ts";

/** A network address translation with what was worked out from its row. */
export interface Nat {
  readonly row: NATRow;
  /** Whether the external address is exactly one address. */
  readonly valid: boolean;
  readonly isV6: boolean;
  readonly externalText: string;
  readonly externalSolicited: string;
  readonly allowed?: AddressSetRow | undefined;
  readonly exempted?: AddressSetRow | undefined;
  readonly gatewayPort?: LogicalRouterPortRow | undefined;
}

/** The addresses a router's load balancers answer for. */
export interface LoadBalancerIps {
  readonly v4: Set<string>;
  readonly v6: Set<string>;
  readonly v4Routable: Set<string>;
  readonly v6Routable: Set<string>;
  readonly v4Reachable: Set<string>;
  readonly v6Reachable: Set<string>;
}

/** A logical switch or router on its way to Southbound. Filled in stage by stage, read-only once flows are built. */
interface DatapathBase {
  readonly name: string;
  readonly key: number;
  /** The ports of the row, without chassis-redirect ports. */
  readonly ports: Port[];
  /** The distinct load balancers of the row and its groups. */
  loadBalancers: LoadBalancer[];
  hasLbVip: boolean;
}

/** A logical switch. */
export interface SwitchDatapath extends DatapathBase {
  readonly type: "switch";
  readonly row: LogicalSwitchRow;
  readonly routerPorts: SwitchPort[];
  readonly localnetPorts: SwitchPort[];
  hasUnknown: boolean;
  hasVtepPorts: boolean;
  hasArpProxyPort: boolean;
  floodRelay: boolean;
  floodStatic: boolean;
}

/** A logical router. */
export interface RouterDatapath extends DatapathBase {
  readonly type: "router";
  readonly row: LogicalRouterRow;
  /** Bound to one chassis. */
  readonly isGateway: boolean;
  readonly mcastRelay: boolean;
  floodStatic: boolean;
  /** Distributed gateway ports. */
  readonly gatewayPorts: RouterPort[];
  /** Switches behind this router's ports. */
  readonly switches: SwitchDatapath[];
  readonly nats: readonly Nat[];
  readonly externalIps: ReadonlySet<string>;
  /** Addresses the router translates sources to; `nat` is the first row that does. */
  readonly snatIps: ReadonlyMap<string, Nat | undefined>;
  readonly dnatForceSnat: Addresses;
  readonly lbForceSnat: Addresses;
  readonly lbForceSnatRouterIp: boolean;
  readonly hasDistributedNat: boolean;
  redirectBridged: boolean;
  lbIps: LoadBalancerIps;
}

/** A switch or a router. */
export type Datapath = SwitchDatapath | RouterDatapath;

interface PortBase {
  readonly name: string;
  /** The name in double quotes, as matches write it. */
  readonly quoted: string;
  key: number;
}

/** A port of a switch. */
export interface SwitchPort extends PortBase {
  readonly type: "switch";
  readonly datapath: SwitchDatapath;
  readonly row: LogicalSwitchPortRow;
  addresses: Addresses[];
  readonly hasPortSecurity: boolean;
  readonly hasUnknown: boolean;
  peer?: RouterPort;
  proxyArp: Addresses;
}

/** A port of a router. */
export interface RouterPort extends PortBase {
  readonly type: "router";
  readonly datapath: RouterDatapath;
  readonly row: LogicalRouterPortRow;
  readonly networks: Addresses;
  peer?: Port;
  /** The instance of a distributed gateway port on its gateway chassis. */
  redirect?: { readonly name: string; readonly quoted: string; key: number };
  /** Addresses of NAT and load balancers that other routers should know. */
  routable: readonly Addresses[];
  hasBfd: boolean;
}

/** A port of a switch or a router. */
export type Port = SwitchPort | RouterPort;

/** A backend of a virtual address; texts, as templates need not be addresses. */
export interface Backend {
  readonly ip: string;
  readonly port?: string | undefined;
  /** The port number; 0 for templates. */
  readonly portNumber: number;
  /** The port whose liveness is probed, and from which address. */
  readonly monitor?: { readonly port: string; readonly sourceIp: string };
}

/** A virtual address of a load balancer. */
export interface Vip {
  readonly ip: string;
  readonly port?: string | undefined;
  readonly isV4: boolean;
  /** What northd takes for IPv4 where it looks at the parsed address: never a template. */
  readonly parsedV4: boolean;
  readonly backends: readonly Backend[];
  readonly backendText: string;
  readonly hasHealthCheck: boolean;
  /** No backends: refuse instead of drop. */
  readonly rejects: boolean;
}

/** A load balancer and the datapaths it is attached to. */
export interface LoadBalancer {
  readonly row: LoadBalancerRow;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly vips: readonly Vip[];
  readonly isTemplate: boolean;
  readonly skipSnat: boolean;
  readonly controllerEvent: boolean;
  readonly routable: boolean;
  readonly neighbour: "all" | "reachable" | "none";
  readonly affinityTimeout: number;
  readonly selectionFields: string;
  readonly switches: Set<SwitchDatapath>;
  readonly routers: Set<RouterDatapath>;
}

/** What all chassis of the zone can do, as far as flows depend on it. */
export interface ChassisFeatures {
  readonly ctNoMaskedLabel: boolean;
  readonly ctLbRelated: boolean;
}

/** The settings of NB_Global that shape flows. */
export interface GlobalOptions {
  readonly useCtInvMatch: boolean;
  readonly controllerEvent: boolean;
  readonly checkLspIsUp: boolean;
  readonly defaultAclDrop: boolean;
  readonly installSwitchLbFromRouter: boolean;
  readonly useCommonZone: boolean;
  readonly serviceMonitorMac: string;
}

/** Everything the flow builders read. */
export interface Build {
  readonly version: OvnVersion;
  readonly nb: NorthboundDb;
  readonly byUuid: ReadonlyMap<Uuid, NorthboundRow>;
  readonly switches: readonly SwitchDatapath[];
  readonly routers: readonly RouterDatapath[];
  readonly switchPorts: ReadonlyMap<string, SwitchPort>;
  readonly routerPorts: ReadonlyMap<string, RouterPort>;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly portGroups: ReadonlyMap<SwitchDatapath, readonly PortGroupRow[]>;
  readonly features: ChassisFeatures;
  readonly options: GlobalOptions;
  readonly meters: ReadonlyMap<string, { readonly fair: boolean }>;
  readonly flows: Flows<Datapath>;
}

/** Reads a boolean of an options map the way OVN does: anything but the two words is the default. */
export function flag(map: StringMap, name: string, fallback: boolean): boolean {
  const text = map[name]?.toLowerCase();
  return fallback ? text !== "false" : text === "true";
}

/** Reads a number of an options map; nonsense is the default. */
export function numberOption(map: StringMap, name: string, fallback: number): number {
  const text = map[name];
  return text !== undefined && /^-?\d+$/.test(text.trim()) ? Number(text) : fallback;
}

/** Follows references; a missing row is skipped. */
export function rowsOf<Row extends NorthboundRow>(build: Pick<Build, "byUuid">, uuids: readonly Uuid[]): readonly Row[] {
  return uuids.flatMap((uuid) => {
    const row = build.byUuid.get(uuid);
    return row === undefined ? [] : [row as Row];
  });
}

/** Follows one reference. */
export function rowOf<Row extends NorthboundRow>(build: Pick<Build, "byUuid">, uuid: Uuid | undefined): Row | undefined {
  return uuid === undefined ? undefined : (build.byUuid.get(uuid) as Row | undefined);
}

/** The meter the datapath's control-plane protection names for one kind of packet, when that meter exists. */
export function controlMeter(build: Build, datapath: Datapath, kind: string): string | undefined {
  const copp = rowOf<NorthboundRow & { readonly meters: StringMap }>(build, datapath.row.copp);
  const meter = copp?.meters[kind];
  return meter !== undefined && build.meters.has(meter) ? meter : undefined;
}

/** Whether a router port is a distributed gateway port. */
export const isGatewayPort = (port: RouterPort): port is RouterPort & { redirect: NonNullable<RouterPort["redirect"]> } =>
  port.redirect !== undefined;

/** `is_chassis_resident` of a distributed gateway port's redirect port. */
export const residentOn = (port: RouterPort | undefined): string => `is_chassis_resident(${port?.redirect?.quoted ?? '""'})`;

/** Whether an enabled column allows the port to be used. */
export const isEnabled = (row: { readonly enabled?: boolean }): boolean => row.enabled !== false;
