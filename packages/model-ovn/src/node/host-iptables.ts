import { resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import { contains, isIpv6, parseAddress, printSubnet } from "../kubernetes/address.ts";
import type { NodeFacts } from "../kubernetes/node-facts.ts";
import type { Config } from "../kubernetes/options.ts";
import type { NodeServicePort } from "./node-services.ts";

/** Marks service traffic that must leave by the management port (internalTrafficPolicy Local). */
export const internalLocalMark = "0x1745ec";

const masquerade = { 4: { ovn: "169.254.169.1", local: "169.254.169.3" }, 6: { ovn: "fd69::1", local: "fd69::3" } } as const;

/** What the host's rules are made of. */
export interface HostRulesInput {
  readonly snapshot: Snapshot;
  readonly node: NodeFacts;
  readonly config: Config;
  readonly ports: readonly NodeServicePort[];
  /** Rules of egress addresses on further interfaces, of both families. */
  readonly egressIps: readonly string[];
  /** The operator lets the host forward for others (`ipForwarding: Global`). */
  readonly forwarding: boolean;
}

const hostPort = (ip: string, port: number): string => (isIpv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);
const host = (ip: string): string => `${ip}/${isIpv6(ip) ? 128 : 32}`;

interface Chains {
  readonly nodePort: string[];
  readonly externalIp: string[];
  readonly externalLocal: string[];
  readonly managementReturns: string[];
  readonly internalNat: string[];
  readonly internalMangle: string[];
}

/**
 * The host's rules as `iptables-save` (family 4) or `ip6tables-save` (family 6) prints them.
 *
 * @see ovn-kubernetes go-controller/pkg/node/gateway_iptables.go, 2023-10-31
 */
export function hostIptables(input: HostRulesInput, family: 4 | 6): string {
  const { node, config } = input;
  const management = node.management.find((ip) => isIpv6(ip) === (family === 6));
  if (management === undefined) return "";
  const chains: Chains = { nodePort: [], externalIp: [], externalLocal: [], managementReturns: [], internalNat: [], internalMangle: [] };
  for (const port of input.ports) servicePortRules(input, port, { family, chains });
  const services = config.serviceCidrs.filter((subnet) => subnet.family === family).map(printSubnet);
  const local = node.gateway.mode === "local";
  const ownSubnets = node.subnets.filter((subnet) => subnet.family === family).map(printSubnet);
  const chainNames = ["OVN-KUBE-EGRESS-IP-MULTI-NIC", "OVN-KUBE-EGRESS-SVC", "OVN-KUBE-ETP", "OVN-KUBE-EXTERNALIP", "OVN-KUBE-ITP", "OVN-KUBE-NODEPORT", "OVN-KUBE-SNAT-MGMTPORT"];
  const nat = [
    "-A PREROUTING -j OVN-KUBE-ETP",
    "-A PREROUTING -j OVN-KUBE-EXTERNALIP",
    "-A PREROUTING -j OVN-KUBE-NODEPORT",
    "-A OUTPUT -j OVN-KUBE-EXTERNALIP",
    "-A OUTPUT -j OVN-KUBE-NODEPORT",
    "-A OUTPUT -j OVN-KUBE-ITP",
    "-A POSTROUTING -j OVN-KUBE-EGRESS-IP-MULTI-NIC",
    "-A POSTROUTING -j OVN-KUBE-EGRESS-SVC",
    "-A POSTROUTING -o ovn-k8s-mp0 -j OVN-KUBE-SNAT-MGMTPORT",
    ...(local ? [`-A POSTROUTING -s ${masquerade[family].ovn} -j MASQUERADE`, ...ownSubnets.map((subnet) => `-A POSTROUTING -s ${subnet} -j MASQUERADE`)] : []),
    ...input.egressIps.filter((rule) => isIpv6(rule) === (family === 6)),
    ...egressServiceRules(input, family),
    ...chains.externalLocal,
    ...chains.externalIp,
    ...chains.internalNat,
    ...chains.nodePort,
    ...chains.managementReturns,
    `-A OVN-KUBE-SNAT-MGMTPORT -o ovn-k8s-mp0 -m comment --comment "OVN SNAT to Management Port" -j SNAT --to-source ${management}`,
  ];
  const accepted = [...services, masquerade[family].ovn];
  const filter = [
    ...accepted.flatMap((range) => [`-A FORWARD -s ${range} -j ACCEPT`, `-A FORWARD -d ${range} -j ACCEPT`]),
    ...(local ? ["-A FORWARD -i ovn-k8s-mp0 -j ACCEPT", "-A FORWARD -o ovn-k8s-mp0 -j ACCEPT"] : []),
    ...(input.forwarding ? [] : ["-A FORWARD -i br-ex -j DROP", "-A FORWARD -o br-ex -j DROP"]),
  ];
  return [
    table("raw", ["PREROUTING", "OUTPUT"], [], ["-A PREROUTING -p udp -m udp --dport 6081 -j NOTRACK", "-A OUTPUT -p udp -m udp --dport 6081 -j NOTRACK"]),
    table("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"], ["OVN-KUBE-ITP"], ["-A OUTPUT -j OVN-KUBE-ITP", ...chains.internalMangle]),
    table("filter", ["INPUT", "FORWARD", "OUTPUT"], [], filter),
    table("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], chainNames, nat),
  ].join("");
}

function table(name: string, builtIn: readonly string[], own: readonly string[], rules: readonly string[]): string {
  return [`*${name}`, ...builtIn.map((chain) => `:${chain} ACCEPT [0:0]`), ...own.map((chain) => `:${chain} - [0:0]`), ...rules, "COMMIT", ""].join("\n");
}

function servicePortRules(input: HostRulesInput, { spec, port, clusterIps, external, backends, onHost }: NodeServicePort, into: { family: 4 | 6; chains: Chains }): void {
  const { family, chains } = into;
  const six = family === 6;
  const clusterIp = clusterIps.find((ip) => isIpv6(ip) === six);
  if (clusterIp === undefined) return;
  const protocol = (port.protocol ?? "TCP").toLowerCase();
  const l4 = (dport: number): string => `-p ${protocol} -m ${protocol} --dport ${dport}`;
  const dnat = (target: string): string => `-j DNAT --to-destination ${target}`;
  const { nodePort } = port;
  const outside = external.filter((ip) => isIpv6(ip) === six);
  if (nodePort !== undefined && nodePort !== 0) {
    chains.nodePort.push(`-A OVN-KUBE-NODEPORT -p ${protocol} -m addrtype --dst-type LOCAL -m ${protocol} --dport ${nodePort} ${dnat(hostPort(clusterIp, port.port))}`);
  }
  for (const ip of outside) chains.externalIp.push(`-A OVN-KUBE-EXTERNALIP -d ${host(ip)} ${l4(port.port)} ${dnat(hostPort(clusterIp, port.port))}`);
  if (spec.externalTrafficPolicy === "Local" && onHost.length === 0) {
    const local = [...backends.v4, ...backends.v6].filter((ip) => isIpv6(ip) === six && onNode(input.node, ip));
    if (nodePort !== undefined && nodePort !== 0) {
      const target = hostPort(masquerade[family].local, nodePort);
      chains.externalLocal.push(`-A OVN-KUBE-ETP -p ${protocol} -m addrtype --dst-type LOCAL -m ${protocol} --dport ${nodePort} ${dnat(target)}`);
      for (const ip of outside) chains.externalLocal.push(`-A OVN-KUBE-ETP -d ${host(ip)} ${l4(port.port)} ${dnat(target)}`);
      chains.managementReturns.push(`-A OVN-KUBE-SNAT-MGMTPORT ${l4(nodePort)} -j RETURN`);
    } else {
      for (const ip of outside) {
        for (const [index, backend] of local.entries()) {
          const chance = `-m statistic --mode random --probability ${(1 / (local.length - index)).toFixed(10)}`;
          chains.externalLocal.push(`-A OVN-KUBE-ETP -d ${host(ip)} ${l4(port.port)} ${chance} ${dnat(hostPort(backend, backends.port))}`);
        }
      }
      for (const backend of outside.length === 0 ? [] : local) chains.managementReturns.push(`-A OVN-KUBE-SNAT-MGMTPORT -d ${host(backend)} ${l4(backends.port)} -j RETURN`);
    }
  }
  if (spec.internalTrafficPolicy === "Local") {
    if (onHost.length > 0) chains.internalNat.push(`-A OVN-KUBE-ITP -d ${host(clusterIp)} ${l4(port.port)} -j REDIRECT --to-ports ${backends.port}`);
    else chains.internalMangle.push(`-A OVN-KUBE-ITP -d ${host(clusterIp)} ${l4(port.port)} -j MARK --set-xmark ${internalLocalMark}/0xffffffff`);
  }
}

function onNode(node: NodeFacts, ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && node.subnets.some((subnet) => contains(subnet, address));
}

/** Gives the backends of an EgressService hosted here the service's load-balancer address. */
function egressServiceRules({ snapshot, node, ports }: HostRulesInput, family: 4 | 6): readonly string[] {
  const rules: string[] = [];
  for (const object of resourcesOf(snapshot, "EgressService", { group: "k8s.ovn.org" })) {
    const { host: on } = (object.status ?? {}) as { host?: string };
    const { sourceIPBy } = (object.spec ?? {}) as { sourceIPBy?: string };
    const { namespace, name } = object.metadata;
    if (on !== node.name || sourceIPBy === "Network") continue;
    const own = ports.filter(({ service }) => service.metadata.namespace === namespace && service.metadata.name === name);
    const status = (own[0]?.service.status ?? {}) as { loadBalancer?: { ingress?: readonly { ip?: string }[] } };
    const source = (status.loadBalancer?.ingress ?? []).find(({ ip = "" }) => ip !== "" && isIpv6(ip) === (family === 6))?.ip;
    if (source === undefined) continue;
    const endpoints = new Set(own.flatMap(({ backends, onHost }) => (family === 6 ? backends.v6 : backends.v4).filter((ip) => !onHost.includes(ip))));
    for (const ip of endpoints) rules.push(`-A OVN-KUBE-EGRESS-SVC -s ${host(ip)} -m comment --comment "${namespace}/${name}" -j SNAT --to-source ${source}`);
  }
  return rules.length === 0 ? [] : ["-A OVN-KUBE-EGRESS-SVC -m mark --mark 0x3f0 -m comment --comment \"DoNotSNAT\" -j RETURN", ...rules];
}
