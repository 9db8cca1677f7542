import type { NorthboundRow } from "../northbound.ts";
import { addressSet } from "./address.ts";
import { arpReply } from "./arp-responder.ts";
import { isLinkLocal } from "./ip.ts";
import { controlMeter, flag, isGatewayPort, residentOn, type Build, type Nat, type RouterDatapath, type RouterPort } from "./model.ts";
import { belongsTo } from "./nat-entry.ts";
import { portUnreachableFlows } from "./router-unreachable.ts";
import type { StageName } from "./stage.ts";

const drop = "drop;";
const inportMac = "xreg0[0..47]";

/** One question for an address that a router answers, or refuses to. */
interface Answer {
  readonly port?: RouterPort | undefined;
  readonly ip: string;
  readonly mac?: string;
  readonly extra?: string;
  readonly drops?: boolean;
  readonly priority: number;
  readonly row?: NorthboundRow | undefined;
}

const joined = (...parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined && part !== "").join(" && ");

function arpFlow({ flows }: Build, router: RouterDatapath, answer: Answer): void {
  const inport = answer.port === undefined ? "" : `inport == ${answer.port.quoted}`;
  const match = joined(inport, `arp.op == 1 && arp.tpa == ${answer.ip}`, answer.extra);
  const action = answer.drops === true ? drop : arpReply(answer.mac ?? inportMac, "arp.tpa <-> arp.spa");
  flows.add(router, "lr_in_ip_input", answer.priority, match, action, { row: answer.row });
}

function ndFlow(build: Build, router: RouterDatapath, answer: Answer, nd: { readonly action: string; readonly solicited?: string | undefined }): void {
  const inport = answer.port === undefined ? "" : `inport == ${answer.port.quoted}`;
  const group = nd.solicited === undefined ? "" : `ip6.dst == {${answer.ip}, ${nd.solicited}}`;
  const match = joined(inport, group, `nd_ns && nd.target == ${answer.ip}`, answer.extra);
  const mac = answer.mac ?? inportMac;
  const action = answer.drops === true
    ? drop
    : `${nd.action} { eth.src = ${mac}; ip6.src = nd.target; nd.tll = ${mac}; outport = inport; flags.loopback = 1; output; };`;
  const meter = answer.drops === true ? undefined : controlMeter(build, router, "nd-na");
  build.flows.add(router, "lr_in_ip_input", answer.priority, match, action, { row: answer.row, meter });
}

/** The translations a router answers for: destinations, and the first per source address. */
function answeredNats(router: RouterDatapath): readonly Nat[] {
  const destinations = router.nats.filter((nat) => nat.valid && nat.row.type !== "snat");
  return [...destinations, ...[...router.snatIps.values()].filter((nat) => nat !== undefined)];
}

/** What a router drops, whatever port it comes in at, and what it answers for translated addresses. */
export function routerInputFlows(build: Build, router: RouterDatapath): void {
  const { flows } = build;
  const add = (priority: number, match: string, action: string): void => flows.add(router, "lr_in_ip_input", priority, match, action);
  if (router.floodStatic) {
    add(120, "igmp && ip.ttl == 1", "next;");
    add(120, "(mldv1 || mldv2) && ip.ttl == 1", "next;");
  }
  add(100, "ip4.src_mcast ||ip4.src == 255.255.255.255 || ip4.src == 127.0.0.0/8 || ip4.dst == 127.0.0.0/8 || "
    + "ip4.src == 0.0.0.0/8 || ip4.dst == 0.0.0.0/8", drop);
  add(85, "arp || nd", drop);
  add(84, "nd_rs || nd_ra", "next;");
  add(83, "ip6.mcast_rsvd", drop);
  add(82, "ip4.mcast || ip6.mcast", router.mcastRelay ? "next;" : drop);
  add(50, "eth.bcast", drop);
  add(32, "ip.ttl == {0, 1} && !ip.later_frag && (ip4.mcast || ip6.mcast)", drop);
  add(30, "ip.ttl == {0, 1}", drop);
  add(0, "1", "next;");
  for (const nat of answeredNats(router)) {
    const answer = { ip: nat.externalText, priority: 90, row: nat.row };
    if (nat.isV6) ndFlow(build, router, answer, { action: "nd_na", solicited: nat.externalSolicited });
    else arpFlow(build, router, answer);
  }
}

/** Drops packets for the router's own addresses, except those that translation still needs (or only those). */
export function dropOwnFlows(
  { flows }: Build,
  port: RouterPort,
  options: { readonly stage: StageName; readonly priority: number; readonly translated: boolean },
): void {
  const { snatIps, lbIps } = port.datapath;
  for (const family of ["v4", "v6"] as const) {
    const ips = port.networks[family].map(({ text }) => text)
      .filter((text) => (snatIps.has(text) || lbIps[family].has(text)) === options.translated);
    if (ips.length === 0) continue;
    const match = `${family === "v4" ? "ip4" : "ip6"}.dst == ${addressSet(ips, { braces: true })}`;
    flows.add(port.datapath, options.stage, options.priority, match, drop, { row: port.row });
  }
}

function bfdFlows(build: Build, port: RouterPort): void {
  if (!port.hasBfd) return;
  const meter = controlMeter(build, port.datapath, "bfd");
  for (const family of ["v4", "v6"] as const) {
    if (port.networks[family].length === 0) continue;
    const ips = addressSet(port.networks[family].map(({ text }) => text));
    const ip = family === "v4" ? "ip4" : "ip6";
    build.flows.add(port.datapath, "lr_in_ip_input", 110, `${ip}.src == ${ips} && udp.dst == 3784`, "next; ", { row: port.row });
    const message = `${ip}.dst == ${ips} && udp.dst == 3784`;
    build.flows.add(port.datapath, "lr_in_ip_input", 110, message, "handle_bfd_msg(); ", { row: port.row, meter });
  }
}

function ttlFlows(build: Build, port: RouterPort): void {
  const { flows } = build;
  const swap = (ip: string, own: string): string => (isGatewayPort(port) ? `${ip}.dst <-> ${ip}.src` : `${ip}.dst = ${ip}.src; ${ip}.src = ${own}`);
  const out = `outport = ${port.quoted}; flags.loopback = 1; output; };`;
  for (const { text } of port.networks.v4) {
    const action = "icmp4 {eth.dst <-> eth.src; icmp4.type = 11; /* Time exceeded */ icmp4.code = 0; /* TTL exceeded in transit */ "
      + `${swap("ip4", text)} ; ip.ttl = 254; ${out}`;
    const match = `inport == ${port.quoted} && ip4 && ip.ttl == {0, 1} && !ip.later_frag`;
    flows.add(port.datapath, "lr_in_ip_input", 31, match, action, { row: port.row, meter: controlMeter(build, port.datapath, "icmp4-error") });
  }
  for (const { text, network, networkText, length } of port.networks.v6) {
    if (isLinkLocal(network)) continue;
    const match = `inport == ${port.quoted} && ip6 && ip6.src == ${networkText}/${length} && ip.ttl == {0, 1} && !ip.later_frag`;
    const action = `icmp6 {eth.dst <-> eth.src; ${swap("ip6", text)} ; ip.ttl = 254; icmp6.type = 3; /* Time exceeded */ `
      + `icmp6.code = 0; /* TTL exceeded in transit */ ${out}`;
    flows.add(port.datapath, "lr_in_ip_input", 31, match, action, { row: port.row, meter: controlMeter(build, port.datapath, "icmp6-error") });
  }
}

function pingFlows({ flows }: Build, port: RouterPort): void {
  const { v4, v6 } = port.networks;
  if (v4.length > 0) {
    const match = `ip4.dst == ${addressSet(v4.map(({ text }) => text))} && icmp4.type == 8 && icmp4.code == 0`;
    const action = "ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 0; flags.loopback = 1; next; ";
    flows.add(port.datapath, "lr_in_ip_input", 90, match, action, { row: port.row });
  }
  const match = `ip6.dst == ${addressSet(v6.map(({ text }) => text))} && icmp6.type == 128 && icmp6.code == 0`;
  const action = "ip6.dst <-> ip6.src; ip.ttl = 255; icmp6.type = 129; flags.loopback = 1; next; ";
  flows.add(port.datapath, "lr_in_ip_input", 90, match, action, { row: port.row });
}

function arpResidence(port: RouterPort): string {
  const { gatewayPorts } = port.datapath;
  const onWire = port.peer?.type === "switch" && port.peer.datapath.localnetPorts.length > 0;
  if (gatewayPorts.length === 0 || !onWire) return "";
  if (isGatewayPort(port)) return residentOn(port);
  return flag(port.row.options, "reside-on-redirect-chassis", false) && gatewayPorts.length === 1 ? residentOn(gatewayPorts[0]) : "";
}

function ownAddressFlows(build: Build, port: RouterPort): void {
  const router = port.datapath;
  const resident = isGatewayPort(port) ? residentOn(port) : "";
  for (const { text, solicitedText } of port.networks.v6) {
    const answer = { port, ip: text, extra: resident, priority: 90, row: port.row };
    ndFlow(build, router, answer, { action: "nd_na_router", solicited: solicitedText });
  }
  for (const { text, networkText, length } of port.networks.v4) {
    const extra = joined(`arp.spa == ${networkText}/${length}`, arpResidence(port));
    arpFlow(build, router, { port, ip: text, extra, priority: 90, row: port.row });
  }
  const { lbIps } = router;
  if (lbIps.v4Reachable.size > 0) arpFlow(build, router, { port, ip: `$_rtr_lb_${router.key}_ip4`, extra: resident, priority: 90 });
  if (lbIps.v6Reachable.size > 0) ndFlow(build, router, { port, ip: `$_rtr_lb_${router.key}_ip6`, extra: resident, priority: 90 }, { action: "nd_na" });
}

function gatewayPortNatFlows(build: Build, port: RouterPort): void {
  for (const nat of answeredNats(port.datapath)) {
    if (!belongsTo(nat, port)) continue;
    const distributed = nat.row.external_mac !== undefined && nat.row.logical_port !== undefined;
    const mac = distributed ? (nat.row.external_mac ?? "") : inportMac;
    const resident = distributed ? `is_chassis_resident("${nat.row.logical_port ?? ""}")` : residentOn(port);
    const answer = { port, ip: nat.externalText, mac, extra: resident, priority: 92, row: nat.row };
    const refusal = { port, ip: nat.externalText, drops: true, priority: 91, row: nat.row };
    for (const one of [answer, refusal]) {
      if (nat.isV6) ndFlow(build, port.datapath, one, { action: "nd_na", solicited: nat.externalSolicited });
      else arpFlow(build, port.datapath, one);
    }
  }
}

/**
 * What a router does with packets for itself that come in at one port.
 *
 * @see OVN 23.09, northd.c, build_lrouter_ipv4_ip_input and build_ipv6_input_flows_for_lrouter_port
 */
export function portInputFlows(build: Build, port: RouterPort): void {
  const { flows } = build;
  const router = port.datapath;
  for (const { text } of port.networks.v6) {
    const match = `ip6.dst == ${text} && udp.src == 547 && udp.dst == 546`;
    flows.add(router, "lr_in_ip_input", 100, match, "reg0 = 0; handle_dhcpv6_reply;", { row: port.row });
  }
  if (port.networks.v4.length > 0) {
    const own = addressSet(port.networks.v4.flatMap(({ text, broadcastText }) => [text, broadcastText]), { braces: true });
    flows.add(router, "lr_in_ip_input", 100, `ip4.src == ${own} && reg9[0] == 0`, drop, { row: port.row });
  }
  pingFlows(build, port);
  bfdFlows(build, port);
  ttlFlows(build, port);
  ownAddressFlows(build, port);
  if (!router.isGateway && router.gatewayPorts.length === 0) portUnreachableFlows(build, port);
  if (!router.lbForceSnatRouterIp) dropOwnFlows(build, port, { stage: "lr_in_ip_input", priority: 60, translated: false });
  if (isGatewayPort(port)) gatewayPortNatFlows(build, port);
}
