import { isLinkLocal, linkLocal, parseMac, printIp } from "./ip.ts";
import { controlMeter, type Build, type RouterDatapath, type RouterPort } from "./model.ts";

/** The router advertisement stages pass on what they do not answer. */
export function advertisementDefaultFlows({ flows }: Build, router: RouterDatapath): void {
  flows.add(router, "lr_in_nd_ra_options", 0, "1", "next;");
  flows.add(router, "lr_in_nd_ra_response", 0, "1", "next;");
}

/** Answers router solicitations at a port that is configured to. */
export function advertisementFlows(build: Build, port: RouterPort): void {
  const { row, networks } = port;
  const configs = row.ipv6_ra_configs;
  const mode = configs["address_mode"];
  if (row.peer !== undefined || port.peer === undefined) return;
  if (mode !== "slaac" && mode !== "dhcpv6_stateful" && mode !== "dhcpv6_stateless") return;
  const prefixes = networks.v6.filter(({ network }) => !isLinkLocal(network));
  if (prefixes.length === 0) return;
  const mtu = parseInt(configs["mtu"] ?? "0", 10);
  const preference = configs["router_preference"] ?? "MEDIUM";
  const options = [
    `addr_mode = "${mode}"`, `slla = ${networks.mac}`,
    ...(mtu >= 1280 ? [`mtu = ${mtu}`] : []),
    ...(preference === "MEDIUM" ? [] : [`router_preference = "${preference}"`]),
    ...(configs["rdnss"] === undefined ? [] : [`rdnss = ${configs["rdnss"]}`]),
    ...(configs["dnssl"] === undefined ? [] : [`dnssl = "${configs["dnssl"]}"`]),
    ...(configs["route_info"] === undefined ? [] : [`route_info = "${configs["route_info"]}"`]),
    ...prefixes.map(({ networkText, length }) => `prefix = ${networkText}/${length}`),
  ];
  const { flows } = build;
  const solicitation = `inport == ${port.quoted} && ip6.dst == ff02::2`;
  const put = `reg0[5] = put_nd_ra_opts(${options.join(", ")}); next;`;
  const meter = controlMeter(build, port.datapath, "nd-ra-opts");
  flows.add(port.datapath, "lr_in_nd_ra_options", 50, `${solicitation} && nd_rs`, put, { row, meter });
  const source = printIp(6, linkLocal(parseMac(networks.mac) ?? 0n));
  const reply = `eth.dst = eth.src; eth.src = ${networks.mac}; ip6.dst = ip6.src; ip6.src = ${source}; `
    + "outport = inport; flags.loopback = 1; output;";
  flows.add(port.datapath, "lr_in_nd_ra_response", 50, `${solicitation} && nd_ra && reg0[5]`, reply, { row });
}
