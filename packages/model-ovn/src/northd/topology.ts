import type { Caveat } from "@hopscope/core";
import type {
  LogicalRouterPortRow, LogicalRouterRow, LogicalSwitchPortRow, LogicalSwitchRow, NorthboundDb, NorthboundRow, Uuid,
} from "../northbound.ts";
import { noAddresses, parseAddresses, parseIpList, parseRouterNetworks, type Addresses } from "./address.ts";
import { flag, numberOption, rowsOf, type RouterDatapath, type RouterPort, type SwitchDatapath, type SwitchPort } from "./model.ts";
import { natsOf, routerAddressesOf } from "./nat-entry.ts";

/** Datapaths and ports with their connections. */
export interface Topology {
  readonly switches: readonly SwitchDatapath[];
  readonly routers: readonly RouterDatapath[];
  readonly switchPorts: ReadonlyMap<string, SwitchPort>;
  readonly routerPorts: ReadonlyMap<string, RouterPort>;
}

type ByUuid = ReadonlyMap<Uuid, NorthboundRow>;

/** Gives out tunnel keys: asked-for ones first, then the lowest free one in order. */
function assignKeys<T>(items: readonly T[], requested: (item: T) => number): ReadonlyMap<T, number> {
  const keys = new Map<T, number>();
  const used = new Set<number>();
  for (const item of items) {
    const key = requested(item);
    if (key === 0 || used.has(key)) continue;
    used.add(key);
    keys.set(item, key);
  }
  let next = 1;
  for (const item of items) {
    if (keys.has(item)) continue;
    while (used.has(next)) next++;
    used.add(next);
    keys.set(item, next);
  }
  return keys;
}

const isDynamic = (text: string): boolean => text === "dynamic" || /^dynamic\s/.test(text) || /\sdynamic$/.test(text);

function switchPort(datapath: SwitchDatapath, row: LogicalSwitchPortRow): SwitchPort {
  const addresses: Addresses[] = [];
  for (const text of row.addresses) {
    const parsed = isDynamic(text)
      ? (row.dynamic_addresses === undefined ? undefined : parseAddresses(row.dynamic_addresses))
      : parseAddresses(text);
    if (parsed !== undefined) addresses.push(parsed);
  }
  return {
    type: "switch", name: row.name, quoted: JSON.stringify(row.name), key: 0, datapath, row, addresses,
    hasPortSecurity: row.port_security.some((text) => parseAddresses(text) !== undefined),
    hasUnknown: row.addresses.includes("unknown"), proxyArp: noAddresses,
  };
}

function addSwitchPorts(datapath: SwitchDatapath, byUuid: ByUuid, all: Map<string, SwitchPort>): void {
  for (const row of rowsOf<LogicalSwitchPortRow>({ byUuid }, datapath.row.ports)) {
    if (all.has(row.name)) continue;
    const port = switchPort(datapath, row);
    all.set(row.name, port);
    datapath.ports.push(port);
    if (row.type === "localnet") datapath.localnetPorts.push(port);
    if (row.type === "vtep") datapath.hasVtepPorts = true;
    if (port.hasUnknown) datapath.hasUnknown = true;
  }
  const keys = assignKeys(datapath.ports, (port) => numberOption((port as SwitchPort).row.options, "requested-tnl-key", 0));
  for (const port of datapath.ports) port.key = keys.get(port) ?? 0;
}

function routerPort(datapath: RouterDatapath, row: LogicalRouterPortRow): RouterPort | undefined {
  const networks = parseRouterNetworks(row.mac, row.networks);
  if (networks === undefined) return undefined;
  const port: RouterPort = {
    type: "router", name: row.name, quoted: JSON.stringify(row.name), key: 0, datapath, row, networks, routable: [], hasBfd: false,
  };
  if ((row.ha_chassis_group !== undefined || row.gateway_chassis.length > 0) && !datapath.isGateway) {
    const name = `cr-${row.name}`;
    port.redirect = { name, quoted: JSON.stringify(name), key: 0 };
    datapath.gatewayPorts.push(port);
  }
  return port;
}

function addRouterPorts(datapath: RouterDatapath, byUuid: ByUuid, all: Map<string, RouterPort>): void {
  for (const row of rowsOf<LogicalRouterPortRow>({ byUuid }, datapath.row.ports)) {
    if (all.has(row.name)) continue;
    const port = routerPort(datapath, row);
    if (port === undefined) continue;
    all.set(row.name, port);
    datapath.ports.push(port);
    if (row.options["redirect-type"]?.toLowerCase() === "bridged") datapath.redirectBridged = true;
  }
  const ports = datapath.ports as RouterPort[];
  const asked = new Map<object, number>(ports.map((port) => [port, numberOption(port.row.options, "requested-tnl-key", 0)]));
  const instances: { key: number }[] = ports.flatMap((port) => (port.redirect === undefined ? [port] : [port, port.redirect]));
  for (const [item, key] of assignKeys(instances, (instance) => asked.get(instance) ?? 0)) item.key = key;
}

function readProxyArp(port: SwitchPort, withMac: boolean): Addresses {
  const text = port.row.options["arp_proxy"];
  if (text === undefined) return noAddresses;
  const parsed = (withMac ? parseAddresses(text) : undefined) ?? parseIpList(text);
  if (parsed !== undefined) port.datapath.hasArpProxyPort = true;
  return parsed ?? noAddresses;
}

/** Joins router-type switch ports with the router ports they name. */
function connect(topology: Topology, withProxyMac: boolean): void {
  for (const port of topology.switchPorts.values()) {
    if (port.row.type !== "router") continue;
    const peer = topology.routerPorts.get(port.row.options["router-port"] ?? "");
    if (peer === undefined) continue;
    port.datapath.routerPorts.push(port);
    peer.datapath.switches.push(port.datapath);
    peer.peer = port;
    port.peer = peer;
    if (port.row.addresses.includes("router")) port.addresses.push(peer.networks);
    if (peer.datapath.mcastRelay) port.datapath.floodRelay = true;
    port.proxyArp = readProxyArp(port, withProxyMac);
  }
  for (const port of topology.routerPorts.values()) {
    const peer = port.row.peer === undefined ? undefined : topology.routerPorts.get(port.row.peer);
    if (peer !== undefined) port.peer = peer;
  }
}

function markMulticastFlood(topology: Topology): void {
  for (const port of topology.routerPorts.values()) {
    if (port.row.enabled !== false && flag(port.row.options, "mcast_flood", false)) port.datapath.floodStatic = true;
  }
  for (const port of topology.switchPorts.values()) {
    if (port.row.enabled !== false && flag(port.row.options, "mcast_flood", false)) port.datapath.floodStatic = true;
  }
}

const noLbIps = (): RouterDatapath["lbIps"] => ({
  v4: new Set(), v6: new Set(), v4Routable: new Set(), v6Routable: new Set(), v4Reachable: new Set(), v6Reachable: new Set(),
});

/**
 * Builds datapaths and ports out of the rows and connects them.
 *
 * Keys are given out in row order; the real northd's order depends on its hash tables.
 *
 * @see OVN 23.09, northd.c, build_datapaths and build_ports
 */
export function buildTopology(nb: NorthboundDb, byUuid: ByUuid, options: { readonly proxyArpMac: boolean }): Topology {
  const enabledRouters = nb.Logical_Router.filter((row) => row.enabled !== false);
  const rows: readonly (LogicalSwitchRow | LogicalRouterRow)[] = [...nb.Logical_Switch, ...enabledRouters];
  const keys = assignKeys(rows, (row) => numberOption("other_config" in row ? row.other_config : row.options, "requested-tnl-key", 0));
  const switches = nb.Logical_Switch.map((row): SwitchDatapath => ({
    type: "switch", name: row.name, key: keys.get(row) ?? 0, row, ports: [], loadBalancers: [], hasLbVip: false, routerPorts: [],
    localnetPorts: [], hasUnknown: false, hasVtepPorts: false, hasArpProxyPort: false, floodRelay: false, floodStatic: false,
  }));
  const routers = enabledRouters.map((row): RouterDatapath => ({
    type: "router", name: row.name, key: keys.get(row) ?? 0, row, ports: [], loadBalancers: [], hasLbVip: false,
    isGateway: row.options["chassis"] !== undefined, mcastRelay: flag(row.options, "mcast_relay", false), floodStatic: false,
    gatewayPorts: [], switches: [], redirectBridged: false, lbIps: noLbIps(), ...natsOf(row, byUuid),
  }));
  const topology = { switches, routers, switchPorts: new Map<string, SwitchPort>(), routerPorts: new Map<string, RouterPort>() };
  for (const datapath of switches) addSwitchPorts(datapath, byUuid, topology.switchPorts);
  for (const datapath of routers) addRouterPorts(datapath, byUuid, topology.routerPorts);
  connect(topology, options.proxyArpMac);
  markMulticastFlood(topology);
  return topology;
}

/** Lets distributed gateway ports announce the routable addresses of their router; load balancers must be attached by now. */
export function assignRoutableAddresses(topology: Topology): void {
  for (const router of topology.routers) {
    for (const [index, port] of router.gatewayPorts.entries()) {
      port.routable = routerAddressesOf(port, { routableOnly: true, loadBalancers: true, gatewayPorts: index + 1 })
        .flatMap((text) => parseAddresses(text) ?? []);
    }
  }
}

/** Says which rows need a fact that only the real northd has. */
export function topologyCaveats(nb: NorthboundDb): readonly Caveat[] {
  return nb.Logical_Switch_Port
    .filter((row) => row.addresses.some(isDynamic) && row.dynamic_addresses === undefined)
    .map((row) => ({
      code: "northd/dynamic-address",
      problem: `the address of "${row.name}" is assigned by OVN and not known here`,
      ...(row.origin === undefined ? {} : { origin: row.origin }),
    }));
}
