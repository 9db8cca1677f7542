import type { DHCPOptionsRow } from "../northbound.ts";
import { aclWording } from "./acl.ts";
import type { Addresses } from "./address.ts";
import { linkLocal, maskOf, parseCidr, parseMac, printIp } from "./ip.ts";
import { controlMeter, flag, isEnabled, rowOf, type Build, type SwitchPort } from "./model.ts";

/** One way in for DHCP requests: the port itself, or the localnet port in front of an external one. */
interface Request {
  readonly port: SwitchPort;
  readonly addresses: Addresses;
  readonly inport: SwitchPort;
  readonly external: boolean;
  readonly commits: boolean;
}

const sortedOptions = (options: Readonly<Record<string, string>>): string =>
  Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key} = ${value}`).join(", ");

const sameNetwork = (cidrText: string, address: { readonly family: 4 | 6; readonly value: bigint }): string | undefined => {
  const cidr = parseCidr(cidrText);
  if (cidr === undefined || cidr.family !== address.family) return undefined;
  const mask = maskOf(cidr.family, cidr.length);
  return (cidr.value & mask) === (address.value & mask) ? printIp(cidr.family, mask) : undefined;
};

/** Lets the answers of the built-in server through the ACLs. */
function allowReply(build: Build, port: SwitchPort, row: DHCPOptionsRow, options: { readonly v6: boolean; readonly commits: boolean }): void {
  const words = aclWording(build);
  const action = `${words.allow}${options.commits ? "ct_commit; " : ""}next;`;
  const number = parseMac(row.options["server_id"] ?? "");
  const { server_id: server = "", server_mac: mac = "" } = row.options;
  const match = options.v6
    ? `eth.src == ${server} && ip6.src == ${printIp(6, linkLocal(number ?? 0n))} && udp && udp.src == 547 && udp.dst == 546`
    : `eth.src == ${mac} && ip4.src == ${server} && udp && udp.src == 67 && udp.dst == 68`;
  build.flows.add(port.datapath, words.out, 34000, `outport == ${port.quoted} && ${match}`, action, { row });
}

/** In 23.03 answers pass for every port with options, also where no request would be answered. */
function allowRepliesAnyway(
  build: Build,
  port: SwitchPort,
  rows: { readonly v4: DHCPOptionsRow | undefined; readonly v6: DHCPOptionsRow | undefined },
  commits: boolean,
): void {
  const { v4, v6 } = rows;
  const complete = ["server_id", "server_mac", "lease_time"].every((name) => v4?.options[name] !== undefined);
  if (v4 !== undefined && complete) allowReply(build, port, v4, { v6: false, commits });
  if (v6 !== undefined && parseMac(v6.options["server_id"] ?? "") !== undefined) allowReply(build, port, v6, { v6: true, commits });
}

function dhcpV4(build: Build, request: Request, row: DHCPOptionsRow): void {
  const { port, inport, addresses } = request;
  const { server_id: server, server_mac: mac, lease_time: lease } = row.options;
  const offered = addresses.v4.find((address) => sameNetwork(row.cidr, address) !== undefined);
  if (offered === undefined || server === undefined || mac === undefined || lease === undefined) return;
  const { server_mac: _, ...rest } = row.options;
  const hostname = port.row.options["hostname"];
  const options = sortedOptions({
    ...rest, netmask: sameNetwork(row.cidr, offered) ?? "", ...(hostname === undefined ? {} : { hostname }),
  });
  const put = `reg0[3] = put_dhcp_opts(offerip = ${offered.text}, ${options}); next;`;
  const resident = request.external ? ` && is_chassis_resident(${port.quoted})` : "";
  const from = `inport == ${inport.quoted} && eth.src == ${addresses.mac} && `;
  const ports = " && udp.src == 68 && udp.dst == 67";
  const details = { row, meter: controlMeter(build, port.datapath, "dhcpv4-opts") };
  const { flows } = build;
  flows.add(port.datapath, "ls_in_dhcp_options", 100, `${from}ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255${ports}${resident}`, put, details);
  const renew = `${from}ip4.src == ${offered.text} && ip4.dst == {${server}, 255.255.255.255}${ports}${resident}`;
  flows.add(port.datapath, "ls_in_dhcp_options", 100, renew, put, details);
  const respond = `eth.dst = eth.src; eth.src = ${mac}; ip4.src = ${server}; udp.src = 67; udp.dst = 68; outport = inport; `
    + "flags.loopback = 1; output;";
  flows.add(port.datapath, "ls_in_dhcp_response", 100, `${from}ip4${ports} && reg0[3]${resident}`, respond, { row });
  if (!request.external) allowReply(build, port, row, { v6: false, commits: request.commits });
}

function dhcpV6(build: Build, request: Request, row: DHCPOptionsRow): void {
  const { port, inport, addresses } = request;
  const mac = row.options["server_id"];
  const number = parseMac(mac ?? "");
  const offered = addresses.v6.find((address) => sameNetwork(row.cidr, address) !== undefined);
  if (offered === undefined || mac === undefined || number === undefined) return;
  const server = printIp(6, linkLocal(number));
  const { dhcpv6_stateless: _, ...rest } = row.options;
  const address = flag(row.options, "dhcpv6_stateless", false) ? "" : `ia_addr = ${offered.text}, `;
  const put = `reg0[3] = put_dhcpv6_opts(${address}${sortedOptions(rest)}); next;`;
  const resident = request.external ? ` && is_chassis_resident(${port.quoted})` : "";
  const match = `inport == ${inport.quoted} && eth.src == ${addresses.mac} && ip6.dst == ff02::1:2 && udp.src == 546 && `
    + `udp.dst == 547${resident}`;
  const { flows } = build;
  flows.add(port.datapath, "ls_in_dhcp_options", 100, match, put, { row, meter: controlMeter(build, port.datapath, "dhcpv6-opts") });
  const respond = `eth.dst = eth.src; eth.src = ${mac}; ip6.dst = ip6.src; ip6.src = ${server}; udp.src = 547; udp.dst = 546; `
    + "outport = inport; flags.loopback = 1; output;";
  flows.add(port.datapath, "ls_in_dhcp_response", 100, `${match} && reg0[3]`, respond, { row });
  if (!request.external) allowReply(build, port, row, { v6: true, commits: request.commits });
}

/**
 * Answers DHCP requests of a port out of its options rows.
 *
 * @see OVN 23.09, northd.c, build_dhcpv4_options_flows and build_dhcpv6_options_flows
 */
export function dhcpFlows(build: Build, port: SwitchPort, options: { readonly commits: boolean }): void {
  const { datapath, row } = port;
  const v4 = rowOf<DHCPOptionsRow>(build, row.dhcpv4_options);
  const v6 = rowOf<DHCPOptionsRow>(build, row.dhcpv6_options);
  const external = row.type === "external";
  if (build.version === "23.03" && !external) allowRepliesAnyway(build, port, { v4, v6 }, options.commits);
  if (!isEnabled(row) || row.type === "router") return;
  if (external && (datapath.localnetPorts.length === 0 || row.ha_chassis_group === undefined)) return;
  for (const addresses of port.addresses) {
    for (const inport of external ? datapath.localnetPorts : [port]) {
      const request = { port, addresses, inport, external, commits: options.commits };
      if (v4 !== undefined) dhcpV4(build, request, v4);
      if (v6 !== undefined) dhcpV6(build, request, v6);
    }
  }
}
