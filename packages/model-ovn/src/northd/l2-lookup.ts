import { addressSet, ownAddressFor } from "./address.ts";
import { parseMac, printMac } from "./ip.ts";
import { controlMeter, flag, isEnabled, isGatewayPort, type Build, type RouterPort, type SwitchDatapath, type SwitchPort } from "./model.ts";
import { isDistributed } from "./nat-entry.ts";

const drop = "drop;";

/** Whether some port takes packets for unknown addresses; 23.03 counts only ports in use. */
function hasUnknown({ version }: Build, datapath: SwitchDatapath): boolean {
  if (version === "23.09") return datapath.hasUnknown;
  return (datapath.ports as SwitchPort[]).some((port) => port.hasUnknown && isEnabled(port.row) && port.row.type !== "external");
}

/** Broadcast, multicast and unknown destinations of a switch. */
export function floodFlows(build: Build, datapath: SwitchDatapath): void {
  const { flows } = build;
  const config = datapath.row.other_config;
  const probe = "eth.dst == $svc_monitor_mac && (tcp || icmp || icmp6)";
  flows.add(datapath, "ls_in_l2_lkup", 110, probe, "handle_svc_check(inport);", { meter: controlMeter(build, datapath, "svc-monitor") });
  if (flag(config, "mcast_snoop", false)) {
    const meter = controlMeter(build, datapath, "igmp");
    flows.add(datapath, "ls_in_l2_lkup", 100, "igmp", "igmp;", { meter });
    flows.add(datapath, "ls_in_l2_lkup", 100, "mldv1 || mldv2", "igmp;", { meter });
    flows.add(datapath, "ls_in_l2_lkup", 85, "ip4.mcast && ip4.dst == 224.0.0.0/24", 'outport = "_MC_flood_l2"; output;');
    flows.add(datapath, "ls_in_l2_lkup", 85, "ip6.mcast_flood", 'outport = "_MC_flood"; output;');
    if (!flag(config, "mcast_flood_unregistered", false)) {
      const relay = datapath.floodRelay ? 'clone { outport = "_MC_mrouter_flood"; output; }; ' : "";
      const fixed = datapath.floodStatic ? 'outport ="_MC_static"; output;' : "";
      flows.add(datapath, "ls_in_l2_lkup", 80, "ip4.mcast || ip6.mcast", relay + fixed === "" ? drop : relay + fixed);
    }
  }
  if (build.version === "23.09" && !flag(config, "broadcast-arps-to-all-routers", true)) {
    flows.add(datapath, "ls_in_l2_lkup", 72, "eth.mcast && (arp.op == 1 || nd_ns)", 'outport = "_MC_flood_l2"; output;');
  }
  flows.add(datapath, "ls_in_l2_lkup", 70, "eth.mcast", 'outport = "_MC_flood"; output;');
  flows.add(datapath, "ls_in_l2_unknown", 50, 'outport == "none"', hasUnknown(build, datapath) ? 'outport = "_MC_unknown"; output;' : drop);
  flows.add(datapath, "ls_in_l2_unknown", 0, "1", "output;");
}

const reaches = (router: RouterPort, ip: string): boolean => ownAddressFor(router.networks, ip) !== undefined;

/** Questions for a router's addresses go to the router (and to the rest of the broadcast domain). */
function routerQuestionFlows({ flows, version }: Build, port: SwitchPort, router: RouterPort): void {
  if (!isEnabled(router.row)) return;
  const { datapath, row } = port;
  const onlyRouters = datapath.routerPorts.length === datapath.row.ports.length;
  const action = onlyRouters
    ? `outport = ${port.quoted}; output;`
    : `clone {outport = ${port.quoted}; output; }; outport = "_MC_flood_l2"; output;`;
  const ask = (ip: string, isV6: boolean): void => {
    const match = `flags[1] == 0 && ${isV6 ? `nd_ns && nd.target == ${ip}` : `arp.op == 1 && arp.tpa == ${ip}`}`;
    flows.add(datapath, "ls_in_l2_lkup", 80, match, action, { row });
  };
  const { lbIps, nats } = router.datapath;
  // 23.03 does not look at `neighbor_responder` here.
  const [v4, v6] = version === "23.03" ? [lbIps.v4, lbIps.v6] : [lbIps.v4Reachable, lbIps.v6Reachable];
  for (const ip of v4) if (reaches(router, ip)) ask(ip, false);
  for (const ip of v6) if (reaches(router, ip)) ask(ip, true);
  const macs = new Set([router.networks.mac]);
  for (const nat of nats) {
    if (!nat.valid || nat.row.type === "snat") continue;
    const external = nat.row.external_ip;
    if (!(nat.isV6 ? lbIps.v6 : lbIps.v4).has(external)) ask(external, nat.isV6);
    if (nat.row.external_mac !== undefined) macs.add(nat.row.external_mac);
  }
  for (const { text } of router.networks.v4) ask(text, false);
  for (const { text } of router.networks.v6) ask(text, true);
  if (!onlyRouters) {
    const match = `eth.src == ${addressSet([...macs], { braces: true })} && (arp.op == 1 || rarp.op == 3 || nd_ns)`;
    flows.add(datapath, "ls_in_l2_lkup", 75, match, 'outport = "_MC_flood_l2"; output;');
  }
}

function residenceOf(port: SwitchPort, router: RouterPort): string {
  const gateways = router.datapath.gatewayPorts;
  if (gateways.length === 0 || port.datapath.localnetPorts.length === 0) return "";
  if (isGatewayPort(router)) return ` && is_chassis_resident(${router.redirect.quoted})`;
  const centralised = flag(router.row.options, "reside-on-redirect-chassis", false) && gateways.length === 1;
  return centralised ? ` && is_chassis_resident(${gateways[0]?.redirect?.quoted ?? '""'})` : "";
}

/**
 * Where packets for a port's MAC addresses go.
 *
 * @see OVN 23.09, northd.c, build_lswitch_ip_unicast_lookup
 */
export function unicastFlows(build: Build, port: SwitchPort): void {
  const { flows } = build;
  const { datapath, row, peer } = port;
  if (row.type === "external") return;
  if (row.type === "router" && peer !== undefined) routerQuestionFlows(build, port, peer);
  const action = isEnabled(row) ? `outport = ${port.quoted}; output;` : drop;
  const reach = (match: string): void => flows.add(datapath, "ls_in_l2_lkup", 50, `eth.dst == ${match}`, action, { row });
  for (const text of row.addresses) {
    const mac = parseMac(text.trim().split(/\s+/)[0] ?? "");
    if (mac !== undefined) reach(printMac(mac));
    else if (/^dynamic(\s|$)/.test(text)) {
      const dynamic = parseMac((row.dynamic_addresses ?? "").split(/\s+/)[0] ?? "");
      if (dynamic !== undefined) reach(printMac(dynamic));
    } else if (text === "router" && peer !== undefined) {
      const macs = port.proxyArp.mac === "" ? peer.networks.mac : `{ ${port.proxyArp.mac}, ${peer.networks.mac} }`;
      reach(`${macs}${residenceOf(port, peer)}`);
      if (!isGatewayPort(peer)) continue;
      for (const nat of peer.datapath.nats) {
        const external = isDistributed(nat.row) ? parseMac(nat.row.external_mac ?? "") : undefined;
        if (external !== undefined) reach(`${printMac(external)} && is_chassis_resident("${nat.row.logical_port ?? ""}")`);
      }
    }
  }
}

/** Keeps chassis that do not host an external port from answering in its name. */
export function externalPortFlows({ flows }: Build, port: SwitchPort): void {
  const { datapath, row } = port;
  if (row.type !== "external") return;
  const add = (match: string): void => flows.add(datapath, "ls_in_external_port", 100, match, drop, { row });
  for (const localnet of datapath.localnetPorts) {
    for (const own of port.addresses) {
      const from = `inport == ${localnet.quoted} && eth.src == ${own.mac}`;
      const away = `!is_chassis_resident(${port.quoted})`;
      for (const addresses of datapath.routerPorts.flatMap((router) => router.addresses)) {
        for (const { text } of addresses.v4) add(`${from} && ${away} && arp.tpa == ${text} && arp.op == 1`);
        for (const { text, solicitedText } of addresses.v6) {
          add(`${from} && ${away} && nd_ns && ip6.dst == {${text}, ${solicitedText}} && nd.target == ${text}`);
        }
        add(`${from} && eth.dst == ${addresses.mac} && ${away}`);
      }
    }
  }
}
