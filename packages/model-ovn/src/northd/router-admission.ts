import type { NorthboundRow } from "../northbound.ts";
import { controlMeter, flag, isEnabled, isGatewayPort, numberOption, type Build, type RouterDatapath, type RouterPort } from "./model.ts";
import type { StageName } from "./stage.ts";

/** The bytes in front of the IP header on the wire behind a port: a VLAN tag counts. */
function linkHeaderSize(port: RouterPort): number {
  const localnets = port.peer?.type === "switch" ? port.peer.datapath.localnetPorts : [];
  const tagged = localnets.some(({ row }) =>
    row.tag_request !== undefined && (row.tag_request !== 0 || (row.parent_name ?? "") !== ""));
  return tagged ? 18 : 14;
}

/** A flow that also compares the packet with the port's gateway MTU, and its bypass. */
export function gatewayMtuFlow(
  { flows }: Build,
  port: RouterPort,
  flow: { readonly stage: StageName; readonly match: string; readonly action: string; readonly row: NorthboundRow },
): void {
  const mtu = numberOption(port.row.options, "gateway_mtu", 0);
  const check = mtu > 0 ? `reg9[1] = check_pkt_larger(${mtu + linkHeaderSize(port)}); ` : "";
  flows.add(port.datapath, flow.stage, 50, flow.match, check + flow.action, { row: flow.row });
  const bypass = port.row.options["gateway_mtu_bypass"];
  if (mtu > 0 && bypass !== undefined) {
    flows.add(port.datapath, flow.stage, 55, `${flow.match} && (${bypass})`, flow.action, { row: flow.row });
  }
}

/** Which Ethernet frames a router takes in. */
export function routerAdmissionFlows(build: Build, router: RouterDatapath): void {
  build.flows.add(router, "lr_in_admission", 100, "vlan.present || eth.src[40]", "drop;");
  build.flows.add(router, "lr_in_admission", 0, "1", "drop;");
}

/** Admission at one port: its own address and multicast. */
export function portAdmissionFlows(build: Build, port: RouterPort): void {
  if (!isEnabled(port.row)) return;
  const { mac } = port.networks;
  const action = `xreg0[0..47] = ${mac}; next;`;
  const add = (match: string): void => gatewayMtuFlow(build, port, { stage: "lr_in_admission", match, action, row: port.row });
  add(`eth.mcast && inport == ${port.quoted}`);
  const proxyMac = port.peer?.type === "switch" ? port.peer.proxyArp.mac : "";
  const behindVtep = port.peer?.datapath.type === "switch" && port.peer.datapath.hasVtepPorts;
  const resident = isGatewayPort(port) && !behindVtep ? ` && is_chassis_resident(${port.redirect.quoted})` : "";
  add(`eth.dst == ${proxyMac === "" ? mac : `{ ${proxyMac}, ${mac} }`} && inport == ${port.quoted}${resident}`);
}

/** How a router looks up and learns the addresses of its neighbours. */
export function neighbourFlows(build: Build, router: RouterDatapath): void {
  const { flows, version } = build;
  const always = flag(router.row.options, "always_learn_from_arp_request", true);
  const known = always ? "" : "reg9[3] = 1; ";
  flows.add(router, "lr_in_lookup_neighbor", 100, "arp.op == 2", `reg9[2] = lookup_arp(inport, arp.spa, arp.sha); ${known}next;`);
  flows.add(router, "lr_in_lookup_neighbor", 100, "nd_na", `reg9[2] = lookup_nd(inport, nd.target, nd.tll); ${known}next;`);
  if (!always) {
    const unsolicited = "reg9[2] = lookup_nd(inport, ip6.src, nd.tll); reg9[3] = lookup_nd_ip(inport, ip6.src); next;";
    flows.add(router, "lr_in_lookup_neighbor", 110, "nd_na && ip6.src == fe80::/10 && ip6.dst == ff00::/8", unsolicited);
  }
  const solicit = `reg9[2] = lookup_nd(inport, ip6.src, nd.sll); ${always ? "" : "reg9[3] = lookup_nd_ip(inport, ip6.src); "}next;`;
  flows.add(router, "lr_in_lookup_neighbor", 100, "nd_ns", solicit);
  flows.add(router, "lr_in_lookup_neighbor", 0, "1", "reg9[2] = 1; next;");
  const done = version === "23.09" ? "mac_cache_use; next;" : "next;";
  flows.add(router, "lr_in_learn_neighbor", 100, `reg9[2] == 1${always ? "" : " || reg9[3] == 0"}`, done);
  const learn = (priority: number, match: string, action: string, kind: string): void =>
    flows.add(router, "lr_in_learn_neighbor", priority, match, action, { meter: controlMeter(build, router, kind) });
  learn(90, "arp", "put_arp(inport, arp.spa, arp.sha); next;", "arp");
  flows.add(router, "lr_in_learn_neighbor", 95, "nd_ns && (ip6.src == 0 || nd.sll == 0)", "next;");
  learn(95, "nd_na && nd.tll == 0", "put_nd(inport, nd.target, eth.src); next;", "nd-na");
  learn(90, "nd_na", "put_nd(inport, nd.target, nd.tll); next;", "nd-na");
  learn(90, "nd_ns", "put_nd(inport, ip6.src, nd.sll); next;", "nd-ns");
  flows.add(router, "lr_in_learn_neighbor", 0, "1", "drop;");
}

/** Learning from ARP requests at one port. */
export function portNeighbourFlows({ flows }: Build, port: RouterPort): void {
  const always = flag(port.datapath.row.options, "always_learn_from_arp_request", true);
  const resident = isGatewayPort(port) ? ` && is_chassis_resident(${port.redirect.quoted})` : "";
  const lookup = "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); ";
  for (const { networkText, length, text } of port.networks.v4) {
    const from = `inport == ${port.quoted} && arp.spa == ${networkText}/${length}`;
    if (!always) {
      const match = `${from} && arp.tpa == ${text} && arp.op == 1${resident}`;
      flows.add(port.datapath, "lr_in_lookup_neighbor", 110, match, `${lookup}reg9[3] = 1; next;`, { row: port.row });
    }
    const action = `${lookup}${always ? "" : "reg9[3] = lookup_arp_ip(inport, arp.spa); "}next;`;
    flows.add(port.datapath, "lr_in_lookup_neighbor", 100, `${from} && arp.op == 1${resident}`, action, { row: port.row });
  }
}
