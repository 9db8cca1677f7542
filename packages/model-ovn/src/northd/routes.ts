import type { BFDRow, LogicalRouterPortRow, LogicalRouterStaticRouteRow } from "../northbound.ts";
import { ownAddressFor } from "./address.ts";
import { ecmpFlows } from "./ecmp-routes.ts";
import { isLinkLocal, maskOf, parseCidr, parseIpv6, printIp } from "./ip.ts";
import { type Route, routeMatch, type Way } from "./route.ts";
import { flag, rowOf, rowsOf, type Build, type RouterDatapath, type RouterPort } from "./model.ts";

/** Finds the way of a route; absent when no port has the next hop in its network. */
function wayOf(build: Build, router: RouterDatapath, row: LogicalRouterStaticRouteRow, family: 4 | 6): Way | undefined {
  if (row.output_port !== undefined) {
    const port = build.routerPorts.get(row.output_port);
    if (port === undefined) return undefined;
    const source = (row.nexthop === "" ? undefined : ownAddressFor(port.networks, row.nexthop))
      ?? (family === 4 ? port.networks.v4 : port.networks.v6)[0]?.text;
    return source === undefined ? undefined : { port, source };
  }
  if (row.nexthop === "") return undefined;
  for (const port of router.ports as RouterPort[]) {
    const source = ownAddressFor(port.networks, row.nexthop);
    if (source !== undefined) return { port, source };
  }
  return undefined;
}

function readRoute(build: Build, router: RouterDatapath, row: LogicalRouterStaticRouteRow, tableOf: (name: string) => number): Route | undefined {
  const discards = row.nexthop === "discard";
  const prefix = parseCidr(row.ip_prefix);
  if (prefix === undefined) return undefined;
  if (!discards && row.nexthop !== "") {
    const nexthop = parseCidr(row.nexthop);
    if (nexthop === undefined || nexthop.family !== prefix.family || nexthop.length !== (nexthop.family === 4 ? 32 : 128)) return undefined;
  }
  const way = wayOf(build, router, row, prefix.family);
  if (!discards && way === undefined) return undefined;
  const bfd = rowOf<BFDRow>(build, row.bfd);
  // A new BFD session is down until the chassis reports otherwise.
  if (bfd !== undefined && bfd.dst_ip === row.nexthop && (bfd.status ?? "admin_down") !== "up" && bfd.status !== "init") return undefined;
  return {
    row, family: prefix.family, network: printIp(prefix.family, prefix.value & maskOf(prefix.family, prefix.length)),
    length: prefix.length, isSource: row.policy === "src-ip", table: tableOf(row.route_table), discards,
    symmetricReply: flag(row.options, "ecmp_symmetric_reply", false),
    offset: row.options["origin"] === "connected" ? 2 : 1, way,
  };
}

/** One route as a flow; `gateway` is absent for connected networks. */
function routeFlow(
  { flows }: Build,
  router: RouterDatapath,
  route: Pick<Route, "family" | "network" | "length" | "isSource" | "table" | "offset" | "way"> & { readonly gateway?: string },
  row: LogicalRouterStaticRouteRow | LogicalRouterPortRow,
): void {
  const { family, way } = route;
  const local = family === 6 && isLinkLocal(parseIpv6(route.network) ?? 0n) ? way?.port : undefined;
  const { match, priority } = routeMatch({ ...route, inport: local });
  if (way === undefined) {
    flows.add(router, "lr_in_ip_routing", priority, match, "drop;", { row });
    return;
  }
  const [hop, source] = family === 4 ? ["reg0", "reg1"] : ["xxreg0", "xxreg1"];
  const gateway = route.gateway === undefined || route.gateway === "" ? `ip${family}.dst` : route.gateway;
  const actions = `reg8[0..15] = 0; ${hop} = ${gateway}; ${source} = ${way.source}; eth.src = ${way.port.networks.mac}; `
    + `outport = ${way.port.quoted}; flags.loopback = 1; next;`;
  const owner = way.port.datapath;
  flows.add(owner, "lr_in_ip_routing", priority, match, `ip.ttl--; ${actions}`, { row });
  if (way.port.hasBfd) flows.add(owner, "lr_in_ip_routing", priority + 1, `${match} && udp.dst == 3784`, actions, { row });
}

const sameDestination = (route: Route): string => `${route.family} ${route.network}/${route.length} ${String(route.isSource)} ${route.table}`;

function routeTables(build: Build, router: RouterDatapath): (name: string) => number {
  const tables = new Map<string, number>();
  const tableOf = (name: string): number => {
    if (name === "") return 0;
    const known = tables.get(name) ?? tables.size + 1;
    tables.set(name, known);
    return known;
  };
  for (const row of rowsOf<LogicalRouterPortRow>(build, router.row.ports)) {
    const table = tableOf(row.options["route_table"] ?? "");
    if (table !== 0) build.flows.add(router, "lr_in_ip_routing_pre", 100, `inport == "${row.name}"`, `reg7 = ${table}; next;`, { row });
  }
  return tableOf;
}

/**
 * Static routes; several to the same destination share the traffic (ECMP).
 *
 * @see OVN 23.09, northd.c, build_static_route_flows_for_lrouter
 */
export function staticRouteFlows(build: Build, router: RouterDatapath): void {
  const { flows } = build;
  flows.add(router, "lr_in_ip_routing_pre", 0, "1", "reg7 = 0; next;");
  flows.add(router, "lr_in_ip_routing_ecmp", 150, "reg8[0..15] == 0", "next;");
  flows.add(router, "lr_in_ip_routing_ecmp", 0, "1", "drop;");
  flows.add(router, "lr_in_ip_routing", 0, "1", "drop;");
  const tableOf = routeTables(build, router);
  const groups = new Map<string, Route[]>();
  for (const row of rowsOf<LogicalRouterStaticRouteRow>(build, router.row.static_routes)) {
    const route = readRoute(build, router, row, tableOf);
    if (route === undefined) continue;
    const group = groups.get(sameDestination(route));
    if (group === undefined) groups.set(sameDestination(route), [route]);
    else group.push(route);
  }
  let id = 0;
  for (const routes of groups.values()) {
    const [first] = routes;
    if (first === undefined) continue;
    if (routes.length > 1) ecmpFlows(build, router, { id: ++id, routes });
    else routeFlow(build, router, { ...first, way: first.discards ? undefined : first.way, gateway: first.row.nexthop }, first.row);
  }
}

/** Routes to the networks of a router's port. */
export function connectedRouteFlows(build: Build, port: RouterPort): void {
  for (const { family, networkText, length, text } of [...port.networks.v4, ...port.networks.v6]) {
    const route = { family, network: networkText, length, isSource: false, table: 0, offset: 2, way: { port, source: text } };
    routeFlow(build, port.datapath, route, port.row);
  }
  const [own] = port.networks.v4;
  if (port.peer?.type !== "switch" || own === undefined) return;
  for (const neighbour of port.peer.datapath.routerPorts) {
    if (neighbour.peer === undefined || neighbour.peer === port) continue;
    for (const { networkText, length } of neighbour.peer.routable.flatMap((addresses) => addresses.v4)) {
      const way = { port, source: own.text };
      routeFlow(build, port.datapath, { family: 4, network: networkText, length, isSource: false, table: 0, offset: 2, way }, port.row);
    }
  }
}
