import type { LogicalRouterStaticRouteRow } from "../northbound.ts";
import { parseIpv6, printIp, printMac, solicitedNode } from "./ip.ts";
import { controlMeter, isEnabled, isGatewayPort, numberOption, rowsOf, type Build, type RouterDatapath, type RouterPort } from "./model.ts";
import { gatewayMtuFlow } from "./router-admission.ts";
import type { StageName } from "./stage.ts";

function tooBigFlows(build: Build, port: RouterPort, options: { readonly mtu: number; readonly stage: StageName; readonly outport?: RouterPort }): void {
  const { flows } = build;
  const out = options.outport === undefined ? "" : `outport == ${options.outport.quoted} && `;
  const table = flows.table("lr_in_admission");
  const head = `{reg9[0] = 1; reg9[1] = 0; eth.dst = ${port.networks.mac}; `;
  const match = (ip: string): string => `inport == ${port.quoted} && ${out}${ip} && reg9[1] && reg9[0] == 0`;
  const { v4: [v4], v6: [v6] } = port.networks;
  if (v4 !== undefined) {
    const action = `icmp4_error ${head}ip4.dst = ip4.src; ip4.src = ${v4.text}; ip.ttl = 255; icmp4.type = 3; `
      + `/* Destination Unreachable. */ icmp4.code = 4; /* Frag Needed and DF was Set. */ icmp4.frag_mtu = ${options.mtu}; `
      + `next(pipeline=ingress, table=${table}); };`;
    const meter = controlMeter(build, port.datapath, "icmp4-error");
    flows.add(port.datapath, options.stage, 150, match("ip4"), action, { row: port.row, meter });
  }
  if (v6 !== undefined) {
    const action = `icmp6_error ${head}ip6.dst = ip6.src; ip6.src = ${v6.text}; ip.ttl = 255; icmp6.type = 2; `
      + `/* Packet Too Big. */ icmp6.code = 0; icmp6.frag_mtu = ${options.mtu}; next(pipeline=ingress, table=${table}); };`;
    const meter = controlMeter(build, port.datapath, "icmp6-error");
    flows.add(port.datapath, options.stage, 150, match("ip6"), action, { row: port.row, meter });
  }
}

/** Answers packets larger than a port's gateway MTU with the size that fits. */
export function packetLengthFlows(build: Build, router: RouterDatapath): void {
  build.flows.add(router, "lr_in_chk_pkt_len", 0, "1", "next;");
  build.flows.add(router, "lr_in_larger_pkts", 0, "1", "next;");
  for (const port of router.ports as RouterPort[]) {
    const mtu = numberOption(port.row.options, "gateway_mtu", 0);
    if (mtu <= 0) continue;
    gatewayMtuFlow(build, port, { stage: "lr_in_chk_pkt_len", match: `outport == ${port.quoted}`, action: "next;", row: port.row });
    tooBigFlows(build, port, { mtu, stage: "lr_in_ip_input" });
    for (const other of router.ports as RouterPort[]) {
      if (other !== port) tooBigFlows(build, other, { mtu, stage: "lr_in_larger_pkts", outport: port });
    }
  }
}

/**
 * Sends packets for a distributed gateway port to the chassis that hosts it.
 *
 * @see OVN 23.09, northd.c, build_gateway_redirect_flows_for_lrouter
 */
export function gatewayRedirectFlows({ flows }: Build, router: RouterDatapath): void {
  flows.add(router, "lr_in_gw_redirect", 0, "1", "next;");
  for (const port of router.gatewayPorts) {
    if (!isGatewayPort(port) || (port.peer?.type === "switch" && port.peer.datapath.hasVtepPorts)) continue;
    const match = `outport == ${port.quoted}`;
    const action = `outport = ${port.redirect.quoted}; next;`;
    flows.add(router, "lr_in_gw_redirect", 50, match, action, { row: port.row });
    let first = true;
    for (const nat of router.nats) {
      const stateless = nat.row.options["stateless"] === "true" && nat.row.type === "dnat_and_snat";
      const set = nat.allowed ?? nat.exempted;
      if (!stateless || set === undefined) continue;
      const ip = nat.isV6 ? "ip6" : "ip4";
      const extended = `${match} && ${ip}.src == $${set.name}`;
      flows.add(router, "lr_in_gw_redirect", 75, extended, nat.allowed === undefined ? "drop;" : action, { row: port.row });
      if (nat.allowed !== undefined && first) {
        flows.add(router, "lr_in_gw_redirect", 70, `ip && ${ip}.dst == ${nat.row.external_ip}`, "drop;");
        first = false;
      }
    }
  }
}

/** Asks for the MAC address of a next hop that is still unknown, and lets the rest out. */
export function addressRequestFlows(build: Build, router: RouterDatapath): void {
  const { flows } = build;
  const meter = controlMeter(build, router, "nd-ns-resolve");
  for (const row of rowsOf<LogicalRouterStaticRouteRow>(build, router.row.static_routes)) {
    const hop = parseIpv6(row.nexthop);
    if (hop === undefined) continue;
    const group = solicitedNode(hop);
    const action = `nd_ns { eth.dst = ${printMac((0x3333n << 32n) | (group & 0xffffffffn))}; ip6.dst = ${printIp(6, group)}; `
      + `nd.target = ${row.nexthop}; output; };`;
    const match = `eth.dst == 00:00:00:00:00:00 && ip6 && xxreg0 == ${row.nexthop}`;
    flows.add(router, "lr_in_arp_request", 200, match, action, { row, meter });
  }
  const arp = "arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg1; arp.tpa = reg0; arp.op = 1; output; };";
  const unknown = "eth.dst == 00:00:00:00:00:00";
  flows.add(router, "lr_in_arp_request", 100, `${unknown} && ip4`, arp, { meter: controlMeter(build, router, "arp-resolve") });
  flows.add(router, "lr_in_arp_request", 100, `${unknown} && ip6`, "nd_ns { nd.target = xxreg0; output; };", { meter });
  flows.add(router, "lr_in_arp_request", 0, "1", "output;");
}

/** Multicast and router advertisements among the routes of a router. */
export function multicastRouteFlows({ flows }: Build, router: RouterDatapath): void {
  const add = (priority: number, match: string, action: string): void => flows.add(router, "lr_in_ip_routing", priority, match, action);
  add(10550, "nd_rs || nd_ra", "drop;");
  if (!router.mcastRelay) return;
  if (!router.floodStatic) {
    add(10450, "ip4.mcast || ip6.mcast", "drop;");
    return;
  }
  for (const port of router.ports as RouterPort[]) {
    add(10550, `eth.src == ${port.networks.mac} && igmp`, "drop;");
    add(10550, `eth.src == ${port.networks.mac} && (mldv1 || mldv2)`, "drop;");
  }
  add(10460, "igmp", 'clone { outport = "_MC_static"; next; };');
  add(10460, "mldv1 || mldv2", 'clone { outport = "_MC_static"; next; };');
  add(10450, "ip4.mcast || ip6.mcast", 'clone { outport = "_MC_static"; ip.ttl--; next; };');
}

/** Hands packets to a router's ports. */
export function deliveryFlows({ flows }: Build, port: RouterPort): void {
  if (!isEnabled(port.row)) return;
  const router = port.datapath;
  if (router.mcastRelay) {
    const action = `eth.src = ${port.networks.mac}; output;`;
    flows.add(router, "lr_out_delivery", 110, `(ip4.mcast || ip6.mcast) && outport == ${port.quoted}`, action, { row: port.row });
  }
  flows.add(router, "lr_out_delivery", 100, `outport == ${port.quoted}`, "output;", { row: port.row });
  flows.add(router, "lr_out_delivery", 0, "1", "drop;");
}
