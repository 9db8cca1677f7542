import type { Addresses } from "./address.ts";
import { parseIp, printIp, solicitedNode } from "./ip.ts";
import { controlMeter, flag, type Build, type LoadBalancer, type SwitchPort } from "./model.ts";

/** The action that answers an ARP request in place of the owner. */
export function arpReply(mac: string, sender: string): string {
  return `eth.dst = eth.src; eth.src = ${mac}; arp.op = 2; /* ARP reply */ arp.tha = arp.sha; arp.sha = ${mac}; `
    + `${sender}; outport = inport; flags.loopback = 1; output;`;
}

const ownedBy = (ip: string): string => `arp.tpa = arp.spa; arp.spa = ${ip}`;

function virtualPortFlows({ flows, switchPorts }: Build, port: SwitchPort): void {
  const ip = port.row.options["virtual-ip"];
  const parents = port.row.options["virtual-parents"];
  const parsed = parseIp(ip ?? "");
  if (ip === undefined || parents === undefined || parsed === undefined) return;
  for (const name of parents.split(",").filter((text) => text !== "")) {
    const parent = switchPorts.get(name);
    if (parent === undefined || parent.datapath !== port.datapath) continue;
    const group = printIp(6, solicitedNode(parsed.value));
    const match = parsed.family === 4
      ? `((arp.op == 1 && arp.spa == ${ip} && arp.tpa == ${ip}) || (arp.op == 2 && arp.spa == ${ip}))`
      : `((nd_ns && ip6.dst == {${ip}, ${group}} && nd.target == ${ip}) ||(nd_na && nd.target == ${ip}))`;
    const action = `bind_vport(${port.quoted}, inport); next;`;
    flows.add(port.datapath, "ls_in_arp_rsp", 100, `inport == "${name}" && ${match}`, action, { row: parent.row });
  }
}

function knownAddressFlows(build: Build, port: SwitchPort, addresses: Addresses): void {
  const { flows } = build;
  const { datapath, row } = port;
  for (const { text } of addresses.v4) {
    const match = `arp.tpa == ${text} && arp.op == 1`;
    flows.add(datapath, "ls_in_arp_rsp", 50, match, arpReply(addresses.mac, ownedBy(text)), { row });
    flows.add(datapath, "ls_in_arp_rsp", 100, `${match} && inport == ${port.quoted}`, "next;", { row });
  }
  for (const { text, solicitedText } of addresses.v6) {
    const match = `nd_ns && ip6.dst == {${text}, ${solicitedText}} && nd.target == ${text}`;
    const action = `${row.type === "router" ? "nd_na_router" : "nd_na"} { eth.src = ${addresses.mac}; ip6.src = ${text}; `
      + `nd.target = ${text}; nd.tll = ${addresses.mac}; outport = inport; flags.loopback = 1; output; };`;
    flows.add(datapath, "ls_in_arp_rsp", 50, match, action, { row, meter: controlMeter(build, datapath, "nd-na") });
    flows.add(datapath, "ls_in_arp_rsp", 100, `${match} && inport == ${port.quoted}`, "next;", { row });
  }
}

function proxyFlows(build: Build, port: SwitchPort): void {
  const { flows, version } = build;
  const { datapath, row, proxyArp } = port;
  const mac = proxyArp.mac === "" ? (port.peer?.networks.mac ?? "") : proxyArp.mac;
  if (mac === "") return;
  const old = version === "23.03";
  if (proxyArp.v4.length > 0) {
    const targets = proxyArp.v4.map((address) => (old ? address.text : `${address.text}/${address.length}`)).join(",");
    const match = `arp.op == 1 && arp.tpa == {${targets}}`;
    flows.add(datapath, "ls_in_arp_rsp", old ? 50 : 30, match, arpReply(mac, "arp.tpa <-> arp.spa"), { row });
  }
  if (proxyArp.v6.length > 0 && !old) {
    const destinations = proxyArp.v6.map(({ text, length, solicitedText }) => `${text}/${length}, ${solicitedText}/${length}`).join(", ");
    const targets = proxyArp.v6.map(({ text, length }) => `${text}/${length}`).join(", ");
    const action = `${row.type === "router" ? "nd_na_router" : "nd_na"} { eth.src = ${mac}; ip6.src = nd.target; `
      + `nd.target = nd.target; nd.tll = ${mac}; outport = inport; flags.loopback = 1; output; };`;
    const match = `nd_ns && ip6.dst == { ${destinations} } && nd.target == { ${targets} }`;
    flows.add(datapath, "ls_in_arp_rsp", 30, match, action, { row, meter: controlMeter(build, datapath, "nd-na") });
  }
}

/**
 * Answers address questions for a port out of the configuration.
 *
 * @see OVN 23.09, northd.c, build_lswitch_arp_nd_responder_known_ips
 */
export function arpResponderFlows(build: Build, port: SwitchPort): void {
  const { flows, options, version } = build;
  const { datapath, row } = port;
  if (row.type === "localnet" && !(version === "23.09" && datapath.hasArpProxyPort)) {
    flows.add(datapath, "ls_in_arp_rsp", 100, `inport == ${port.quoted}`, "next;", { row });
  }
  if (row.type === "virtual") virtualPortFlows(build, port);
  else {
    if (options.checkLspIsUp && row.up !== true && row.type !== "router" && row.type !== "localport") return;
    if (row.type === "external" || port.hasUnknown || flag(datapath.row.other_config, "vlan-passthru", false)) return;
    for (const addresses of port.addresses) knownAddressFlows(build, port, addresses);
  }
  proxyFlows(build, port);
}

/** Answers address questions for the sender of health probes. */
export function probeSenderFlows(build: Build, balancer: LoadBalancer): void {
  const mac = build.options.serviceMonitorMac;
  for (const vip of balancer.vips) {
    for (const { monitor } of vip.backends) {
      const port = monitor === undefined ? undefined : build.switchPorts.get(monitor.port);
      if (monitor === undefined || port === undefined) continue;
      const ip = monitor.sourceIp;
      const [match, action] = vip.parsedV4
        ? [`arp.tpa == ${ip} && arp.op == 1`, arpReply(mac, ownedBy(ip))]
        : [`nd_ns && nd.target == ${ip}`, `nd_na { eth.dst = eth.src; eth.src = ${mac}; ip6.src = ${ip}; nd.target = ${ip}; `
            + `nd.tll = ${mac}; outport = inport; flags.loopback = 1; output; };`];
      build.flows.add(port.datapath, "ls_in_arp_rsp", 110, match, action, { row: balancer.row });
    }
  }
}
