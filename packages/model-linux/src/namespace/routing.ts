import type { Address, Origin } from "@hopscope/core";
import { addressPart, type Cidr, contains, parseCidr } from "../address/cidr.ts";
import type { NetworkInterface, NetworkNamespace, Route, RoutingRule } from "./namespace.ts";

/** A route as the look-up uses it. */
interface Entry {
  readonly range: Cidr;
  readonly route: Route;
}
interface Policy {
  readonly priority: number;
  readonly rule: RoutingRule;
}

/** A namespace's tables and rules, made for look-ups. @internal */
export interface Routing {
  readonly interfaces: readonly NetworkInterface[];
  readonly tables: ReadonlyMap<string, readonly Entry[]>;
  readonly policies: readonly Policy[];
  readonly origin: Origin;
}

export interface RouteKey {
  readonly dst: Address;
  readonly src?: Address;
  readonly mark: number;
  /** Absent for packets of the namespace itself. */
  readonly iif?: string;
}

/** Where a packet goes. `text` prints the deciding route as `ip route` does. */
export type Routed =
  | { readonly type: "local"; readonly dev: string; readonly src?: Address; readonly text: string; readonly origin: Origin }
  | { readonly type: "unicast"; readonly dev: string; readonly via?: Address; readonly src?: Address; readonly text: string; readonly origin: Origin }
  | { readonly type: "none"; readonly why: "unreachable" | "blackhole" | "prohibit" | "no-route"; readonly text: string; readonly origin: Origin };

const LOOPBACK: NetworkInterface = { name: "lo", addresses: ["127.0.0.1/8", "::1/128"], mtu: 65536 };
const TABLE_NAMES: Readonly<Record<string, string>> = { "255": "local", "254": "main", "253": "default" };
const tableName = (table: string | undefined): string => (table === undefined ? "main" : (TABLE_NAMES[table] ?? table));

/** Derives the local table and the connected routes, and orders everything for look-ups. @internal */
export function routingOf(namespace: NetworkNamespace): Routing {
  const listed = namespace.interfaces.find(({ name }) => name === "lo");
  const loopback = listed === undefined ? LOOPBACK : { ...listed, addresses: [...LOOPBACK.addresses, ...listed.addresses.filter((address) => !LOOPBACK.addresses.includes(address))] };
  const interfaces = [loopback, ...namespace.interfaces.filter(({ name }) => name !== "lo")];
  const tables = new Map<string, Entry[]>();
  const add = (route: Route): void => {
    const name = tableName(route.table);
    const v6 = [route.via, route.src].some((address) => address?.includes(":")) || route.to.includes(":");
    const to = route.to === "default" ? (v6 ? "::/0" : "0.0.0.0/0") : route.to;
    const range = parseCidr(to);
    if (range === undefined) return;
    const table = tables.get(name);
    if (table === undefined) tables.set(name, [{ range, route }]);
    else table.push({ range, route });
  };
  for (const { name, addresses } of interfaces) {
    for (const address of addresses) {
      const host = addressPart(address);
      add({ to: host, dev: name, table: "local", type: "local", src: host });
      const range = parseCidr(address);
      if (name === "lo" && range?.version === 4 && range.bits < 32) add({ to: address, dev: name, table: "local", type: "local", src: host });
      else if (range !== undefined && range.bits < (range.version === 4 ? 32 : 128)) add({ to: address, dev: name, src: host });
    }
  }
  namespace.routes.forEach(add);
  for (const entries of tables.values()) entries.sort((left, right) => right.range.bits - left.range.bits || (left.route.metric ?? 0) - (right.route.metric ?? 0));

  const own = (namespace.rules ?? []).map((rule, index): Policy => ({ priority: rule.priority ?? 32765 - index, rule }));
  const policies = [{ priority: 0, rule: { table: "local" } }, ...own, { priority: 32766, rule: { table: "main" } }, { priority: 32767, rule: { table: "default" } }];
  policies.sort((left, right) => left.priority - right.priority);
  return { interfaces, tables, policies, origin: namespace.origin ?? { object: namespace.place ?? namespace.id } };
}

/**
 * Looks up the way of a packet: routing rules by priority, in each table the longest prefix with the lowest metric.
 *
 * @see Linux 5.14, net/ipv4/fib_rules.c, net/ipv4/fib_trie.c fib_table_lookup; ip-rule(8)
 */
export function lookupRoute(routing: Routing, key: RouteKey): Routed {
  for (const { rule } of routing.policies) {
    if (!applies(rule, key)) continue;
    const found = routing.tables.get(tableName(rule.table))?.find(({ range, route }) => contains(range, key.dst) && isUsable(routing, route));
    if (found === undefined) continue;
    const { route } = found;
    if (route.type === "throw") continue;
    const text = printRoute(route);
    const origin = route.origin ?? rule.origin ?? routing.origin;
    if (route.type === "blackhole" || route.type === "unreachable" || route.type === "prohibit") return { type: "none", why: route.type, text, origin };
    if (route.type === "local") return { type: "local", dev: "lo", src: sourceOf(routing, route, key.dst), text, origin };
    const dev = route.dev ?? routing.interfaces.find(({ addresses }) => addresses.some((address) => connected(address, route.via)))?.name;
    if (dev === undefined) continue;
    return { type: "unicast", dev, via: route.via, src: route.src ?? selectSource(routing, dev, route.via ?? key.dst), text, origin };
  }
  return { type: "none", why: "no-route", text: "no route", origin: routing.origin };
}

const isUsable = (routing: Routing, route: Route): boolean => route.dev === undefined || route.type === "local" || routing.interfaces.some(({ name }) => name === route.dev);

function applies(rule: RoutingRule, key: RouteKey): boolean {
  if (rule.fwmark !== undefined && ((key.mark & (rule.fwmark.mask ?? 0xffffffff)) >>> 0) !== rule.fwmark.value) return false;
  if (rule.iif !== undefined && rule.iif !== (key.iif ?? "lo")) return false;
  if (rule.oif !== undefined) return false;
  return inside(rule.from, key.src) && inside(rule.to, key.dst);
}

function inside(range: string | undefined, address: Address | undefined): boolean {
  if (range === undefined || range === "all") return true;
  const parsed = parseCidr(range);
  return parsed !== undefined && address !== undefined && contains(parsed, address);
}

const connected = (address: string, other: Address | undefined): boolean => other !== undefined && inside(address, other);

/** For a local destination Linux answers from that very address, or from 127.0.0.1 for all of 127/8. */
function sourceOf(routing: Routing, route: Route, dst: Address): Address | undefined {
  if (route.src !== undefined) return route.src;
  return ownerOf(routing, dst) === undefined ? selectSource(routing, route.dev ?? "lo", dst) : dst;
}

/** The interface that has an address. @internal */
export const ownerOf = (routing: Routing, address: Address): NetworkInterface | undefined =>
  routing.interfaces.find(({ addresses }) => addresses.some((own) => addressPart(own) === address));

/**
 * An interface's address toward a next hop: one of the same network, else the first; without any, another interface's.
 *
 * `scope` "global" passes over 127/8, which no translation may show.
 *
 * @see Linux 5.14, net/ipv4/devinet.c inet_select_addr
 * @internal
 */
export function selectSource(routing: Routing, dev: string, toward: Address, scope: "host" | "global" = "host"): Address | undefined {
  const version = toward.includes(":");
  const own = routing.interfaces.find(({ name }) => name === dev)?.addresses ?? [];
  const candidates = own.filter((address) => address.includes(":") === version && (scope === "host" || !/^(127\.|::1\/)/.test(address)));
  const near = candidates.find((address) => connected(address, toward)) ?? candidates[0];
  if (near !== undefined) return addressPart(near);
  const other = routing.interfaces.filter(({ name }) => name !== "lo").flatMap(({ addresses }) => addresses.filter((address) => address.includes(":") === version))[0];
  return other === undefined ? undefined : addressPart(other);
}

/** The routing type of an address. @internal */
export function addressType(routing: Routing, address: Address, onInterface?: string): string {
  if (/^(22[4-9]|23\d)\./.test(address) || address.toLowerCase().startsWith("ff")) return "MULTICAST";
  if (address === "255.255.255.255" || isSubnetBroadcast(routing, address)) return "BROADCAST";
  const local = routing.tables.get("local")?.find(({ range, route }) => route.type === "local" && contains(range, address));
  if (local === undefined) return "UNICAST";
  return onInterface === undefined || local.route.dev === onInterface ? "LOCAL" : "UNICAST";
}

function isSubnetBroadcast(routing: Routing, address: Address): boolean {
  const parsed = parseCidr(address);
  if (parsed?.version !== 4) return false;
  return routing.interfaces.some(({ name, addresses }) =>
    name !== "lo" && addresses.some((own) => {
      const range = parseCidr(own);
      return range?.version === 4 && range.bits < 31 && parsed.value === range.value + (1n << BigInt(32 - range.bits)) - 1n;
    }),
  );
}

function printRoute(route: Route): string {
  const parts = [route.type === undefined || route.type === "unicast" ? "" : route.type, route.to];
  if (route.via !== undefined) parts.push("via", route.via);
  if (route.dev !== undefined) parts.push("dev", route.dev);
  if (route.src !== undefined) parts.push("src", route.src);
  if (route.table !== undefined && tableName(route.table) !== "main") parts.push("table", route.table);
  return parts.filter((part) => part !== "").join(" ");
}
