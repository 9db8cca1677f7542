import { addressSet, ownAddressFor } from "./address.ts";
import { flag, isEnabled, isGatewayPort, type Build, type RouterDatapath, type RouterPort, type SwitchPort } from "./model.ts";
import { dropOwnFlows } from "./router-ip-input.ts";

/** Next hops that are not known beforehand are looked up. */
export function resolveDefaultFlows({ flows }: Build, router: RouterDatapath): void {
  flows.add(router, "lr_in_arp_resolve", 500, "ip4.mcast || ip6.mcast", "next;");
  flows.add(router, "lr_in_arp_resolve", 1, "ip4", "get_arp(outport, reg0); next;");
  flows.add(router, "lr_in_arp_resolve", 1, "ip6", "get_nd(outport, xxreg0); next;");
  flows.add(router, "lr_in_arp_resolve", 0, "1", "drop;");
}

const hopOf = (family: 4 | 6): string => (family === 4 ? "reg0" : "xxreg0");

/** Own addresses behind a router port: of the router it is joined with, and those that translation failed to change. */
export function resolvePortFlows(build: Build, port: RouterPort): void {
  const { flows } = build;
  const { peer, row, networks } = port;
  if (peer?.type === "router" && row.peer !== undefined) {
    const action = `eth.dst = ${networks.mac}; next;`;
    if (networks.v4.length > 0) {
      const match = `outport == ${peer.quoted} && reg0== ${addressSet(networks.v4.map(({ text }) => text))}`;
      flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, action, { row });
    }
    const match = `outport == ${peer.quoted} && xxreg0 == ${addressSet(networks.v6.map(({ text }) => text))}`;
    flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, action, { row });
  }
  if (isGatewayPort(port) && row.options["redirect-type"]?.toLowerCase() === "bridged") {
    const match = `outport == ${port.quoted} && !is_chassis_resident(${port.redirect.quoted})`;
    flows.add(port.datapath, "lr_in_arp_resolve", 50, match, `eth.dst = ${networks.mac}; next;`, { row });
  }
  dropOwnFlows(build, port, { stage: "lr_in_arp_resolve", priority: 2, translated: true });
}

function workloadFlows({ flows }: Build, port: SwitchPort): void {
  const peers = port.datapath.routerPorts.flatMap((router) => router.peer ?? []);
  for (const addresses of port.addresses) {
    for (const { family, text } of [...addresses.v4, ...addresses.v6]) {
      for (const peer of peers) {
        if (ownAddressFor(peer.networks, text) === undefined) continue;
        const match = `outport == ${peer.quoted} && ${hopOf(family)} == ${text}`;
        flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, `eth.dst = ${addresses.mac}; next;`, { row: port.row });
      }
    }
  }
}

function neighbourRouterFlows({ flows }: Build, port: SwitchPort, peer: RouterPort): void {
  if (flag(peer.datapath.row.options, "dynamic_neigh_routers", false)) return;
  for (const { peer: neighbour } of port.datapath.routerPorts) {
    if (neighbour === undefined || neighbour === peer) continue;
    for (const family of [4, 6] as const) {
      const own = family === 4 ? neighbour.networks.v4 : neighbour.networks.v6;
      if (own.length === 0) continue;
      const match = `outport == ${peer.quoted} && ${hopOf(family)} == ${addressSet(own.map(({ text }) => text))}`;
      flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, `eth.dst = ${neighbour.networks.mac}; next;`, { row: port.row });
    }
    if (!peer.datapath.isGateway && !isGatewayPort(peer)) continue;
    for (const { mac, v4 } of neighbour.routable) {
      const match = `outport == ${peer.quoted} && reg0 == ${addressSet(v4.map(({ text }) => text), { braces: true })}`;
      flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, `eth.dst = ${mac}; next;`, { row: port.row });
    }
  }
}

/** Until a parent claims it, 23.03 has routers ask for a virtual address; later releases always ask. */
function virtualFlows(build: Build, port: SwitchPort): void {
  const ip = port.row.options["virtual-ip"];
  if (build.version !== "23.03" || ip === undefined || port.row.options["virtual-parents"] === undefined) return;
  const peer = port.datapath.routerPorts.map((router) => router.peer)
    .find((router) => router !== undefined && ownAddressFor(router.networks, ip) !== undefined);
  if (peer === undefined) return;
  const match = `outport == ${peer.quoted} && ${ip.includes(".") ? "reg0" : "xxreg0"} == ${ip}`;
  build.flows.add(peer.datapath, "lr_in_arp_resolve", 100, match, "eth.dst = 00:00:00:00:00:00; next;", { row: port.row });
}

/**
 * Tells routers the MAC addresses of what is plugged into their switches.
 *
 * @see OVN 23.09, northd.c, build_arp_resolve_flows_for_lsp
 */
export function resolveSwitchPortFlows(build: Build, port: SwitchPort): void {
  if (!isEnabled(port.row)) return;
  if (port.row.type === "router") {
    if (port.peer !== undefined) neighbourRouterFlows(build, port, port.peer);
  } else if (port.row.type === "virtual") virtualFlows(build, port);
  else workloadFlows(build, port);
}
