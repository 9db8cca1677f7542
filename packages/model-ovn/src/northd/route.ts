import type { LogicalRouterStaticRouteRow } from "../northbound.ts";
import type { RouterPort } from "./model.ts";

/** A static route that northd would use. */
export interface Route {
  readonly row: LogicalRouterStaticRouteRow;
  readonly family: 4 | 6;
  readonly network: string;
  readonly length: number;
  readonly isSource: boolean;
  readonly table: number;
  readonly discards: boolean;
  readonly symmetricReply: boolean;
  /** Extra priority of the route's kind. */
  readonly offset: number;
  readonly way: Way | undefined;
}

/** The port a route leaves through and the port's address there. */
export interface Way {
  readonly port: RouterPort;
  readonly source: string;
}

/** Match and priority of a route: the longer prefix wins, then connected over static over by-source. */
export function routeMatch(route: {
  readonly inport?: RouterPort | undefined; readonly table: number; readonly family: 4 | 6; readonly network: string;
  readonly length: number; readonly isSource: boolean; readonly offset: number;
}): { readonly match: string; readonly priority: number } {
  const offset = route.isSource ? 0 : route.offset;
  const inport = route.inport === undefined ? "" : `inport == ${route.inport.quoted} && `;
  const table = route.table !== 0 || offset === 1 ? `reg7 == ${route.table} && ` : "";
  const field = `ip${route.family}.${route.isSource ? "src" : "dst"}`;
  return { match: `${inport}${table}${field} == ${route.network}/${route.length}`, priority: route.length * 3 + offset };
}
