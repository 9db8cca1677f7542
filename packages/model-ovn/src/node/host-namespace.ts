import type { Caveat } from "@hopscope/core";
import { originOf, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { NetworkInterface, NetworkNamespace, Route, RoutingRule } from "@hopscope/model-linux";
import { contains, isIpv6, macOfAddress, parseAddress, parseSubnet, printSubnet, withoutLength } from "../kubernetes/address.ts";
import { jsonAnnotation, nodeFacts } from "../kubernetes/node-facts.ts";
import { type CompileNorthboundOptions, resolveConfig } from "../kubernetes/options.ts";
import { podFacts } from "../kubernetes/pod-facts.ts";
import { hostIptables, type HostRulesInput, internalLocalMark } from "./host-iptables.ts";
import { factsOfNode, servicePorts } from "./node-services.ts";
import { podNeighbours } from "./pod-network.ts";
import { secondaryEgress } from "./secondary-egress.ts";

/** What of a host the objects do not say. */
export interface HostNamespaceOptions extends CompileNorthboundOptions {
  readonly id?: string;
  /** Further addresses the host holds on br-ex, such as a virtual address of keepalived. */
  readonly vips?: readonly string[];
  readonly sockets?: NetworkNamespace["sockets"];
  /** The host forwards for others; default what the operator's Network object says (`ipForwarding: Global`). */
  readonly forwarding?: boolean;
  /** Receives what had to be assumed. */
  readonly caveats?: Caveat[];
}

/** Addresses between host and OVN: what traffic of OVN is seen from, the host's own, local node ports, the next hop nobody has. */
const masquerade = {
  4: { ovn: "169.254.169.1", host: "169.254.169.2/29", local: "169.254.169.3", dummy: "169.254.169.4", any: "0.0.0.0/0" },
  6: { ovn: "fd69::1", host: "fd69::2/125", local: "fd69::3", dummy: "fd69::4", any: "::/0" },
} as const;

/**
 * A node's own network as ovnkube-node leaves it: br-ex with the node's address, the management port, routes and rules.
 *
 * Its ports in a network are `br-ex` and `ovn-k8s-mp0`.
 *
 * @see ovn-kubernetes go-controller/pkg/node/{gateway_init_linux,management-port_linux,gateway_iptables}.go, 2023-10-31
 */
export function hostNamespace(snapshot: Snapshot, nodeName: string, options: HostNamespaceOptions = {}): NetworkNamespace {
  const config = resolveConfig(snapshot, options);
  const node = factsOfNode(snapshot, nodeName, config, options.caveats ?? []);
  const origin = originOf(node.resource);
  const families = config.families.filter((family) => node.management.some((ip) => isIpv6(ip) === (family === 6)));
  const primary = node.gateway.addresses;
  const primaryNetworks = primary.flatMap((text) => parseSubnet(text) ?? []);
  const onPrimary = (text: string): boolean => {
    const address = parseAddress(withoutLength(text));
    return address !== undefined && primaryNetworks.some((subnet) => contains(subnet, address));
  };
  const cidrs = (jsonAnnotation(node.resource, "k8s.ovn.org/host-cidrs") ?? []) as readonly string[];
  const known = new Set(primary.map(withoutLength));
  const further = cidrs.filter((cidr) => !known.has(withoutLength(cidr)));
  const vips = (options.vips ?? []).filter((vip) => !known.has(vip) && !further.some((cidr) => withoutLength(cidr) === vip)).map((vip) => `${vip}/${isIpv6(vip) ? 128 : 32}`);
  const pods = podFacts(snapshot, nodeFacts(snapshot, config, []), []);
  const bridge: NetworkInterface = {
    name: "br-ex",
    mac: node.gateway.mac,
    addresses: [...primary, ...further.filter(onPrimary), ...vips, ...families.map((family) => masquerade[family].host)],
    neighbours: Object.fromEntries(families.flatMap((family) => [masquerade[family].ovn, masquerade[family].dummy].map((ip) => [ip, macOfAddress(ip)]))),
    derivedNeighbours: true,
  };
  const management: NetworkInterface = {
    name: "ovn-k8s-mp0",
    mac: node.managementMac,
    mtu: config.mtu,
    addresses: node.management.map((ip, index) => `${ip}/${node.subnets[index]?.length ?? 0}`),
    neighbours: podNeighbours(node, pods),
    derivedNeighbours: true,
  };
  const others = further.filter((cidr) => !onPrimary(cidr)).map((cidr, index): NetworkInterface => ({ name: `eth${index + 1}`, addresses: [cidr] }));
  if (others.length > 0) {
    options.caveats?.push({
      code: "assumed/host-interface",
      problem: `Node ${nodeName} has ${others.map(({ addresses }) => `"${addresses[0]}"`).join(", ")} beside its primary network; the names of those interfaces are not known`,
      origin: originOf(node.resource, "metadata.annotations[k8s.ovn.org/host-cidrs]"),
    });
  }
  const routes: Route[] = [];
  for (const family of families) {
    const of = (texts: readonly string[]): string | undefined => texts.find((text) => isIpv6(text) === (family === 6));
    const gateway = of(node.gateways);
    const own = of(primary);
    const { ovn, local, dummy, any } = masquerade[family];
    const hop = node.gateway.nextHops.filter((text) => isIpv6(text) === (family === 6)).at(-1);
    const source = own === undefined ? undefined : withoutLength(own);
    if (hop !== undefined) routes.push({ to: any, via: hop, dev: "br-ex", src: source, origin });
    for (const { subnet } of config.clusterSubnets) if (subnet.family === family && gateway !== undefined) routes.push({ to: printSubnet(subnet), via: gateway, dev: "ovn-k8s-mp0", origin });
    if (gateway !== undefined) routes.push({ to: local, via: gateway, dev: "ovn-k8s-mp0", origin });
    routes.push({ to: ovn, dev: "br-ex", src: source, origin });
    for (const subnet of config.serviceCidrs) {
      if (subnet.family !== family) continue;
      // Without a preferred source the kernel takes the address next to the gateway: the masquerade one.
      routes.push({ to: printSubnet(subnet), via: dummy, dev: "br-ex", origin });
      if (gateway !== undefined) routes.push({ to: printSubnet(subnet), via: gateway, dev: "ovn-k8s-mp0", table: "7", origin });
    }
  }
  const egress = secondaryEgress(snapshot, nodeName, pods, others);
  routes.push(...egress.routes);
  const rules: readonly RoutingRule[] = [{ priority: 30, fwmark: { value: Number(internalLocalMark) }, table: "7", origin }, ...egress.rules];
  const input: HostRulesInput = { egressIps: egress.iptables, snapshot, node, config, ports: servicePorts(snapshot, node), forwarding: options.forwarding ?? forwardsForOthers(snapshot) };
  return {
    id: options.id ?? `node ${nodeName}`,
    place: `node ${nodeName}`,
    node: nodeName,
    interfaces: [bridge, management, ...others],
    routes,
    rules,
    netfilter: { v4: families.includes(4) ? hostIptables(input, 4) : undefined, v6: families.includes(6) ? hostIptables(input, 6) : undefined },
    sockets: options.sockets ?? [],
    sysctls: { ipForward: true },
    origin,
  };
}

function forwardsForOthers(snapshot: Snapshot): boolean {
  const [network] = resourcesOf(snapshot, "Network", { group: "operator.openshift.io" });
  const spec = (network?.spec ?? {}) as { defaultNetwork?: { ovnKubernetesConfig?: { gatewayConfig?: { ipForwarding?: string } } } };
  return spec.defaultNetwork?.ovnKubernetesConfig?.gatewayConfig?.ipForwarding === "Global";
}
