import type { Build, RouterDatapath, RouterPort } from "./model.ts";
import { routeMatch, type Route } from "./route.ts";

/** Routes that share the traffic to one destination. */
export interface EcmpGroup {
  readonly id: number;
  readonly routes: readonly Route[];
}

const ecmpMac = "push(xxreg1); xxreg1 = ct_label; eth.dst = xxreg1[32..79]; pop(xxreg1); next;";

/** Sends replies back through the gateway the request came from. */
function symmetricReplyFlows(build: Build, router: RouterDatapath, route: Route, port: RouterPort, match: string): void {
  const { flows, features, version } = build;
  const remembers = version === "23.03";
  const v6 = route.family === 6;
  const field = `${features.ctNoMaskedLabel ? "ct_mark" : "ct_label"}.ecmp_reply_port`;
  const base = `inport == ${port.quoted} && ip${route.family}.${route.isSource ? "dst" : "src"} == ${route.network}`
    + (route.length === (v6 ? 128 : 32) ? "" : `/${route.length}`);
  const add = (stage: Parameters<typeof flows.add>[1], priority: number, text: string, action: string): void =>
    flows.add(router, stage, priority, text, action, { row: route.row });
  add("lr_in_defrag", 100, base, remembers ? "reg9[5] = chk_ecmp_nh_mac(); ct_next;" : "ct_next;");
  add("lr_in_defrag", 100, match, remembers ? "reg9[5] = chk_ecmp_nh(); ct_next;" : "ct_next;");
  for (const protocol of ["tcp", "udp", "sctp"]) {
    const next = remembers ? `commit_ecmp_nh(ipv6 = ${String(v6)}, proto = ${protocol}); next;` : "next;";
    const commit = `ct_commit { ct_label.ecmp_reply_eth = eth.src;  ${field} = ${port.key};}; ${next}`;
    add("lr_in_ecmp_stateful", 100, `${base} && (ct.new && !ct.est) && ${protocol}`, commit);
    add("lr_in_ecmp_stateful", 100, `${base} && (!ct.rpl && ct.est) && ${protocol}${remembers ? " && reg9[5] == 0" : ""}`, commit);
  }
  const reply = `ct.rpl && ${remembers ? "reg9[5] == 1 && " : ""}${field} == ${port.key}`;
  const source = route.way?.source ?? "";
  const back = `ip.ttl--; flags.loopback = 1; eth.src = ${port.networks.mac}; ${v6 ? "xx" : ""}reg1 = ${source}; `
    + `outport = ${port.quoted}; next;`;
  add("lr_in_ip_routing", 10300, `${reply} && ${match}`, back);
  add("lr_in_policy", 65535, reply, "next;");
  add("lr_in_arp_resolve", 200, reply, ecmpMac);
}

/**
 * Flows of routes with several next hops: one picks a member, each member sets its next hop.
 *
 * @see OVN 23.09, northd.c, build_ecmp_route_flow
 */
export function ecmpFlows(build: Build, router: RouterDatapath, group: EcmpGroup): void {
  const { flows } = build;
  const [first] = group.routes;
  if (first === undefined) return;
  const { match, priority } = routeMatch(first);
  const members = group.routes.map((_, index) => index + 1).join(", ");
  const select = `ip.ttl--; flags.loopback = 1; reg8[0..15] = ${group.id}; reg8[16..31] = select(${members});`;
  flows.add(router, "lr_in_ip_routing", priority, match, select, { row: first.row });
  const [hop, source] = first.family === 4 ? ["reg0", "reg1"] : ["xxreg0", "xxreg1"];
  const seen = new Set<RouterPort>();
  for (const [index, route] of group.routes.entries()) {
    const { way } = route;
    if (way === undefined) continue;
    if (router.isGateway && route.symmetricReply && !seen.has(way.port)) {
      seen.add(way.port);
      symmetricReplyFlows(build, router, route, way.port, match);
    }
    const action = `${hop} = ${route.row.nexthop}; ${source} = ${way.source}; eth.src = ${way.port.networks.mac}; `
      + `outport = ${way.port.quoted}; next;`;
    const member = `reg8[0..15] == ${group.id} && reg8[16..31] == ${index + 1}`;
    flows.add(router, "lr_in_ip_routing_ecmp", 100, member, action, { row: route.row });
  }
}
