import type { AddressSetRow, LogicalRouterPortRow, LogicalRouterRow, NATRow, NorthboundRow, Uuid } from "../northbound.ts";
import { noAddresses, ownAddressFor, parseIpList, type Addresses } from "./address.ts";
import { parseIpv4, parseIpv6, parseMac, printMac } from "./ip.ts";
import { flag, isGatewayPort, residentOn, rowOf, rowsOf, type Nat, type RouterDatapath, type RouterPort } from "./model.ts";

type NatFacts = Pick<
  RouterDatapath,
  "nats" | "externalIps" | "snatIps" | "dnatForceSnat" | "lbForceSnat" | "lbForceSnatRouterIp" | "hasDistributedNat"
>;

function readNat(row: NATRow, byUuid: ReadonlyMap<Uuid, NorthboundRow>): Nat {
  const parsed = parseIpList(row.external_ip);
  const only = parsed === undefined || parsed.v4.length + parsed.v6.length !== 1 ? undefined : (parsed.v4[0] ?? parsed.v6[0]);
  return {
    row, valid: only !== undefined, isV6: only?.family === 6, externalText: only?.text ?? row.external_ip,
    externalSolicited: only?.solicitedText ?? "",
    allowed: rowOf<AddressSetRow>({ byUuid }, row.allowed_ext_ips),
    exempted: rowOf<AddressSetRow>({ byUuid }, row.exempted_ext_ips),
    gatewayPort: rowOf<LogicalRouterPortRow>({ byUuid }, row.gateway_port),
  };
}

const firstIps = (addresses: Addresses): string[] =>
  [addresses.v4[0]?.text, addresses.v6[0]?.text].filter((text) => text !== undefined);

/** Works out what a router's NAT rows and force-SNAT options amount to. */
export function natsOf(row: LogicalRouterRow, byUuid: ReadonlyMap<Uuid, NorthboundRow>): NatFacts {
  const nats = rowsOf<NATRow>({ byUuid }, row.nat).map((nat) => readNat(nat, byUuid));
  const forced = (option: string): Addresses => parseIpList(row.options[option] ?? "") ?? noAddresses;
  const lbForceSnatRouterIp = row.options["lb_force_snat_ip"] === "router_ip" && row.options["chassis"] !== undefined;
  const dnatForceSnat = forced("dnat_force_snat_ip");
  const lbForceSnat = lbForceSnatRouterIp ? noAddresses : forced("lb_force_snat_ip");
  const snatIps = new Map<string, Nat | undefined>();
  for (const text of [...firstIps(dnatForceSnat), ...firstIps(lbForceSnat)]) snatIps.set(text, undefined);
  for (const nat of nats) {
    if (nat.valid && nat.row.type === "snat") snatIps.set(nat.externalText, snatIps.get(nat.externalText) ?? nat);
  }
  return {
    nats, externalIps: new Set(nats.map((nat) => nat.row.external_ip)), snatIps, dnatForceSnat, lbForceSnat, lbForceSnatRouterIp,
    hasDistributedNat: nats.some((nat) => nat.valid && isDistributed(nat.row)),
  };
}

/** Whether a translation is done on the chassis of the port it serves. */
export const isDistributed = (row: NATRow): boolean =>
  row.type === "dnat_and_snat" && row.logical_port !== undefined && row.external_mac !== undefined;

/** Whether a translation belongs to a gateway port (always, when the router has one at most). */
export function belongsTo(nat: Nat, port: RouterPort, gatewayPorts = port.datapath.gatewayPorts.length): boolean {
  if (gatewayPorts <= 1) return true;
  return nat.gatewayPort === undefined
    ? ownAddressFor(port.networks, nat.row.external_ip) !== undefined
    : nat.gatewayPort === port.row;
}

/**
 * The addresses a router answers for besides its own, as `MAC IP… [is_chassis_resident(…)]`.
 *
 * @see OVN 23.09, northd.c, get_nat_addresses
 */
export function routerAddressesOf(
  port: RouterPort,
  options: {
    readonly routableOnly: boolean;
    readonly loadBalancers: boolean;
    /** How many gateway ports the router counts by now; northd asks while it still collects them. */
    readonly gatewayPorts: number;
  },
): readonly string[] {
  const router = port.datapath;
  if (router.nats.length === 0 && !router.hasLbVip) return [];
  const result: string[] = [];
  const central: string[] = [];
  const own = new Set([...port.networks.v4, ...port.networks.v6].map((address) => address.text));
  for (const nat of router.nats) {
    if (options.routableOnly && (nat.row.type === "snat" || !flag(nat.row.options, "add_route", false))) continue;
    if (parseIpv4(nat.row.external_ip) === undefined || !belongsTo(nat, port, options.gatewayPorts)) continue;
    const mac = router.gatewayPorts.length > 0 && isDistributed(nat.row) ? parseMac(nat.row.external_mac ?? "") : undefined;
    if (mac !== undefined) {
      result.push(`${printMac(mac)} ${nat.row.external_ip} is_chassis_resident("${nat.row.logical_port ?? ""}")`);
    } else if (!(router.gatewayPorts.length > 0 && isDistributed(nat.row)) && !own.has(nat.row.external_ip)) {
      central.push(nat.row.external_ip);
    }
  }
  if (options.loadBalancers) {
    const { lbIps } = router;
    central.push(...(options.routableOnly ? [...lbIps.v4Routable, ...lbIps.v6Routable] : [...lbIps.v4, ...lbIps.v6]));
  }
  if (central.length > 0) {
    result.push([port.networks.mac, ...central, ...(isGatewayPort(port) ? [residentOn(port)] : [])].join(" "));
  }
  return result;
}

/** A translation with everything its flows need. */
export interface CheckedNat {
  readonly nat: Nat;
  readonly isV6: boolean;
  readonly prefixLength: number;
  readonly distributed: boolean;
  readonly externalMac: string;
  readonly gatewayPort: RouterPort | undefined;
  readonly stateless: boolean;
}

function prefixLengthOf(text: string, isV6: boolean): number | undefined {
  const [address, suffix] = text.split("/");
  const parsed = isV6 ? parseIpv6(address ?? "") : parseIpv4(address ?? "");
  if (parsed === undefined) return undefined;
  const bits = isV6 ? 128 : 32;
  return suffix === undefined ? bits : /^\d+$/.test(suffix) && Number(suffix) <= bits ? Number(suffix) : undefined;
}

/**
 * Checks a translation and finds its gateway port; absent when northd would not apply it.
 *
 * @see OVN 23.09, northd.c, lrouter_check_nat_entry
 */
export function checkNat(router: RouterDatapath, nat: Nat, ports: ReadonlyMap<string, RouterPort>): CheckedNat | undefined {
  const { row } = nat;
  if (nat.allowed !== undefined && nat.exempted !== undefined) return undefined;
  const isV6 = parseIpv4(row.external_ip) === undefined;
  if (isV6 && parseIpv6(row.external_ip) === undefined) return undefined;
  let gatewayPort: RouterPort | undefined;
  if (nat.gatewayPort !== undefined) {
    gatewayPort = ports.get(nat.gatewayPort.name);
    if (gatewayPort === undefined || gatewayPort.datapath !== router || !isGatewayPort(gatewayPort)) return undefined;
  } else if (router.gatewayPorts.length === 1) gatewayPort = router.gatewayPorts[0];
  else if (router.gatewayPorts.length > 1) {
    gatewayPort = router.gatewayPorts.find((port) => ownAddressFor(port.networks, row.external_ip) !== undefined);
    if (gatewayPort === undefined) return undefined;
  }
  const prefixLength = prefixLengthOf(row.logical_ip, isV6);
  if (prefixLength === undefined || (row.type !== "snat" && prefixLength !== (isV6 ? 128 : 32))) return undefined;
  const distributed = router.gatewayPorts.length > 0 && isDistributed(row);
  const mac = parseMac(row.external_mac ?? "");
  if (distributed && mac === undefined) return undefined;
  return {
    nat, isV6, prefixLength, distributed, externalMac: mac === undefined ? "" : printMac(mac), gatewayPort,
    stateless: flag(row.options, "stateless", false) && row.type === "dnat_and_snat",
  };
}
